from datetime import datetime, timedelta

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..models.error_table import MATTERS
from .rehearsal import CLIENT_SECRET
from .tokens import TokenCase


@tagged("post_install", "-at_install")
class TestTokens(TokenCase):
    # === BEFORE THEY RUN OUT === #

    def test_a_fresh_token_is_used_as_it_is(self):
        with self.later(minutes=54):
            self.fetch_again(self.account)
        self.assertEqual(self.refreshes(), 0)
        self.assert_books_equal_bank(self.account)

    def test_a_token_is_renewed_before_it_runs_out(self):
        before = self.tokens()
        with self.later(minutes=56):
            self.fetch_again(self.account)
            self.assertEqual(self.refreshes(), 1)
            self.assertFalse(set(before) & set(self.tokens()))
            self.assert_books_equal_bank(self.account)
        statuses = {call["status"] for call in self.bank.wire_calls("/v1/")}
        self.assertNotIn(401, statuses)

    def test_each_refresh_uses_the_newest_token(self):
        seen = {self.tokens()[1]}
        for hours in (2, 4, 6):
            self.add(self.account, amount="-1.00")
            self.bank.control("clock", {"advance_seconds": 7200})
            with freeze_time(datetime.now() + timedelta(hours=hours)):
                self.fetch_again(self.account)
                self.assert_books_equal_bank(self.account)
            seen.add(self.tokens()[1])
        self.assertEqual(len(seen), 4)
        self.assertEqual(self.refreshes(), 3)

    def test_a_bank_that_does_not_rotate(self):
        self.bank.control("settings", {"rotate_refresh_token": False})
        for hours in (2, 4):
            self.bank.control("clock", {"advance_seconds": 7200})
            with freeze_time(datetime.now() + timedelta(hours=hours)):
                self.fetch_again(self.account)
                self.assert_books_equal_bank(self.account)

    def test_a_token_answer_without_a_refresh_token(self):
        before = self.tokens()
        self.bank.control("faults", {"endpoint": "token", "remove": ["refresh_token"]})
        self.bank.control("settings", {"rotate_refresh_token": False})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.assertEqual(self.tokens()[1], before[1])
            self.assert_books_equal_bank(self.account)

    # === 401 === #

    def test_a_token_refused_in_the_middle_is_renewed(self):
        self.add(self.account, amount="-1.00")
        fault = {"endpoint": "transactions_query", "status": 401}
        self.bank.control("faults", fault)
        with self.later(minutes=10):
            self.fetch_again(self.account)
            self.assertEqual(self.refreshes(), 1)
            self.assert_books_equal_bank(self.account)
            self.assertEqual(self.consent.state, "active")

    def test_tokens_that_died_early_are_renewed(self):
        self.bank.control("consents/expire", {"mode": "access_token"})
        with self.later(minutes=10):
            self.fetch_again(self.account)
            self.assert_books_equal_bank(self.account)

    def test_a_new_token_that_is_refused_ends_the_consent(self):
        fault = {"endpoint": "account", "status": 401, "times": None}
        self.bank.control("faults", fault)
        with self.later(minutes=10):
            self.fetch_again(self.account)
            self.assertEqual(self.refreshes(), 1)
            self.check_ended()

    # === THE END === #

    def test_a_refused_refresh_ends_the_consent(self):
        self.bank.control("consents/revoke", {})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.check_ended()
        self.assertFalse(
            self.account.fetch_ids.filtered(lambda r: r.state == "reading")
        )

    def test_a_refusal_with_400_ends_it_too(self):
        self.bank.control("faults", {"endpoint": "token", "status": 400})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.check_ended()

    def test_a_lost_answer_ends_it_when_the_bank_allows_no_grace(self):
        self.bank.control("faults", {"endpoint": "token", "cut_after_bytes": 20})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.assertEqual(self.account.error_code, "cut_short")
            self.fetch_again(self.account)
            self.check_ended()

    def test_a_lost_answer_is_survived_when_the_bank_allows_some_grace(self):
        self.bank.control("settings", {"old_refresh_token_grace": 600})
        self.bank.control("faults", {"endpoint": "token", "cut_after_bytes": 20})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.assertEqual(self.account.error_code, "cut_short")
            with self.later(minutes=6):
                self.run_jobs()  # due by itself
                self.assertEqual(self.refreshes(), 2)
                self.assert_books_equal_bank(self.account)

    def test_answers_that_are_lost_for_ever_are_not_asked_for_in_a_loop(self):
        fault = {"endpoint": "token", "cut_after_bytes": 20, "times": None}
        self.bank.control("faults", fault)
        with self.later(hours=2):
            self.fetch_again(self.account)
            for _turn in range(3):
                self.run_jobs()
            self.assertEqual(self.refreshes(), 1)
            self.fetch_again(self.account)
            self.assertEqual(self.refreshes(), 2)
            self.assertEqual(self.consent.state, "active")
            self.bank.control("faults", method="DELETE")
            self.fetch_again(self.account)
            self.check_ended()

    def test_a_preview_that_finds_it_over_says_so_to_all(self):
        self.bank.control("consents/revoke", {})
        with self.later(hours=2):
            self.preview_in_vain()
            self.check_ended(account=False)

    def test_a_preview_that_finds_a_new_token_refused_ends_it(self):
        fault = {"endpoint": "transactions_query", "status": 401, "times": None}
        self.bank.control("faults", fault)
        self.consent.tokens_issued_at = datetime.now()
        self.consent.replaces_refused_token = True
        self.preview_in_vain()
        self.check_ended(account=False)

    def test_a_preview_renews_what_was_refused(self):
        fault = {"endpoint": "transactions_query", "status": 401}
        self.bank.control("faults", fault)
        with self.later(minutes=10), self.own_cursors():
            days = (self.today - timedelta(days=9), self.today)
            preview = self.account.with_user(self.bookkeeper)._preview(days)
        self.assertTrue(preview.is_complete)
        self.assertEqual(self.refreshes(), 1)

    def preview_in_vain(self):
        days = (self.today - timedelta(days=9), self.today)
        self.env.flush_all()
        with self.own_cursors():
            try:  # assertRaises would roll back what was committed
                self.account.with_user(self.bookkeeper)._preview(days)
            except UserError as error:
                self.assertIn("Connect to bank", str(error))
            else:
                self.fail("the bank was read")
        self.env.invalidate_all()

    def test_connecting_again_revives(self):
        self.bank.control("consents/revoke", {})
        with self.later(hours=2):
            self.fetch_again(self.account)
        self.bank.control("clock", {"real": True})
        self.add(self.account, amount="-1.00")
        self.connect(accounts=["EUR-konto"])
        self.fetch_again(self.account)
        self.assert_books_equal_bank(self.account)
        self.assertEqual(self.account.consent_id.state, "active")

    def test_the_same_consent_given_again_revives(self):
        self.bank.control("settings", {"reuse_consent": True})
        self.bank.control("consents/expire", {"mode": "tokens"})
        with self.later(hours=2):
            self.fetch_again(self.account)
            self.assertEqual(self.consent.state, "expired")
        self.bank.control("clock", {"real": True})
        self.assertEqual(self.connect(accounts=["EUR-konto"]), self.consent)
        self.assertEqual(
            (self.consent.state, self.consent.error_code), ("active", False)
        )
        self.fetch_again(self.account)
        self.assert_books_equal_bank(self.account)

    # === OUR OWN FAULT === #

    def test_a_wrong_client_secret_is_not_the_customers_fault(self):
        secret, before = self.company.sudo(), self.tokens()
        vault = self.env["open.banking.vault"]
        secret.open_banking_client_secret_encrypted = vault._encrypt("mistyped")
        with self.later(hours=2):
            self.fetch_again(self.account)
            for record in (self.account, self.consent):
                self.assertEqual(record.error_code, "credentials_rejected")
                self.assertIn("administrator", record.error_text)
            self.assertEqual(self.consent.state, "active")
            self.assertEqual(self.tokens(), before)
            right = vault._encrypt(CLIENT_SECRET)
            secret.open_banking_client_secret_encrypted = right
            self.fetch_again(self.account)
            self.assert_books_equal_bank(self.account)
            self.assertFalse(self.consent.error_code)

    def test_credentials_that_were_taken_away(self):
        self.company.sudo().open_banking_client_id = False
        self.account.next_attempt = datetime.now() - timedelta(days=1)
        self.run_jobs()
        self.assertEqual(self.account.error_code, "not_set_up")
        self.assertEqual(self.account.error_text, str(MATTERS["not_set_up"].sentence))
        self.assertEqual(self.consent.state, "active")
