from odoo import models
from odoo.addons.base.models.res_bank import sanitize_account_number


class OpenBankingAccount(models.Model):
    """The journal that an account feeds gets the account's number."""

    _inherit = "open.banking.account"

    def _is_card(self):
        """Whether it is a card's own account, and not a bank account with a card.

        :rtype: bool
        """
        return bool(self.masked_pan) and not (self.iban or self.bban)

    def _give_number(self, journal):
        """Give a journal without a number the account's.

        Core has archived the number where the company used it for a journal that was
        deleted: it refuses to make it once more, and to find it.
        """
        number = self.iban or self.bban
        if journal.bank_acc_number or not number:
            return
        archived = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        archived.search(
            [
                ("active", "=", False),
                ("sanitized_acc_number", "=", sanitize_account_number(number)),
                ("partner_id", "=", self.company_id.partner_id.id),
            ],
            limit=1,
        ).active = True
        journal.sudo().set_bank_account(number)
