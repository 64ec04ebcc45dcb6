from contextlib import contextmanager
from datetime import datetime, timedelta

from odoo.tests import freeze_time

from .common import OpenBankingCase


class TokenCase(OpenBankingCase):
    """One imported account; time passes here and at the bank."""

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
        codes = self.count("open.banking.authorisation", [("state", "=", "done")])
        return len(self.bank.wire_calls("/v1/oauth/token")) - codes

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
