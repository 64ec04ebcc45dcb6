"""Batches drawn at random over all that the scenarios vary; one that differs shrinks.

For many of them, from a stated seed:

    EQUALITY_EXAMPLES=500 EQUALITY_SEED=1 ./dev/test odoo tests/test_equality_drawn.py
"""

import os
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from odoo.tests import tagged

from ..models.booking.fast import BATCHED, REPLICATED, replicate
from .equality import compare, core, outcome
from .equality_case import LINE, EqualityCase
from .equality_scenarios import next_lines
from .equality_scenarios_numbers import numbered

EXAMPLES = int(os.environ.get("EQUALITY_EXAMPLES", "10"))
SEED = int(os.environ.get("EQUALITY_SEED", "1"))

JOURNALS = {
    "danish": ("bank", "same", "euro", "yen", "dinar", "cash", "card"),
    "audit": ("audit", "audit dollar"),
    "dinar": ("dinar home", "dinar yen"),
    "yen": ("yen home", "yen dollar"),
}
# What may be there already, as (day, name).
NUMBERS = (
    "BNK1/2025/00007",
    "B/25/06/07",
    "BANK98",
    "M/2025/06/0009",
    "B/2025/00003/X",
    "N-1",
    "2025",
)
# Only where a year ends in June may a number of June 2025 look like this.
RANGES = {"audit": ("B/2024-2025/0001", "B/2024-2025/06/001")}
CURRENCIES = ("DKK", "EUR", "JPY", "KWD")

days = st.integers(0, 720).map(lambda n: date(2024, 7, 1) + timedelta(days=n))
cents = st.one_of(st.integers(-200, 200), st.integers(-(10**9), 10**9))
texts = st.sampled_from(["Tx", "Tx", "é\n", "0", "<b>", " "])
maybe = st.sampled_from([False, False, "", "Some", None])


@st.composite
def lines(draw, journal):
    """A line of a journal; hypothesis makes it as plain as it can."""
    line = {
        "journal": journal,
        "date": draw(days),
        "payment_ref": draw(texts),
        "cents": draw(cents),
        "partner_name": draw(maybe),
        "transaction_type": draw(maybe),
    }
    if draw(st.integers(0, 3)) == 3:
        line["currency"] = draw(st.sampled_from(CURRENCIES))
        line["foreign_cents"] = draw(st.integers(-500, 500))
    if draw(st.integers(0, 3)) == 3:
        line["partner"] = draw(st.sampled_from(["plain", "child", "abroad", "bank"]))
    return line


@st.composite
def batches(draw):
    """A company, one journal of it or several, numbers there before, and lines."""
    company = draw(st.sampled_from(list(JOURNALS)))
    journals = st.sampled_from(JOURNALS[company])
    journal = draw(journals)
    numbers = NUMBERS + RANGES.get(company, ())
    is_mixed = draw(st.integers(0, 5)) == 5
    return {
        "company": company,
        "number": draw(st.one_of(st.none(), st.sampled_from(numbers))),
        "is_user": draw(st.booleans()),
        "lines": [
            draw(lines(draw(journals) if is_mixed else journal))
            for _place in range(draw(st.integers(2, 12)))
        ],
    }


@tagged("post_install", "-at_install")
class TestEqualityDrawn(EqualityCase):
    WITH = ("audit", "dinar", "yen")

    def test_drawn_batches(self):
        # Small ones too, so that a difference shrinks to what matters.
        self.patch(replicate, "FEWEST", 2)
        self.ways = []
        phases = [phase for phase in Phase if phase is not Phase.explain]
        check = settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        )(seed(SEED)(given(batches())(self.check_drawn)))
        check()
        for way in (REPLICATED, BATCHED):
            self.assertIn(way, self.ways, "this way was never taken")

    def check_drawn(self, batch):
        with self.env.cr.savepoint() as savepoint:
            try:
                self.compare_drawn(batch)
            finally:
                savepoint.close(rollback=True)

    def compare_drawn(self, batch):
        if batch["number"]:
            journal = batch["lines"][0]["journal"]
            numbered(("2025-06-15", batch["number"]), journal=journal)(self)
        values = [self.values_of(line) for line in batch["lines"]]
        model = self.env[LINE].with_company(self.companies[batch["company"]])
        if batch["is_user"]:
            model = model.with_user(self.users[batch["company"]])

        def after(made):
            next_lines(self, made)

        theirs = outcome(model, values, core, after)
        for way in (REPLICATED, BATCHED):
            notes = []
            ours = outcome(model, values, self.maker(way, notes), after)
            self.ways += [taken for taken, _reason in notes]
            note(f"asked for {way}, taken {notes}")
            different = compare(theirs, ours)
            assert not different, "\n".join(different)

    def values_of(self, line):
        values = {
            "journal_id": self.journals[line["journal"]].id,
            "amount": self.exact(line["cents"], self.digits_of(line["journal"])),
            "date": line["date"],
            "payment_ref": line["payment_ref"],
            "partner_name": line["partner_name"],
            "transaction_type": line["transaction_type"],
        }
        if "currency" in line:
            currency = self.currency[line["currency"]]
            digits = currency.decimal_places
            values["foreign_currency_id"] = currency.id
            values["amount_currency"] = self.exact(line["foreign_cents"], digits)
        if "partner" in line:
            values["partner_id"] = self.partners[line["partner"]].id
        return values

    def exact(self, cents, digits):
        return Decimal(cents).scaleb(-digits)
