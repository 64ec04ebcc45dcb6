"""Random histories of a bank and of readings that break off.

After any complete reading the feed equals the bank's list, and nothing was new more
often than it was inserted. For many histories from a stated seed:

    FEED_HISTORIES=2000 FEED_SEED=1 ./dev/test feed/tests/test_feed_histories.py
"""

import os
from dataclasses import replace
from datetime import date
from decimal import Decimal

from feed import BankRow
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model_bank import BLANK, CONSTANT, HABITS, MIXED, RENEWED, STABLE, Bank, Feed

HISTORIES = int(os.environ.get("FEED_HISTORIES", "0"))
SEED = int(os.environ.get("FEED_SEED", "1"))

days = st.integers(1, 4).map(lambda n: date(2025, 3, n))
amounts = st.sampled_from(["-10", "-10", "25", "-3.50"]).map(Decimal)
texts = st.sampled_from(["Club", "Shop", "Shop 4711"])
states = st.sampled_from(["booked", "booked", "pending"])
sizes = st.integers(1, 4)


class Histories(RuleBasedStateMachine):
    """The bank changes as it likes, readings begin, break off, resume and end."""

    ended = 0

    @initialize(habit=st.sampled_from(HABITS), with_balances=st.booleans())
    def open(self, habit, with_balances):
        # One id for all and no balances: nothing tells twins from a repetition.
        told_apart = habit not in (CONSTANT, MIXED)
        self.bank = Bank(habit, with_balances or not told_apart)
        self.feed = Feed()
        self.inserted = 0
        self.torn = self.run_is_torn = False  # put together from two lists
        self.run = self.pages = self.next_page = None
        self.list_is_old = False

    # === The bank === #

    @rule(day=days, amount=amounts, text=texts, state=states)
    def insert(self, day, amount, text, state):
        self.add(BankRow("", day, amount, "DKK", text, state))

    def add(self, row, key_id=None):
        self.bank.add(row, key_id)
        self.inserted += 1
        self.list_is_old = True

    @precondition(lambda self: self.bank.living())
    @rule(data=st.data())
    def insert_a_twin(self, data):
        self.add(data.draw(st.sampled_from(self.bank.living())))

    @precondition(lambda self: self.bank.rows and self.bank.habit == STABLE)
    @rule(data=st.data(), day=days, text=texts)
    def use_an_id_again(self, data, day, text):
        """For a payment of another amount: with the same one it would be a change."""
        key_id = data.draw(st.sampled_from(self.bank.rows)).key_id
        used = [row for row in self.bank.rows if row.key_id == key_id]
        amount = max(abs(row.amount) for row in used) + 100
        self.add(BankRow("", day, amount, "DKK", text), key_id)

    @rule(data=st.data())
    def delete(self, data):
        self.edit(data, lambda row: None)

    @rule(data=st.data())
    def delete_softly(self, data):
        self.edit(data, lambda row: replace(row, is_deleted=True))

    @rule(data=st.data(), day=days, with_new_id=st.booleans())
    def book(self, data, day, with_new_id):
        def booked(row):
            key_id = self.bank.new_id() if with_new_id else row.key_id
            return replace(row, key_id=key_id, state="booked", date=day)

        self.edit(data, booked, "pending")

    @rule(data=st.data(), text=texts)
    def reword(self, data, text):
        self.edit(data, lambda row: replace(row, text=text))

    @rule(data=st.data())
    def renumber(self, data):
        self.edit(data, lambda row: replace(row, key_id=self.bank.new_id()))

    def edit(self, data, change, state=None):
        rows = [row for row in self.bank.living() if state in (None, row.state)]
        if rows:
            chosen = data.draw(st.sampled_from(rows))
            place = next(n for n, row in enumerate(self.bank.rows) if row is chosen)
            changed = change(chosen)
            self.bank.rows[place : place + 1] = [changed] if changed else []
            self.list_is_old = True

    # === Readings === #

    @rule(size=sizes, random=st.randoms(), odd=st.sets(st.sampled_from("stm")))
    def begin(self, size, random, odd):
        """Start from page one. What was begun before has failed."""
        if self.run:
            self.feed.failed.add(self.run)
        self.run, self.next_page = next(self.feed.runs), 0
        self.run_is_torn = False
        self.size, self.odd, self.random = size, odd, random
        self.list_now()

    def list_now(self):
        """``s``: no order at all; ``t``: rows come twice; ``m``: pages are mixed."""
        rows = self.bank.listed()
        if "s" in self.odd:
            self.random.shuffle(rows)
        if "t" in self.odd:
            for row in self.random.sample(rows, min(2, len(rows))):
                if row.key_id:
                    rows.insert(self.random.randrange(len(rows) + 1), row)
        rows = [replace(row, position=place) for place, row in enumerate(rows)]
        starts = range(0, max(len(rows), 1), self.size)
        self.pages = [rows[start : start + self.size] for start in starts]
        if "m" in self.odd:
            self.random.shuffle(self.pages)
        self.list_is_old = False

    @precondition(lambda self: self.run)
    @rule(count=st.integers(1, 3))
    def read_some_pages(self, count):
        """Go on; when the list has moved meanwhile, from the same place in it."""
        if self.list_is_old:
            self.run_is_torn = self.run_is_torn or self.next_page > 0
            self.torn = self.torn or self.run_is_torn
            self.list_now()
        for _ in range(count):
            if self.next_page < len(self.pages):
                self.feed.store_page(self.run, self.pages[self.next_page])
                self.next_page += 1

    @precondition(lambda self: self.run)
    @rule()
    def read_to_the_end(self):
        self.read_some_pages(10**3)
        self.feed.settle(self.run)
        self.run = None
        if not self.run_is_torn:
            self.check()

    @rule(size=sizes, random=st.randoms(), odd=st.sets(st.sampled_from("stm")))
    def read_all(self, size, random, odd):
        self.begin(size, random, odd)
        self.read_to_the_end()

    def check(self):
        assert self.feed.alive() == self.bank.content()
        assert self.torn or self.feed.ever_new <= self.inserted

    def teardown(self):
        if hasattr(self, "bank"):
            for _ in range(2):  # the first one mends what a torn reading left
                self.begin(3, None, set())
                self.read_to_the_end()
            before = {key: row.row for key, row in self.feed.rows.items()}
            deleted = any(row.is_deleted for row in self.bank.rows)
            if self.bank.habit in (STABLE, BLANK, CONSTANT) and not deleted:
                self.read_again(before)
        type(self).ended += 1

    def read_again(self, before):
        """The same list once more changes nothing, not even a key."""
        ever_new = self.feed.ever_new
        self.begin(2, None, set())
        self.read_to_the_end()
        assert self.feed.rows.keys() == before.keys()
        assert self.feed.ever_new == ever_new


def test_what_a_broken_reading_left_does_not_stand_for_the_known_row():
    """Else the known row, which is in the books, would be left without its bank row,
    and the bank row would be booked once more."""
    bank, feed = Bank(RENEWED), Feed()
    for number in range(9):
        bank.add(BankRow("", date(2025, 3, 1), Decimal(-number), "DKK", "Club"))
    feed.store_page(1, bank.listed())
    feed.settle(1)
    before = {id(stored) for stored in feed.rows.values()}
    feed.store_page(2, bank.listed()[:5])
    feed.failed.add(2)
    feed.store_page(3, bank.listed())
    feed.settle(3)
    assert {id(stored) for stored in feed.rows.values()} == before
    assert feed.ever_new == 9


def test_any_history(capsys):
    Histories.ended = 0
    quick = settings(
        max_examples=HISTORIES or 300,
        stateful_step_count=30,
        deadline=None,
        report_multiple_bugs=False,
        database=None if HISTORIES else settings.default.database,
        suppress_health_check=list(HealthCheck),
    )
    machine = seed(SEED)(Histories) if HISTORIES else Histories
    run_state_machine_as_test(machine, settings=quick)
    assert Histories.ended >= quick.max_examples
    if HISTORIES:
        with capsys.disabled():
            print(f"\n{Histories.ended} histories, seed {SEED}")
