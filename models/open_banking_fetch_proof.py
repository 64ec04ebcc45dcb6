from datetime import date
from decimal import Decimal

import pytz
from odoo import fields, models
from odoo.tools import SQL, format_date
from odoo.tools.misc import formatLang

from ..const import BANK_TIMEZONE
from ..feed import first_difference


class OpenBankingFetch(models.Model):
    """The end of a run: does the money add up, and if not, since when?"""

    _inherit = "open.banking.fetch"

    difference = fields.Monetary(
        readonly=True, help="The bank's balance minus the balance in the books."
    )
    differs_from = fields.Date(
        readonly=True, help="The first day on which the two balances part."
    )

    def _prove(self):
        """Compare Odoo's running balance with the bank's booked balance."""
        account = self.account_id
        account._prove(self)
        self.write(
            {
                "books_balance": account.books_balance,
                "difference": account.difference,
                "differs_from": account.differs_from,
            }
        )

    def _bank_day(self):
        """Return the day on which the balance was read, as it is at the bank."""
        moment = self.started_on.replace(tzinfo=pytz.utc)
        return moment.astimezone(pytz.timezone(BANK_TIMEZONE)).date()


class OpenBankingAccount(models.Model):
    """The two sides of the proof: the balances the bank sent, and the books'."""

    _inherit = "open.banking.account"

    difference = fields.Monetary(
        readonly=True, help="The bank's balance minus the balance in the books."
    )
    differs_from = fields.Date(
        string="Differs Since",
        readonly=True,
        help="The first day on which the two balances part.",
    )

    def _prove(self, run=None):
        """Compare Odoo's running balances with the bank's booked balances.

        :param open.banking.fetch run: the one that has just read the bank's balance
        """
        for account in self.filtered("journal_id"):
            account.write(account._proof_values(run or account.fetch_ids.browse()))

    def _proof_values(self, run):
        checkpoint = self.checkpoint
        books = self._books_balance(run)
        told = self.has_booked_balance and books is not None
        known = checkpoint and checkpoint == self.checkpoint
        known = known and run and told and self._is_known_difference(books)
        if run and told and self._is_off(books) and not known:
            books = self._books_balance()  # with every line, before anybody is told
        if books is None and not self._has_rows():
            books = self.booked_balance  # nothing to book, nothing to differ
        state, difference, differs_from = "unknown", 0.0, False
        if self.has_booked_balance and books is not None:
            difference = self.currency_id.round(self.booked_balance - books)
            differs = self._is_off(books)
            state = "differs" if differs else "equal"
            if known:
                differs_from = self.differs_from
            elif differs:
                differs_from = self._first_difference(run)
        return {
            "books_balance": books or 0.0,
            "proof_state": state,
            "difference": difference,
            "differs_from": differs_from,
        }

    def _is_off(self, books):
        return bool(self.currency_id.compare_amounts(self.booked_balance, books))

    def _is_known_difference(self, books):
        """Tell whether a large journal differs by just what was found before.

        To find the day anew at each run would take as long as all else together. It
        is looked for again when all lines are counted again.
        """
        difference = self.booked_balance - books
        same = not self.currency_id.compare_amounts(self.difference, difference)
        return self.proof_state == "differs" and same and self._is_off(books)

    def _has_rows(self):
        rows = self.env["open.banking.transaction"]
        return bool(rows.search_count([("account_id", "=", self.id)], limit=1))

    def _first_difference(self, run):
        """Return the first day on which the bank's balance is not the books'.

        Each day's last running balance tells, as the bank sent it. On other days the
        balance of the account tells, but only that of runs since which the two never
        agreed: what a run once lacked may have come with the next one.
        """
        read = self._differing_reads(run)
        said = self._bank_days()
        books = self._books_days()
        begin = self._books_begin()
        since = max(filter(None, [begin, self.start_date]), default=None)
        found = said and first_difference(read | said, books, since)
        if found and found == begin:
            return self._before_opening(said) or found
        return found or min(read, default=False)

    def _differing_reads(self, run):
        """Return the bank's balance by day, of the runs since the two last agreed.

        :rtype: dict[date, Decimal]
        """
        runs = [
            ("account_id", "=", self.id),
            ("journal_id", "=", self.journal_id.id),
            ("state", "=", "done"),
        ]
        agreed = [*runs, ("difference", "=", 0)]
        last = run.search(agreed, order="id desc", limit=1)
        differing = run.search([*runs, ("id", ">", last.id or 0)], order="id") | run
        return {each._bank_day(): self._exact(each.bank_balance) for each in differing}

    def _difference_text(self):
        """Say since when the balance is not the bank's, and by how much."""
        self.ensure_one()
        amount = formatLang(self.env, self.difference, currency_obj=self.currency_id)
        if not self.differs_from:
            return self.env._(
                "The balance is not the bank's (difference %(amount)s).", amount=amount
            )
        return self.env._(
            "The balance is not the bank's since %(day)s (difference %(amount)s).",
            day=format_date(self.env, self.differs_from, date_format="long"),
            amount=amount,
        )

    def _exact(self, amount):
        """Return a stored amount as the Decimal that stands in the database."""
        return Decimal(f"{amount:.{self.currency_id.decimal_places}f}")

    def _books_days(self):
        """Return the books' balance at the end of the days that have lines.

        As core computes the running balance, which begins anew at each statement. In
        SQL, as core does: the ORM would load every line of the journal.

        :rtype: dict[date, Decimal]
        """
        for model in (
            "account.bank.statement",
            "account.bank.statement.line",
            "account.move",
        ):
            self.env[model].flush_model()
        query = SQL(
            """
            WITH lines AS (
                SELECT line.internal_index, move.date, statement.balance_start,
                       CASE WHEN move.state = 'posted' THEN line.amount END AS amount,
                       COUNT(statement.id) OVER (ORDER BY line.internal_index) AS part
                  FROM account_bank_statement_line line
                  JOIN account_move move ON move.id = line.move_id
             LEFT JOIN account_bank_statement statement
                    ON statement.id = line.statement_id
                   AND statement.first_line_index = line.internal_index
                 WHERE line.journal_id = %s
            ), running AS (
                SELECT internal_index, date,
                       COALESCE(MAX(balance_start) OVER (PARTITION BY part), 0)
                       + COALESCE(SUM(amount) OVER (
                           PARTITION BY part ORDER BY internal_index
                       ), 0) AS balance
                  FROM lines
            )
            SELECT DISTINCT ON (date) date, balance::text
              FROM running
          ORDER BY date, internal_index DESC
            """,
            self.journal_id.id,
        )
        return {day: Decimal(end) for day, end in self.env.execute_query(query)}

    def _before_opening(self, said):
        """Return the last day before the opening of which the bank told a balance, when
        it is not the one the books begin with.

        :param dict said: the bank's balances by day
        :rtype: date | None
        """
        opening = self.opening_statement_id
        begin = opening.line_ids.sorted("internal_index")[:1].date
        start = self.start_date or date.min
        days = [day for day in said if begin and start <= day < begin]
        last = max(days, default=None)
        if last and said[last] != self._exact(opening.balance_start):
            return last
        return None

    def _books_begin(self):
        """Return the day from which the books can be compared with the bank.

        Where we made the opening, nothing stands before it. The journal of somebody
        who kept his books by hand before goes farther back than the feed.
        """
        lines = self.env["account.bank.statement.line"]
        opening = self.opening_statement_id.line_ids
        first = opening.sorted("internal_index") or lines.search(
            [("journal_id", "=", self.journal_id.id), ("state", "=", "posted")],
            order="internal_index",
            limit=1,
        )
        return first[:1].date
