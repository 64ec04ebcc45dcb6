from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import CHUNK_SIZE
from .common import OpenBankingCase

COUNT = CHUNK_SIZE + 40  # more than Odoo is given at once
MANY = {"transactions": COUNT, "days": 80}


@tagged("post_install", "-at_install")
class TestBookingWays(OpenBankingCase):
    """How the lines of a run are made, what decides it, and where it is told."""

    def run_of(self, account):
        return account.fetch_ids.filtered("booked_count").sorted("id")[-1:]

    def counts(self, run):
        return run.replicated_count, run.batched_count, run.core_count

    def test_a_first_import_is_made_by_set(self):
        account = self.import_one("Storkonto", **MANY)
        run = self.run_of(account)
        self.assertEqual(self.counts(run), (COUNT, 0, 0), run.way_reason)
        self.assertFalse(run.way_reason)
        self.assert_books_equal_bank(account)

    def test_a_table_of_many_gigabytes(self):
        self.env.cr.execute(
            "UPDATE pg_class SET relpages = 2000000000 WHERE relname = 'account_move'"
        )
        account = self.import_one("Storkonto", **MANY)
        run = self.run_of(account)
        self.assertEqual(self.counts(run), (COUNT, 0, 0), run.way_reason)

    def test_few_lines_are_made_by_odoo_in_one_batch(self):
        account = self.import_one("Storkonto", **MANY)
        for _number in range(3):
            self.add(account, amount="-10.00", text="Kaffe")
        self.fetch_again(account)
        run = self.run_of(account)
        self.assertEqual(self.counts(run), (0, 3, 0))
        self.assertEqual(run.way_reason, "few lines")
        self.assert_books_equal_bank(account)

    def test_the_companys_choice(self):
        for way, counts in (("batched", (0, COUNT, 0)), ("core", (0, 0, COUNT))):
            self.set_scene("small")
            self.company.open_banking_booking_way = way
            with self.subTest(way=way):
                account = self.import_one(f"Konto {way}", **MANY)
                self.assertEqual(self.counts(self.run_of(account)), counts)
                self.assert_books_equal_bank(account)

    def test_what_cannot_be_proven_is_left_to_odoo_in_small_chunks(self):
        self.make_analytic_rule()
        account = self.import_one("Storkonto", **MANY)
        run = self.run_of(account)
        self.assertEqual(self.counts(run), (0, COUNT, 0))
        self.assertEqual(run.way_reason, "analytic distribution")
        self.assert_books_equal_bank(account)

    def test_held_rows_are_counted_once_when_the_way_changes(self):
        self.make_analytic_rule()
        self.company.fiscalyear_lock_date = self.today - timedelta(days=40)
        run = self.run_of(self.import_one("Storkonto", **MANY))
        rows = run.account_id.transaction_ids
        held = rows.filtered(lambda row: row.booking_state == "held")
        self.assertTrue(held)
        self.assertEqual(run.held_count, len(held))
        self.assertEqual(run.booked_count + run.held_count, COUNT)

    def make_analytic_rule(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        project = self.env["account.analytic.account"].create(
            {"name": "P", "plan_id": plan.id, "company_id": self.company.id}
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "analytic_distribution": {str(project.id): 100},
                "account_prefix": "9",
                "company_id": self.company.id,
            }
        )

    def test_a_row_that_odoo_refuses_is_held_alone(self):
        account = self.map_all(self.connect_with("Storkonto"))
        self.refuse_lines_of("Text 7")
        with mute_logger("odoo.sql_db"):
            self.run_jobs()
        run = self.run_of(account)
        held = account.transaction_ids.filtered(lambda r: r.booking_state == "held")
        self.assertEqual(held.mapped("text"), ["Text 7"])
        self.assertEqual(run.booked_count, COUNT - 1)
        self.assertEqual(run.replicated_count, 0)
        self.assertEqual(sum(self.counts(run)), COUNT - 1)

    def connect_with(self, name):
        rows = [
            {"date": self.today.isoformat(), "amount": "1.00", "text": f"Text {n}"}
            for n in range(COUNT)
        ]
        self.bank.control("accounts", {"name": name})
        body = {"account": name, "transactions": rows}
        self.bank.control("transactions/add", body)
        return self.connect(accounts=[name])

    def refuse_lines_of(self, text):
        """Let the database refuse lines with a label, as another module's rule may."""
        self.env.cr.execute(
            "ALTER TABLE account_bank_statement_line ADD CONSTRAINT no_such_label"
            " CHECK (payment_ref <> %s)",
            [text],
        )
