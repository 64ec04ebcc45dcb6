"""For any interleaving of changes and readings the feed equals the bank's list."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count

from feed import BankRow, KnownRow, Seen, families, family_of, join, match
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

WINDOW = (date(2025, 3, 1), date(2025, 3, 31))
days = st.integers(1, 4).map(lambda n: date(2025, 3, n))
amounts = st.sampled_from(["-10", "-10", "25", "-3.50"]).map(Decimal)
texts = st.sampled_from(["Club", "Shop", "Shop 4711"])


class Bank:
    """A bank's list of transactions, newest first, with its habits about ids."""

    def __init__(self, habit):
        self.habit = habit
        self.rows = []
        self.numbers = count(1)

    def add(self, row):
        self.rows.insert(0, replace(row, key_id=f"id{next(self.numbers)}"))

    def listed(self):
        """What a reading answers now."""
        numbered = []
        for index, row in enumerate(sorted(self.rows, key=lambda r: r.date)):
            new_id = {
                "stable": row.key_id,
                "blank": "",
                "constant": "9998",
                "index": str(index),
                "renewed": f"r{next(self.numbers)}" if not row.is_deleted else "",
            }[self.habit]
            numbered.append(replace(row, key_id=new_id))
        rows = [
            replace(row, position=place, balance=Decimal(place))
            for place, row in enumerate(reversed(numbered))
        ]
        return rows


class Feed:
    """A feed that stores what a match says, as the models do."""

    def __init__(self):
        self.rows = {}
        self.refs = count(1)
        self.ever_new = 0

    def window(self, rows):
        self.store(match(rows, self.rows.values(), covered=WINDOW))

    def pages(self, rows, size, join_later=False):
        """Store page by page; returns the keys met and the keys added."""
        seen, added = Seen(), []
        for start in range(0, len(rows), size):
            page = rows[start : start + size]
            wanted = families(page)
            known = [row for key, row in self.rows.items() if family_of(key) in wanted]
            result = match(page, known, seen=seen, join_later=join_later)
            self.store(result)
            seen = result.seen
            added += [pair.key for pair in result.new]
        return seen.keys, added

    def pages_and_join(self, rows, size):
        met, added = self.pages(rows, size, join_later=True)
        fresh = [self.rows[key] for key in added]
        missing = [
            row
            for key, row in self.rows.items()
            if key not in met or (row.state == "withdrawn" and key not in added)
        ]
        for pair in join(fresh, missing):
            self.rows.pop(pair.row.key)
            self.rows.pop(pair.known.key)
            self.put(pair, pair.row.state, pair.known.ref)
            missing.remove(pair.known)
            self.ever_new -= 1
        for known in missing:
            self.rows[known.key] = replace(known, state="withdrawn")

    def store(self, result):
        self.ever_new += len(result.new)
        for pair in (*result.changed, *result.booked, *result.rekeyed):
            old = self.rows.pop(pair.known.key)
            self.put(pair, pair.row.state, old.ref)
        for pair in result.new:
            self.put(pair, pair.row.state, next(self.refs))
        for pair in result.withdrawn:
            self.rows[pair.key] = replace(self.rows[pair.key], state="withdrawn")
        for known in result.vanished:
            self.rows[known.key] = replace(known, state="withdrawn")

    def put(self, pair, state, ref):
        assert pair.key not in self.rows
        row = pair.row
        self.rows[pair.key] = KnownRow(
            pair.key, row.date, row.amount, row.currency, row.text, state, ref=ref
        )

    def alive(self):
        rows = [row for row in self.rows.values() if row.state != "withdrawn"]
        return Counter((row.date, row.amount, row.state) for row in rows)


class Rereading(RuleBasedStateMachine):
    """The bank changes as it likes; each reading of the window mends the feed."""

    habits = ("stable", "blank", "constant", "index", "renewed")

    @initialize(habit=st.sampled_from(habits))
    def open(self, habit):
        self.bank, self.feed = Bank(habit), Feed()
        self.fresh = True
        self.inserted = 0

    @rule(day=days, amount=amounts, text=texts)
    def insert(self, day, amount, text):
        self.add(day, amount, text, "booked")

    def add(self, day, amount, text, state):
        self.bank.add(BankRow("", day, amount, "DKK", text, state))
        self.inserted += 1
        self.fresh = False

    @rule(day=days, amount=amounts, text=texts)
    def reserve(self, day, amount, text):
        self.add(day, amount, text, "pending")

    @rule(data=st.data())
    def delete(self, data):
        self.edit(data, lambda row: None)

    @rule(data=st.data())
    def delete_softly(self, data):
        self.edit(data, lambda row: replace(row, is_deleted=True))

    @rule(data=st.data(), day=days)
    def book(self, data, day):
        self.edit(data, lambda row: replace(row, state="booked", date=day), "pending")

    @rule(data=st.data(), text=texts)
    def reword(self, data, text):
        self.edit(data, lambda row: replace(row, text=text))

    def edit(self, data, change, state=None):
        rows = [r for r in self.bank.rows if not r.is_deleted]
        rows = [r for r in rows if state is None or r.state == state]
        if rows:
            chosen = data.draw(st.sampled_from(rows))
            self.bank.rows.remove(chosen)
            changed = change(chosen)
            self.bank.rows += [changed] if changed else []
            self.fresh = False

    @rule()
    def read(self):
        self.feed.window(self.bank.listed())
        self.fresh = True

    @rule(size=st.integers(1, 3))
    def read_page_by_page(self, size):
        self.feed.pages_and_join(self.bank.listed(), size)
        self.fresh = True

    @invariant()
    def the_feed_equals_the_list_after_a_reading(self):
        if getattr(self, "fresh", False):
            living = [row for row in self.bank.rows if not row.is_deleted]
            listed = Counter((row.date, row.amount, row.state) for row in living)
            assert self.feed.alive() == listed

    @invariant()
    def nothing_is_new_twice(self):
        if getattr(self, "fresh", False):
            assert self.feed.ever_new <= self.inserted


class StablePages(Rereading):
    """With ids that hold, pages of any size are enough and nothing is new twice.

    Without ids a page alone cannot tell a changed row from a new one; the next
    reading of the whole window mends that.
    """

    habits = ("stable", "blank")

    @initialize(habit=st.sampled_from(habits))
    def open(self, habit):
        super().open(habit)

    @invariant()
    def nothing_is_new_twice(self):
        if getattr(self, "bank", None) and self.bank.habit == "stable":
            assert self.feed.ever_new <= self.inserted

    @rule(size=st.integers(1, 3))
    def read_pages(self, size):
        self.feed.pages(self.bank.listed(), size)

    @rule(size=st.integers(1, 3))
    def read_pages_twice(self, size):
        rows = self.bank.listed()
        self.feed.pages(rows, size)
        before = dict(self.feed.rows)
        self.feed.pages(rows, size)
        assert self.feed.rows == before


TestRereading = Rereading.TestCase
TestRereading.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None
)
TestStablePages = StablePages.TestCase
TestStablePages.settings = settings(
    max_examples=80, stateful_step_count=20, deadline=None
)
