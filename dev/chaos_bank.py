"""A bank that never rests: random changes of its list, from a seed.

All of them fall into the days that every reading covers. Not among them is what no
reading can tell apart or what may not reach the books by itself: a booked transaction
that is gone without trace, or has another amount under the same id.
"""

import random
from datetime import date, timedelta

from demo_story import control

DAYS = 8  # of the ten days that a reading goes back
# This account's bank numbers the transactions of a day: a late one shifts the others.
NUMBERED = "Nummerkonto"
TEXTS = ("Faktura {}", "Overførsel {}", "MobilePay {}", "Dankort-nota {}", "Gebyr")


class RestlessBank:
    """Changes a random account of the rehearsal bank, one thing at a time."""

    def __init__(self, url, accounts, seed):
        self.url = url
        self.accounts = accounts
        self.dice = random.Random(seed)
        self.number = 0
        self.made = {}
        self.today = date.fromisoformat(self._control("state")["today"])

    def change(self, times=1):
        """Let the bank do so many things."""
        for _time in range(times):
            account = self.dice.choice(self.accounts)
            numbered = account["name"] == NUMBERED
            act = self.dice.choice(ADDING if numbered else EVERY)
            done = act(self, account["iban"])
            if numbered:
                self._number_anew(account["iban"])
            name = act.__name__ if done is not None else "nothing"
            self.made[name] = self.made.get(name, 0) + 1

    def _control(self, name, body=None, **query):
        return control(self.url, name, body, **query)

    def add_many(self, iban, count):
        """A busy day."""
        self._add(iban, [self._row() for _row in range(count)])

    # === WHAT THE BANK HAS === #

    def _recent(self, iban, state=None):
        """Living transactions of the days that change."""
        listed = self._control("transactions", account=iban)["transactions"]
        first = (self.today - timedelta(days=DAYS)).isoformat()
        return [
            row
            for row in listed
            if row["date"] >= first
            and not row["deleted"]
            and (state is None or row["state"] == state)
        ]

    def _some(self, iban, state=None, most=3):
        """A few of them, by the bank's own number."""
        rows = self._recent(iban, state)
        count = min(len(rows), self.dice.randint(1, most))
        return [row["line"] for row in self.dice.sample(rows, count)]

    def _row(self, **more):
        self.number += 1
        text = self.dice.choice(TEXTS).format(self.number)
        ore = self.dice.choice((-1, 1)) * self.dice.randint(1, 9_999_999)
        sign = "-" if ore < 0 else ""
        amount = f"{sign}{abs(ore) // 100}.{abs(ore) % 100:02}"
        return {"amount": amount, "text": text, "date": 0, **more}

    def _add(self, iban, rows):
        body = {"account": iban, "transactions": rows}
        return self._control("transactions/add", body)

    def _each(self, name, iban, lines, **more):
        """Change transactions one way; None when there is none."""
        if not lines:
            return None
        changes = [{"line": line, **more} for line in lines]
        body = {"account": iban, "transactions": changes}
        return self._control(f"transactions/{name}", body)

    def _number_anew(self, iban):
        """Give the transactions of each day the ids 1, 2, 3 … as some banks do."""
        places = {}
        changes = []
        for row in self._recent(iban):
            places[row["date"]] = place = places.get(row["date"], 0) + 1
            patch = {"id": f"{row['date']}-{place}"}
            changes.append({"line": row["line"], "patch": patch})
        if changes:
            body = {"account": iban, "transactions": changes}
            self._control("transactions/alter", body)

    # === WHAT THE BANK DOES === #

    def add(self, iban):
        """New transactions of today and yesterday."""
        count = self.dice.randint(1, 12)
        days = [-self.dice.randint(0, 1) for _row in range(count)]
        return self._add(iban, [self._row(date=day) for day in days])

    def add_late(self, iban):
        """A transaction booked days afterwards, as the first or the last of its day."""
        row = self._row(date=-self.dice.randint(2, DAYS))
        return self._add(iban, [{**row, "first_of_day": self.dice.random() < 0.5}])

    def add_twins(self, iban):
        """Equal transactions of one day."""
        row = self._row(text="Parkering", amount="-25.00")
        return self._add(iban, [{**row, "copies": self.dice.randint(2, 3)}])

    def add_pending(self, iban):
        """Reserved amounts."""
        count = self.dice.randint(1, 3)
        return self._add(iban, [self._row(state="Reserved") for _row in range(count)])

    def book(self, iban):
        """What was pending is booked, under the same id."""
        return self._each("book", iban, self._some(iban, "Reserved"))

    def book_anew(self, iban):
        """What was pending is booked under a new id; the old one is deleted or gone."""
        lines = self._some(iban, "Reserved")
        keep = self.dice.random() < 0.5
        return self._each("book", iban, lines, new_id=True, keep_old=keep)

    def delete(self, iban):
        """Transactions are marked as deleted."""
        return self._each("withdraw", iban, self._some(iban, most=2))

    def forget(self, iban):
        """Pending transactions are gone without trace."""
        return self._each("withdraw", iban, self._some(iban, "Reserved"), hard=True)

    def reword(self, iban):
        """Other words for the same transactions, under the same ids."""
        self.number += 1
        text = f"Ny tekst {self.number}"
        lines = self._some(iban)
        return self._each("alter", iban, lines, text=text, original_text=text)

    def rename_all(self, iban):
        """Every transaction has a new id; the old ones are deleted or gone."""
        keep = self.dice.random() < 0.5
        return self._control(
            "transactions/new-ids", {"account": iban, "keep_old": keep}
        )

    def stutter(self, _iban):
        """Slow answers, a broken connection, an outage."""
        return self._control("faults", self.dice.choice(FAULTS))


FAULTS = (
    {"delay_seconds": 0.3, "times": 4},
    {"cut_after_bytes": 200},
    {"truncate": 300},
    {"status": 503, "body": "maintenance"},
)
ADDING = (
    RestlessBank.add,
    RestlessBank.add_late,
    RestlessBank.add_twins,
    RestlessBank.add_pending,
    RestlessBank.book,
)
EVERY = (
    *ADDING,
    RestlessBank.add,
    RestlessBank.book_anew,
    RestlessBank.delete,
    RestlessBank.forget,
    RestlessBank.reword,
    RestlessBank.rename_all,
    RestlessBank.stutter,
)
