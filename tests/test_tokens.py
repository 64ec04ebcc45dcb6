from contextlib import contextmanager
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api
from odoo.tests import freeze_time, tagged

from ..models.error_words import WORDS
from .common import OpenBankingCase
from .rehearsal import CLIENT_SECRET

OUR_LOGGER = "odoo.addons.account_mastercard_open_banking"


class Killed(BaseException):
    """The worker's end in the middle of a unit of work."""


@tagged("post_install", "-at_install")
class TestTokens(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.account = self.import_one("EUR-konto")
        self.consent = self.account.consent_id.sudo()

    @contextmanager
    def later(self, **time):
        """Let time pass, here and at the bank."""
        delta = timedelta(**time)
        self.bank.control("clock", {"advance_seconds": delta.total_seconds()})
        with freeze_time(datetime.now() + delta):
            yield

    def tokens(self):
        """Return the stored pair, in clear."""
        vault = self.env["open.banking.vault"]
        return (
            vault._decrypt(self.consent.access_token_encrypted),
            vault._decrypt(self.consent.refresh_token_encrypted),
        )

    def refreshes(self):
        """Return how many calls of the token endpoint were no exchange of a code."""
        return len(self.bank.wire_calls("/v1/oauth/token")) - 1

    def keep_alive(self):
        job = self.env.ref("account_mastercard_open_banking.ir_cron_keep_alive")
        self.env.flush_all()
        with self.own_cursors():
            answer = job.method_direct_trigger()
        self.assertIs(answer, True, answer)
        self.env.invalidate_all()

    def check_ended(self, account=True):
        """The consent is over: said at once, in words, and the bank is left alone."""
        self.assertEqual(self.consent.state, "expired")
        self.assertEqual(self.tokens(), (False, False))
        self.assertFalse(self.consent.access_token_until)
        self.assertIn("Press Connect to bank", self.consent.error_text)
        said = "".join(self.consent.message_ids.mapped("body"))
        self.assertEqual(said.count("consent has ended"), 1)
        if account:
            self.assertEqual(self.account.error_code, "consent_expired")
            self.assertIn("Press Connect to bank", self.account.error_text)
        calls = len(self.bank.wire_calls())
        self.account.next_attempt = datetime.now() - timedelta(days=1)
        self.run_jobs()
        with self.later(days=2):
            self.keep_alive()
        self.assertEqual(len(self.bank.wire_calls()), calls)

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
        self.assertEqual(self.account.error_text, str(WORDS["not_set_up"]))
        self.assertEqual(self.consent.state, "active")

    # === KEPT ALIVE === #

    def test_quiet_consents_are_refreshed_and_fresh_ones_are_left(self):
        self.keep_alive()
        self.assertEqual(self.refreshes(), 0)
        with self.later(hours=25):
            self.keep_alive()
            self.assertEqual(self.refreshes(), 1)
            self.keep_alive()
            self.assertEqual(self.refreshes(), 1)

    def test_an_account_left_out_keeps_its_consent_alive(self):
        self.account._leave_out()
        for day in (12, 24):
            self.bank.control("clock", {"advance_seconds": 12 * 86400})
            with freeze_time(datetime.now() + timedelta(days=day)):
                self.keep_alive()
                self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.refreshes(), 2)

    def test_after_thirteen_days_of_silence(self):
        with self.later(days=13, hours=23):
            self.keep_alive()
            self.assertEqual(self.consent.state, "active")
            self.fetch_again(self.account)
            self.assert_books_equal_bank(self.account)

    def test_after_fifteen_days_of_silence(self):
        with self.later(days=15):
            self.keep_alive()
            self.check_ended(account=False)

    def test_one_bad_consent_does_not_stop_the_others(self):
        vault = self.env["open.banking.vault"]
        self.bank_id = "DK_Klitkassen"
        for number in range(3):
            self.customer.email = f"customer{number}@nordlys.example"
            self.connect()
        consents = self.env["open.banking.consent"].sudo().search([], order="id")
        broken, unreadable, refused, fine = consents
        for number, consent in enumerate(consents):
            # the order in which the job takes them
            consent.tokens_issued_at += timedelta(seconds=number)
        broken.refresh_token_encrypted = vault._encrypt("x")[:-9] + "AAAAAAA=="
        other = self.make_company("Uden Adgang ApS")
        other.sudo().open_banking_client_id = False
        unreadable.account_ids.company_id = other
        unreadable.company_id = other
        refused.refresh_token_encrypted = vault._encrypt("made up")
        before = fine.refresh_token_encrypted
        with self.later(hours=25):
            self.keep_alive()
        self.assertEqual(
            consents.mapped("error_code"),
            ["not_set_up", "not_set_up", "consent_expired", False],
        )
        self.assertNotEqual(fine.refresh_token_encrypted, before)

    def test_what_nobody_foresaw_does_not_stop_the_others(self):
        self.bank_id = "DK_Klitkassen"
        fine = self.connect().sudo()
        self.consent.tokens_issued_at -= timedelta(seconds=9)  # this one comes first
        before, consents = fine.refresh_token_encrypted, type(self.consent)
        renew = consents._renew_tokens

        def broken(consent):
            if consent.id == self.consent.id:
                raise RuntimeError("hemmelig")
            return renew(consent)

        self.patch(consents, "_renew_tokens", broken)
        with self.later(hours=25), self.assertLogs(OUR_LOGGER, "DEBUG") as log:
            self.keep_alive()
        self.assertNotEqual(fine.refresh_token_encrypted, before)
        self.assertIn("RuntimeError", str(log.output))
        self.assertNotIn("hemmelig", str(log.output))

    def test_a_passing_fault_leaves_the_consent_as_it_is(self):
        before = self.tokens()
        self.bank.control("faults", {"endpoint": "token", "status": 503})
        with self.later(hours=25):
            self.keep_alive()
            self.assertEqual(self.consent.state, "active")
            self.assertEqual(self.consent.error_code, "server_error")
            self.assertEqual(self.tokens(), before)
            self.keep_alive()
            self.assertFalse(self.consent.error_code)

    # === TWO WORKERS, AND THE END OF ONE === #

    def kill_in(self, model, method):
        """Let the worker die in a method, once."""
        registry_class = type(self.env[model])
        accounts = type(self.env["open.banking.account"])
        work = accounts._work

        def deadly(records, *args):
            raise Killed

        def mortal(account):
            try:
                return work(account)
            except Killed:
                # What was not committed is gone with the worker's connection.
                account.env.cr.rollback()
                raise

        patches = [(accounts, "_work", mortal), (registry_class, method, deadly)]
        before = [(owner, name, getattr(owner, name)) for owner, name, _new in patches]
        for patch in patches:
            self.patch(*patch)
        try:  # assertRaises would roll back what was committed
            self.fetch_again(self.account)
        except Killed:
            for patch in before:
                setattr(*patch)
        else:
            self.fail("the worker was not killed")

    def test_new_tokens_are_stored_before_they_are_used(self):
        with self.later(hours=2):
            self.kill_in("open.banking.fetch", "_step")
            self.assertEqual(self.refreshes(), 1)
            self.run_jobs()
            self.assertEqual(self.refreshes(), 1)
            self.assert_books_equal_bank(self.account)

    def test_killed_before_the_new_tokens_are_stored(self):
        self.bank.control("settings", {"old_refresh_token_grace": 600})
        before = self.tokens()
        with self.later(hours=2):
            self.kill_in("open.banking.consent", "_store_tokens")
            self.assertEqual(self.tokens(), before)
            self.run_jobs()
            self.assertEqual(self.refreshes(), 2)
            self.assert_books_equal_bank(self.account)

    def test_a_second_worker_waits(self):
        """Two connections of their own: only committed rows can be locked."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one = api.Environment(first, SUPERUSER_ID, {})
            two = api.Environment(second, SUPERUSER_ID, {})
            company = one.ref("base.main_company")
            consent = one["open.banking.consent"].create(
                {"external_id": "committed", "company_id": company.id}
            )
            account = one["open.banking.account"].create(
                {
                    "name": "committed",
                    "account_key": "committed",
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "consent_id": consent.id,
                    "journal_id": self.bank_journal(company).id,
                    "next_attempt": datetime.now() - timedelta(minutes=1),
                }
            )
            first.commit()
            try:
                self.check_one_at_a_time(consent, account, two)
            finally:
                first.rollback()
                second.rollback()
                account.unlink()
                consent.unlink()
                first.commit()

    def bank_journal(self, company):
        return self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
        )

    def check_one_at_a_time(self, consent, account, two):
        theirs = consent.with_env(two)
        tried = []
        for record in (consent, account):
            self.assertTrue(record.try_lock_for_update(allow_referencing=True))
            self.assertFalse(account.with_env(two)._lock())
            two.cr.rollback()
            record.env.cr.rollback()
            self.assertTrue(account.with_env(two)._lock())
            two.cr.rollback()

        def client(company):
            tried.append(company)
            raise Killed

        self.patch(type(self.env["res.company"]), "_open_banking_client", client)
        self.assertTrue(consent.try_lock_for_update(allow_referencing=True))
        self.assertIs(theirs._renew_tokens(), False)
        self.assertFalse(tried)
        consent.env.cr.rollback()
        with self.assertRaises(Killed):
            theirs._renew_tokens()
        self.assertEqual(tried, [theirs.company_id])
