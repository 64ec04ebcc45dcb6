import psycopg2
from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...const import CHUNK_SIZE
from .fast import create_lines
from .statement_lines import line_values, partners_by_account_number

# What booking needs of its rows, in one query: not what the bank sent, word for word.
BOOKING_FIELDS = (
    "account_id",
    "amount",
    "approved",
    "bank_amount",
    "bank_type",
    "booking_date",
    "booking_state",
    "company_id",
    "counterpart_account",
    "counterpart_name",
    "currency_id",
    "date",
    "exchange_rate",
    "message",
    "original_amount",
    "original_currency_id",
    "original_text",
    "references",
    "text",
    "value_date",
)


class OpenBankingTransaction(models.Model):
    """From the feed to the books."""

    _inherit = "open.banking.transaction"

    @api.model
    def _next_to_book(self, account, limit):
        """Return the oldest rows that wait for being booked."""
        return self.search_fetch(
            [("account_id", "=", account.id), ("booking_state", "=", "to_book")],
            BOOKING_FIELDS,
            order="date, bank_order, id",
            limit=limit,
        )

    def _book(self, run=None, way=None):
        """Make statement lines of these rows; hold what cannot be booked.

        :param open.banking.fetch run: the run this is done in, if any
        :param str way: how to make the lines (see `fast`), else the company's choice
        :return: the rows that are in the books now
        :raise NotProven: when there are too many rows for another way
        """
        way = way or self.company_id.open_banking_booking_way
        locked = self._locked()
        locked._hold("locked_period")
        lines = self.env["account.bank.statement.line"]
        fed = [("journal_id", "=", self.account_id.journal_id.id)]
        had_lines = lines.search_count(fed, limit=1)
        there = (self - locked)._already_there()
        booked = (self - locked - there)._book_or_hold(run, way)
        self.account_id._keep_opening(booked, had_lines)
        return booked | there.filtered(lambda row: row.booking_state == "booked")

    def _locked(self):
        """Return the rows whose day the company has closed."""
        company, journal = self.account_id.company_id, self.account_id.journal_id
        days = {row: row.booking_date or row.date for row in self}
        closed = {
            day
            for day in set(days.values())
            if company._get_violated_lock_dates(day, False, journal)
        }
        return self.filtered(lambda row: days[row] in closed)

    def _already_there(self):
        """Find the rows whose payment is in the journal without them: typed by hand,
        from a file, or from another feed.

        Where there is no doubt and the company wants it so, the row takes the line;
        else it is held for the user to say.

        :return: the rows that need no line of their own, at least not now
        """
        rows = self.filtered(lambda row: not row.approved)
        payments = {row: (row.date, row._exact(row.amount)) for row in rows}
        found = self.account_id._lines_alike(payments) if rows else {}
        unasked = rows.company_id.open_banking_adopt_lines
        for row, (line, is_sure) in found.items():
            if unasked and is_sure:
                row._adopt(line)
            else:
                row.similar_line_id = line
                row._hold("looks_like_line")
        return self.browse([row.id for row in found])

    def _book_or_hold(self, run, way):
        """Book these rows together; halve them until the row that fails stands alone.

        :return: the rows that are in the books now; the others are held
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                self._make_lines(run, way)
        except (UserError, psycopg2.DataError, psycopg2.IntegrityError) as error:
            self.env.invalidate_all()
            if len(self) == 1:
                self._hold("refused_by_odoo", str(error))
                return self.browse()
            half = len(self) // 2
            return self[:half]._book_or_hold(run, way) | self[half:]._book_or_hold(
                run, way
            )
        return self

    def _make_lines(self, run, way):
        company = self.account_id.company_id
        lines = self.env["account.bank.statement.line"].with_company(company).sudo()
        foreign = self.original_currency_id.sudo().filtered(lambda c: not c.active)
        foreign.active = True  # core books in active currencies only
        partners = partners_by_account_number(self)
        values = [line_values(row, partners) for row in self]
        falls_back = not run or len(self) <= CHUNK_SIZE
        made = create_lines(lines, values, way, falls_back)
        self._note_booked(run)
        if run:
            run._note_way(made)

    def _note_booked(self, run):
        """Note that these rows are in the books.

        One statement of SQL: the ORM takes a hundred rows at a time.
        """
        values = {
            "booking_state": "booked",
            "booked_fetch_id": run.id if run else None,
            "reason_code": None,
            "reason_detail": None,
            "bank_change": None,
        }
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE open_banking_transaction SET %s, write_uid = %s,"
                " write_date = %s WHERE id = ANY(%s)",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                self.env.uid,
                self.env.cr.now(),
                list(self.ids),
            )
        )
        self.invalidate_recordset([*values, "write_uid", "write_date"], flush=False)
        self.modified(list(values))

    def _hold(self, code, detail=False):
        self.write(
            {
                "booking_state": "held",
                "reason_code": code,
                "reason_detail": detail and detail[:500],
            }
        )
