"""Which rows of the bank are which rows of the feed.

Pure: nothing is stored here. Within one call the order of the rows does not matter.

Rules. The bank's id is trusted only together with date, amount and currency: some
banks use an id again, or only number the rows of a day. While the feed's row is
pending its date and amount may settle, and the id with a hint will do. Equal rows
are counted, never collapsed. A row without an id is known by its fingerprint and a
number. With a ``covered`` window the list is complete there, so a row that is gone
and a new equal one are one transaction whose id the bank changed. When the pages are
stored one by one, ``rekeying.join`` does the same at the end of the reading.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from .rekeying import Pair, settle_window, unsettled
from .rows import (
    BOOKED,
    PENDING,
    WITHDRAWN,
    BankRow,
    KnownRow,
    core,
    family_for,
    family_of,
    keys_for,
    plain_text,
)

_Fit = Callable[[BankRow, KnownRow], bool]


@dataclass(frozen=True, slots=True)
class Seen:
    """What earlier pages of the same reading used up. Start with ``Seen()``."""

    keys: frozenset[str] = frozenset()
    contents: frozenset[tuple] = frozenset()

    @classmethod
    def of(cls, stored: Iterable[tuple[str, BankRow]]) -> "Seen":
        """Rebuild it from what this reading already stored: keys with their rows."""
        stored = list(stored)
        contents = {each for _, row in stored for each in _contents(row)}
        return cls(frozenset(key for key, _ in stored), frozenset(contents))


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome. Each bank row is in one list. Always store ``pair.key``.

    ``new``: store. ``known``: nothing to do. ``changed``: same transaction, other
    content. ``booked``: was pending, is booked now. ``rekeyed``: same transaction, the
    bank changed its id. In the last three look at ``known.state`` too: a withdrawn
    row may be back. ``withdrawn``: the bank deleted it. ``ignored``: repeated in this
    reading, deleted before we ever saw it, or deleted without an id on a mere page.
    ``vanished``: rows of the feed that are missing in the covered window. ``seen``:
    give it to the match of the next page.
    """

    new: list[Pair] = field(default_factory=list)
    known: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    booked: list[Pair] = field(default_factory=list)
    rekeyed: list[Pair] = field(default_factory=list)
    withdrawn: list[Pair] = field(default_factory=list)
    ignored: list[BankRow] = field(default_factory=list)
    vanished: list[KnownRow] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)


def families(rows: Iterable[BankRow]) -> set[str]:
    """The families of these rows: look up all feed rows whose :func:`family_of` their
    key is among them. A feed stores it in a column of its own."""
    return {family_for(row) for row in rows}


def match(
    rows: Iterable[BankRow],
    known: Iterable[KnownRow],
    *,
    covered: tuple[date, date] | None = None,
    seen: Seen | None = None,
    join_later: bool = False,
) -> Match:
    """Match bank rows of one account against the feed of that account.

    ``rows``: one page, or the whole list of a window. ``known``: at least the feed
    rows of the same :func:`families`; with ``covered``
    also all feed rows with a date in it. ``covered``: first and last day, both
    included, for which ``rows`` is the bank's complete list (see
    ``windows.settled_window``).
    ``join_later``: this is a page, and ``rekeying.join`` follows after the last one.
    A pending row that settled under its id is then left to the join, which knows
    whether the bank merely uses the id again.
    """
    seen = seen or Seen()
    known = sorted(known, key=lambda each: (each.state == WITHDRAWN, each.key))
    rows, ignored, contents = _without_repeats(rows, seen.contents)
    if not covered:
        # Its living twin may stand on the next page. That the row is gone shows there.
        ignored += [row for row in rows if row.is_deleted and not row.key_id]
        rows = [row for row in rows if row.key_id or not row.is_deleted]
    free = [each for each in known if each.key not in seen.keys]
    taken = {each.key for each in known} | seen.keys
    # With the whole window in sight an equal row under another id goes before a row
    # of the same id that would have to settle first.
    fits = _SETTLED if covered or join_later else (*_FITS, unsettled)
    pairs = _by_family(rows, free, taken, fits)
    vanished: list[KnownRow] = []
    if covered:
        pairs, vanished = settle_window(pairs, free, covered)
    used = {pair.key for pair in pairs if pair.known or not pair.row.is_deleted}
    result = Match(
        ignored=ignored,
        vanished=vanished,
        seen=Seen(seen.keys | used, contents),
    )
    for pair in pairs:
        _sort_in(result, pair)
    return result


def _without_repeats(
    rows: Iterable[BankRow], earlier: frozenset[tuple]
) -> tuple[list[BankRow], list[BankRow], frozenset[tuple]]:
    """Count the same id with the same content once; rows without an id all count.

    The running balance tells two equal payments under one id apart. A row without
    balance, such as the pending copy of a booked one, is the same transaction.
    """
    contents = set(earlier)
    single, repeated = [], []
    for row in sorted(rows, key=_stable_order):
        if _repeats(row, contents):
            repeated.append(row)
        else:
            single.append(row)
            contents.update(_contents(row))
    return single, repeated, frozenset(contents)


def _content(row: BankRow, state: str) -> tuple:
    return (row.key_id, *core(row), plain_text(row), row.is_deleted, state)


def _contents(row: BankRow) -> set[tuple]:
    content = _content(row, row.state)
    return {content, (*content, row.balance)} if row.key_id else set()


def _repeats(row: BankRow, contents: set[tuple]) -> bool:
    # A booked row is no repetition of its pending copy, the other way round it is.
    for state in {BOOKED, row.state}:
        content = _content(row, state)
        if content in contents:
            balances = {(*content, None), (*content, row.balance)}
            if row.balance is None or not balances.isdisjoint(contents):
                return True
    return False


def _stable_order(row: BankRow) -> tuple:
    """Live before deleted, booked before pending; position only between equals."""
    balance = (row.balance is None, row.balance or 0)
    states = (row.is_deleted, row.state != BOOKED)
    equals = (row.key_id, balance, row.payload_hash, row.position)
    return (*states, core(row), plain_text(row), *equals)


def _by_family(
    rows: Sequence[BankRow],
    free: Sequence[KnownRow],
    taken: set[str],
    fits: Sequence[_Fit],
) -> list[Pair]:
    relatives = defaultdict(list)
    for each in free:
        relatives[family_of(each.key)].append(each)
    members = defaultdict(list)
    for row in rows:
        members[family_for(row)].append(row)
    pairs = []
    for family, relations in members.items():
        pairs += _assign(relations, relatives[family], taken, fits)
    return pairs


def _assign(
    rows: list[BankRow],
    relatives: list[KnownRow],
    taken: set[str],
    fits: Sequence[_Fit],
) -> list[Pair]:
    """Give each row of one family its feed row, best fit first, or a free key."""
    pairs = []
    # A deletion must not take the feed row that a living row stands for.
    for deleted in (False, True):
        waiting = [row for row in rows if row.is_deleted is deleted]
        for fit in fits:
            still = []
            for row in waiting:
                found = next((each for each in relatives if fit(row, each)), None)
                if found is None:
                    still.append(row)
                    continue
                relatives.remove(found)
                pairs.append(Pair(row, found.key, found))
            waiting = still
        pairs += [Pair(row, _free_key(row, taken)) for row in waiting]
    return pairs


def _same_core(row: BankRow, known: KnownRow) -> bool:
    return core(row) == core(known)


def _same_text(row: BankRow, known: KnownRow) -> bool:
    return _same_core(row, known) and plain_text(row) == plain_text(known)


def _same_all(row: BankRow, known: KnownRow) -> bool:
    same = row.payload_hash == known.payload_hash and row.state == known.state
    return same and _same_text(row, known)


def _bare(row: BankRow, known: KnownRow) -> bool:
    """A deletion that says no more than the id."""
    incomplete = row.amount is None or row.date is None
    return row.is_deleted and bool(row.key_id) and incomplete


def _in_same_state(fit: _Fit) -> _Fit:
    def fits(row: BankRow, known: KnownRow) -> bool:
        steady = row.is_deleted or known.state in (row.state, WITHDRAWN)
        return steady and fit(row, known)

    return fits


_FITS = (_same_all, _same_text, _same_core, _bare)
_SETTLED = tuple(map(_in_same_state, _FITS))


def _free_key(row: BankRow, taken: set[str]) -> str:
    if row.is_deleted:
        return family_for(row)
    count = 2
    while True:
        for key in keys_for(row, count):
            if key not in taken:
                taken.add(key)
                return key
        count *= 2


def _sort_in(result: Match, pair: Pair) -> None:
    row, known = pair.row, pair.known
    if row.is_deleted:
        if known is None:
            result.ignored.append(row)
        else:
            gone = known.state == WITHDRAWN
            (result.known if gone else result.withdrawn).append(pair)
    elif known is None:
        result.new.append(pair)
    elif known.state == PENDING and row.state == BOOKED:
        result.booked.append(pair)
    elif known.key != pair.key:
        result.rekeyed.append(pair)
    else:
        (result.known if _same_all(row, known) else result.changed).append(pair)
