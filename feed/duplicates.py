"""Booked rows that look like one transaction delivered twice.

Some banks send a transaction again under a new id and with a slightly other text:
first ``12.03 EXAMPLE STORE``, later ``EXAMPLE STORE``. Nobody but a person can tell
that from two purchases, so this only names suspects. Rows of equal text are taken for
what they say they are, two payments, unless their running balances deny it.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

from .rows import core, family_of

_LEAST_LETTERS = 3
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_NORDIC = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe"})


@dataclass(frozen=True, slots=True)
class BookedRow:
    """A booked row of the feed. ``key``, ``text``, ``ref``: as in ``KnownRow``."""

    key: str
    date: date | None
    amount: Decimal | None
    currency: str
    text: str = ""
    balance: Decimal | None = None
    ref: Any = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A row with its text taken apart, once for all comparisons."""

    row: BookedRow
    signs: str  # letters and digits in one piece
    words: tuple[str, ...]  # letters only, digits cut out of the words
    whole: tuple[str, ...]  # the words without any digit
    numbers: frozenset[str]

    @classmethod
    def of(cls, row: BookedRow) -> "_Reading":
        text = unicodedata.normalize("NFKC", row.text).casefold().translate(_NORDIC)
        found = _WORD.findall(text)
        cut = (_DIGITS.sub("", word) for word in found)
        return cls(
            row,
            "".join(found),
            tuple(word for word in cut if word),
            tuple(word for word in found if not _DIGITS.search(word)),
            frozenset(number.lstrip("0") for number in _DIGITS.findall(text)),
        )


def suspects(
    fresh: Iterable[BookedRow], others: Iterable[BookedRow]
) -> list[tuple[BookedRow, BookedRow]]:
    """Pairs (fresh row, other row) that may be one transaction delivered twice.

    All rows are booked ones of one account; ``others`` may contain the fresh ones
    too. No row is in two pairs. The order of the rows does not matter.
    """
    news, olds = ({row.key: row for row in rows} for rows in (fresh, others))
    candidates = []
    for group in _groups({**olds, **news}):
        sizes = Counter(each.words for each in group)
        ours = [each for each in group if each.row.key in news]
        theirs = [each for each in group if each.row.key in olds]
        for a, b in product(ours, theirs):
            rank = a.row.key != b.row.key and _likeness(a, b, sizes[a.words])
            if rank:
                candidates.append((b.row.key in news, rank, a.row.key, b.row.key))
    return [(news[a], olds[b]) for a, b in _each_once(sorted(candidates))]


def _groups(rows: dict[str, BookedRow]) -> list[list[_Reading]]:
    """The rows of equal date, amount and currency, where there are two or more."""
    groups = defaultdict(list)
    for row in rows.values():
        if row.date is not None and row.amount:
            groups[core(row)].append(row)
    groups = [group for group in groups.values() if len(group) > 1]
    return [[_Reading.of(row) for row in group] for group in groups]


def _each_once(candidates: list[tuple]) -> list[tuple[str, str]]:
    used, pairs = set(), []
    for *_, first, second in candidates:
        if used.isdisjoint((first, second)):
            used.update((first, second))
            pairs.append((first, second))
    return sorted(pairs)


def _likeness(a: _Reading, b: _Reading, size: int) -> int:
    """1 is the closest, 0 is no likeness. ``size``: how many rows have these words."""
    first, second = a.row.balance, b.row.balance
    if None not in (first, second) and first != second:
        return 0  # each of them moved the balance
    if a.row.text == b.row.text:
        return int(first is not None and second is not None and _two_ids(a, b))
    if a.signs == b.signs:
        return 2 if a.signs else 0
    # "Fee 17", "Fee 18", "Fee 19": a series of payments, each with its own number.
    other_numbers = bool(a.numbers - b.numbers and b.numbers - a.numbers)
    if _letters(a.words) and a.words == b.words:
        return (3 if size == 2 else 0) if other_numbers else 3
    within = any(map(_contains, (a.words, a.whole), (b.words, b.whole)))
    return 4 if within and not other_numbers else 0


def _two_ids(a: _Reading, b: _Reading) -> bool:
    ids = {family_of(each.row.key) for each in (a, b)}
    return len(ids) == 2 and not any(each.startswith("row:") for each in ids)


def _letters(words: tuple[str, ...]) -> bool:
    return sum(map(len, words)) >= _LEAST_LETTERS


def _contains(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the shorter one is a run of whole words in the longer one."""
    short, long = sorted((a, b), key=len)
    if not _letters(short):
        return False
    starts = range(len(long) - len(short) + 1)
    return any(long[at : at + len(short)] == short for at in starts)
