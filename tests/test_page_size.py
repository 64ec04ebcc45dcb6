from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..bank_api import transport
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestPageSize(OpenBankingCase):
    """Pages are as large as the bank takes them; nobody says how large that is."""

    def refuse_above(self, size):
        limit = {"max_page_size": size, "too_large_page": "reject"}
        self.bank.control("settings", limit)

    def answers(self):
        """The bank's answers to calls for transactions since the last look."""
        calls = [call["status"] for call in self.bank.wire_calls("/transactions")]
        seen, self.seen = getattr(self, "seen", 0), len(calls)
        return calls[seen:]

    def test_one_call_where_the_bank_takes_large_pages(self):
        self.bank.control("settings", {"max_page_size": 5000})
        account = self.import_one("Prøvekonto", transactions=460)
        self.assertEqual(self.answers(), [200])
        self.assertFalse(account.consent_id.page_size)

    def test_a_refusal_is_learned_from(self):
        self.refuse_above(200)
        account = self.import_one("Prøvekonto", transactions=460)
        self.assert_books_equal_bank(account)
        self.assertEqual(self.answers(), [400, 400, 200, 200, 200])
        self.assertEqual(account.consent_id.page_size, 200)
        account.synced_until = False
        self.fetch_again(account)
        self.assertEqual(self.answers(), [200, 200, 200])

    def test_larger_pages_are_tried_again_after_a_month(self):
        self.refuse_above(200)
        account = self.import_one("Prøvekonto", transactions=9)
        self.answers()
        consent = account.consent_id
        month_ago = fields.Date.today() - timedelta(days=31)
        consent.page_size_on = month_ago
        self.fetch_again(account)
        self.assertEqual(self.answers(), [400, 400, 200])
        self.assertGreater(consent.page_size_on, month_ago)
        consent.page_size_on = month_ago
        self.refuse_above(1000)
        self.fetch_again(account)
        self.fetch_again(account)
        self.assertEqual(self.answers(), [200, 200])
        self.assertEqual((consent.page_size, consent.page_size_on), (0, False))

    def test_a_bank_that_silently_sends_less(self):
        limit = {"max_page_size": 100, "too_large_page": "clamp"}
        self.bank.control("settings", limit)
        account = self.import_one("Prøvekonto", transactions=230)
        self.assert_books_equal_bank(account)
        self.assertEqual(self.answers(), [200, 200, 200])
        self.assertFalse(account.consent_id.page_size)

    def test_another_refusal_teaches_nothing(self):
        fault = {"endpoint": "transactions_query", "status": 400, "times": 5}
        self.bank.control("faults", fault)
        account = self.import_one("Prøvekonto", transactions=9)
        self.assertEqual(account.error_code, "rejected")
        self.assertFalse(account.consent_id.page_size)
        self.assertEqual(len(self.answers()), 5)
        self.fetch_again(account)
        self.assert_books_equal_bank(account)

    def test_a_preview_asks_for_pages_of_the_right_size(self):
        self.refuse_above(200)
        account = self.import_one("Prøvekonto", transactions=230)
        account.consent_id.write({"page_size": 0, "page_size_on": False})
        self.answers()
        window = account.start_date, self.today
        self.env.flush_all()
        with self.own_cursors():
            seen = account.with_user(self.bookkeeper)._preview(window)
        self.assertEqual((seen.known, seen.new), (230, 0))
        self.assertEqual(self.answers(), [400, 400, 200, 200])

    def test_a_page_that_is_too_much_is_asked_for_in_a_smaller_size(self):
        self.bank.control("settings", {"max_page_size": 5000})
        self.patch(transport, "MAX_BODY", 600_000)
        account = self.import_one("Prøvekonto", transactions=900)
        for _attempt in range(2):
            self.assertEqual(account.error_code, "too_large")
            account.next_attempt = fields.Datetime.now()
            self.run_jobs()
        self.assert_books_equal_bank(account)
        self.assertEqual(account.consent_id.page_size, 200)
        self.assertEqual(account.fetch_ids.pages, 5)
        account.synced_until = False
        self.fetch_again(account)
        self.assertEqual(account.fetch_ids[0].pages, 5)
        self.assertFalse(account.error_code)
