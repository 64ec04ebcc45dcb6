import hashlib
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from ..bank_api import PENDING, raw_json
from ..feed import (
    BankRow,
    KnownRow,
    Seen,
    booking_order,
    content_hash,
    families,
    family_of,
    match,
)
from .booking import line_values, partners_by_account_number
from .error_words import words

# Above this a PostgreSQL numeric still counts exactly, but Odoo's floats do not.
LARGEST_AMOUNT = Decimal(10) ** 13

# An id longer than this cannot stand in an index; its digest can.
LONGEST_ID = 200


class _Position(NamedTuple):
    """What the bank's order within a day is found from."""

    id: int
    date: date | None
    amount: Decimal | None
    balance: Decimal | None
    position: int


class OpenBankingTransaction(models.Model):
    """The feed: what the bank said, one row per transaction.

    Fetching can be repeated without touching the books, and booking without touching
    the network: pending rows, held rows and rows left out are states of a row.
    """

    _name = "open.banking.transaction"
    _description = "Transaction of a Bank Feed"
    _order = "date desc, bank_order desc, id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "open.banking.account", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="account_id.company_id", store=True, index=True
    )
    journal_id = fields.Many2one(related="account_id.journal_id")
    fetch_id = fields.Many2one(
        "open.banking.fetch",
        string="First Seen in",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    last_fetch_id = fields.Many2one(
        "open.banking.fetch",
        string="Last Seen in",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    external_id = fields.Char(string="Id at Mastercard", readonly=True)
    key = fields.Char(required=True, readonly=True)
    family = fields.Char(
        readonly=True, help="What the keys have in common that one id may get."
    )
    content_hash = fields.Char(readonly=True)
    date = fields.Date(readonly=True)
    value_date = fields.Date(readonly=True)
    amount = fields.Monetary(readonly=True)
    # Exactly as sent, also where it cannot be booked: a row is recognised by it.
    bank_amount = fields.Char(string="Amount as Sent", readonly=True)
    bank_currency = fields.Char(string="Currency as Sent", readonly=True)
    currency_id = fields.Many2one(related="account_id.currency_id", store=True)
    balance = fields.Monetary(string="Balance After", readonly=True)
    has_balance = fields.Boolean(readonly=True)
    original_currency_id = fields.Many2one("res.currency", readonly=True)
    original_amount = fields.Monetary(
        currency_field="original_currency_id", readonly=True
    )
    text = fields.Char(readonly=True)
    original_text = fields.Char(string="Bank's Own Text", readonly=True)
    message = fields.Char(readonly=True)
    counterpart_name = fields.Char(string="Counterpart", readonly=True)
    counterpart_account = fields.Char(readonly=True)
    bank_type = fields.Char(string="Kind", readonly=True)
    references = fields.Json(readonly=True)
    bank_order = fields.Integer(
        readonly=True, help="The bank's own order: within a day, the higher the later."
    )
    state = fields.Selection(
        [
            ("booked", "Booked at the bank"),
            ("pending", "Pending"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
    )
    booking_state = fields.Selection(
        [
            ("none", "Not yet"),
            ("to_book", "To book"),
            ("booked", "In the books"),
            ("held", "Held"),
            ("left_out", "Left out"),
        ],
        string="In the Books",
        default="none",
        required=True,
        readonly=True,
    )
    reason_code = fields.Char(readonly=True)
    reason_detail = fields.Char(readonly=True)
    reason = fields.Char(compute="_compute_reason")
    statement_line_ids = fields.One2many(
        "account.bank.statement.line",
        "open_banking_transaction_id",
        string="Statement Line",
        readonly=True,
    )
    raw = fields.Text(string="As the Bank Sent It", readonly=True)
    previous_raw = fields.Text(string="As It Was Before", readonly=True)

    _key_uniq = models.UniqueIndex(
        "(account_id, key)", "A transaction of the bank can stand in the feed once."
    )
    _family_idx = models.Index("(account_id, family)")
    _to_book_idx = models.Index(
        "(account_id, date, bank_order) WHERE booking_state = 'to_book'"
    )

    @api.depends("text", "date")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.date or '?'} {row.text or ''}".strip()

    @api.depends("reason_code", "reason_detail")
    @api.depends_context("lang")
    def _compute_reason(self):
        for row in self:
            parts = [words(self.env, row.reason_code), row.reason_detail]
            row.reason = " ".join(filter(None, parts))

    def _exact(self, amount):
        """Return a stored amount as the Decimal that stands in the database."""
        digits = self.currency_id.decimal_places
        return Decimal(f"{amount:.{digits}f}")

    # === FROM A PAGE TO THE FEED === #

    @api.model
    def _store_page(self, run, page):
        """Match a page of the bank's list against the feed, and store what is new.

        :param open.banking.fetch run: the reading this page belongs to
        :param bank_api.TransactionPage page: as Mastercard sent it
        :return: the counters of the run that grow, and by how much
        :rtype: dict[str, int]
        """
        account = run.account_id
        currencies = account._currencies(
            transaction.original_amount.currency
            for transaction in page.transactions
            if transaction.original_amount
        )
        said = {
            position: self._values(account, transaction, currencies)
            for position, transaction in enumerate(page.transactions, run.received_count)
        }
        bank_rows = [
            self._bank_row(
                account, transaction, position, said[position]["content_hash"]
            )
            for position, transaction in enumerate(page.transactions, run.received_count)
        ]
        known, seen = self._known_rows(run, bank_rows)
        found = match(bank_rows, known, seen=seen)
        self._create_rows(run, found.new, said)
        for pair in (*found.changed, *found.booked):
            pair.known.ref._change(run, said[pair.row.position])
        self._refs(found.withdrawn)._withdraw()
        self._refs((*found.known, *found.withdrawn)).last_fetch_id = run
        return {
            "new_count": len(found.new),
            "known_count": len(found.known) + len(found.ignored),
            "changed_count": len(found.changed) + len(found.booked),
            "withdrawn_count": len(found.withdrawn),
            "held_count": sum(
                said[pair.row.position]["booking_state"] == "held" for pair in found.new
            ),
        }

    @api.model
    def _refs(self, pairs):
        return self.union(*(pair.known.ref for pair in pairs))

    @api.model
    def _known_rows(self, run, bank_rows):
        """Look up the feed's rows that these rows may be, in one query.

        :return: the feed's rows for `match`, and which of them this very reading has
            brought on an earlier page
        """
        rows = self.search(
            [
                ("account_id", "=", run.account_id.id),
                ("family", "in", list(families(bank_rows))),
            ]
        )
        earlier = rows.filtered(lambda row: row.last_fetch_id == run)
        seen = Seen.of((row.key, row._as_bank_row()) for row in earlier)
        return [row._known_row() for row in rows], seen

    def _known_row(self):
        return KnownRow(
            key=self.key,
            payload_hash=self.content_hash or "",
            ref=self,
            **self._identity(),
        )

    def _as_bank_row(self):
        return BankRow(
            key_id=self.external_id or "",
            balance=self._exact(self.balance) if self.has_balance else None,
            **self._identity(),
        )

    def _identity(self):
        """What makes this row this transaction and no other, as the bank said it."""
        return {
            "date": self.date or None,
            "amount": Decimal(self.bank_amount) if self.bank_amount else None,
            "currency": self.bank_currency or "",
            "text": self.original_text or self.text or "",
            "state": self.state,
        }

    @api.model
    def _bank_row(self, account, transaction, position, payload_hash):
        """Return the row for matching: amount and currency as the feed keeps them,
        or a held row would be another one at each reading."""
        currency, amount = account.currency_id, transaction.amount
        if amount is not None or not transaction.is_deleted:
            kept = currency.round(float(amount or 0))
            amount = Decimal(f"{kept:.{currency.decimal_places}f}")
        external_id = transaction.id
        if len(external_id) > LONGEST_ID:
            external_id = hashlib.sha256(external_id.encode()).hexdigest()
        return BankRow(
            key_id=external_id,
            date=transaction.date,
            amount=amount,
            currency=currency.name,
            text=transaction.original_text or transaction.text,
            state=transaction.state,
            is_deleted=transaction.is_deleted,
            balance=transaction.balance,
            position=position,
            payload_hash=payload_hash,
        )

    @api.model
    def _values(self, account, transaction, currencies):
        """Return the field values of a feed row for what the bank sent.

        :param dict currencies: those of the original amounts, by code
        """
        original = transaction.original_amount
        content = {
            "date": transaction.date or False,
            "value_date": transaction.value_date or False,
            "amount": transaction.amount or Decimal(0),
            "bank_amount": transaction.amount is not None and f"{transaction.amount:f}",
            "bank_currency": transaction.currency,
            "original_currency_id": bool(original)
            and currencies.get(original.currency, account.currency_id.browse()).id,
            "original_amount": original.value if original else Decimal(0),
            "text": transaction.text,
            "original_text": transaction.original_text,
            "message": transaction.message,
            "counterpart_name": transaction.counterpart_name,
            "counterpart_account": transaction.counterpart_account,
            "bank_type": transaction.type,
            "references": dict(transaction.references),
            "state": transaction.state,
        }
        problem = self._problem(account, transaction)
        return {
            **content,
            # Not the running balance: a late booking moves it under every later row.
            "content_hash": content_hash({**content, "problem": problem}),
            "balance": transaction.balance or Decimal(0),
            "has_balance": transaction.balance is not None,
            "raw": raw_json(transaction.raw),
            **self._booking_values(account, transaction, problem),
        }

    @api.model
    def _problem(self, account, transaction):
        """Return the code of what keeps a row from being booked, or False."""
        if transaction.problems:
            return transaction.problems[0]
        currency = account.currency_id
        if transaction.currency != currency.name:
            return "currency_differs"
        if abs(transaction.amount) >= LARGEST_AMOUNT:
            return "amount_too_large"
        if transaction.amount != round(transaction.amount, currency.decimal_places):
            return "amount_precision"
        return False

    @api.model
    def _booking_values(self, account, transaction, problem):
        if transaction.state == PENDING:
            return {"booking_state": "none", "reason_code": False}
        if problem:
            return {"booking_state": "held", "reason_code": problem}
        if account.start_date and transaction.date < account.start_date:
            return {"booking_state": "left_out", "reason_code": "before_start"}
        return {"booking_state": "to_book", "reason_code": False}

    @api.model
    def _create_rows(self, run, pairs, said):
        self.create(
            [
                {
                    **said[pair.row.position],
                    "account_id": run.account_id.id,
                    "fetch_id": run.id,
                    "last_fetch_id": run.id,
                    "external_id": pair.row.key_id,
                    "key": pair.key,
                    "family": family_of(pair.key),
                    "bank_order": pair.row.position,
                }
                for pair in pairs
            ]
        )

    def _change(self, run, values):
        """Take over what the bank changed. What is in the books stays as it is."""
        settled = self.booking_state in ("booked", "left_out")
        if settled and self.reason_code != "withdrawn":
            values = {
                name: value
                for name, value in values.items()
                if name not in ("booking_state", "reason_code")
            }
        self.write({**values, "previous_raw": self.raw, "last_fetch_id": run.id})

    def _withdraw(self):
        """The bank took these rows back; what is in the books stays there."""
        self.write({"state": "withdrawn"})
        waiting = self.filtered(lambda row: row.booking_state in ("to_book", "held"))
        waiting.write({"booking_state": "left_out", "reason_code": "withdrawn"})

    @api.model
    def _drop_vanished_pending(self, run):
        """Pending rows are the bank's present list of them: the others are gone."""
        self.search(
            [
                ("account_id", "=", run.account_id.id),
                ("state", "=", "pending"),
                ("last_fetch_id", "!=", run.id),
            ]
        ).write({"state": "withdrawn"})

    @api.model
    def _set_bank_order(self, run):
        """Give the rows that a reading brought the bank's order, oldest lowest.

        One statement in SQL: a first reading brings thousands of rows.
        """
        self.flush_model(["bank_order", "balance", "amount", "date", "fetch_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, date, amount::text,
                       CASE WHEN has_balance THEN balance::text END, bank_order
                  FROM open_banking_transaction WHERE fetch_id = %s
                """,
                run.id,
            )
        )
        positions = [
            _Position(row[0], row[1], *(v and Decimal(v) for v in row[2:4]), row[4])
            for row in rows
        ]
        if not positions:
            return
        ids = [position.id for position in booking_order(positions)]
        self.env.execute_query(
            SQL(
                """
                UPDATE open_banking_transaction AS feed SET bank_order = ranked.rank
                  FROM unnest(%s) WITH ORDINALITY AS ranked(id, rank)
                 WHERE feed.id = ranked.id
             RETURNING feed.id
                """,
                ids,
            )
        )
        self.invalidate_model(["bank_order"])

    # === FROM THE FEED TO THE BOOKS === #

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

    def _lines(self):
        company = self.account_id.company_id
        return self.env["account.bank.statement.line"].with_company(company).sudo()

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
        self.write({"booking_state": "booked", "reason_code": False})

    def _hold(self, code, detail=False):
        self.write(
            {
                "booking_state": "held",
                "reason_code": code,
                "reason_detail": detail and detail[:500],
            }
        )

    def _anchor(self, opening):
        """Start Odoo's running balance at the bank's: a statement for the first line."""
        line = self.statement_line_ids
        statements = self.env["account.bank.statement"].with_company(line.company_id)
        statements.sudo().create(
            {
                "name": self.env._("Opening balance %(day)s", day=line.date),
                "line_ids": [Command.set(line.ids)],
                "balance_start": opening,
                "balance_end_real": opening + self._exact(self.amount),
            }
        )
