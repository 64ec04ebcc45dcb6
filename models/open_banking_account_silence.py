from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..feed.freshness import LOOKED_AT, usual_silence

# Mastercard reads each bank every six hours. Two days without are not usual.
NOT_READ_FOR = timedelta(days=2)


class OpenBankingAccount(models.Model):
    """An account that brings nothing new, although nobody reports an error."""

    _inherit = "open.banking.account"

    usual_silence = fields.Integer(
        string="Usual Silence (days)",
        readonly=True,
        help="After so many days without a transaction the silence is longer than it "
        "ever was in half a year. 0: the account moves too seldom to tell.",
    )
    silence_measured_on = fields.Date(readonly=True)
    stale_text = fields.Char(compute="_compute_stale_text")

    @api.depends("last_transaction_on", "usual_silence", "bank_synchronized_on")
    @api.depends_context("lang")
    def _compute_stale_text(self):
        today = self.env["open.banking.fetch"]._bank_today()
        for account in self:
            account.stale_text = account._is_watched() and (
                account._text_of_old_reading() or account._text_of_silence(today)
            )

    def _is_watched(self):
        """Whether something new is to be expected of this account at all."""
        return bool(
            self.journal_id
            and self.consent_id.state == "active"
            and not self.is_orphaned
            and self.last_fetch_on
        )

    def _text_of_old_reading(self):
        """Say that Mastercard has not read the bank for long, if that is so."""
        read = self.bank_synchronized_on
        days = read and (fields.Datetime.now() - read).days
        if not read or fields.Datetime.now() - read < NOT_READ_FOR:
            return ""
        return self.env._(
            "Mastercard has not read this account at the bank for %(days)s days, and "
            "reports no error. Press Synchronise.",
            days=days,
        )

    def _text_of_silence(self, today):
        """Say that no transaction came for longer than usual, if that is so."""
        last = self.last_transaction_on
        silent = last and (today - last).days
        if not silent or not self.usual_silence or silent <= self.usual_silence:
            return ""
        return self.env._(
            "No transaction for %(days)s days; until now the longest pause was much "
            "shorter. Look at the account in your bank, or press Synchronise.",
            days=silent,
        )

    def _note_success(self):
        """Measure anew what is usual, when there are new transactions."""
        result = super()._note_success()
        if self.last_transaction_on != self.silence_measured_on:
            self.write(
                {
                    "usual_silence": usual_silence(self._booking_days()),
                    "silence_measured_on": self.last_transaction_on,
                }
            )
        return result

    def _booking_days(self):
        """Return the days with transactions in the half year before the last one.

        In SQL: it looks for one row of each day, where there may be thousands.
        """
        last = self.last_transaction_on
        if not last:
            return []
        self.env["open.banking.transaction"].flush_model(["date", "state"])
        query = SQL(
            """
            SELECT day::date FROM generate_series(%s, %s, interval '1 day') AS day
             WHERE EXISTS (
                   SELECT FROM open_banking_transaction
                    WHERE account_id = %s AND date = day::date AND state = 'booked')
            """,
            last - LOOKED_AT,
            last,
            self.id,
        )
        return [day for (day,) in self.env.execute_query(query)]
