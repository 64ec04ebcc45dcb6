from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase
from .connections import TwoConnections


@tagged("post_install", "-at_install")
class TestCalls(TwoConnections, OpenBankingCase):
    """A button or a message of the bank, while the account is being worked on."""

    def test_a_call_during_a_run_is_not_lost(self):
        account = self.import_one("Driftskonto")
        self.bank.control("settings", {"max_page_size": 1})
        for number in range(3):
            self.add(account, amount="-25.00", text=f"Nr. {number}")
        account.next_attempt = datetime.now() - timedelta(minutes=1)
        self.assertTrue(account._work())
        run = self.env["open.banking.fetch"].search([], limit=1)
        self.assertEqual((run.state, run.pages), ("reading", 1))
        self.add(account, amount="-75.00", text="Efter første side")
        account.with_user(self.bookkeeper).action_fetch_now()
        self.run_jobs()
        self.assert_books_equal_bank(account)
        self.assertFalse(self.count("open.banking.call"))

    def test_a_call_starts_one_run_only(self):
        account = self.import_one("Driftskonto")
        before = self.count("open.banking.fetch")
        for _press in range(3):
            account.with_user(self.bookkeeper).action_fetch_now()
        self.run_jobs()
        self.assertEqual(self.count("open.banking.fetch"), before + 1)
        self.assertFalse(self.count("open.banking.call"))

    def test_who_calls_does_not_wait_for_the_worker(self):
        with self.two_connections() as (_consent, account, two):
            account.next_attempt = False
            account.env.cr.commit()
            self.check_nobody_waits(account, two)

    def check_nobody_waits(self, account, two):
        self.assertTrue(account.try_lock_for_update(allow_referencing=True))
        account.failures = 1
        account.flush_recordset()
        two.cr.execute("SET LOCAL lock_timeout = '1s'")
        theirs = account.with_env(two)
        theirs._fetch_soon()
        two.cr.commit()
        theirs._take_calls()  # locked: it stays for the one who is at it
        self.assertFalse(theirs.next_attempt)
        two.cr.commit()
        account.env.cr.commit()
        account._take_calls()
        self.assertTrue(account.next_attempt)

    def test_who_passes_by_a_locked_account_comes_back_in_a_minute(self):
        with self.two_connections() as (consent, account, two):
            self.forget_wake_ups(two)
            self.assertTrue(consent.try_lock_for_update(allow_referencing=True))
            before = fields.Datetime.now()
            account.with_env(two)._cron_fetch()
            [wake_up] = self.wake_ups(two)
            self.assertGreater(wake_up, before + timedelta(seconds=30))
            self.assertLess(wake_up, before + timedelta(minutes=2))

    def test_who_worked_looks_again_before_he_goes(self):
        """Another worker passed by the account, and left no other trace."""
        with self.two_connections() as (_consent, account, two):
            self.forget_wake_ups(two)
            theirs = account.with_env(two)

            def work(mine):
                mine.next_attempt = fields.Datetime.now() + timedelta(hours=6)
                theirs._fetch_soon()
                two["ir.cron.trigger"].search([]).unlink()  # the other took it
                two.cr.commit()
                return False

            self.patch(type(self.env["open.banking.account"]), "_work", work)
            account._cron_fetch()
            account.env.cr.commit()
            two.cr.commit()
            [wake_up] = self.wake_ups(two)
            self.assertLessEqual(wake_up, fields.Datetime.now())

    def test_who_leaves_nothing_does_not_come_back(self):
        with self.two_connections() as (_consent, account, two):
            self.forget_wake_ups(two)
            account.next_attempt = False
            account.env.cr.commit()
            account.with_env(two)._cron_fetch()
            self.assertFalse(self.wake_ups(two))

    def forget_wake_ups(self, env):
        env["ir.cron.trigger"].search([]).unlink()
        env.cr.commit()

    def wake_ups(self, env):
        job = env.ref("account_mastercard_open_banking.ir_cron_fetch")
        triggers = env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        return triggers.mapped("call_at")
