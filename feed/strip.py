"""Day by day: is it covered, and do the bank and the books agree on its evening?"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

AGREES = "agrees"
PARTS = "parts"
UNKNOWN = "unknown"

COVERED = "covered"
GAP = "gap"
WAITING = "waiting"  # today, before its first reading
BEFORE = "before"  # before the start date: nothing is expected
FUTURE = "future"

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day: ``reader`` covered it last. Balances on its evening, None if unknown."""

    date: date
    coverage: str
    reader: Any
    bank: Decimal | None
    books: Decimal | None
    balance: str


@dataclass(frozen=True, slots=True)
class Balances:
    """What both sides tell of the evenings.

    ``told``: the bank's running balance, of the days on which it told one. ``moved``:
    the days on which it booked anything. ``read``: the balance of the account as it
    was read in the day, with whether it differed from the books and still does.
    ``books``: of every day with lines. ``since``: the first day that can be compared.
    ``before``: a last evening before that, on which the two parted already.
    """

    told: Mapping[date, Decimal]
    moved: Collection[date]
    read: Mapping[date, tuple[Decimal, bool]]
    books: Mapping[date, Decimal]
    since: date | None
    before: date | None = None


def days_of(
    first: date,
    last: date,
    today: date,
    expected_from: date | None,
    readers: Mapping[date, Any],
    balances: Balances,
) -> Iterator[Day]:
    """Say of each day whether it is covered and whether the two sides agree.

    A balance holds until the next day that tells another. The bank's holds over days
    that were read and on which it booked nothing: over a day that nobody has read, or
    whose rows came without balances, nothing is known.

    ``first`` must lie before all that is to be carried on. ``expected_from``: None
    when nothing is expected at all.
    """
    bank = books = None
    for n in range((last - first).days + 1):
        day = first + A_DAY * n
        reader = readers.get(day)
        coverage = _coverage(day, today, expected_from, reader)
        books = balances.books.get(day, books)
        bank = _bank_on(day, bank if reader is not None else None, balances)
        if coverage == FUTURE:
            yield Day(day, coverage, None, None, None, UNKNOWN)
            continue
        said, balance = _compare(day, bank, books, balances)
        yield Day(day, coverage, reader, said, books, balance)


def _coverage(day, today, expected_from, reader):
    if day > today:
        return FUTURE
    if expected_from is None or day < expected_from:
        return BEFORE
    if reader is not None:
        return COVERED
    return WAITING if day == today else GAP


def _bank_on(day, carried, balances):
    """The bank's balance on the evening of a day, None when nothing tells it."""
    if day in balances.told:
        return balances.told[day]
    read, differed = balances.read.get(day, (None, False))
    if differed:
        return read
    return None if day in balances.moved else carried


def _compare(day, bank, books, balances):
    """The bank's balance as far as it is known, and whether the books have the same."""
    if day == balances.before:
        return bank, PARTS
    if balances.since is None or day < balances.since or books is None:
        return bank, UNKNOWN
    read, _differed = balances.read.get(day, (None, False))
    # Read in the day, more may have come after it: it can prove, but not refute.
    if bank is None and read == books:
        bank = read
    if bank is None:
        return None, UNKNOWN
    return bank, AGREES if bank == books else PARTS


def spans(days: Iterable[Day]) -> list[tuple[date, date]]:
    """First and last day of each unbroken series."""
    found: list[list[date]] = []
    for day in days:
        if found and day.date - found[-1][1] == A_DAY:
            found[-1][1] = day.date
        else:
            found.append([day.date, day.date])
    return [(first, last) for first, last in found]


def verdict(days: Sequence[Day]) -> tuple[str, date | None, date | None]:
    """Whether the two sides agree at the end, and since and until when they do.

    Days of which nothing is known interrupt no series.
    """
    known = [day for day in days if day.balance != UNKNOWN]
    if not known:
        return UNKNOWN, None, None
    state, since = known[-1].balance, known[-1].date
    for day in reversed(known):
        if day.balance != state:
            break
        since = day.date
    return state, since, known[-1].date
