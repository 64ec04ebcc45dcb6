"""The rule of `_bank_days` in Python, row by row; its SQL is compared with it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any


def end_of_day_balances(rows: Iterable[Any]) -> dict[date, Decimal]:
    """The bank's balance at the end of each day on which it sent any.

    ``rows``: all booked rows in the bank's order, with ``date``, ``amount`` and
    ``balance`` (running, may be None). A row that was booked late may stand in the
    wrong place of its day: where the balances alone tell how a day ended, they do.
    """
    dated = sorted((row for row in rows if row.date), key=lambda row: row.date)
    ends = {}
    for day, group in groupby(dated, lambda row: row.date):
        end = _end([row for row in group if row.balance is not None])
        if end is not None:
            ends[day] = end
    return ends


def _end(rows: Sequence[Any]) -> Decimal | None:
    """The balance from which no other row of the day goes on; else the last row's."""
    if not rows:
        return None
    after = Counter(row.balance for row in rows)
    last = list(after - Counter(row.balance - row.amount for row in rows))
    return last[0] if len(last) == 1 else rows[-1].balance
