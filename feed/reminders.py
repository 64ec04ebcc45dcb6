"""On which days a customer is told that his consent ends."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

WEEK = timedelta(days=7)
LONGEST_NOTICE = 60
_MOST_DAYS = 10


def notice_days(text: str) -> tuple[int, ...]:
    """Read days before the end, such as "14, 7, 3, 1, 0"; the earliest notice first.

    Raises ValueError for anything else than a few whole numbers of days.
    """
    words = [word for word in re.split(r"[\s,;]+", (text or "").strip()) if word]
    if not words or any(not re.fullmatch(r"[0-9]{1,2}", word) for word in words):
        raise ValueError(f"not a list of days: {text!r}")
    days = sorted({int(word) for word in words}, reverse=True)
    if days[0] > LONGEST_NOTICE or len(days) > _MOST_DAYS:
        raise ValueError(f"too many days, or too early: {text!r}")
    return tuple(days)


def reminder_steps(
    notices: Iterable[int], weeks: int, has_ended: bool
) -> tuple[int, ...]:
    """All days left at which to tell the customer; after the end they are negative.

    That a consent has ended is told in any case, whatever the notices are.
    """
    ended = {0} if has_ended else set()
    later = {-7 * week for week in range(1, weeks + 1)}
    return tuple(sorted({*notices} | ended | later, reverse=True))


def due_step(
    steps: Iterable[int], given: date, end: date, today: date
) -> tuple[int, date] | None:
    """The most urgent step whose day has come, with its day; None when none is due.

    Steps missed meanwhile are skipped. The day on which the consent was given counts
    for no notice. A week after the last step silence begins.
    """
    days = {step: end - timedelta(days=step) for step in steps}
    come = [
        step
        for step, day in days.items()
        if day <= today and (step <= 0 or day > given)
    ]
    if not come:
        return None
    step = min(come)
    if step == min(days) and today >= max(days[step], end) + WEEK:
        return None
    return step, days[step]
