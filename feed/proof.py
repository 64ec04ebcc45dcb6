"""Where the balances of bank and books part."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import Decimal


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
