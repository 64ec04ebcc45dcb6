import logging

import psycopg2
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..const import FEED_SOURCE

_logger = logging.getLogger(__name__)

# A journal that something else feeds, such as another bank feed, is not taken away
# from it without asking.
UNFED = ("undefined", "file_import", FEED_SOURCE)


class OpenBankingAccount(models.Model):
    """Accounts that a customer has shared find their journals by themselves."""

    _inherit = "open.banking.account"

    def _suggest_start_date(self, journal):
        """Return from which day an account is to be imported, never a day to come.

        Where it has been imported before, the day chosen then; else the day after
        the journal's last line; else the start of the open fiscal year.

        :param account.journal journal: may be empty, for one that is to be made
        :rtype: date
        """
        self.ensure_one()
        if self.start_date:
            return self.start_date
        today = fields.Date.context_today(self)
        last_line = journal and self.env["account.bank.statement.line"].search(
            [("journal_id", "=", journal.id), ("state", "=", "posted")],
            order="internal_index desc",
            limit=1,
        )
        if last_line:
            return min(fields.Date.add(last_line.date, days=1), today)
        first = self.company_id.compute_fiscalyear_dates(today)["date_from"]
        locked = self.company_id._get_user_fiscal_lock_date(journal or journal.new())
        open_from = fields.Date.add(locked, days=1) if locked else first
        return min(max(first, open_from), today)

    def _map_without_doubt(self):
        """Map those of these accounts of which there is no doubt; the others wait."""
        for account in self.filtered(lambda each: each.mapping == "unmapped"):
            journal = account._undoubted_journal()
            if journal:
                account._map_safely(journal)

    def _undoubted_journal(self):
        """Return the one free journal of this number and currency, if the holder is
        the company and nothing else feeds the journal."""
        if not self._is_holder_ours():
            return self.env["account.journal"]
        journal = self._suggest_journal()
        return journal.filtered(lambda each: each.bank_statements_source in UNFED)

    def _map_safely(self, journal):
        """Map, or leave the account to the bookkeeper: it must not cost the others."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self._map(journal, self._suggest_start_date(journal))
                self.message_post(
                    body=self.env._(
                        "Odoo chose the journal %(journal)s by itself: number and "
                        "currency are the same.",
                        journal=journal.display_name,
                    )
                )
        except (UserError, psycopg2.IntegrityError) as error:
            # Somebody took the journal meanwhile, or another add-on refuses.
            _logger.info("Account %s not mapped: %s", self.id, type(error).__name__)

    def _map(self, journal, start_date):
        result = super()._map(journal, start_date)
        self.consent_id._tend_waiting_activity()
        return result

    def _leave_out(self):
        result = super()._leave_out()
        self.consent_id._tend_waiting_activity()
        return result
