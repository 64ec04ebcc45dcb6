"""Structured payment references whose check digits hold.

A reference that names an invoice is only worth following when it was not mistyped, so
each kind here carries a check digit and only tested ones are returned.

Danish payment slips (FIK, giro): a type, a payment id of 15 digits (type 71) or 16
(75, 04, 15) that ends in a Luhn digit, and the 8 digits of the creditor. Type 73 has
no payment id. RF: ISO 11649. KID: the last digit is of modulus 10 (Luhn) or 11.
Finland: multipliers 7, 3, 1 from the right.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle

from stdnum import iso11649, luhn

_GAP = r"[\s<>]*"


def _digits(count: int) -> str:
    return rf"\d(?:\s?\d){{{count - 1}}}"


# The plus before the type tells a slip from any other digits.
_SLIP = re.compile(
    rf"(?<![\d+])\+\s?(?:(71){_GAP}({_digits(15)})|(75|04|15){_GAP}({_digits(16)}))"
    rf"{_GAP}\+?{_GAP}({_digits(8)})(?!\d)",
    re.ASCII,
)
_SLIP_WITHOUT_ID = re.compile(
    rf"(?<![\d+])\+\s?73{_GAP}\+?{_GAP}({_digits(8)})(?!\d)", re.ASCII
)
# In one piece, or in groups of four; each group with a digit, so that no word joins.
_GROUP = r"(?=[A-Z]{0,3}\d)[A-Z\d]"
_RF = re.compile(
    rf"\bRF\d\d(?:[A-Z\d]{{1,21}}|(?:\s{_GROUP}{{4}})*(?:\s{_GROUP}{{1,4}}))\b",
    re.ASCII | re.IGNORECASE,
)
_KID = re.compile(r"\d{1,24}[\d-]", re.ASCII)
_FINNISH = re.compile(r"\d{4,20}", re.ASCII)


def references_in(text: str, given: Mapping[str, str]) -> dict[str, str]:
    """The tested references in a text and in what the bank gave by name.

    Keys: ``fik`` as ``+71<000000000000018+12345678<``, ``fik_creditor`` (8 digits, of
    a slip that has no payment id), ``rf``, ``kid``, ``finnish``. Of several of a kind
    the first one; what the bank gave by name goes before the text. ``given``: the
    names of the wire or with underscores (``norwegianKid``, ``norwegian_kid``).
    """
    named = {name.replace("_", "").lower(): value for name, value in given.items()}
    texts = [*(named[name] for name in sorted(named)), text]
    found = {
        "fik": _first(_slips(texts)),
        "fik_creditor": _first(_creditors(texts)),
        "rf": _first(_creditor_references(texts)),
        "kid": _kid(_compact(named.get("norwegiankid", ""))),
        "finnish": _finnish(_compact(named.get("finnishreference", ""))),
    }
    return {name: reference for name, reference in found.items() if reference}


def _first(found: Iterator[str]) -> str:
    return next(found, "")


def _compact(text: str) -> str:
    return "".join(text.split())


def _slips(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for match in _SLIP.finditer(text):
            parts = [_compact(part) for part in match.groups() if part]
            kind, payment, creditor = parts
            if _counts(payment) and luhn.is_valid(payment):
                yield f"+{kind}<{payment}+{creditor}<"


def _creditors(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for match in _SLIP_WITHOUT_ID.finditer(text):
            yield _compact(match.group(1))


def _creditor_references(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for match in _RF.finditer(text):
            reference = _compact(match.group()).upper()
            if iso11649.is_valid(reference):
                yield reference


def _counts(digits: str) -> bool:
    """Nothing but zeros passes every check digit and names nothing."""
    return bool(digits.strip("0-"))


def _kid(number: str) -> str:
    if not _KID.fullmatch(number) or not _counts(number):
        return ""
    holds = luhn.is_valid(number) or number[-1] == _modulus_11(number[:-1])
    return number if holds else ""


def _modulus_11(digits: str) -> str:
    total = _weighted(digits, (2, 3, 4, 5, 6, 7))
    return "0-987654321"[total % 11]


def _finnish(number: str) -> str:
    if not _FINNISH.fullmatch(number) or not _counts(number):
        return ""
    total = _weighted(number[:-1], (7, 3, 1))
    return number.lstrip("0") if number[-1] == str(-total % 10) else ""


def _weighted(digits: str, weights: Iterable[int]) -> int:
    pairs = zip(reversed(digits), cycle(weights), strict=False)
    return sum(int(digit) * weight for digit, weight in pairs)
