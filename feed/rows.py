"""What matching needs to know of a transaction, and how rows get their keys."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

BOOKED = "booked"
PENDING = "pending"
WITHDRAWN = "withdrawn"

_SUFFIX = re.compile(r"#[0-9a-f]{16}(?:#\d+)?$")
_ORDINAL = re.compile(r"^(row:[0-9a-f]{24}):\d+$")


@dataclass(frozen=True, slots=True)
class BankRow:
    """One row as the bank sent it.

    ``key_id``: the bank's id, "" for none. ``text``: the text least likely to move,
    so the bank's original one. ``position``: place in the answer, 0 was received
    first. ``payload_hash``: :func:`content_hash` of all that the feed shows.
    """

    key_id: str
    date: date | None
    amount: Decimal | None
    currency: str
    text: str = ""
    state: str = BOOKED
    is_deleted: bool = False
    balance: Decimal | None = None
    position: int = 0
    payload_hash: str = ""


@dataclass(frozen=True, slots=True)
class KnownRow:
    """One row of the feed.

    ``key``: the key an earlier match gave it. ``state``: booked, pending, withdrawn.
    ``ref``: whatever the caller needs to find its record again.
    """

    key: str
    date: date | None
    amount: Decimal | None
    currency: str
    text: str = ""
    state: str = BOOKED
    payload_hash: str = ""
    ref: Any = None


def core(row: BankRow | KnownRow) -> tuple[str, str, str]:
    """Date, amount and currency: what makes a transaction this one and no other."""
    return (_canonical(row.date), _canonical(row.amount), row.currency.upper())


def plain_text(row: BankRow | KnownRow) -> str:
    """The text without differences that mean nothing."""
    return " ".join(row.text.casefold().split())


def fingerprint(row: BankRow | KnownRow, *, with_text: bool = True) -> str:
    """Hexadecimal digest of the fields that do not move.

    Not among them: the value date and the counterpart (details may come a day later),
    the running balance (a late booking moves it), any time of day.
    """
    parts = (*core(row), plain_text(row)) if with_text else core(row)
    return _digest("\x1f".join(parts))


def content_hash(values: Mapping[str, Any]) -> str:
    """Hexadecimal digest of named values, to see whether a row changed.

    Takes text, numbers, dates, booleans, None, and mappings and sequences of them.
    1.5 and 1.50 are the same amount.
    """
    return _digest(_canonical(values))


def _canonical(value: Any) -> str:
    if value is None or isinstance(value, str):
        return repr(value)
    if isinstance(value, Mapping):
        items = ((str(name), _canonical(value[name])) for name in sorted(value))
        return "{" + ",".join(f"{name!r}:{text}" for name, text in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value.normalize() if value else Decimal(0):f}"
    return value.isoformat() if isinstance(value, date) else repr(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def family_of(key: str) -> str:
    """What the keys of one family share: the bank's id, or the digest without one."""
    ordinal = _ORDINAL.match(key)
    return ordinal.group(1) if ordinal else _SUFFIX.sub("", key)


def family_for(row: BankRow) -> str:
    """The family a bank row belongs to."""
    return row.key_id or f"row:{fingerprint(row)[:24]}"


def keys_for(row: BankRow, count: int) -> list[str]:
    """The keys a row may get, in order of preference, in a family of ``count``."""
    base = family_for(row)
    if not row.key_id:
        return [f"{base}:{number}" for number in range(1, count + 1)]
    other = f"{base}#{fingerprint(row, with_text=False)[:16]}"
    more = (f"{other}#{number}" for number in range(2, count + 1))
    return [base, other, *more]
