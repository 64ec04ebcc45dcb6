from odoo import api, fields, models
from odoo.fields import Command


class OpenBankingAccount(models.Model):
    """The opening: Odoo's running balance starts where the bank's does."""

    _inherit = "open.banking.account"

    opening_statement_id = fields.Many2one(
        "account.bank.statement",
        string="Opening",
        compute="_compute_opening_statement_id",
    )

    @api.depends("journal_id")
    def _compute_opening_statement_id(self):
        statements = self.env["account.bank.statement"].sudo()
        openings = statements.search(
            [
                ("open_banking_account_id", "in", self.ids),
                ("open_banking_is_opening", "=", True),
            ]
        )
        for account in self:
            account.opening_statement_id = openings.filtered(
                lambda opening, account=account: (
                    opening.journal_id == account.journal_id
                    and opening.open_banking_account_id == account
                )
            )[:1]

    def _statements(self):
        """Return the model of statements, ready for us to write."""
        model = self.env["account.bank.statement"].with_company(self.company_id)
        return model.sudo().with_context(open_banking_statements=True)

    def _keep_opening(self, booked, had_lines):
        """Make the opening with the first line, and move it when an older one comes.

        The lines of a journal that had some of its own go back farther than the feed:
        there the books' own beginning counts.

        :param open.banking.transaction booked: what was booked just now
        :param bool had_lines: whether the journal had lines before that
        """
        line = self.env["account.bank.statement.line"].search(
            [("open_banking_transaction_id", "in", booked.ids)],
            order="internal_index",
            limit=1,
        )
        if not line:
            return
        # Asked for anew: the user may have changed it, or another worker.
        self.invalidate_recordset(["opening_statement_id"])
        opening = self.opening_statement_id
        is_older = opening and line.internal_index < opening.first_line_index
        if not had_lines or is_older:
            balance = self._balance_before(line.open_banking_transaction_id)
            if balance is not None:
                self._dissolve_opening()
                self._open_with(line, balance)

    def _balance_before(self, row):
        """Return the bank's balance before a row; None when nothing tells it.

        By the row's own running balance: then a row that is missing later shows in
        the proof. Without one, by counting back from the bank's balance of today.
        """
        if row.has_balance:
            return row._exact(row.balance) - row._exact(row.amount)
        if self.has_booked_balance:
            return row._exact(self.booked_balance) - self._rows_total(row)
        return None

    def _open_with(self, line, balance):
        """Make the opening statement: it holds one line.

        :param account.bank.statement.line line: the first one
        :param Decimal balance: before that line
        """
        spoken = self.company_id._open_banking_spoken().env
        opening = self._statements().create(
            {
                "name": spoken._("Opening balance %(day)s", day=line.date),
                "line_ids": [Command.set(line.ids)],
                "balance_start": balance,
                "balance_end_real": balance + self._exact(line.amount),
                "open_banking_account_id": self.id,
                "open_banking_is_opening": True,
            }
        )
        self.invalidate_recordset(["opening_statement_id"])
        return opening

    def _dissolve_opening(self):
        """Take the opening away. Its lines stay, and so does a period's statement."""
        opening = self.opening_statement_id.with_env(self._statements().env)
        opening.open_banking_is_opening = False
        if not opening.open_banking_from:
            opening.unlink()
        self.invalidate_recordset(["opening_statement_id"])

    def _open_behind(self, opening, journal, index):
        """The lines of the opening were deleted: let the next line open the books.

        With the same balance: what the user deleted is missing, and shows as that.

        :param account.bank.statement opening: it holds no line any more
        :param str index: where its first line stood
        """
        opening = opening.with_env(self._statements().env)
        balance = self._exact(opening.balance_start)
        opening.unlink()
        line = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "=", journal.id),
                ("internal_index", ">", index),
                ("state", "=", "posted"),
            ],
            order="internal_index",
            limit=1,
        )
        statement = line.statement_id.with_env(opening.env)
        if line and not statement:
            self._open_with(line, balance)
        elif statement.open_banking_account_id == self:
            moved = self._exact(sum(statement.line_ids.mapped("amount")))
            statement.write(
                {
                    "open_banking_is_opening": True,
                    "balance_start": balance,
                    "balance_end_real": balance + moved,
                }
            )
        self.invalidate_recordset(["opening_statement_id"])
