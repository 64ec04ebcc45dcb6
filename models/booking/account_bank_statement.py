from odoo import api, fields, models

# What makes a statement of ours the user's own, when he changes it.
USERS_WORD = {"name", "date", "balance_start", "balance_end_real", "line_ids"}


class AccountBankStatement(models.Model):
    """Statements that we made know it; all others belong to the user."""

    _inherit = "account.bank.statement"

    open_banking_account_id = fields.Many2one(
        "open.banking.account",
        string="Made for Bank Account",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    open_banking_is_opening = fields.Boolean(readonly=True, copy=False)
    open_banking_from = fields.Date(readonly=True, copy=False)
    open_banking_to = fields.Date(readonly=True, copy=False)

    def write(self, vals):
        """What the user changes is his from then on: it is left alone."""
        by_us = self.env.context.get("open_banking_statements")
        if USERS_WORD & vals.keys() and not by_us:
            vals = {
                **vals,
                "open_banking_account_id": False,
                "open_banking_is_opening": False,
            }
        return super().write(vals)


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.ondelete(at_uninstall=False)
    def _check_allow_unlink(self):
        """Core protects what a statement has proven; ours follow the lines."""
        ours = self.filtered("statement_id.open_banking_account_id")
        return super(AccountBankStatementLine, self - ours)._check_allow_unlink()

    def unlink(self):
        """When the opening loses all its lines, the next line opens the books."""
        openings = self.sudo().statement_id.filtered("open_banking_is_opening")
        emptied = openings.filtered(lambda opening: opening.line_ids <= self)
        places = [(each, each.journal_id, each.first_line_index) for each in emptied]
        result = super().unlink()
        for opening, journal, index in places:
            opening.open_banking_account_id._open_behind(opening, journal, index)
        return result
