"""A page of transactions, cut into its entries before any of them is taken apart.

Most entries of most pages are known to the caller, who tells it by their digest: to
read them would be work for nothing. So a body is cut here by the fastest means there
is, and an entry is read when somebody asks for it. A body that is odd in any way is
read whole, as every other answer is, and so is one that is no JSON at all.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from decimal import Decimal
from json.decoder import scanstring
from typing import Any

from .errors import Malformed
from .payloads import MAX_LIST, required_list, required_object, transaction
from .records import Account, AccountNumber, Transaction
from .wire import MAX_DEPTH, Members, parse_clean_json, parse_json, refuse_constant

# Part of every digest. Raise it when the reading of a transaction changes: what was
# read the old way is then read again.
READING = 1

_LIST, _TOKEN = "transactions", "pagingtoken"
_NUMBERS = [each.name for each in fields(AccountNumber)]
_blank = re.compile(r"[ \t\n\r]*").match
# NUL and half a surrogate pair, as PostgreSQL takes neither.
_UNSAFE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# Numbers stay text: nobody reads them here.
_scan = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=refuse_constant, strict=False
).scan_once
_Piece = tuple[int, int, Any]  # where it begins and ends, and what it is


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a page, not yet read.

    ``id``: what the feed probably knows it by; "" when that shows in the reading only.
    ``digest``: stands for all that :meth:`parse` depends on; "" for none.
    """

    own: Account | None = field(repr=False)
    value: dict[str, Any] | None = field(default=None, repr=False)
    wire: str = field(default="", repr=False)
    id: str = ""
    digest: str = ""

    def parse(self) -> Transaction:
        """Take it apart."""
        value = parse_clean_json(self.wire) if self.value is None else self.value
        return transaction(value, self.own, self.wire, self.digest)


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """One page. ``paging_token`` is None on the last one.

    ``malformed_rows``: entries that were not objects and could not be kept.
    """

    entries: tuple[Entry, ...]
    paging_token: str | None = field(default=None, repr=False)
    malformed_rows: int = 0

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """All entries, read."""
        return tuple(entry.parse() for entry in self.entries)


def read_page(body: bytes, own: Account | None = None) -> TransactionPage:
    """Read the body of one page. Raises Malformed without a list.

    ``own``: the account the page belongs to, see :func:`~.payloads.transaction`.
    """
    cut = _try_to_cut(body)
    if cut is None:
        return transaction_page(parse_json(body), own)
    text, pieces, token = cut
    seal = _seal(own)
    entries = tuple(
        _entry(text[begin:end], value, own, seal)
        for begin, end, value in pieces
        if isinstance(value, dict)
    )
    return _page(entries, len(pieces), parse_json(token.encode()))


def transaction_page(value: Any, own: Account | None = None) -> TransactionPage:
    """Read one page that is parsed already. Raises Malformed without a list."""
    members = Members(required_object(value, "transaction page"))
    rows = required_list(members.get("transactions"), "transaction page")
    entries = tuple(Entry(own, row) for row in rows if isinstance(row, dict))
    return _page(entries, len(rows), members.get("pagingToken"))


def _page(entries: tuple[Entry, ...], count: int, token: Any) -> TransactionPage:
    return TransactionPage(entries, _paging_token(token), count - len(entries))


def _paging_token(value: Any) -> str | None:
    """The place of the next page, or None after the last one.

    Raises Malformed for what is no place: taken for the end, the rest would be lost.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Malformed("malformed", "transaction page: no usable paging token")
    return str(value)


# === CUTTING === #


def _entry(text: str, value: dict[str, Any], own: Account | None, seal: Any) -> Entry:
    if _UNSAFE.search(text):
        return Entry(own, parse_json(text.encode()))
    digest = seal.copy()
    digest.update(text.encode())
    named = value.get("id") or value.get("Id")
    name = named.strip() if isinstance(named, str) else ""
    return Entry(own, None, text, name, digest.hexdigest())


def _seal(own: Account | None) -> Any:
    """The beginning of every digest: what a reading depends on beside the text."""
    parts = [str(READING)]
    if own:
        parts += [own.holder, *(getattr(own.number, each) for each in _NUMBERS)]
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=20)


def _try_to_cut(body: bytes) -> tuple[str, list[_Piece], str] | None:
    """The text with what :func:`_cut` finds in it; None when anything is odd."""
    try:
        text = body.decode()
        return (text, *_cut(text))
    except (ValueError, StopIteration, IndexError, RecursionError):
        return None


def _cut(text: str) -> tuple[list[_Piece], str]:
    """The entries of the list, and the paging token as JSON.

    Raises one of the errors a scanner has when anything is not as expected.
    """
    if "\0" in text:
        raise ValueError("NUL")
    pieces, token, names = None, "null", set()
    for name, begin, end, value in _members(text):
        if name in names:
            raise ValueError("a member comes twice")
        names.add(name)
        if name == _LIST:
            pieces = value
        else:
            _check_depth(text, begin, end)
        if name == _TOKEN:
            token = text[begin:end]
    if pieces is None:
        raise ValueError("no list")
    return pieces, token


def _members(text: str) -> list[tuple[str, int, int, Any]]:
    """The members of the object a text is: name in lower case, place and value."""
    members = []
    at = _expect(text, _blank(text, 0).end(), "{")
    while text[at] != "}":
        name, at = scanstring(text, _expect(text, at, '"', skip=False), False)
        begin = _expect(text, _blank(text, at).end(), ":")
        if name.lower() == _LIST:
            value, end = _elements(text, _expect(text, begin, "["))
        else:
            value, end = _scan(text, begin)
        members.append((name.lower(), begin, end, value))
        at = _blank(text, end).end()
        if text[at] == ",":
            at = _blank(text, at + 1).end()
            if text[at] != '"':
                raise ValueError("a name was expected")
        elif text[at] != "}":
            raise ValueError("the object does not end")
    if _blank(text, at + 1).end() != len(text):
        raise ValueError("something follows")
    return members


def _elements(text: str, at: int) -> tuple[list[_Piece], int]:
    """The elements of a list that begins at a place, and the place behind it."""
    pieces = []
    if text[at] == "]":
        return pieces, at + 1
    while True:
        value, end = _scan(text, at)
        _check_depth(text, at, end)
        pieces.append((at, end, value))
        at = _blank(text, end).end()
        if text[at] == "]":
            return pieces, at + 1
        if len(pieces) > MAX_LIST:
            raise ValueError("endless")
        at = _expect(text, at, ",")


def _expect(text: str, at: int, sign: str, skip: bool = True) -> int:
    if text[at] != sign:
        raise ValueError(f"{sign} was expected")
    return _blank(text, at + 1).end() if skip else at + 1


def _check_depth(text: str, begin: int, end: int) -> None:
    """Few brackets cannot be nested deeply; many are counted the slow way."""
    if text.count("{", begin, end) + text.count("[", begin, end) > MAX_DEPTH - 2:
        raise ValueError("perhaps too deep")
