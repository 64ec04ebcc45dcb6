"""Day by day: who has covered which."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any, TypeVar

Ref = TypeVar("Ref")
Span = tuple[date, date, Ref]

_DAY = timedelta(days=1)


def coverage(
    first: date, last: date, windows: Iterable[Span]
) -> tuple[list[Span], list[tuple[date, date]]]:
    """Which reading covered which day last, as spans, and the days nobody covered.

    ``windows``: first day, last day (both included) and a name of each complete
    reading, oldest reading first.
    """
    owners: dict[date, Any] = {}
    for begin, end, ref in windows:
        owners.update((day, ref) for day in _days(max(begin, first), min(end, last)))
    spans, gaps = [], []
    for owner, group in groupby(_days(first, last), owners.get):
        days = list(group)
        if owner is None:
            gaps.append((days[0], days[-1]))
        else:
            spans.append((days[0], days[-1], owner))
    return spans, gaps


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * n for n in range((last - first).days + 1)]


def period_of(day: date, kind: str) -> tuple[str, date, date]:
    """Name, first and last day of the day, week (from Monday) or month around a day."""
    if kind == "month":
        first = day.replace(day=1)
        return f"{day:%Y-%m}", first, (first + _DAY * 31).replace(day=1) - _DAY
    if kind == "week":
        year, week, weekday = day.isocalendar()
        first = day - _DAY * (weekday - 1)
        return f"{year}-W{week:02}", first, first + _DAY * 6
    return day.isoformat(), day, day
