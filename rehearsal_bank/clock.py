"""The clock of the rehearsed bank; it can be set and moved by control."""

import time
from datetime import datetime, timezone

from dateutil import parser as date_parser
from dateutil import tz

BANK_ZONE = tz.gettz("Europe/Copenhagen")


class Clock:
    """Runs like the real clock, a settable number of seconds beside it."""

    def __init__(self):
        self._offset = 0.0

    def now(self):
        """The instant, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.timestamp(), timezone.utc)

    def timestamp(self):
        """The instant, as seconds since 1970 (a float)."""
        return time.time() + self._offset

    def today(self):
        """The calendar date at the bank, which is in Denmark."""
        return self.now().astimezone(BANK_ZONE).date()

    def set(self, instant):
        """Set the clock to an aware datetime; it runs on from there."""
        self._offset = instant.timestamp() - time.time()

    def advance(self, seconds):
        """Move the clock by a number of seconds, which may be negative."""
        self._offset += float(seconds)

    def reset(self):
        """Go back to the real clock."""
        self._offset = 0.0


def parse_instant(text):
    """Read an ISO-8601 instant as UTC; without a zone it is UTC already.

    Raises ValueError with a clear sentence when it cannot be read. More than
    six decimals of a second are cut, for the peer writes up to nine.
    """
    if not isinstance(text, str):
        raise ValueError(f"not an instant: {text!r}")
    try:
        instant = date_parser.isoparse(_cut_decimals(text.strip()))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not an instant: {text!r}") from error
    if instant.tzinfo is None:
        return instant.replace(tzinfo=timezone.utc)
    return instant.astimezone(timezone.utc)


def _cut_decimals(text):
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]}{tail[digits:]}"


def instant_text(instant, decimals=7):
    """Write an instant as the peer does: UTC, seven (or nine) decimals, Z."""
    utc = instant.astimezone(timezone.utc)
    fraction = f"{utc.microsecond:06d}".ljust(decimals, "0")[:decimals]
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{fraction}Z"


def years_before(day, years):
    """The same day some years earlier (28 February for 29 February)."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
