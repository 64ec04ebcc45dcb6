from odoo import api, models
from odoo.exceptions import AccessError

# What is deleted or changed together with these is the feed's; a link that a user could
# make would reach into the feed of another company.
LINKS = {"open_banking_account_id", "open_banking_transaction_id"}


class AccountBankStatementLine(models.Model):
    """Only the feed links lines to its rows."""

    _inherit = "account.bank.statement.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse forged links, also those that come as a default."""
        lines = super().create(vals_list)
        if not self.env.su and lines.open_banking_transaction_id:
            lines._refuse_open_banking_link()
        return lines

    def write(self, vals):
        """Refuse forged links."""
        if not self.env.su and LINKS & vals.keys():
            self._refuse_open_banking_link()
        return super().write(vals)

    def _refuse_open_banking_link(self):
        raise AccessError(
            self.env._("Only the bank feed can link a line to one of its transactions.")
        )


class AccountBankStatement(models.Model):
    """Only the feed makes statements of its own."""

    _inherit = "account.bank.statement"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse forged links, also those that come as a default."""
        statements = super().create(vals_list)
        if not self.env.su and statements.open_banking_account_id:
            statements._refuse_open_banking_link()
        return statements

    def write(self, vals):
        """Refuse forged links; to let go of ours is nobody's harm."""
        if not self.env.su and any(vals.get(name) for name in LINKS):
            self._refuse_open_banking_link()
        return super().write(vals)

    def _refuse_open_banking_link(self):
        raise AccessError(
            self.env._("Only the bank feed can make bank statements of its own.")
        )
