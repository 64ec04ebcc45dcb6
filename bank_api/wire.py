"""Reading of single JSON values, whatever the wire made of them.

Nothing here raises on a strange value: it answers "none" or "". Only a body
that is not JSON at all raises :class:`~.errors.Malformed`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from dateutil.parser import isoparse

from .errors import Malformed

MAX_DEPTH = 40
MAX_ID_BYTES = 1000
MAX_TEXT = 2000
MAX_ORIGINAL_TEXT = 10_000

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.ASCII | re.DOTALL)
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_NOT_PROVIDED = re.compile(
    r"(?:\bend.?to.?end(?:.?(?:id|reference))?|\beref)?\s*[:+=]?\s*\bNOT.?PROVIDED\b",
    re.IGNORECASE,
)


def parse_json(body: bytes) -> Any:
    """Parse a JSON body: fractions as Decimal, strings safe for PostgreSQL.

    NUL characters are dropped and lone surrogates replaced, in names as well as
    in values. Raises Malformed for anything that is not JSON, for NaN and
    Infinity, and for nesting deeper than MAX_DEPTH.
    """
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except ValueError:
        raise Malformed("malformed", "the body is no text") from None
    return _safe(parse_clean_json(text), 0)


def parse_clean_json(text: str) -> Any:
    """As :func:`parse_json`, of a text that needs no cleaning and is not deep."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Malformed("malformed", "the body is not JSON") from None


def raw_json(raw: Any) -> str:
    """Write a parsed value back as JSON: numbers digit by digit, names sorted.

    The same value always gives the same text, so it can be hashed and compared.
    """
    if isinstance(raw, Mapping):
        names = sorted(raw)
        members = (f"{json_text(name)}:{raw_json(raw[name])}" for name in names)
        return "{" + ",".join(members) + "}"
    if isinstance(raw, list | tuple):
        return "[" + ",".join(map(raw_json, raw)) + "]"
    if isinstance(raw, Decimal):
        return str(raw)
    return json_text(raw)


def json_text(value: Any) -> str:
    """One scalar as JSON text, not escaped beyond need."""
    return json.dumps(value, ensure_ascii=False)


def _fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal can hold
        return text


def _integer(text: str) -> int | Decimal:
    # int() refuses thousands of digits; one silly row must not cost the page.
    return int(text) if len(text) < 40 and text != "-0" else Decimal(text)


def refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)


def _safe(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed("malformed", "the JSON is nested too deeply")
    if isinstance(value, str):
        return _safe_text(value)
    if isinstance(value, dict):
        return {_safe_text(k): _safe(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_safe(item, depth + 1) for item in value]
    return value


def _safe_text(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text.replace("\0", ""))


def original(value: Any) -> str:
    """Text as the bank wrote it: line breaks and columns of blanks stay."""
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return ""
        value = str(value)
    return _CONTROLS.sub("", value).strip()[:MAX_ORIGINAL_TEXT] if value else ""


def clean(value: Any) -> str:
    """Text for show: one line, single blanks, no "NOTPROVIDED" filler."""
    text = original(value)
    if "PROVIDED" in text.upper():  # the pattern takes ten times as long
        text = _NOT_PROVIDED.sub(" ", text)
    return " ".join(text.split())[:MAX_TEXT].strip()


def identifier(value: Any) -> str:
    """An opaque id. Blank means none. A monstrous one is replaced by its hash."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    text = str(value).strip()
    encoded = text.encode(errors="replace")
    if len(encoded) > MAX_ID_BYTES:
        return "sha256:" + hashlib.sha256(encoded).hexdigest()
    return text


def flag(value: Any) -> bool:
    """A boolean that may arrive as the string "true" (aiia-sample handles both)."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1")
    return value is True or (isinstance(value, int) and value == 1)


def currency_code(value: Any) -> str:
    """An ISO 4217 shaped code in capitals, or ""."""
    text = clean(value).upper()
    return text if len(text) == 3 and text.isascii() and text.isalpha() else ""


def decimal(value: Any) -> Decimal | None:
    """A number, also when sent as a plain decimal string; None when it is not one.

    Numbers of 10^15 and more are no bank amounts: None. Rounding dust of a binary
    float (0.30000000000000004) is cut at six decimals. -0.0 becomes 0.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _PLAIN_NUMBER.fullmatch(text):
            return None
        value = Decimal(text)
    if not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    if not number:
        return Decimal(0)
    if not number.is_finite() or number.adjusted() >= 15:
        return None
    return _tidy(number)


def _tidy(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    if exponent < -6:
        number = number.quantize(Decimal("0.000001")).normalize()
        exponent = number.as_tuple().exponent
    if not number:
        return Decimal(0)
    return number.quantize(Decimal(1)) if exponent > 0 else number


def calendar_date(value: Any) -> date | None:
    """The calendar date as written; a time or zone behind it is not looked at.

    None for 0001-01-01, which means "none" on this wire (Mastercard Postman
    collection), for years no account lives in, and for anything unreadable.
    """
    match = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        return None
    year, month, day = map(int, match.groups())
    if not 1900 <= year <= 2999:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def instant(value: Any) -> datetime | None:
    """A moment as naive UTC. No zone written means UTC; 0001-01-01 means none."""
    if not isinstance(value, str) or calendar_date(value) is None:
        return None
    try:
        moment = isoparse(value.strip())
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None)


# Made once: to make one takes longer than to read a transaction with it.
_DECODER = json.JSONDecoder(
    strict=False,
    parse_float=_fraction,
    parse_int=_integer,
    parse_constant=refuse_constant,
)


class Members:
    """The members of a JSON object, read without caring for upper or lower case.

    The server does not care either: aiia-sample sends PascalCase and camelCase.
    Anything that is not an object reads as an object without members.
    """

    __slots__ = ("_values",)

    def __init__(self, value: Any):
        self._values: dict[str, Any] = {}
        if isinstance(value, dict):
            for name, member in value.items():
                self._values.setdefault(name.lower(), member)

    def __bool__(self) -> bool:
        return bool(self._values)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Lower-case names with their values."""
        return iter(self._values.items())

    def get(self, name: str) -> Any:
        """The value as parsed, or None."""
        return self._values.get(name.lower())

    def members(self, name: str) -> "Members":
        """The members of an object inside."""
        return Members(self.get(name))

    def text(self, name: str) -> str:
        """Cleaned text, or ""."""
        return clean(self.get(name))
