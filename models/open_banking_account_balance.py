from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

# From so many lines on, not all are counted at each run, but once a day.
MANY_LINES = 50_000
COUNTED_WITHIN = timedelta(hours=23)
STILL_MOVING = timedelta(days=14)


class OpenBankingAccount(models.Model):
    """The bank's balances by day and the books' running balance, out of rows and lines
    that may be a million: PostgreSQL adds them up, and none of them comes to Python."""

    _inherit = "open.banking.account"

    # Of a journal with very many lines only the newest are added up at each run.
    checkpoint = fields.Json(readonly=True, copy=False)

    def _books_balance(self, run=None):
        """Return Odoo's running balance of the journal, as core shows it.

        Core computes it from all lines behind the beginning of the last statement, and
        loads them all.

        :param open.banking.fetch run: at its end the checkpoint of a large journal
            will do; in all other cases every line is counted
        :rtype: float | None
        """
        last = self._last_index()
        if not last:
            return None
        anchor = self._anchor(last)
        known = run and self._balance_at_checkpoint(run, anchor)
        if known:
            _count, moved, _moved = self._posted_between(known[0], last)
            return float(known[1] + moved)
        first, balance = anchor
        day = fields.Date.to_date(f"{last[:4]}-{last[4:6]}-{last[6:8]}") - STILL_MOVING
        count, moved, before = self._posted_between(first, last, f"{day:%Y%m%d}")
        is_large = count >= MANY_LINES
        self._set_checkpoint(anchor, day, balance + before if is_large else None)
        return float(balance + moved)

    def _balance_at_checkpoint(self, run, anchor):
        """Return where to begin counting, and the balance there, unless it is too old
        or the run has booked something before it.

        :rtype: tuple[str, Decimal] | None
        """
        known = self.checkpoint or {}
        if known.get("anchor") != [anchor[0], str(anchor[1])]:
            return None
        age = fields.Datetime.now() - fields.Datetime.to_datetime(known["counted_on"])
        late = [
            ("booked_fetch_id", "=", run.id),
            *("|", ("date", "<", known["day"]), ("booking_date", "<", known["day"])),
        ]
        rows = self.env["open.banking.transaction"]
        if age > COUNTED_WITHIN or rows.search_count(late, limit=1):
            return None
        return known["day"].replace("-", ""), Decimal(known["balance"])

    def _set_checkpoint(self, anchor, day, balance):
        """Keep the balance some days before the last line.

        :param tuple anchor: as from `_anchor`
        :param date day: the first that is not in the balance
        :param Decimal balance: None where there are too few lines
        """
        if balance is not None and anchor[0] < f"{day:%Y%m%d}":
            self.checkpoint = {
                "anchor": [anchor[0], str(anchor[1])],
                "balance": str(balance),
                "counted_on": fields.Datetime.to_string(fields.Datetime.now()),
                "day": day.isoformat(),
            }
        elif self.checkpoint:
            self.checkpoint = False

    def _companies(self):
        """Return the ids of the companies whose lines core counts in the journal."""
        companies = self.env["res.company"].sudo()
        return companies.search([("id", "child_of", self.company_id.id)]).ids

    def _last_index(self):
        """Return the index of the last posted line of the journal.

        In SQL, company by company: so core's index serves it.

        :rtype: str | None
        """
        for model in ("account.bank.statement.line", "account.move"):
            self.env[model].flush_model()
        query = SQL(
            """
            SELECT MAX(last.internal_index)
              FROM unnest(%s) AS company(id), LATERAL (
                   SELECT line.internal_index
                     FROM account_bank_statement_line line
                     JOIN account_move move ON move.id = line.move_id
                    WHERE line.journal_id = %s AND line.company_id = company.id
                      AND move.state = 'posted'
                 ORDER BY line.internal_index DESC
                    LIMIT 1) AS last
            """,
            self._companies(),
            self.journal_id.id,
        )
        return self.env.execute_query(query)[0][0]

    def _anchor(self, index):
        """Return the line from which core counts the running balance of a line.

        :param str index: of that line
        :return: index of the first line that counts, and the balance before it
        :rtype: tuple[str, Decimal]
        """
        statements = self.env["account.bank.statement"]
        statements.flush_model(["first_line_index", "balance_start", "journal_id"])
        query = SQL(
            """
            SELECT statement.first_line_index,
                   COALESCE(statement.balance_start, 0)::text
              FROM account_bank_statement statement
             WHERE statement.journal_id = %(journal)s
               AND statement.first_line_index <= %(index)s
               AND (statement.first_line_index < %(index)s OR EXISTS (
                   SELECT FROM account_bank_statement_line line
                    WHERE line.statement_id = statement.id
                      AND line.internal_index = statement.first_line_index))
          ORDER BY statement.first_line_index DESC
             LIMIT 1
            """,
            journal=self.journal_id.id,
            index=index,
        )
        found = self.env.execute_query(query)
        return (found[0][0], Decimal(found[0][1])) if found else ("", Decimal(0))

    def _posted_between(self, first, last, middle=""):
        """Return how many lines the journal has from one index to another, both ends
        included, the sum of those that are posted, and of those up to the middle.

        :rtype: tuple[int, Decimal, Decimal]
        """
        query = SQL(
            """
            SELECT COUNT(*), COALESCE(SUM(line.amount) FILTER (
                             WHERE move.state = 'posted'), 0)::text,
                   COALESCE(SUM(line.amount) FILTER (
                             WHERE move.state = 'posted'
                               AND line.internal_index <= %s), 0)::text
              FROM account_bank_statement_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.journal_id = %s
               AND line.company_id = ANY(%s)
               AND line.internal_index BETWEEN %s AND %s
            """,
            middle,
            self.journal_id.id,
            self._companies(),
            first,
            last,
        )
        count, moved, before = self.env.execute_query(query)[0]
        return count, Decimal(moved), Decimal(before)

    def _bank_days(self):
        """Return the bank's balance at the end of the days on which it told any.

        A row that was booked late may stand in the wrong place of its day. So where
        the balances alone tell how a day ended, they do: the end is the balance from
        which no other row of the day goes on. Else it is the last row's.

        :rtype: dict[date, Decimal]
        """
        self.env["open.banking.transaction"].flush_model()
        query = SQL(
            """
            WITH told AS (
                SELECT id, date, bank_order, balance, amount
                  FROM open_banking_transaction
                 WHERE account_id = %s AND state = 'booked' AND has_balance
                   AND date IS NOT NULL
            ), steps AS (
                SELECT date, balance, 1 AS step FROM told
             UNION ALL
                SELECT date, balance - amount, -1 FROM told
            ), loose AS (
                SELECT date, balance FROM steps
              GROUP BY date, balance HAVING SUM(step) > 0
            ), ends AS (
                SELECT date, MIN(balance) AS balance FROM loose
              GROUP BY date HAVING COUNT(*) = 1
            )
            SELECT DISTINCT ON (told.date)
                   told.date, COALESCE(ends.balance, told.balance)::text
              FROM told
         LEFT JOIN ends ON ends.date = told.date
          ORDER BY told.date, told.bank_order DESC, told.id DESC
            """,
            self.id,
        )
        return {day: Decimal(end) for day, end in self.env.execute_query(query)}
