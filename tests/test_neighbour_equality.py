from dataclasses import replace

from odoo.fields import Command
from odoo.tests import tagged

from ..models.booking.fast import BATCHED, REPLICATED
from .equality_case import EqualityCase, as_tests
from .equality_rows import MENTION, Names
from .equality_scenarios import Scenario, but, made, partner
from .equality_scenarios_after import AFTER
from .equality_scenarios_numbers import NUMBERS
from .equality_scenarios_plain import AMOUNTS, CURRENCIES, PARTNERS, TEXTS
from .neighbours import AS_ALWAYS, BesideNeighbours, with_names

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


def pays(amount, every=10**6):
    """A change: the first line, or every so many, pays the invoice."""

    def change(_world, place, _line):
        is_payment = place % every == 0
        return {"payment_ref": "OWN 4711", "amount": amount} if is_payment else {}

    return change


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


def a_fee(_world, place, _line):
    """One only: OCA takes several in the order in which PostgreSQL finds them."""
    return {} if place else {"payment_ref": "Gebyr"}


THEIRS = (
    Scenario("an invoice is paid", but(made(), pays(500)), invoice),
    Scenario("an invoice is paid in part", but(made(), pays(200)), invoice),
    Scenario("more than the invoice is paid", but(made(), pays(900)), customers),
    Scenario("an invoice in euro is paid", but(made("euro"), pays(500)), euro_invoice),
    Scenario("reconciled in entries apart", but(made(), pays(500)), entries_apart),
    Scenario("one invoice paid twice", but(made(), pays(500, 4)), invoice, fails=True),
    Scenario("a rule books fees", but(made(), a_fee), rule),
    Scenario("partners given by the feed", but(made(), partner("plain"), 2), invoice),
)


def every():
    """Some scenarios, without the way that they take elsewhere, and OCA's own."""
    known = (*AMOUNTS, *CURRENCIES, *PARTNERS, *TEXTS, *AFTER, *NUMBERS)
    found = [each for each in known if each.name in SOME]
    assert len(found) == len(SOME)
    return [replace(each, way="", context=AS_ALWAYS) for each in (*found, *THEIRS)]


@tagged("post_install", "-at_install")
@as_tests(*every())
class TestNeighbourEquality(BesideNeighbours, EqualityCase):
    """Beside OCA's reconciliation too, lines made fast leave the books core leaves."""

    def setUp(self):
        super().setUp()
        value = Names.value

        def named(names, table, column, stored):
            if column == "reconcile_data":
                return with_names(names, stored)
            if column == "body" and "deleted" in (stored or ""):
                return MENTION.sub("an item that is gone", stored)
            return value(names, table, column, stored)

        self.patch(Names, "value", named)

    def check(self, scenario, ways=(REPLICATED, BATCHED)):
        return super().check(scenario, ways)

    def test_the_ways_that_are_taken(self):
        """OCA looks at each line when it is made: no line may be a copy."""
        values = but(made(), partner("plain"), 2)
        plain = Scenario("plain", values, context=AS_ALWAYS)
        taken = self.check(plain)
        self.assertEqual([way for way, _reason in taken.values()], [BATCHED] * 2)
        self.assertTrue(taken[REPLICATED][1])
