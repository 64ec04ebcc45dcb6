import time
from datetime import timedelta

import psycopg2
from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import open_banking_fetch
from .disconnect import DisconnectCase


@tagged("post_install", "-at_install")
class TestDisconnectDuringARun(DisconnectCase):
    """Somebody disconnects while the import is at work."""

    def begin(self, pages=1, rows=6):
        """Import an account; then let a second run read its first page."""
        account = self.import_one("Driftskonto")
        self.bank.control("settings", {"max_page_size": 2})
        self.patch(open_banking_fetch, "PAGE_SIZE", 2)
        for number in range(rows):
            self.add(account, amount=f"-{number + 1}.00", text=f"Nr. {number}")
        account.next_attempt = fields.Datetime.now()
        for _page in range(pages):
            self.assertTrue(account._work())
        return account, account.fetch_ids[0]

    def test_while_a_run_reads(self):
        account, run = self.begin()
        self.assertEqual(run.state, "reading")
        before, watermark = self.lines(account), account.synced_until
        self.disconnect(account)
        self.assertEqual((run.state, run.error_code), ("failed", "disconnected"))
        self.run_jobs()
        self.assertEqual(self.lines(account), before)
        self.assertEqual(account.synced_until, watermark)
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assert_books_equal_bank(account, in_order=False)

    def test_the_worker_looks_before_each_unit(self):
        """The request of somebody who found the consent locked."""
        account, run = self.begin()
        consent, calls = account.consent_id, len(self.bank.wire_calls())
        self.env["open.banking.disconnection"].create(
            {"consent_id": consent.id, "user_id": self.bookkeeper.id}
        )
        self.assertTrue(consent.is_ending)
        self.assertEqual(self.card(account)["text"], "The bank is being disconnected.")
        self.assertFalse(account._work())
        self.assertEqual((consent.state, run.state), ("withdrawn", "failed"))
        self.assertEqual(consent.ended_by_id, self.bookkeeper)
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assertFalse(consent.is_ending)

    def test_a_request_is_over_when_the_consent_is_given_again(self):
        self.bank.control("settings", {"reuse_consent": True})
        account, _run = self.begin()
        self.env["open.banking.disconnection"].create(
            {"consent_id": account.consent_id.id, "user_id": self.bookkeeper.id}
        )
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assertEqual(account.consent_id.state, "active")
        self.assert_books_equal_bank(account, in_order=False)

    def test_while_a_run_books(self):
        """The bank has said all of it: what was read is put into the books."""
        account, run = self.begin()
        while run.state == "reading":
            account._work()
        self.assertEqual(run.state, "booking")
        before = len(self.lines(account))
        self.disconnect(account)
        self.assertEqual(run.state, "booking")
        calls = len(self.bank.wire_calls())
        self.run_jobs()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.lines(account)), before + 6)
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assertFalse(account.next_attempt)
        self.assert_books_equal_bank(account, in_order=False)

    def test_days_a_user_asked_for(self):
        account = self.import_one("Driftskonto")
        window = (self.today - timedelta(days=9), self.today)
        account.with_user(self.bookkeeper)._ask_for(window)
        asked = account.fetch_ids.filtered(lambda run: run.state == "waiting")
        self.assertTrue(asked)
        self.disconnect(account)
        self.assertEqual((asked.state, asked.error_code), ("failed", "disconnected"))
        states = set(account.fetch_ids.mapped("state"))
        self.assertEqual(states, {"done", "failed"})


@tagged("post_install", "-at_install")
class TestDisconnectBesideAWorker(DisconnectCase):
    """Two connections to the database: only committed rows can be locked."""

    def test_nobody_waits_and_the_worker_ends_it(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            worker = api.Environment(first, SUPERUSER_ID, {})
            account = self.committed_account(worker)
            first.commit()
            try:
                self.check_worker_ends_it(account, second)
            finally:
                first.rollback()
                second.rollback()
                consent = account.consent_id
                consent.covered_ids.unlink()
                account.unlink()
                consent.unlink()
                first.commit()

    def committed_account(self, env):
        company = env.ref("base.main_company")
        consent = env["open.banking.consent"].create(
            {"external_id": "beside", "company_id": company.id}
        )
        return env["open.banking.account"].create(
            {
                "name": "beside",
                "account_key": "beside",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "consent_id": consent.id,
            }
        )

    def check_worker_ends_it(self, account, second):
        account.next_attempt = fields.Datetime.now() - timedelta(minutes=1)
        account.flush_recordset()
        consent = account.consent_id
        consent.try_lock_for_update(allow_referencing=True)
        second.execute("SET LOCAL lock_timeout = '5s'")
        begun = time.monotonic()
        theirs = consent.with_env(api.Environment(second, SUPERUSER_ID, {}))
        theirs._disconnect(theirs.env.user, "Nu")
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(theirs.state, "active")
        self.assertTrue(theirs.is_ending)
        second.commit()
        # The worker ends its unit, and looks before the next one.
        account.env.cr.commit()
        account.env.invalidate_all()
        account._take_calls()
        self.assertEqual(consent.state, "withdrawn")
        self.assertEqual(consent.end_note, "Nu")
        self.assertFalse(consent.is_ending)
        second.rollback()
        theirs.env.invalidate_all()
        self.assertEqual(theirs.state, "withdrawn")

    def test_a_worker_that_committed_meanwhile(self):
        """What the user's transaction sees is older than what the worker wrote."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            worker = api.Environment(first, SUPERUSER_ID, {})
            account = self.committed_account(worker)
            first.commit()
            try:
                user = api.Environment(second, SUPERUSER_ID, {})
                theirs = account.consent_id.with_env(user)
                self.assertEqual(theirs.state, "active")
                account.consent_id.error_code = "timeout"
                first.commit()
                with self.assertRaises(psycopg2.OperationalError), second.savepoint():
                    theirs._lock_with_accounts()
                theirs._disconnect(theirs.env.user)
                second.commit()
                account.env.invalidate_all()
                account._take_calls()
                self.assertEqual(account.consent_id.state, "withdrawn")
            finally:
                first.rollback()
                second.rollback()
                consent = account.consent_id
                account.unlink()
                consent.unlink()
                first.commit()


@tagged("post_install", "-at_install")
class TestEndedAtTheBank(DisconnectCase):
    """The consent ends at the bank's side: said as kindly, once, in words."""

    def test_revoked_by_the_customer(self):
        account = self.import_one("Driftskonto")
        consent, before = account.consent_id, self.facts(account)
        for _delivery in range(2):
            consent._end("withdrawn", "consent_revoked")
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(consent.ended_by_id)
        self.assert_no_tokens(consent)
        self.assertFalse(account.next_attempt)
        self.assertEqual(len(consent.activity_ids), 1)
        self.assertEqual(consent.activity_ids.user_id, self.bookkeeper)
        self.assertIn("account holder", consent.activity_ids.note)
        self.assertFalse(self.mails(consent))
        said = consent.message_ids.filtered(
            lambda m: "account holder" in (m.body or "")
        )
        self.assertEqual(len(said), 1)
        card = self.card(account)
        self.assertEqual((card["state"], card["connect"]), ("ended", True))
        self.assertIn("account holder", card["text"])
        self.assertEqual(self.facts(account), before)

    def test_refused_tokens(self):
        account = self.import_one("Driftskonto")
        self.bank.control("consents/expire", {"mode": "tokens"})
        account.consent_id.access_token_until = False
        self.fetch_again(account)
        self.assertEqual(account.consent_id.state, "expired")
        self.assertEqual(self.card(account)["state"], "ended")
        self.assertTrue(account.consent_end_text)

    def test_given_again_after_it_was_revoked(self):
        account = self.import_one("Driftskonto")
        account.consent_id._end("withdrawn", "consent_revoked")
        self.add(account, amount="-11.00", text="I mellemtiden")
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assert_books_equal_bank(account, in_order=False)


@tagged("post_install", "-at_install")
class TestDisconnectAccess(DisconnectCase):
    def test_who_may_not(self):
        consent = self.import_one("Driftskonto").consent_id
        other = self.make_company("Sydlys Handel ApS")
        foreign = self.env["open.banking.consent"].create(
            {"external_id": "foreign", "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            self.wizard(foreign)
        with self.assertRaises(AccessError):
            self.wizard(consent).consent_ids = foreign
        forged = self.env["open.banking.disconnect"].create(
            {"consent_ids": foreign.ids, "create_uid": self.bookkeeper.id}
        )
        with self.assertRaises(UserError):
            forged.with_user(self.bookkeeper).action_confirm()
        self.assertEqual((consent.state, foreign.state), ("active", "active"))
