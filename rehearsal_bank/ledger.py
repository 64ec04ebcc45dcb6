"""The transactions of one bank account, in compact rows.

A row is about thirty bytes: texts and details are not stored but made when
they are asked for (see describe.py), from the row's kind and seed.
"""

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate

from .reply import Unknown

BOOKED, RESERVED = range(2)  # places in STATES
STATES = ("Booked", "Reserved", "Scheduled", "Queued")


class Ledger:
    """Rows oldest first, in the bank's own order within a day.

    Columns: ``day`` (proleptic ordinal), ``amount`` (minor units), ``kind``,
    ``seed``, ``state``, ``deleted``, ``generation`` (of the id) and ``uid``,
    the bank's own number of the row, never used twice.
    """

    def __init__(self, opening=0):
        self.opening = opening
        self.day = array("i")
        self.amount = array("q")
        self.kind = array("B")
        self.seed = array("I")
        self.state = array("B")
        self.deleted = array("B")
        self.generation = array("H")
        self.uid = array("L")
        self.facts = {}
        self.patches = {}
        self.added_at = {}
        self.ghosts = []
        self.version = 0
        self.kept_listings = {}
        self._next_uid = 1
        self._balances = (None, None)

    def __len__(self):
        return len(self.uid)

    def _columns(self):
        return (
            self.day,
            self.amount,
            self.kind,
            self.seed,
            self.state,
            self.deleted,
            self.generation,
            self.uid,
        )

    def insert(self, day, amount, kind, seed, state=BOOKED, first_of_day=False):
        """Put a row into its day, last or first of it; returns its uid."""
        place = (bisect_left if first_of_day else bisect_right)(self.day, day)
        uid = self.take_uid()
        row = (day, amount, kind, seed, state, 0, 0, uid)
        for column, value in zip(self._columns(), row, strict=True):
            column.insert(place, value)
        self.version += 1
        return uid

    def take_uid(self):
        """The next number of a row."""
        self._next_uid += 1
        return self._next_uid - 1

    def index(self, uid, hint=0):
        """Where the row of that uid stands; raises Unknown when gone."""
        if 0 <= hint < len(self.uid) and self.uid[hint] == uid:
            return hint
        try:
            return self.uid.index(uid)
        except ValueError:
            raise Unknown(f"transaction {uid}") from None

    def remove(self, uid):
        """Take the row away as if it had never been."""
        place = self.index(uid)
        for column in self._columns():
            column.pop(place)
        self.ghosts = [ghost for ghost in self.ghosts if ghost[0] != uid]
        for store in (self.facts, self.patches, self.added_at):
            store.pop(uid, None)
        self.version += 1

    def set(self, uid, **values):
        """Change columns of a row in place (not its day: see move)."""
        place = self.index(uid)
        for name, value in values.items():
            getattr(self, name)[place] = value
        self.version += 1

    def move(self, uid, day):
        """Give the row another day; it becomes the last of that day."""
        place = self.index(uid)
        row = [column.pop(place) for column in self._columns()]
        row[0] = day
        place = bisect_right(self.day, day)
        for column, value in zip(self._columns(), row, strict=True):
            column.insert(place, value)
        self.version += 1

    def renew_ids(self, uids=None, keep_ghosts=True):
        """Give rows new ids; the old ones stay as soft-deleted ghosts."""
        wanted = None if uids is None else set(uids)
        for place, uid in enumerate(self.uid):
            if wanted is not None and uid not in wanted:
                continue
            if keep_ghosts and not self.deleted[place]:
                self.ghosts.append((uid, self.generation[place]))
            # sixteen bits are enough: the ids of long ago may come again
            self.generation[place] = (self.generation[place] + 1) & 0xFFFF
        self.version += 1

    def counts(self, place):
        """Whether the row is part of the booked balance."""
        return not self.deleted[place] and self.state[place] == BOOKED

    def balances(self):
        """Running balance after each row (minor units), one per row."""
        version, known = self._balances
        if version != self.version:
            parts = (
                amount if state == BOOKED and not deleted else 0
                for amount, state, deleted in zip(
                    self.amount, self.state, self.deleted, strict=True
                )
            )
            known = array("q", accumulate(parts, initial=self.opening))
            self._balances = (self.version, known)
        return known

    def balance_after(self, place):
        """The booked balance after the row, in minor units."""
        return self.balances()[place + 1]

    def booked_balance(self):
        """The booked balance, in minor units."""
        return self.balances()[-1]

    def pending_total(self):
        """The sum of rows that are not booked, in minor units."""
        return sum(
            amount
            for amount, state, deleted in zip(
                self.amount, self.state, self.deleted, strict=True
            )
            if state != BOOKED and not deleted
        )
