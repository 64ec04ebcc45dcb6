import psycopg2
from odoo import api, models
from odoo.exceptions import UserError

from .statement_lines import line_values, partners_by_account_number


class OpenBankingTransaction(models.Model):
    """From the feed to the books."""

    _inherit = "open.banking.transaction"

    @api.model
    def _next_to_book(self, account, limit):
        """Return the oldest rows that wait for being booked."""
        return self.search(
            [("account_id", "=", account.id), ("booking_state", "=", "to_book")],
            order="date, bank_order, id",
            limit=limit,
        )

    def _book(self):
        """Make statement lines of these rows; hold what cannot be booked.

        :return: the rows that are in the books now
        """
        locked = self._locked()
        locked._hold("locked_period")
        return (self - locked)._book_or_hold()

    def _locked(self):
        """Return the rows whose day the company has closed."""
        company, journal = self.account_id.company_id, self.account_id.journal_id
        closed = {
            day: bool(company._get_violated_lock_dates(day, False, journal))
            for day in set(self.mapped("date"))
        }
        return self.filtered(lambda row: closed[row.date])

    def _book_or_hold(self):
        """Book these rows together; halve them until the row that fails stands alone.

        :return: the rows that are in the books now; the others are held
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                self._make_lines()
        except (UserError, psycopg2.DataError, psycopg2.IntegrityError) as error:
            self.env.invalidate_all()
            if len(self) == 1:
                self._hold("refused_by_odoo", str(error))
                return self.browse()
            half = len(self) // 2
            return self[:half]._book_or_hold() | self[half:]._book_or_hold()
        return self

    def _make_lines(self):
        company = self.account_id.company_id
        lines = self.env["account.bank.statement.line"].with_company(company).sudo()
        foreign = self.original_currency_id.sudo().filtered(lambda c: not c.active)
        foreign.active = True  # core books in active currencies only
        partners = partners_by_account_number(self)
        lines.create([line_values(row, partners) for row in self])
        settled = {"reason_code": False, "reason_detail": False}
        self.write({"booking_state": "booked", **settled})

    def _hold(self, code, detail=False):
        self.write(
            {
                "booking_state": "held",
                "reason_code": code,
                "reason_detail": detail and detail[:500],
            }
        )
