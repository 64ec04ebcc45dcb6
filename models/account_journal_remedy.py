from odoo import models


class AccountJournal(models.Model):
    """The one button beside an error on the journal's card."""

    _inherit = "account.journal"

    def _open_banking_card(self, account, progress):
        card = super()._open_banking_card(account, progress)
        if card["state"] == "error":
            card["remedy"] = account.remedy_label
            card["who"] = account.remedy_who
        return card

    def action_open_banking_remedy(self):
        """Do what the button beside the error on the card says."""
        self.ensure_one()
        account = self.open_banking_account_ids
        return account and account.action_remedy()
