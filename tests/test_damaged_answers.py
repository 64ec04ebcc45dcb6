from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestDamagedAnswers(OpenBankingCase):
    """What ./dev/fuzz has found: an answer is damaged once, and true the next time."""

    def damage(self, **fault):
        fault = {"endpoint": "transactions_query", "times": 1, **fault}
        self.bank.control("faults", fault)

    def test_an_entry_that_is_no_record_is_read_again(self):
        """It lies before all that a usual reading covers: only the mark keeps it."""
        self.damage(patch={"transactions.9": None})
        account = self.import_one("Driftskonto")
        self.assertFalse(account.synced_until)
        self.assertLess(len(self.lines(account)), 11)
        self.fetch_again(account)
        self.assertTrue(account.synced_until)
        self.assert_books_equal_bank(account, in_order=False)

    def test_an_entry_that_is_no_record_takes_nothing_back(self):
        account = self.import_one("Driftskonto")
        self.damage(patch={"transactions.1": "x"})
        self.fetch_again(account)
        self.assertNotIn("withdrawn", account.transaction_ids.mapped("state"))
        self.assert_books_equal_bank(account)

    def test_a_row_whose_date_cannot_be_read_goes_when_it_is_read_well(self):
        account = self.import_one("Driftskonto")
        row = self.add(account, amount="-7.00", date=-1, text="Bager")
        for day in ("2025-02-29", None, 5):
            self.damage(patch={f"transactions.{n}.date": day for n in range(3)})
            self.fetch_again(account)
        self.assertTrue(row)
        self.fetch_again(account)
        held = account.transaction_ids.filtered(lambda each: not each.date)
        self.assertEqual(set(held.mapped("state")), {"withdrawn"})
        self.assert_books_equal_bank(account)
