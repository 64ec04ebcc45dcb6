from contextlib import ExitStack
from datetime import datetime, timedelta

from odoo.tests import freeze_time, tagged

from ..rehearsal_bank.customer import Customer
from .tokens import TokenCase

OUR_LOGGER = "odoo.addons.account_mastercard_open_banking"


@tagged("post_install", "-at_install")
class TestTokensKeptAlive(TokenCase):
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
            name = f"customer{number}"
            self.customer = Customer(email=f"{name}@nordlys.example", user=name)
            self.connect()
        consents = self.env["open.banking.consent"].sudo().search([], order="id")
        broken, unreadable, refused, fine = consents
        for number, consent in enumerate(consents):
            # the order in which the job takes them
            consent.tokens_issued_at += timedelta(seconds=number)
        broken.refresh_token_encrypted = vault._encrypt("x")[:-9] + "AAAAAAA=="
        other = self.make_company("Uden Adgang ApS")
        other.sudo().open_banking_client_id = False
        unreadable.account_ids.consent_id = fine
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
            with self.later(minutes=6):
                self.keep_alive()
                self.assertFalse(self.consent.error_code)

    # === WHO IS KEPT ALIVE === #

    def test_a_consent_without_any_journal_is_kept_alive(self):
        self.bank_id = "DK_Klitkassen"
        quiet = self.connect().sudo()
        self.assertFalse(quiet.account_ids.journal_id)
        with ExitStack() as time:
            for _turn in range(3):
                time.enter_context(self.later(days=13))
                self.keep_alive()
                self.assertEqual((quiet.state, quiet.error_code), ("active", False))

    def test_the_bank_decides_how_long_a_token_lives(self):
        self.bank.control("settings", {"refresh_token_seconds": 30 * 86400})
        self.bank_id = "DK_Klitkassen"
        patient = self.connect().sudo()
        with self.later(days=20):
            self.keep_alive()
            self.assertEqual(self.consent.state, "expired")
            self.assertEqual((patient.state, patient.error_code), ("active", False))
        calls = self.bank.wire_calls("/v1/oauth/token")[2:]
        self.assertEqual([call["status"] for call in calls], [400, 200])

    def test_an_end_that_cannot_be_noted_does_not_stop_the_others(self):
        self.bank_id = "DK_Klitkassen"
        fine = self.connect().sudo()
        self.consent.tokens_issued_at -= timedelta(seconds=9)  # this one comes first
        self.bank.control("consents/revoke", {"consent": self.consent.external_id})
        before, consents = fine.refresh_token_encrypted, type(self.consent)

        def broken(*_arguments):
            raise RuntimeError

        end = consents._end
        self.patch(consents, "_end", broken)
        with self.later(hours=25):
            with self.assertLogs(OUR_LOGGER, "ERROR"):
                self.keep_alive()
            self.assertNotEqual(fine.refresh_token_encrypted, before)
            self.assertEqual(self.consent.error_code, "unknown")
            self.patch(consents, "_end", end)
            with self.later(minutes=6):
                self.keep_alive()
                self.assertEqual(self.consent.state, "expired")

    # === CLOCKS === #

    def test_tokens_of_a_time_to_come(self):
        """Our clock was wrong when they were stored, or was set back since."""
        self.consent.tokens_issued_at += timedelta(days=30)
        self.keep_alive()
        self.assertEqual(self.refreshes(), 1)
        self.assertLessEqual(self.consent.tokens_issued_at, datetime.now())

    def test_a_refusal_after_our_clock_was_set_back_is_no_end(self):
        self.consent.tokens_issued_at += timedelta(hours=2)
        self.consent.access_token_until += timedelta(hours=2)
        self.bank.control("consents/expire", {"mode": "access_token"})
        self.fetch_again(self.account)
        self.assertEqual(self.refreshes(), 1)
        self.assert_books_equal_bank(self.account)

    def test_a_bank_whose_clock_is_ahead(self):
        self.bank.control("clock", {"advance_seconds": 4 * 60})
        with self.later(minutes=54):
            self.fetch_again(self.account)
            self.assertEqual(self.refreshes(), 0)
            with self.later(minutes=2):
                self.fetch_again(self.account)
                self.assertEqual(self.refreshes(), 1)
        statuses = {call["status"] for call in self.bank.wire_calls("/v1/")}
        self.assertNotIn(401, statuses)

    # === TRIED AGAIN === #

    def test_who_failed_lets_the_others_go_first(self):
        """A run that is out of time begins again at the top of the list."""
        self.bank.control("faults", {"endpoint": "token", "status": 503})
        with self.later(hours=25):
            self.keep_alive()
            self.keep_alive()
            self.assertEqual(self.refreshes(), 1)

    def test_the_attempts_come_less_and_less_often(self):
        fault = {"endpoint": "token", "status": 503, "times": None}
        self.bank.control("faults", fault)
        job = self.env.ref("account_mastercard_open_banking.ir_cron_keep_alive")
        triggers = [("cron_id", "=", job.id)]
        before = self.count("ir.cron.trigger", triggers)
        now, waits = datetime.now() + timedelta(hours=25), []
        for _time in range(10):
            with freeze_time(now):
                self.keep_alive()
            wait = self.consent.next_refresh - now.replace(microsecond=0)
            waits.append(round(wait / timedelta(minutes=1)))
            now += wait
        self.assertEqual(waits, [5, 5, 10, 20, 40, 80, 160, 320, 360, 360])
        self.assertEqual(self.refreshes(), 10)
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.count("ir.cron.trigger", triggers), before + 10)

    def test_the_banks_word_when_to_come_again(self):
        headers = {"Retry-After": "7200"}
        fault = {"endpoint": "token", "status": 429, "headers": headers}
        self.bank.control("faults", fault)
        with self.later(hours=25):
            self.keep_alive()
            wait = self.consent.next_refresh - datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 7200, delta=5)

    # === THE ANSWER IS LOST === #

    def test_a_cut_answer_ends_it_at_the_next_attempt(self):
        self.check_lost({"cut_after_bytes": 20})

    def test_an_error_on_the_way_back_ends_it_at_the_next_attempt(self):
        self.check_lost({"status": 502, "processed": True})

    def test_an_unreadable_answer_ends_it_at_the_next_attempt(self):
        self.check_lost({"remove": ["access_token"]})

    def check_lost(self, fault):
        with self.later(hours=25):
            self.lose_the_answer(fault)
            with self.later(minutes=6):
                self.keep_alive()
                self.assertEqual(self.refreshes(), 2)
                self.check_ended(account=False)

    def test_a_lost_answer_is_survived_where_the_old_token_lives_on(self):
        self.bank.control("settings", {"old_refresh_token_grace": 600})
        with self.later(hours=25):
            self.lose_the_answer({"cut_after_bytes": 20})
            with self.later(minutes=6):
                self.keep_alive()
                self.assertFalse(self.consent.error_code)
                self.fetch_again(self.account)
                self.assertEqual(self.refreshes(), 2)
                self.assert_books_equal_bank(self.account)

    def test_answers_that_are_lost_again_and_again(self):
        self.bank.control(
            "faults", {"endpoint": "token", "cut_after_bytes": 20, "times": None}
        )
        with self.later(hours=25):
            for expected in (1, 2, 3):
                self.keep_alive()
                self.keep_alive()
                self.assertEqual(self.refreshes(), expected)
                self.consent.next_refresh = datetime.now()
            self.assertEqual(self.consent.state, "active")
            self.bank.control("faults", method="DELETE")
            self.keep_alive()
            self.assertEqual(self.refreshes(), 4)
            self.check_ended(account=False)

    def lose_the_answer(self, fault):
        """Let the bank carry a refresh out, and its answer be lost."""
        before = self.tokens()
        self.bank.control("faults", {"endpoint": "token", **fault})
        self.keep_alive()
        self.assertEqual(self.refreshes(), 1)
        self.assertEqual(self.consent.state, "active")
        self.assertTrue(self.consent.error_code)
        self.assertEqual(self.tokens(), before)
