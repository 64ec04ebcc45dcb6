from time import monotonic

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..models.error_words import words
from ..models.notification import CLOSE, notification
from ..models.open_banking_transaction_preview import MAX_SECONDS


class OpenBankingFetchRequest(models.TransientModel):
    """Which days of which accounts a user wants to fetch."""

    _name = "open.banking.fetch.request"
    _description = "Fetch Transactions"

    account_ids = fields.Many2many(
        "open.banking.account",
        string="Accounts",
        required=True,
        domain="[('journal_id', '!=', False)]",
    )
    date_from = fields.Date(
        string="From", required=True, default=lambda self: self._first_day()
    )
    date_to = fields.Date(
        string="To", required=True, default=lambda self: self._today()
    )
    line_ids = fields.One2many(
        "open.banking.fetch.request.line", "request_id", readonly=True
    )

    @api.depends("date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Fetch transactions")

    @api.model
    def _first_day(self):
        """Suggest the days that Odoo would read by itself."""
        ids = self.env.context.get("default_account_ids") or []
        accounts = self.env["open.banking.account"].browse(ids)
        accounts.check_access("read")
        windows = [account._usual_window() for account in accounts]
        return min((first for first, _last in windows), default=self._today())

    @api.model
    def _today(self):
        return self.env["open.banking.fetch"]._bank_today()

    def action_fetch(self):
        """Let the scheduled job read the days, and say so."""
        self.ensure_one()
        self.account_ids._ask_for((self.date_from, self.date_to))
        message = self.env._(
            "The transactions are being fetched in the background. The bank "
            "log shows what they brought."
        )
        return notification("info", message, CLOSE)

    def action_preview(self):
        """Read the bank now, store nothing, and show what a fetch would do."""
        self.ensure_one()
        if not self.account_ids:
            raise UserError(self.env._("Choose an account first."))
        deadline = monotonic() + MAX_SECONDS
        window = (self.date_from, self.date_to)
        lines = []
        for account in self.account_ids:
            preview = account._preview(window, deadline)
            lines.append(self._line_values(account, preview))
        self.line_ids.unlink()
        self.env["open.banking.fetch.request.line"].create(lines)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_fetch_request_action"
        )
        return {**action, "res_id": self.id}

    def _line_values(self, account, preview):
        return {
            "request_id": self.id,
            "account_name": account.display_name,
            "new_count": preview.new,
            "known_count": preview.known,
            "changed_count": preview.changed,
            "withdrawn_count": preview.withdrawn,
            "held_count": preview.held.total(),
            "before_start_count": preview.before_start,
            "locked_day_count": len(preview.locked_days),
            "remarks": "\n".join(self._remarks(preview)),
        }

    def _remarks(self, preview):
        """Say in sentences what the numbers alone do not tell."""
        if not preview.is_complete:
            yield self.env._(
                "The list is long and was not read to its end: there are at least so "
                "many. Fetching reads all of it."
            )
        for code, count in preview.held.most_common():
            yield self.env._(
                "%(count)s held: %(reason)s", count=count, reason=words(self.env, code)
            )
        if preview.locked_days:
            days = [format_date(self.env, day) for day in preview.locked_days]
            yield self.env._(
                "Locked days from %(first)s to %(last)s.", first=days[0], last=days[-1]
            )
        if preview.before_start:
            yield self.env._(
                "%(count)s are dated before the start date and would be booked.",
                count=preview.before_start,
            )


class OpenBankingFetchRequestLine(models.TransientModel):
    """What a preview has found for one account."""

    _name = "open.banking.fetch.request.line"
    _description = "Preview of Fetched Transactions"

    request_id = fields.Many2one(
        "open.banking.fetch.request", required=True, ondelete="cascade", index=True
    )
    # In words, not as a link: a forged line must not show another company's account.
    account_name = fields.Char(string="Account")
    new_count = fields.Integer(string="New")
    known_count = fields.Integer(string="Already Known")
    changed_count = fields.Integer(string="Changed")
    withdrawn_count = fields.Integer(string="Withdrawn")
    held_count = fields.Integer(string="Would Be Held")
    before_start_count = fields.Integer(string="Before Start Date")
    locked_day_count = fields.Integer(string="Locked Days")
    remarks = fields.Text()
