from decimal import Decimal

from odoo import api, fields, models

from .error_words import words


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
        "open.banking.account",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,  # others begin with it as well, but Odoo's own checks want it
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    journal_id = fields.Many2one(related="account_id.journal_id")
    fetch_id = fields.Many2one(
        "open.banking.fetch",
        string="First Seen in",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    consent_id = fields.Many2one(
        related="fetch_id.consent_id", string="Read Under Consent"
    )
    last_fetch_id = fields.Many2one(
        "open.banking.fetch",
        string="Last Changed in",
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
    wire_hash = fields.Char(
        readonly=True, help="The bank's text by which the row is known unread."
    )
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
    exchange_rate = fields.Char(string="Rate as Sent", readonly=True)
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
    # The user looked at it: it is booked although it resembles something.
    approved = fields.Boolean(readonly=True)
    similar_id = fields.Many2one(
        "open.banking.transaction",
        string="Resembles",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    similar_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Resembles the Line",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    booking_date = fields.Date(
        string="Book On",
        readonly=True,
        help="Where the bank's own date lies in a locked period.",
    )
    booked_fetch_id = fields.Many2one(
        "open.banking.fetch",
        string="Booked in",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    bank_change = fields.Selection(
        [
            ("changed", "Changed by the bank"),
            ("withdrawn", "Withdrawn by the bank"),
            ("vanished", "No longer in the bank's list"),
        ],
        string="After Booking",
        readonly=True,
        help="What the bank did after the transaction was put into the books.",
    )
    difference = fields.Text(
        string="Line and Bank", compute="_compute_difference", compute_sudo=True
    )
    statement_line_ids = fields.One2many(
        "account.bank.statement.line",
        "open_banking_transaction_id",
        readonly=True,
    )
    raw = fields.Text(string="As the Bank Sent It", readonly=True)
    previous_raw = fields.Text(string="As It Was Before", readonly=True)

    _key_uniq = models.UniqueIndex(
        "(account_id, key)", "A transaction of the bank can stand in the feed once."
    )
    # Each index costs a write for every row: there are those that a query needs.
    _family_idx = models.Index("(account_id, family)")
    _day_idx = models.Index("(account_id, date)")
    _held_idx = models.Index("(account_id) WHERE booking_state = 'held'")
    _pending_idx = models.Index("(account_id) WHERE state = 'pending'")
    _raw_idx = models.Index(
        "(company_id, date) WHERE raw IS NOT NULL OR previous_raw IS NOT NULL"
    )
    _question_idx = models.Index("(account_id) WHERE bank_change IS NOT NULL")
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

    def _texts(self):
        """What the bank wrote, in the order in which it is good for a label."""
        return [text for text in (self.text, self.original_text, self.message) if text]

    def _label(self):
        return (self._texts() or ["/"])[0]

    def _exact(self, amount):
        """Return a stored amount as the Decimal that stands in the database."""
        digits = self.currency_id.decimal_places
        return Decimal(f"{amount:.{digits}f}")
