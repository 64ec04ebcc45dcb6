from odoo import fields, models


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    open_banking_transaction_id = fields.Many2one(
        "open.banking.transaction",
        string="Bank Feed",
        readonly=True,
        copy=False,
        # The unique one would do, but Odoo's own checks want it.
        index="btree_not_null",
        ondelete="set null",
    )

    # From the line to the run, and to the consent under which it was read.
    open_banking_fetch_id = fields.Many2one(
        related="open_banking_transaction_id.fetch_id", string="Read in Run"
    )
    open_banking_consent_id = fields.Many2one(
        related="open_banking_transaction_id.fetch_id.consent_id",
        string="Read Under Consent",
    )

    # Whatever goes wrong elsewhere: a transaction of the bank is booked once.
    _open_banking_transaction_uniq = models.UniqueIndex(
        "(open_banking_transaction_id) WHERE open_banking_transaction_id IS NOT NULL",
        "This transaction of the bank is already in the books.",
    )

    # Those that came from elsewhere are looked for at each booking; they are few.
    _open_banking_elsewhere_idx = models.Index(
        "(journal_id, internal_index) WHERE open_banking_transaction_id IS NULL"
    )

    def unlink(self):
        """A line the user deletes stays deleted: the feed remembers it."""
        rows = self.sudo().open_banking_transaction_id
        result = super().unlink()
        rows.exists().write(
            {"booking_state": "left_out", "reason_code": "line_deleted"}
        )
        return result
