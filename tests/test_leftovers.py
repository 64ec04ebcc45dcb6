from odoo.tests import tagged

from ..models import open_banking_fetch
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestLeftovers(OpenBankingCase):
    """What a reading that broke off has left behind, at a bank that renumbers."""

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Prøvekonto", transactions=20, days=7)
        self.patch(open_banking_fetch, "PAGE_SIZE", 5)
        body = {"account": self.account.iban, "every_read": True}
        self.bank.control("transactions/new-ids", body)

    def read_and_break_off(self):
        fault = {"endpoint": "transactions_query", "after": 1, "status": 400}
        self.bank.control("faults", fault)

    def test_nothing_is_booked_twice(self):
        before = self.lines(self.account).ids
        for _time in range(3):
            self.read_and_break_off()
            self.fetch_again(self.account)
            self.assertIn("failed", self.account.fetch_ids[:2].mapped("state"))
            self.assertEqual(self.account.fetch_ids[0].state, "done")
            self.assertEqual(self.lines(self.account).ids, before)
            self.assertEqual(len(self.account.transaction_ids), 20)
            self.assert_books_equal_bank(self.account, in_order=False)

    def test_a_row_that_is_new_in_the_broken_reading_is_booked_once(self):
        self.add(self.account, amount="-7.00", text="Ny")
        self.read_and_break_off()
        self.fetch_again(self.account)
        self.assertEqual(len(self.account.transaction_ids), 21)
        new = self.account.transaction_ids.filtered(lambda row: row.amount == -7)
        self.assertEqual(new.fetch_id, self.account.fetch_ids[0])
        self.assert_books_equal_bank(self.account, in_order=False)
