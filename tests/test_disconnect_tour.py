from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingHttpCase


@tagged("post_install", "-at_install")
class TestDisconnectTour(OpenBankingHttpCase):
    browser_size = "1366x900"

    def test_disconnect_and_connect_again(self):
        """From the journal's card in a real browser; then all is as it should be."""
        self.journal.name = "Prøvejournal"
        account = self.import_one("Driftskonto")
        self.assertEqual(account.journal_id, self.journal)
        consent, lines = account.consent_id, self.lines(account)
        before = (account.start_date, account.synced_until, account.mapping)
        self.start_tour(
            "/odoo/accounting", "open_banking_disconnect", login="bookkeeper"
        )
        self.env.invalidate_all()
        self.check_disconnected(consent)
        self.check_silence(account)
        self.assertEqual(
            (account.start_date, account.synced_until, account.mapping), before
        )
        self.assertEqual(account.journal_id, self.journal)
        self.assertEqual(self.lines(account), lines)
        self.check_connected_again(account, lines)

    def check_disconnected(self, consent):
        self.assertEqual(
            (consent.state, consent.error_code), ("withdrawn", "disconnected")
        )
        self.assertEqual(consent.ended_by_id, self.bookkeeper)
        self.assertEqual(consent.end_note, "Kunden skifter bank")
        self.assertFalse(consent.access_token_encrypted)
        self.assertFalse(consent.refresh_token_encrypted)
        mail = self.env["mail.mail"].search(
            [("model", "=", consent._name), ("subject", "like", "no longer reads")]
        )
        self.assertEqual(mail.recipient_ids, consent.partner_id)

    def check_silence(self, account):
        """No call goes to the bank any more, whatever wakes the jobs."""
        calls = len(self.bank.wire_calls())
        account.next_attempt = fields.Datetime.now()
        account._fetch_soon()
        self.run_jobs()
        keep_alive = "account_mastercard_open_banking.ir_cron_keep_alive"
        self.env.ref(keep_alive).method_direct_trigger()
        self.assertEqual(len(self.bank.wire_calls()), calls)

    def check_connected_again(self, account, lines):
        self.add(account, amount="-12.00", text="I mellemtiden", date=-1)
        self.connect(accounts=["Driftskonto"])
        for _run in range(2):
            self.run_jobs()
            self.assert_books_equal_bank(account, in_order=False)
            self.assertEqual(len(self.lines(account)), len(lines) + 1)
            self.assertLessEqual(lines, self.lines(account))
            account.next_attempt = fields.Datetime.now()
