from odoo import models
from odoo.exceptions import UserError


class OpenBankingFetch(models.Model):
    """The lines of one run: shown, and taken out of the books again."""

    _inherit = "open.banking.fetch"

    def action_undo(self):
        """Delete the lines this run has booked, except what is reconciled or locked.

        Their rows stay in the feed, left out, and can be brought back.
        """
        self.ensure_one()
        self.check_access("read")
        rows = self.env["open.banking.transaction"].search(
            [("booked_fetch_id", "=", self.id), ("booking_state", "=", "booked")]
        )
        rows = rows._decide(lambda row: row.booking_state == "booked")
        removable = rows - rows._locked()
        removable = removable.filtered(
            lambda row: not any(row.statement_line_ids.mapped("is_reconciled"))
        )
        if not removable:
            raise UserError(
                self.env._(
                    "All lines of this run are reconciled or lie in a locked period."
                )
            )
        statements = removable.statement_line_ids.statement_id
        removable._remove_lines("undone")
        statements.filtered(lambda statement: not statement.line_ids).unlink()
        account = self.sudo().account_id
        account._prove()
        account.message_post(
            body=self.env._(
                "Run %(run)s undone: %(removed)s lines deleted, %(kept)s kept because "
                "they are reconciled or locked.",
                run=self.display_name,
                removed=len(removable),
                kept=len(rows) - len(removable),
            )
        )

    def action_open_lines(self):
        """Show the statement lines this run has booked."""
        return self._open(
            "account_bank_statement_line_action",
            [("open_banking_transaction_id.booked_fetch_id", "=", self.id)],
        )

    def action_open_rows(self):
        """Show the transactions this run brought or met."""
        return self._open(
            "open_banking_transaction_action",
            [("met_in_id", "=", self.id)],
        )

    def _open(self, action, domain):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"account_mastercard_open_banking.{action}"
        )
        return {**action, "domain": domain, "context": {}}
