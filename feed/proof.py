"""Does the money add up: opening balance + rows = closing balance?"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from .order import booking_order

EQUAL = "equal"
DIFFERS = "differs"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """``difference``: bank minus ours; None when unknown.

    ``first_day``: the first day whose running balances part from ours, as far as the
    bank sent any; None when nothing parts or nothing tells.
    """

    state: str
    difference: Decimal | None = None
    first_day: date | None = None


def total(rows: Iterable[Any]) -> Decimal | None:
    """The sum of the amounts; None as soon as one is missing."""
    amounts = [row.amount for row in rows]
    return None if None in amounts else sum(amounts, Decimal(0))


def opening_balance(closing: Decimal | None, rows: Iterable[Any]) -> Decimal | None:
    """The balance before the rows, from the one after them; None when unknown."""
    moved = total(rows)
    return None if closing is None or moved is None else closing - moved


def prove(
    opening: Decimal | None, rows: Iterable[Any], closing: Decimal | None
) -> Proof:
    """Compare opening + rows with closing, and find the day on which they part.

    ``rows``: all booked rows between the two balances, with ``date``, ``amount``,
    ``balance`` (running, may be None) and ``position``. Amounts in account currency.
    """
    rows = list(rows)
    moved = total(rows)
    if opening is None or closing is None or moved is None:
        return Proof(UNKNOWN)
    difference = closing - opening - moved
    if not difference:
        return Proof(EQUAL, Decimal(0))
    return Proof(DIFFERS, difference, _first_parting(opening, booking_order(rows)))


def first_difference(
    bank: Mapping[date, Decimal | None],
    books: Mapping[date, Decimal],
    since: date | None = None,
) -> date | None:
    """The first day on whose evening the bank and the books part; None if they agree.

    ``bank``: the booked balance at the end of those days where the bank told one.
    ``books``: the balance at the end of every day that has lines. It holds until the
    next such day, and before the first one the books stand at zero. ``since``: the
    first day to look at. Days of which the bank told nothing prove nothing.
    """
    days = sorted(books)
    for day in sorted(bank):
        if bank[day] is None or (since is not None and day < since):
            continue
        earlier = bisect_right(days, day)
        ours = books[days[earlier - 1]] if earlier else Decimal(0)
        if bank[day] != ours:
            return day
    return None


def _first_parting(opening: Decimal, ordered: Sequence[Any]) -> date | None:
    running = opening
    for day, group in groupby(ordered, lambda row: row.date):
        rows = list(group)
        if day is not None and not _day_holds(running, rows):
            return day
        running += sum((row.amount for row in rows), Decimal(0))
    return None


def _day_holds(running: Decimal, rows: Sequence[Any]) -> bool:
    """Whether the day's balances fit a start at ``running``."""
    if all(row.balance is not None for row in rows):
        return _chain_starts_at(running, rows)
    for row in rows:
        running += row.amount
        if row.balance not in (None, running):
            return False
    return True


def _chain_starts_at(running: Decimal, rows: Sequence[Any]) -> bool:
    """Each balance but one is where another row begins; the order is in doubt and
    does not matter. A day that ends where it began may begin at any of them."""
    before = Counter(row.balance - row.amount for row in rows)
    first = before - Counter(row.balance for row in rows)
    return first == {running: 1} if first else running in before
