"""Odoo's log read by a strict reader: a warning is a failure.

A warning is the only sign of several mistakes (an ignored field parameter, a
constraint that could not be made, a misspelt attribute).
"""

import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) ", re.MULTILINE
)
BAD_LEVELS = ("WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class Expected:
    """A bad line that Odoo itself writes on a clean machine, without us."""

    pattern: str
    why: str


EXPECTED = (
    Expected(
        r"\.browser: Error received after termination: ",
        "a finished browser test closes the page while files still load",
    ),
)


def entries(log):
    """The entries of a log file: each line with a level and what follows it."""
    text = Path(log).read_text(errors="replace") if Path(log).exists() else ""
    starts = [match.start() for match in LINE.finditer(text)]
    ends = [*starts[1:], len(text)][: len(starts)]
    return [text[start:end].rstrip() for start, end in zip(starts, ends, strict=True)]


def bad_entries(log):
    """Entries that tell of something wrong and are not expected."""
    return [
        entry
        for entry in entries(log)
        if LINE.match(entry)["level"] in BAD_LEVELS and not _is_expected(entry)
    ]


def _is_expected(entry):
    return any(re.search(expected.pattern, entry) for expected in EXPECTED)
