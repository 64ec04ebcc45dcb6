from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestRetention(OpenBankingCase):
    """The bank's raw data goes in time; nothing else of a transaction does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = cls.env["open.banking.transaction"]

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Lang konto", days=300, transactions=40)

    def vacuum(self):
        """Let Odoo tidy up as it does every day."""
        job = self.env.ref("base.autovacuum_job")
        self.env.flush_all()
        with self.own_cursors(), mute_logger("odoo.addons.base.models.ir_autovacuum"):
            self.assertIsInstance(job.method_direct_trigger(), bool)
        self.env.invalidate_all()

    def facts(self):
        names = [
            name
            for name, field in self.rows._fields.items()
            if field.store and name not in ("raw", "previous_raw", "write_date")
        ]
        return self.account.transaction_ids.sorted("id").read(names, load="")

    def test_old_raw_data_goes_and_all_else_stays(self):
        self.company.open_banking_raw_days = 100
        limit = self.today - timedelta(days=100)
        before = self.facts()
        self.vacuum()
        old = self.account.transaction_ids.filtered(lambda row: row.date < limit)
        young = self.account.transaction_ids - old
        self.assertTrue(old and young)
        self.assertFalse(old.filtered("raw") or old.filtered("previous_raw"))
        self.assertEqual(young, young.filtered("raw"))
        self.assertEqual(self.facts(), before)

    def test_a_row_that_is_read_again_counts_as_unchanged(self):
        self.company.open_banking_raw_days = 1
        self.vacuum()
        lines = self.count("account.bank.statement.line")
        self.fetch_again(self.account)
        run = self.env["open.banking.fetch"].search([], limit=1)
        self.assertEqual((run.new_count, run.changed_count), (0, 0))
        self.assertEqual(self.count("account.bank.statement.line"), lines)
        self.assert_books_equal_bank(self.account)

    def test_what_is_undecided_keeps_it(self):
        self.company.open_banking_raw_days = 1
        row = self.account.transaction_ids.sorted("date")[0]
        row.write({"booking_state": "held", "reason_code": "replaces"})
        self.vacuum()
        self.assertTrue(row.raw)

    def test_nothing_goes_without_a_limit_or_in_another_company(self):
        self.company.open_banking_raw_days = 0
        self.make_company("Sydlys Handel ApS").open_banking_raw_days = 1
        self.vacuum()
        self.assertTrue(all(self.account.transaction_ids.mapped("raw")))

    def test_more_than_fits_goes_in_turns(self):
        self.company.open_banking_raw_days = 1
        module = type(self.rows)._gc_raw_data.__module__
        self.patch(__import__(module, fromlist=["AT_ONCE"]), "AT_ONCE", 2)
        done, more = self.rows._gc_raw_data()
        self.assertEqual((done, more), (2, True))
        self.vacuum()
        limit = self.today - timedelta(days=1)
        old = self.account.transaction_ids.filtered(lambda row: row.date < limit)
        self.assertFalse(old.filtered("raw"))

    def test_a_number_of_days_that_is_none(self):
        with self.assertRaises(ValidationError):
            self.company.open_banking_raw_days = -1
