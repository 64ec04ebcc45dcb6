from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..feed import strip
from ..feed.strip import Balances, Day
from ..feed.windows import HISTORY

ZERO = Decimal(0)


class Movements(NamedTuple):
    """Money in and out of a day, or of many: amounts in the account's currency."""

    count_in: int = 0
    sum_in: Decimal = ZERO
    count_out: int = 0
    sum_out: Decimal = ZERO

    @property
    def count(self):
        return self.count_in + self.count_out

    @property
    def total(self):
        return self.sum_in + self.sum_out

    @classmethod
    def of(cls, parts):
        """Add up the movements of many days."""
        return cls(*map(sum, zip(*parts, strict=True))) if parts else cls()


class DayFacts(NamedTuple):
    """What is known of one day of one account."""

    day: Day
    lines: Movements  # in the books
    rows: Movements  # booked at the bank
    held: int
    left_out: int
    is_locked: bool


class DayRange(NamedTuple):
    """The days of a span, and what led to them."""

    facts: list[DayFacts]
    earlier: list[Day]  # the days before the span, as far as anything is known
    begin: date | None  # the day from which the books can be compared
    undated: int  # held rows to which the bank gave no day


class OpenBankingAccount(models.Model):
    """Day by day: covered by which run, and do the books agree with the bank?"""

    _inherit = "open.banking.account"

    def _days(self, first, last):
        """Say of each day what is known of it, with the same few queries for any span.

        :param date first: first day
        :param date last: last day
        :rtype: DayRange
        """
        self.ensure_one()
        told, books = self._bank_days(), {}
        if self.journal_id:
            books = self._books_days()
        lines = self._line_movements(first, last)
        rows, moved, undated = self._row_movements(first, last)
        begin = self._books_begin() if books else None
        days = self._chain_of_days(first, last, told, moved, books, begin)
        locked_until = self._locked_until()
        facts = [
            DayFacts(
                day,
                lines.get(day.date, Movements()),
                *rows.get(day.date, (Movements(), 0, 0)),
                locked_until is not None and day.date <= locked_until,
            )
            for day in days
            if day.date >= first
        ]
        earlier = [day for day in days if day.date < first]
        return DayRange(facts, earlier, begin or None, undated)

    def _chain_of_days(self, first, last, told, moved, books, begin):
        """Follow both balances from the first day that tells anything."""
        since = max(filter(None, [begin, self.start_date]), default=None)
        parts_at_once = begin and since == begin and told.get(begin) != books.get(begin)
        balances = Balances(
            told=told,
            moved=moved,
            read=self._balances_read(),
            books=books,
            since=since if books else None,
            before=self._before_opening(told) if parts_at_once else None,
        )
        origin = min([first, *told, *books])
        readers = {
            start + strip.A_DAY * n: run
            for start, end, run in self._coverage(origin, last)[0]
            for n in range((end - start).days + 1)
        }
        today = self.env["open.banking.fetch"]._bank_today()
        return list(
            strip.days_of(origin, last, today, self._expected_from(), readers, balances)
        )

    def _expected_from(self):
        """Return the first day that ought to be covered; None when none ought to."""
        if not self.journal_id:
            return None
        today = self.env["open.banking.fetch"]._bank_today()
        return self.start_date or today - HISTORY

    def _balances_read(self):
        """Return the bank's balance as runs have read it, and whether it differed.

        Only of runs since the two last agreed: see `_first_difference`.

        :rtype: dict[date, tuple[Decimal, bool]]
        """
        runs = self.env["open.banking.fetch"].search_fetch(
            [
                ("account_id", "=", self.id),
                ("journal_id", "=", self.journal_id.id),
                ("state", "=", "done"),
            ],
            ["bank_balance", "difference", "has_bank_balance", "started_on"],
            order="id",
        )
        agreed = max((run.id for run in runs if not run.difference), default=0)
        return {
            run._bank_day(): (self._exact(run.bank_balance), run.id > agreed)
            for run in runs
            if run.has_bank_balance
        }

    def _locked_until(self):
        """Return the last day that the company has closed, None without any."""
        company = self.company_id
        locks = company._get_violated_lock_dates(date.min, False, self.journal_id)
        return max((day for day, _field in locks), default=None)

    def _line_movements(self, first, last):
        """Return the movements in the books by day.

        In SQL: money in and out apart, and each sum exactly as it stands there.

        :rtype: dict[date, Movements]
        """
        for model in ("account.bank.statement.line", "account.move"):
            self.env[model].flush_model()
        query = SQL(
            """
            SELECT move.date,
                   COUNT(*) FILTER (WHERE line.amount >= 0),
                   COALESCE(SUM(line.amount) FILTER (WHERE line.amount >= 0), 0)::text,
                   COUNT(*) FILTER (WHERE line.amount < 0),
                   COALESCE(SUM(line.amount) FILTER (WHERE line.amount < 0), 0)::text
              FROM account_bank_statement_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.journal_id = %s AND move.state = 'posted'
               AND move.date BETWEEN %s AND %s
          GROUP BY move.date
            """,
            self.journal_id.id or 0,
            first,
            last,
        )
        rows = self.env.execute_query(query)
        return {day: self._movements(*moved) for day, *moved in rows}

    def _row_movements(self, first, last):
        """Return what the bank booked by day, and how many rows are held, left out.

        In SQL, as above.

        :return: movements, held and left out by day of the span; all days on which the
            bank booked anything; how many held rows have no day
        :rtype: tuple[dict[date, tuple[Movements, int, int]], set[date], int]
        """
        self.env["open.banking.transaction"].flush_model()
        query = SQL(
            """
            SELECT date,
                   COUNT(*) FILTER (WHERE state = 'booked'),
                   COUNT(*) FILTER (WHERE booking_state = 'held'),
                   COUNT(*) FILTER (WHERE booking_state = 'left_out'),
                   COUNT(*) FILTER (WHERE state = 'booked' AND amount >= 0),
                   COALESCE(SUM(amount) FILTER (
                       WHERE state = 'booked' AND amount >= 0), 0)::text,
                   COUNT(*) FILTER (WHERE state = 'booked' AND amount < 0),
                   COALESCE(SUM(amount) FILTER (
                       WHERE state = 'booked' AND amount < 0), 0)::text
              FROM open_banking_transaction
             WHERE account_id = %s
          GROUP BY date
            """,
            self.id,
        )
        days, moved, undated = {}, set(), 0
        for day, booked, held, left_out, *sums in self.env.execute_query(query):
            if day is None:
                undated = held
                continue
            if booked:
                moved.add(day)
            if first <= day <= last:
                days[day] = (self._movements(*sums), held, left_out)
        return days, moved, undated

    def _movements(self, count_in, sum_in, count_out, sum_out):
        return Movements(count_in, Decimal(sum_in), count_out, Decimal(sum_out))

    # === ACTIONS === #

    def action_open_day(self, day):
        """Open a day's statement lines; without any, the run that covered it.

        :param str day: as a date is written in JSON
        """
        self.ensure_one()
        self.check_access("read")
        try:
            day = fields.Date.to_date(day)
        except ValueError:
            day = None
        if not day:
            raise UserError(self.env._("This is no day."))
        on_day = [("journal_id", "=", self.journal_id.id), ("date", "=", day)]
        lines = self.env["account.bank.statement.line"]
        if self.journal_id and lines.search_count(on_day, limit=1):
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "account_mastercard_open_banking.account_bank_statement_line_action"
            )
            return {**action, "domain": on_day, "context": {}}
        spans, _gaps = self._coverage(day, day)
        if not spans:
            raise UserError(
                self.env._("There are no lines on this day, and no run has read it.")
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "open.banking.fetch",
            "res_id": spans[0][2].id,
            "views": [(False, "form")],
        }
