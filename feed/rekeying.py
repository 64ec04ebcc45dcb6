"""Transactions whose id the bank changed, seen from a complete window.

In a complete window a feed row that is gone and a new bank row may be the same
transaction. The closest fit is taken first: equal in all, then in date and amount,
then an id that stayed while the rest moved, then a pending row that was booked under
a new id. What was withdrawn before may come back under a new id, but only unchanged.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from .rows import (
    PENDING,
    WITHDRAWN,
    BankRow,
    KnownRow,
    core,
    family_of,
    plain_text,
)

_MOVES_DAYS = 14  # how far the date of one transaction may move


@dataclass(frozen=True, slots=True)
class Pair:
    """A bank row, the key to store it under, and the feed's row it is (or None)."""

    row: BankRow | KnownRow
    key: str
    known: KnownRow | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way to find the feed row of a new bank row.

    ``group``: both must agree on it. ``keeps_key``: the id did not change.
    """

    group: Callable[[BankRow | KnownRow, str], Hashable]
    accepts: Callable[[BankRow, KnownRow], bool]
    keeps_key: bool = False


def settle_window(
    pairs: list[Pair], known: Iterable[KnownRow], covered: tuple[date, date]
) -> tuple[list[Pair], list[KnownRow]]:
    """Join new bank rows with feed rows that are gone from the covered window.

    Returns the pairs, joined where possible, and the feed rows that vanished.
    """
    alive = {pair.known.key for pair in pairs if _holds(pair)}
    loose = [each for each in known if each.key not in alive]
    deleted = {pair.known.key for pair in pairs if pair.known} - alive
    gone = [each for each in loose if _gone(each, covered, deleted)]
    joined = _join([p for p in pairs if _is_new(p)], gone, loose)
    moved = {pair.known.key for pair in joined.values()}
    settled = [joined.get(pair.key, pair) if _is_new(pair) else pair for pair in pairs]
    settled = [_released(pair, moved) for pair in settled]
    rest = moved | deleted
    return settled, [each for each in gone if each.key not in rest]


def join(fresh: Iterable[KnownRow], missing: Iterable[KnownRow]) -> list[Pair]:
    """Join feed rows a reading has just added with those it did not meet.

    For a reading that was stored page by page. ``fresh``: the rows it added.
    ``missing``: the other feed rows dated in the window it covered completely (see
    ``windows.settled_window``), and what it withdrew. In each pair ``row`` and
    ``known`` are one transaction: give ``known`` the content of ``row`` and the key
    ``pair.key``, and drop ``row``. What stays missing has vanished at the bank.
    """
    loose = sorted(missing, key=lambda each: each.key)
    gone = [each for each in loose if each.state != WITHDRAWN]
    fresh = sorted(fresh, key=lambda each: (core(each), plain_text(each), each.key))
    return list(_join([Pair(row, row.key) for row in fresh], gone, loose).values())


def _holds(pair: Pair) -> bool:
    return pair.known is not None and not pair.row.is_deleted


def _is_new(pair: Pair) -> bool:
    return pair.known is None and not pair.row.is_deleted


def _released(pair: Pair, moved: set[str]) -> Pair:
    """A deletion loses its feed row when that one lives on under another id."""
    if pair.row.is_deleted and pair.known and pair.known.key in moved:
        return replace(pair, known=None)
    return pair


def _gone(known: KnownRow, covered: tuple[date, date], deleted: set[str]) -> bool:
    if known.state == WITHDRAWN:
        return False
    if known.key in deleted:
        return True
    return known.date is not None and covered[0] <= known.date <= covered[1]


def _join(
    news: list[Pair], gone: list[KnownRow], loose: list[KnownRow]
) -> dict[str, Pair]:
    """New pairs by their first key, now with the feed row they are."""
    joined: dict[str, Pair] = {}
    withdrawn = [each for each in loose if each.state == WITHDRAWN]
    pending = [each for each in loose if each.state == PENDING]
    steps = [(rule, gone) for rule in _STEADY]
    steps += [(_SETTLED, pending), *((rule, gone) for rule in _MOVED)]
    steps.append((_RETURN, withdrawn))
    for rule, olds in steps:
        moved = {pair.known.key for pair in joined.values()}
        groups = defaultdict(list)
        for old in olds:
            if old.key not in moved:
                groups[rule.group(old, old.key)].append(old)
        for new in news:
            if new.key not in joined:
                group = groups.get(rule.group(new.row, new.key), [])
                old = _take(new.row, group, rule)
                if old:
                    key = old.key if rule.keeps_key else new.key
                    joined[new.key] = Pair(new.row, key, old)
    return joined


def _take(row: BankRow, group: list[KnownRow], rule: _Rule) -> KnownRow | None:
    fitting = [old for old in group if rule.accepts(row, old)]
    if not fitting:
        return None
    best = min(fitting, key=lambda old: (_text_distance(row, old), _days(row, old)))
    group.remove(best)
    return best


def _text_distance(row: BankRow, old: KnownRow) -> int:
    new, known = plain_text(row), plain_text(old)
    if new == known:
        return 0
    return 1 if new and known and (new in known or known in new) else 2


def _days(row: BankRow, old: KnownRow) -> int:
    if row.date is None or old.date is None:
        return 10**6
    return abs((row.date - old.date).days)


def _same_text(row: BankRow, old: KnownRow) -> bool:
    return _text_distance(row, old) == 0


def _related_text(row: BankRow, old: KnownRow) -> bool:
    return _text_distance(row, old) < 2


def _near(row: BankRow, old: KnownRow) -> bool:
    return _days(row, old) <= _MOVES_DAYS


def _near_pending(row: BankRow, old: KnownRow) -> bool:
    return old.state == PENDING and _near(row, old)


def _by_core(row: BankRow | KnownRow, _key: str) -> Hashable:
    return core(row)


def _by_core_and_state(row: BankRow | KnownRow, _key: str) -> Hashable:
    return (*core(row), row.state)


def _by_amount(row: BankRow | KnownRow, _key: str) -> Hashable:
    return core(row)[1:]


def _by_family(row: BankRow | KnownRow, key: str) -> Hashable:
    return family_of(key)


def _always(_row: BankRow, _old: KnownRow) -> bool:
    return True


def unsettled(row: BankRow, known: KnownRow) -> bool:
    """Whether a row with the id of a pending feed row is that row, settled.

    Date and amount may move when it is booked, but not all at once: the sign stays,
    and the amount or the text gives a hint. Else the bank uses the id again.
    """
    if known.state != PENDING or row.amount is None or known.amount is None:
        return known.state == PENDING and core(row)[1] == core(known)[1]
    same_side = (row.amount < 0) == (known.amount < 0)
    same_side = same_side and core(row)[2] == core(known)[2]
    return same_side and (row.amount == known.amount or _related_text(row, known))


def _moved_date(row: BankRow, old: KnownRow) -> bool:
    return core(row)[1:] == core(old)[1:] and _near(row, old)


_STEADY = (
    _Rule(_by_core_and_state, _same_text),
    _Rule(_by_core_and_state, _related_text),
    _Rule(_by_core_and_state, _always),
)
_SETTLED = _Rule(_by_family, unsettled, keeps_key=True)
_MOVED = (
    _Rule(_by_core, _always),
    _Rule(_by_family, _moved_date, keeps_key=True),
    _Rule(_by_amount, _near_pending),
)
_RETURN = _Rule(_by_core, _same_text)
