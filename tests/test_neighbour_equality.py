from dataclasses import replace

from odoo.fields import Command
from odoo.tests import tagged

from ..models.booking.fast import BATCHED, REPLICATED
from .equality_case import EqualityCase, as_tests
from .equality_rows import Names
from .equality_scenarios import Scenario, but, made, partner
from .equality_scenarios_after import AFTER
from .equality_scenarios_numbers import NUMBERS
from .equality_scenarios_plain import AMOUNTS, CURRENCIES, PARTNERS, TEXTS
from .neighbours import RECONCILE, BesideNeighbours, with_names

SOME = (
    "twelve months in shuffled order",
    "zero and whole amounts",
    "purchases abroad from euro",
    "one partner",
    "odd texts",
    "linked to rows of the feed",
    "paid and undone",
    "a run undone",
    "every second line deleted",
    "numbers by month",
)


def invoice(world, **more):
    """Post an invoice that some lines will speak of."""
    world.invoice = (
        world.env["account.move"]
        .with_company(world.companies["danish"])
        .create(
            {
                "move_type": "out_invoice",
                "partner_id": world.partners["plain"].id,
                "invoice_date": "2025-01-01",
                "payment_reference": "OWN 4711",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Thing",
                            "price_unit": 500,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
                **more,
            }
        )
    )
    world.invoice.action_post()


def euro_invoice(world):
    """The same in euro: the rate of the day of payment is another one."""
    invoice(world, currency_id=world.currency["EUR"].id)


def entries_apart(world):
    """OCA makes an entry of its own for each reconciliation, in the same journal."""
    invoice(world)
    journal = world.journals["bank"]
    journal.reconcile_mode = "keep"
    journal.suspense_account_id.reconcile = True


def customers(world):
    """Partners that are recognised by account number and by name."""
    invoice(world)
    partners = world.env["res.partner"]
    world.partners["bank"].bank_ids[:1].acc_number = f"DK{2:022d}"
    partners.create({"name": "Name 3 of the North"})


def pays(_world, place, _line):
    """Some pay the invoice, in full, in part, too much."""
    amount = {0: 500, 3: 200, 6: 900}.get(place % 8)
    return {"payment_ref": "OWN 4711", "amount": amount} if amount else {}


def rule(world):
    """A rule by which OCA books lines of a text against an account."""
    expense = world.env["account.account"].search(
        [
            ("company_ids", "in", world.companies["danish"].id),
            ("account_type", "=", "expense"),
        ],
        limit=1,
    )
    world.env["account.reconcile.model"].create(
        {
            "name": "Fees",
            "company_id": world.companies["danish"].id,
            "trigger": "auto_reconcile",
            "match_label": "contains",
            "match_label_param": "Gebyr",
            "line_ids": [Command.create({"account_id": expense.id})],
        }
    )


def fees(_world, place, _line):
    return {"payment_ref": f"Gebyr {place}"} if place % 3 == 0 else {}


THEIRS = (
    Scenario("an invoice is paid by a line", but(made(), pays, 8), invoice),
    Scenario("invoices and partners are found", but(made(), pays), customers),
    Scenario("an invoice in euro is paid", but(made("euro"), pays), euro_invoice),
    Scenario("reconciled in entries apart", but(made(), pays), entries_apart),
    Scenario("a rule books fees", but(made(), fees), rule),
    Scenario("partners given by the feed", but(made(), partner("plain"), 2), invoice),
)


def every():
    """The scenarios by name, without the way that they take by themselves."""
    known = (*AMOUNTS, *CURRENCIES, *PARTNERS, *TEXTS, *AFTER, *NUMBERS)
    found = {each.name: replace(each, way="") for each in known}
    return [found[name] for name in SOME]


@tagged("post_install", "-at_install")
@as_tests(*every(), *THEIRS)
class TestNeighbourEquality(BesideNeighbours, EqualityCase):
    """Beside OCA's reconciliation too, lines made fast leave the books core leaves."""

    def setUp(self):
        super().setUp()
        value = Names.value

        def named(names, table, column, stored):
            if column == "reconcile_data":
                return with_names(names, stored)
            return value(names, table, column, stored)

        self.patch(Names, "value", named)

    def check(self, scenario, ways=(REPLICATED, BATCHED)):
        return super().check(scenario, ways)

    def test_the_ways_that_are_taken(self):
        """OCA looks at each line when it is made: no line may be a copy."""
        plain = Scenario("plain", but(made(), partner("plain"), 2))
        taken = self.check(plain)
        self.assertEqual(taken[REPLICATED], (BATCHED, f"code of {RECONCILE}"))
        self.assertEqual(taken[BATCHED], (BATCHED, ""))
