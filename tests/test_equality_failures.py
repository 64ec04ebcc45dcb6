import unittest
from contextlib import closing

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.booking.fast import BATCHED, CORE, REPLICATED, WAYS, create_lines
from .equality_case import EqualityCase
from .equality_rows import Mark
from .equality_scenarios import LINES, LONG, Scenario, made, next_lines
from .equality_scenarios_plain import fed


def last_refused(values):
    """Return a function whose last line alone is one the database may refuse."""

    def changed(world):
        found = values(world)
        found[-1]["payment_ref"] = "Refused"
        return found

    return changed


def twice(world):
    """The last line stands for the same transaction of the bank as the first."""
    found = fed(world)
    found[-1]["open_banking_transaction_id"] = found[0]["open_banking_transaction_id"]
    return found


def others_partner(world):
    """The last line's partner belongs to another company."""
    stranger = world.env["res.partner"].create(
        {"name": "Stranger", "company_id": world.env.ref("base.main_company").id}
    )
    found = made()(world)
    found[-1]["partner_id"] = stranger.id
    return found


@tagged("post_install", "-at_install")
class TestEqualityFailures(EqualityCase):
    """What fails, fails as core fails; and batches of a size that matters."""

    def test_the_last_line_breaks_a_unique_rule(self):
        self.check(Scenario("twice", twice, fails=True))

    def test_the_last_line_breaks_a_rule_of_the_database(self):
        for table, column in (
            ("account_bank_statement_line", "payment_ref"),
            ("account_move_line", "name"),
        ):
            with self.subTest(table), closing(self.env.cr.savepoint()):
                self.env.cr.execute(
                    f"ALTER TABLE {table} ADD CONSTRAINT equality_check"
                    f" CHECK ({column} <> 'Refused')"
                )
                self.check(Scenario("refused", last_refused(made()), fails=True))

    def test_a_failure_leaves_nothing_behind(self):
        """Without the caller's help: what core refuses is taken back by each way."""
        model = self.model_for(Scenario("any", made()))
        values = others_partner(self)
        for way in WAYS:
            with self.subTest(way), closing(self.env.cr.savepoint()):
                mark = Mark(self.env.cr)
                self.assertIn("another company", self.refusal(model, values, way))
                self.env.cr.flush()
                self.assertEqual(mark.rows(everywhere=True).tables, {})
                made_later = create_lines(model, made()(self), way)
                self.assertEqual(len(made_later.lines), LINES)

    def refusal(self, model, values, way):
        """What a way says when it fails; assertRaises would take all back itself."""
        try:
            create_lines(model, values, way)
        except UserError as error:
            return str(error)
        return "not refused"

    def test_values_are_left_as_they_are(self):
        """A caller that tries again has the same values."""
        model = self.model_for(Scenario("any", made()))
        for way in WAYS:
            with self.subTest(way), closing(self.env.cr.savepoint()):
                values = made(counterpart_account_id=self.receivable().id)(self)
                before = repr(values)
                create_lines(model, values, way)
                self.assertEqual(repr(values), before)

    def test_the_way_asked_for_is_the_first_one_tried(self):
        model = self.model_for(Scenario("any", made()))
        for way in WAYS:
            with self.subTest(way), closing(self.env.cr.savepoint()):
                taken = create_lines(model, made()(self), way)
                self.assertEqual((taken.way, taken.reason), (way, ""))
        few = create_lines(model, made(count=1)(self), REPLICATED)
        self.assertEqual(few.way, CORE)
        self.assertTrue(few.reason)

    @unittest.skipUnless(LONG, "takes minutes; see tests/README.md")
    def test_batches_of_all_sizes(self):
        """Core numbers more than a thousand in another order."""
        for count in (39, 40, 41, 200, 999, 1000, 1001, 1300):
            scenario = Scenario("size", made(count=count), after=next_lines)
            with self.subTest(count), closing(self.env.cr.savepoint()):
                taken = self.check(scenario)
                self.assertEqual(taken[BATCHED][0], BATCHED)
                wanted = REPLICATED if count <= 1000 else BATCHED
                self.assertEqual(taken[REPLICATED][0], wanted)
