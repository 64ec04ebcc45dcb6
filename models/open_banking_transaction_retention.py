from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

USUAL_DAYS = 365
AT_ONCE = 10_000


class ResCompany(models.Model):
    """How long the raw data of the bank is kept."""

    _inherit = "res.company"

    open_banking_raw_days = fields.Integer(
        string="Keep Raw Bank Data for Days",
        default=USUAL_DAYS,
        help="The bank's own answer is kept with each transaction for support. It is "
        "removed when the transaction is older than this; 0 keeps it. All else of the "
        "transaction stays.",
    )

    @api.constrains("open_banking_raw_days")
    def _check_open_banking_raw_days(self):
        if any(company.open_banking_raw_days < 0 for company in self):
            raise ValidationError(
                self.env._("Enter the number of days as 0 or a larger number.")
            )


class ResConfigSettings(models.TransientModel):
    """The setting, in Settings."""

    _inherit = "res.config.settings"

    open_banking_raw_days = fields.Integer(
        related="company_id.open_banking_raw_days", readonly=False
    )


class OpenBankingTransaction(models.Model):
    """The bank's own words are removed when nobody will ask for them any more."""

    _inherit = "open.banking.transaction"

    @api.autovacuum
    def _gc_raw_data(self):
        """Remove the raw data of old transactions, so many at a time.

        :return: how many were done, and whether there may be more
        :rtype: tuple[int, bool]
        """
        done = sum(
            self._remove_raw_data(company)
            for company in self.env["res.company"].sudo().search([])
            if company.open_banking_raw_days
        )
        return done, done >= AT_ONCE

    @api.model
    def _remove_raw_data(self, company):
        """In SQL: it concerns every row that is a day too old, and no field beside.

        The array is made once; PostgreSQL may look for `IN` again for each row, and
        would find others each time. What nobody has decided yet keeps its raw data,
        and so does what a worker has locked, until tomorrow.
        """
        limit = fields.Date.today() - timedelta(days=company.open_banking_raw_days)
        self.flush_model()
        done = self.env.execute_query(
            SQL(
                """
                UPDATE open_banking_transaction
                   SET raw = NULL, previous_raw = NULL
                 WHERE id = ANY(ARRAY(
                       SELECT id FROM open_banking_transaction
                        WHERE company_id = %s AND date < %s
                          AND booking_state IN ('booked', 'left_out')
                          AND (raw IS NOT NULL OR previous_raw IS NOT NULL)
                        LIMIT %s
                          FOR NO KEY UPDATE SKIP LOCKED))
             RETURNING id
                """,
                company.id,
                limit,
                AT_ONCE,
            )
        )
        self.invalidate_model(["raw", "previous_raw"])
        return len(done)
