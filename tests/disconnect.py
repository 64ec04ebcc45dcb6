from odoo.tests import Form

from .common import OpenBankingCase


class DisconnectCase(OpenBankingCase):
    def wizard(self, record, user=None):
        """Press Disconnect on a consent, an account or a journal."""
        record = record.with_user(user or self.bookkeeper)
        button = (
            "action_open_banking_disconnect"
            if record._name == "account.journal"
            else "action_disconnect"
        )
        action = getattr(record, button)()
        wizards = record.env[action["res_model"]].with_context(**action["context"])
        return Form(wizards).save()

    def disconnect(self, record, user=None, **values):
        wizard = self.wizard(record, user)
        wizard.write(values)
        result = wizard.action_confirm()
        self.env.flush_all()
        self.env.invalidate_all()
        return result

    def mails(self, consent):
        """Return those to the customer; the responsible user gets others."""
        return self.env["mail.mail"].search(
            [
                ("model", "=", consent._name),
                ("res_id", "=", consent.id),
                ("subject", "like", "no longer reads"),
            ]
        )

    def card(self, account):
        journal = account.journal_id.with_user(self.bookkeeper)
        return journal._open_banking_cards()[journal]

    def facts(self, accounts):
        return [
            (
                account.id,
                account.journal_id,
                account.start_date,
                account.synced_until,
                account.mapping,
                self.lines(account).ids,
                len(account.transaction_ids),
            )
            for account in accounts
        ]

    def assert_no_tokens(self, consent):
        for name in ("access_token", "refresh_token"):
            self.assertFalse(consent[f"{name}_encrypted"])
            self.assertFalse(consent[f"{name}_until"])
