from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestCalls(OpenBankingCase):
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
        """Connections of their own: only committed rows can be locked."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            worker = api.Environment(first, SUPERUSER_ID, {})
            account = self.committed_account(worker)
            first.commit()
            try:
                self.check_nobody_waits(account, second)
            finally:
                first.rollback()
                second.rollback()
                consent = account.consent_id
                account.unlink()
                consent.unlink()
                first.commit()

    def committed_account(self, env):
        company = env.ref("base.main_company")
        consent = env["open.banking.consent"].create(
            {"external_id": "called", "company_id": company.id}
        )
        return env["open.banking.account"].create(
            {
                "name": "called",
                "account_key": "called",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "consent_id": consent.id,
            }
        )

    def check_nobody_waits(self, account, second):
        self.assertTrue(account.try_lock_for_update(allow_referencing=True))
        account.failures = 1
        account.flush_recordset()
        second.execute("SET LOCAL lock_timeout = '1s'")
        theirs = account.with_env(api.Environment(second, SUPERUSER_ID, {}))
        theirs._fetch_soon()
        second.commit()
        theirs._take_calls()  # locked: it stays for the one who is at it
        self.assertFalse(theirs.next_attempt)
        second.commit()
        account.env.cr.commit()
        account._take_calls()
        self.assertTrue(account.next_attempt)
