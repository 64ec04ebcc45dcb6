"""A model bank with its habits, and a feed that stores what a match says.

The feed keeps what the models keep: each row knows the reading that brought it and
the last reading that met it; a reading is stored page by page and settled at its end.
"""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from feed import BankRow, KnownRow, Seen, families, family_of, join, match

# How a bank gives its ids.
STABLE, BLANK, CONSTANT, INDEX, RENEWED, MIXED = HABITS = (
    *("stable", "blank", "constant", "index", "renewed", "mixed"),
)


class Bank:
    """A bank's list of transactions, newest first, with its habit about ids."""

    def __init__(self, habit, with_balances=True):
        self.habit = habit
        self.with_balances = with_balances
        self.rows = []
        self.numbers = count(1)

    def add(self, row, key_id=None):
        self.rows.insert(0, replace(row, key_id=key_id or self.new_id()))

    def new_id(self):
        return f"id{next(self.numbers)}"

    def living(self):
        return [row for row in self.rows if not row.is_deleted]

    def content(self):
        return Counter((r.date, r.amount, r.state, r.text) for r in self.living())

    def listed(self):
        """What a reading answers now, newest first."""
        by_day = sorted(self.rows, key=lambda row: row.date)
        places = Counter()
        rows = []
        for total, row in enumerate(by_day):
            shown = self._shown_id(row, places[row.date])
            places[row.date] += 1
            balance = Decimal(total) if self.with_balances else None
            rows.append(replace(row, key_id=shown, balance=balance))
        return rows[::-1]

    def _shown_id(self, row, place):
        habit = self.habit
        if habit == MIXED:  # each transaction has a habit of its own
            own = int(row.key_id[2:])
            habit = (STABLE, BLANK, CONSTANT, RENEWED)[own % 4]
        if habit == RENEWED:
            return "" if row.is_deleted else f"r{next(self.numbers)}"
        return {
            STABLE: row.key_id,
            BLANK: "",
            CONSTANT: "9998",
            INDEX: str(place),
        }[habit]


@dataclass(slots=True)
class Stored:
    """A row of the feed."""

    key: str
    row: BankRow
    state: str
    fetch: int  # the reading that brought it
    last: int  # the last one that met it

    def known(self):
        row = self.row
        core = (row.date, row.amount, row.currency, row.text)
        return KnownRow(self.key, *core, self.state, row.payload_hash, ref=self)

    def bank_row(self):
        return replace(self.row, state=self.state)


class Feed:
    """A feed that stores page by page what a match says, as the models do."""

    def __init__(self):
        self.rows = {}
        self.runs = count(1)
        self.failed = set()
        self.ever_new = 0

    def store_page(self, run, page):
        wanted = families(page)
        relatives = [r for r in self.rows.values() if family_of(r.key) in wanted]
        # As after a restart: what this reading already met is read from the feed.
        met = ((r.key, r.bank_row()) for r in relatives if r.last == run)
        known = [each.known() for each in relatives]
        found = match(page, known, seen=Seen.of(met), join_later=True)
        assert not found.rekeyed and not found.vanished
        for pair in found.new:
            assert pair.key not in self.rows
            stored = Stored(pair.key, pair.row, pair.row.state, run, run)
            self.rows[pair.key] = stored
        self.ever_new += len(found.new)
        # The known ones too: a late booking moved their running balance.
        for pair in (*found.known, *found.changed, *found.booked):
            if not pair.row.is_deleted:
                self._take_over(pair.known.ref, pair.row)
        for pair in found.withdrawn:
            pair.known.ref.state = "withdrawn"
        for pair in (*found.known, *found.changed, *found.booked, *found.withdrawn):
            pair.known.ref.last = run
        return found

    def _take_over(self, stored, row):
        stored.row, stored.state = row, row.state

    def settle(self, run):
        """The reading is complete: join what was only renamed, drop what is gone."""
        self._drop_leftovers(run)
        rows = self.rows.values()
        missing = [r for r in rows if r.last != run or r.state == "withdrawn"]
        fresh = [r for r in rows if r.last == run and r.fetch in {run, *self.failed}]
        fresh = [r for r in fresh if r.state != "withdrawn"]
        for stored in fresh:
            stored.fetch = run  # no longer of a reading that broke off
        pairs = join([r.known() for r in fresh], [r.known() for r in missing])
        for pair in pairs:
            self._become(run, pair)
        self.ever_new -= len(pairs)
        for stored in self.rows.values():
            if stored.last != run:
                stored.state = "withdrawn"

    def _drop_leftovers(self, run):
        """Of a reading that broke off, what the complete one did not meet: renamed
        by the bank, it would stand between the new row and the one in the books."""
        rows = list(self.rows.values())
        for stored in rows:
            if stored.last != run and stored.fetch in self.failed:
                del self.rows[stored.key]
                self.ever_new -= 1

    def _become(self, run, pair):
        new, old = pair.row.ref, pair.known.ref
        del self.rows[new.key], self.rows[old.key]
        assert pair.key not in self.rows
        self._take_over(old, new.bank_row())
        old.key, old.last = pair.key, run
        self.rows[old.key] = old

    def alive(self):
        rows = [each for each in self.rows.values() if each.state != "withdrawn"]
        seen = ((r.row.date, r.row.amount, r.state, r.row.text) for r in rows)
        return Counter(seen)
