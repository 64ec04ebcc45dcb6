"""Part one of ./dev/fuzz: damaged answers on the client, and on the matcher.

Every answer is read by the real client over HTTP. The outcome is a record whose types
hold, or one of our errors with one of its codes. What comes out of a page of
transactions goes through the matcher as the models do it, page by page and again.
"""

import logging
import random
import time
import traceback
from collections import Counter
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal

import fuzz_peer
from fuzz_json import Damage
from say import say

LONGEST = 2.0  # seconds of our own work for one answer
SHOWN = 10
CALLS = {
    "exchange_code": ("code", fuzz_peer.REDIRECT),
    "refresh": ("refresh",),
    "accounts": ("token",),
    "account": ("token", "id"),
    "transactions_page": ("token", "id"),
    "transaction": ("token", "id", "row"),
    "update": ("token", fuzz_peer.REDIRECT),
    "all_accounts_selected": ("token", "consent"),
    "providers": (),
    "provider": ("id",),
}
# The transactions are what gets into the books.
WEIGHTS = {"transactions_page": 6, "transaction": 2, "parse_event": 2, "accounts": 2}


class Answers:
    """Damaged answers by the dice, what became of them, and what was wrong."""

    def __init__(self, recorded, seed):
        self.recorded = recorded
        self.dice = random.Random(f"answers {seed}")
        self.damage = Damage(self.dice)
        self.peer = fuzz_peer.Peer()
        self.outcomes, self.codes, self.damages = Counter(), Counter(), Counter()
        self.rows = self.matched = 0
        self.slowest = (0.0, "")
        self.problems = []

    def run(self, count):
        """Read so many damaged answers."""
        from bank_api import Client

        logging.getLogger("urllib3").setLevel(logging.ERROR)
        names = [n for n in self.recorded for _ in range(WEIGHTS.get(n, 1))]
        with_client = Client(self.peer.url, "app", "secret", timeout=(2, 2), total=4)
        try:
            for number in range(count):
                self._one(with_client, self.dice.choice(names), number)
        finally:
            with_client.close()
            self.peer.close()
        return self.problems

    def _one(self, client, name, number):
        text = self.dice.choice(self.recorded[name])
        body, how = self.damage.body(text)
        self.peer.answer, more = fuzz_peer.envelope(self.dice, body)
        what = f"answer {number}, {name}: {'; '.join([how, *more])}"
        self.damages.update(each.split(" ", 1)[0] for each in (how, *more))
        began = time.thread_time()
        try:
            outcome = self._read(client, name, body)
        except Exception as error:  # whatever it is: it is the finding
            text = "".join(traceback.format_exception_only(error)).strip()[:300]
            self._wrong(f"{what}: {text}")
            outcome = "exception"
        took = time.thread_time() - began
        if took > self.slowest[0]:
            self.slowest = (took, what)
        if took > LONGEST:
            self._wrong(f"{what}: {took:.1f} s")
        self.outcomes[outcome] += 1

    def _read(self, client, name, body):
        from bank_api import CODES, BankApiError, parse_event

        if name == "parse_event":
            event = parse_event(body)
            check(event)
            return "record" if not event.problem else event.problem
        try:
            found = getattr(client, name)(*CALLS[name])
        except BankApiError as error:
            self.codes[error.code] += 1
            assert error.code in CODES, error.code
            assert len(f"{error}{error.correlation_id}") < 1000, "a long error"
            assert str(error).isprintable(), "an error of several lines"
            return type(error).__name__
        check(found)
        check(getattr(found, "transactions", ()))
        check_money(found)
        if name == "transactions_page":
            self._match(found)
        return "record"

    def _wrong(self, text):
        self.problems.append(text)
        if len(self.problems) <= SHOWN:
            say(f"WRONG {text}")

    # === THE MATCHER === #

    def _match(self, page):
        """No row is lost and none is doubled, read once and again, by any order."""
        from model_bank import Feed

        rows = [bank_row(row, place) for place, row in enumerate(page.transactions)]
        self.rows += len(rows)
        feed = Feed()
        half = self.dice.randint(0, len(rows))
        self._reading(feed, 1, (rows[:half], rows[half:]))
        alive, made = feed.alive(), feed.ever_new
        self.dice.shuffle(rows)
        self._reading(feed, 2, (rows,))
        assert feed.alive() == alive, "the same list again gave another feed"
        assert feed.ever_new == made, "the same list again gave new rows"

    def _reading(self, feed, run, pages):
        for page in pages:
            found = feed.store_page(run, page)
            pairs = (found.new, found.known, found.changed, found.booked)
            placed = sum(map(len, (*pairs, found.withdrawn, found.ignored)))
            assert placed == len(page), f"{len(page)} rows in, {placed} placed"
            keys = [pair.key for pair in found.new]
            assert len(set(keys)) == len(keys), "one key for two new rows"
            self.matched += placed
        feed.settle(run)


def bank_row(row, place):
    """What the matcher gets to see of a transaction, as the models make it."""
    from feed import BankRow, content_hash

    return BankRow(
        key_id=row.id,
        date=row.date,
        amount=row.amount,
        currency=row.currency,
        text=row.original_text or row.text,
        state=row.state,
        is_deleted=row.is_deleted,
        balance=row.balance,
        position=place,
        payload_hash=content_hash({"text": row.text, "amount": row.amount}),
    )


def check(value):
    """The promises of the records, whatever came in: types, and text that is safe."""
    if isinstance(value, list | tuple):
        for each in value:
            check(each)
        return
    if isinstance(value, dict):
        check(list(value.values()))
        return
    if is_dataclass(value):
        for field in fields(value):
            check(getattr(value, field.name))
        repr(value)
        return
    assert not isinstance(value, float), f"a float: {value}"
    assert isinstance(value, str | int | Decimal | date | datetime | None), type(value)
    if isinstance(value, str):
        assert "\0" not in value, "a NUL in a text"
        value.encode()


def check_money(found):
    """Amounts are exact, finite and of a size that Odoo can hold."""
    for row in getattr(found, "transactions", ()):
        for number in (row.amount, row.balance, row.exchange_rate):
            assert number is None or type(number) is Decimal, type(number)
            assert number is None or (number.is_finite() and abs(number) < 10**15)


def run(bank_url, count, seed):
    """Read so many damaged answers; what is wrong, as sentences."""
    answers = Answers(fuzz_peer.record(bank_url), seed)
    say(f"Damaged answers on the client and the matcher: {count}")
    began = time.monotonic()
    problems = answers.run(count)
    say(f"  read in {time.monotonic() - began:.0f} s")
    for name, number in answers.outcomes.most_common():
        say(f"  {number:>7}  {name}")
    say(f"  codes: {dict(answers.codes.most_common())}")
    say(f"  damages: {dict(answers.damages.most_common())}")
    say(f"  rows to the matcher: {answers.rows}, placed: {answers.matched}")
    took, what = answers.slowest
    say(f"  slowest: {took * 1000:.0f} ms ({what})")
    say(f"  wrong: {len(problems) or 'nothing'}")
    return problems
