"""Account numbers: one account, many spellings.

A Danish account number (BBAN) is a registration number of 4 digits and an account
number of up to 10. Its IBAN is "DK", two check digits and the same 14 digits, padded
with zeros, so each can be made from the other (SWIFT IBAN registry).
"""

import re

from stdnum import iban as stdnum_iban

_IBAN_SHAPE = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{6,30}", re.ASCII)
_BBAN_SHAPE = re.compile(r"[A-Z0-9]{1,30}", re.ASCII)
_SEPARATORS = re.compile(r"[\s.,/_\-\u00a0\u2010-\u2015]+")
_DANISH = {"DK", "FO", "GL"}  # the Faroe Islands and Greenland number alike


def normalise_iban(text: str | None) -> str:
    """The IBAN in capitals without separators, or "" when it is not a valid one."""
    number = _compact(text)
    if number.startswith("IBAN"):
        number = number[4:]
    if not _IBAN_SHAPE.fullmatch(number):
        return ""
    return number if stdnum_iban.is_valid(number, check_country=False) else ""


def normalise_bban(text: str | None, country: str = "DK") -> str:
    """The domestic number in one spelling, or "" when it cannot be one.

    For Denmark, the Faroe Islands and Greenland: 14 digits, each part padded with
    zeros. A separator after at most four leading digits ends the registration
    number; without one the first four digits are it.
    """
    if country.upper() not in _DANISH:
        number = _compact(text)
        return number if _BBAN_SHAPE.fullmatch(number) else ""
    groups = [group for group in _SEPARATORS.split(text or "") if group]
    if not groups or not all(g.isascii() and g.isdigit() for g in groups):
        return ""
    bank, number = groups[0], "".join(groups[1:])
    if not number or len(bank) > 4:
        digits = "".join(groups)
        bank, number = digits[:4], digits[4:]
    if not 1 <= len(number) <= 10:
        return ""
    return bank.zfill(4) + number.zfill(10)


def iban_from_bban(text: str | None, country: str = "DK") -> str:
    """The IBAN of a domestic number, or "" when the number is not the whole of one.

    Outside Denmark it works where the number is written in the full length that the
    country's IBAN has.
    """
    country, number = country.upper(), normalise_bban(text, country)
    if not number or not re.fullmatch("[A-Z]{2}", country):
        return ""
    check = stdnum_iban.calc_check_digits(f"{country}00{number}")
    return normalise_iban(f"{country}{check}{number}")


def bban_from_iban(text: str | None) -> str:
    """The domestic part of a valid IBAN, or ""."""
    return normalise_iban(text)[4:]


def account_key(iban: str | None, bban: str | None, country: str = "DK") -> str:
    """One canonical name for one account, or "" when there is no usable number.

    The IBAN where there is one or one can be made, else "country:number". An account
    known by its Danish BBAN today and by its IBAN tomorrow keeps its key.
    """
    number = normalise_iban(iban) or normalise_iban(bban)
    number = number or iban_from_bban(bban, country)
    if number:
        return number
    domestic = normalise_bban(bban, country) or normalise_bban(bban, "")
    return f"{country.upper()}:{domestic}" if domestic else ""


def same_account(a: str | None, b: str | None) -> bool:
    """Whether two numbers, as people type them, mean the same account.

    A domestic number equals an IBAN when it is its domestic part. Two IBANs are only
    equal when they are the same. Fragments shorter than five characters never match.
    """
    first, second = normalise_iban(a), normalise_iban(b)
    if first and second:
        return first == second
    return bool(_spellings(a, first) & _spellings(b, second))


def _spellings(text: str | None, iban: str) -> set[str]:
    if iban:
        return {iban, iban[4:]}
    found = {_compact(text), normalise_bban(text, "DK")}
    return {each for each in found if len(each) >= 5 and _BBAN_SHAPE.fullmatch(each)}


def _compact(text: str | None) -> str:
    return _SEPARATORS.sub("", text or "").upper()
