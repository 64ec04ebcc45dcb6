"""Which way the amounts of an account count.

Some card feeds swap debit and credit. The running balances show it: each should be an
earlier one plus the amount, and there each is an earlier one minus the amount. A bank
that counts a card's debt as a positive balance looks the same from here, so this is a
reason to ask a person, not to turn anything.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_LEAST_STEPS = 3
_MAJORITY = 4  # what speaks for one side, at least so many times the other side


def sign_of(rows: Iterable[Any]) -> int:
    """1: the balances follow the amounts. -1: they go the other way. 0: no telling.

    ``rows``: booked rows of one account in any order, with ``date``, ``amount`` and
    ``balance`` (may be None). Only steps that fit one way alone count: three equal
    payments on one day fit both ways, depending on which came first.
    """
    rows = [each for each in rows if each.date and each.balance is not None]
    starts = _starts(rows)
    steps = {1: 0, -1: 0}
    for row in rows:
        ways = [way for way in steps if _before(row, way) in starts[row.date]]
        if row.amount and len(ways) == 1:
            steps[ways[0]] += 1
    for way in steps:
        if steps[way] >= max(_LEAST_STEPS, _MAJORITY * steps[-way]):
            return way
    return 0


def _starts(rows: Iterable[Any]) -> dict:
    """Per day the balances a step of it may start from: those of the day itself and
    of the last day before. The order within a day is in doubt."""
    days = defaultdict(set)
    for row in rows:
        days[row.date].add(row.balance)
    starts, before = {}, set()
    for day in sorted(days):
        starts[day] = days[day] | before
        before = days[day]
    return starts


def _before(row: Any, way: int) -> Decimal:
    return row.balance - way * (row.amount or 0)
