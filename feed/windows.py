"""Which days to ask the bank for."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

HISTORY = relativedelta(years=2)  # Mastercard deletes what is older
_MARGIN = timedelta(days=1)
_FADING = timedelta(days=7)


def fetch_window(
    today: date,
    start_date: date | None,
    synced_until: date | None,
    oldest_change: date | None = None,
    overlap_days: int = 10,
) -> tuple[date, date]:
    """First and last day to ask for, both included.

    From the last proven success minus the overlap, or from the oldest change the
    bank named (a day earlier), whichever is older; without any success from the start
    date. Never before the start date, never older than two years. The last day is
    today, or the start date when that is still to come.
    """
    oldest = today - HISTORY
    first = start_date or oldest
    if synced_until is not None:
        overlap = timedelta(days=max(overlap_days, 0))
        since = min(synced_until, today) - overlap
        if oldest_change is not None:
            since = min(since, oldest_change - _MARGIN)
        first = max(first, since)
    first = max(first, oldest)
    return first, max(today, first)


def settled_window(today: date, window: tuple[date, date]) -> tuple[date, date] | None:
    """The part of a window in which a missing row means something, or None.

    At the old end of the two years the bank is deleting rows: their absence there is
    no news.
    """
    first = max(window[0], today - HISTORY + _FADING)
    return (first, window[1]) if first <= window[1] else None
