"""Scenarios of the equality suite as data, and what most of them are made of."""

import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

# Every scenario by every way, and large batches: takes many minutes.
LONG = bool(os.environ.get("EQUALITY_LONG"))
# Fewer than booking itself would replicate, so that many scenarios take little time.
LINES = int(os.environ.get("EQUALITY_LINES", "8"))


def next_lines(world, lines):
    """Let core make the next lines in the same transaction: they go on counting."""
    world.make_lines(
        lines.env,
        [
            {
                "journal_id": line.journal_id.id,
                "date": line.date,
                "payment_ref": "Next",
                "amount": 1,
            }
            for line in (lines[:1], lines[-1:])
        ],
    )


@dataclass(frozen=True)
class Scenario:
    """Lines to be made by each way, and the state in which that is done.

    Functions take the test's world (EqualityWorld).

    :param name: a sentence; the name of its test
    :param values: returns the values for `create`
    :param prepare: changes the world before
    :param after: takes the lines too; done in the same transaction by each way
    :param way: the way that must be taken when it is asked for, and whether the test
        may fall back: "replicated" (both fast ways are taken when asked for), "batched"
        (replication is refused, the next way is taken), "core" (both are), or "" when
        it does not matter
    :param fails: core refuses the lines
    """

    name: str
    values: Callable
    prepare: Callable | None = None
    after: Callable | None = next_lines
    company: str = "danish"
    user: str | None = None
    context: dict = field(default_factory=dict)
    way: str = ""
    fails: bool = False

    def __post_init__(self):
        assert re.fullmatch(r"[a-z0-9 ]+", self.name), self.name


def made(journal="bank", count=LINES, months=12, seed=3, **same):
    """Return a function that makes values of random lines over some months of 2025.

    As the feed makes them: amounts are Decimal, days are dates.

    :param same: what all lines have in common
    """

    def values(world):
        rand = random.Random(seed)
        digits = world.digits_of(journal)
        return [
            {
                "journal_id": world.journals[journal].id,
                "date": date(2025, 1, 1) + timedelta(days=rand.randrange(30 * months)),
                "payment_ref": f"Tx {place} é\"'\\ %s {{}}",
                "amount": round(Decimal(rand.uniform(-5000, 5000)), digits),
                "partner_name": f"Name {place % 9}",
                "account_number": f"DK{place:022d}",
                "partner_id": False,
                "transaction_type": False,
                "transaction_details": {"text": f"é {place}", "rest": [1, None]},
                **same,
            }
            for place in range(count)
        ]

    return values


def but(values, change, every=1):
    """Return a function that makes values and changes every so many of them.

    :param change: takes the world, the place and the values of a line, and returns
        what else the line has
    """

    def changed(world):
        found = values(world)
        for place in range(0, len(found), every):
            found[place].update(change(world, place, found[place]))
        return found

    return changed


def foreign(*names, factor="0.8"):
    """A change: the payment was made in one of these currencies."""

    def change(world, place, line):
        currency = world.currency[names[place % len(names)]]
        amount = line["amount"] * Decimal(factor)
        return {
            "foreign_currency_id": currency.id,
            "amount_currency": round(amount, currency.decimal_places),
        }

    return change


def partner(*names):
    """A change: the line has one of these partners."""

    def change(world, place, _line):
        return {"partner_id": world.partners[names[place % len(names)]].id}

    return change


def mixed(*parts):
    """Return a function that makes lines of several kinds, shuffled."""

    def values(world):
        found = [line for part in parts for line in part(world)]
        random.Random(1).shuffle(found)
        return found

    return values
