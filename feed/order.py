"""The order in which the bank booked its rows."""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import TypeVar

Row = TypeVar("Row")  # anything with date, amount, balance and position


def booking_order(rows: Iterable[Row]) -> list[Row]:
    """The rows oldest first, in the bank's order within a day.

    ``position`` is the place in the answer, 0 received first. Most banks send the
    newest first, but nobody promises it. So the running balances of a day decide for
    that day; else the dates of the whole list; else all running balances; else the
    list is taken as newest first. Rows without a date come last.
    """
    received = sorted(rows, key=lambda row: row.position)
    dated = [row for row in received if row.date is not None]
    oldest_first = _by_dates(dated) or _by_balances(dated) or -1
    ordered = []
    for _, group in groupby(sorted(dated, key=lambda row: row.date), _date):
        day = list(group)
        forward = (_by_balances(day) or oldest_first) > 0
        ordered += day if forward else day[::-1]
    return ordered + [row for row in received if row.date is None]


def _date(row):
    return row.date


def _by_dates(received: Sequence[Row]) -> int:
    """Positive: oldest first. Negative: newest first. 0: the dates do not tell."""
    return sum((b.date > a.date) - (b.date < a.date) for a, b in pairwise(received))


def _by_balances(received: Sequence[Row]) -> int:
    """As above, from each balance being the one before plus the amount."""
    return sum(_follows(a, b) - _follows(b, a) for a, b in pairwise(received))


def _follows(first: Row, second: Row) -> bool:
    if first.balance is None or second.balance is None or second.amount is None:
        return False
    return first.balance + second.amount == second.balance
