from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import Form

from .common import OpenBankingCase


class RequestCase(OpenBankingCase):
    """A bookkeeper at the wizard that asks which days to fetch."""

    def setUp(self):
        super().setUp()
        self.start = self.today - timedelta(days=20)

    def days_ago(self, days):
        return self.today - timedelta(days=days)

    def an_account(self, **options):
        """An account with a transaction a day for 60 days, of which 20 are imported."""
        self.bank.control("settings", {"running_balances": False})
        self.bank.control("accounts", {"name": "Prøvekonto", "transactions": 0})
        account = self.map_all(self.connect(accounts=["Prøvekonto"]), self.start)
        for days in range(60, 0, -1):
            self.add(account, amount=f"-{days}.00", text=f"Day {days}", date=-days)
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), 20)
        return account

    def request(self, accounts, first, last, user=None):
        """Open the wizard as a user does, and choose the days."""
        accounts = accounts.with_user(user or self.bookkeeper)
        action = accounts.action_fetch_request()
        wizards = accounts.env[action["res_model"]].with_context(**action["context"])
        with Form(wizards) as form:
            form.date_from = first
            form.date_to = last
        return form.record

    def ask(self, accounts, first, last, user=None):
        self.request(accounts, first, last, user).action_fetch()

    def preview(self, accounts, first, last):
        """Press Preview; returns the wizard's line."""
        wizard = self.request(accounts, first, last)
        self.env.flush_all()
        with self.own_cursors():
            action = wizard.action_preview()
        self.assertEqual(action["res_id"], wizard.id)
        self.env.invalidate_all()
        return wizard.line_ids

    def refused(self, message, accounts, first, last):
        for button in ("action_fetch", "action_preview"):
            wizard = self.request(accounts, first, last)
            with (
                self.own_cursors(),
                self.assertRaisesRegex(UserError, message),
            ):
                getattr(wizard, button)()
