from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# The names under which the bank's details are kept, in the order of their use.
NAMES = {
    "message": _lt("Message"),
    "original_text": _lt("Bank's own text"),
    "reference": _lt("Reference"),
    "fik": _lt("Payment slip (FIK)"),
    "fik_creditor": _lt("Creditor number of the slip"),
    "rf": _lt("RF reference"),
    "creditorReference": _lt("Creditor's reference"),
    "kid": _lt("KID"),
    "norwegianKid": _lt("KID as sent"),
    "finnish": _lt("Finnish reference"),
    "finnishReference": _lt("Finnish reference as sent"),
    "finnishArchiveId": _lt("Archive id"),
    "endToEndId": _lt("End-to-end id"),
    "document": _lt("Document"),
    "sequenceNumber": _lt("Sequence number"),
    "terminal": _lt("Terminal"),
    "value_date": _lt("Value date"),
    "booking_date": _lt("Date at the bank"),
    "exchange_rate": _lt("Exchange rate"),
}
DAYS = ("value_date", "booking_date")
ROW = Markup("<tr><th class='pe-4 fw-normal text-muted'>%s</th><td>%s</td></tr>")
TABLE = Markup("<table class='table table-sm mb-0'><tbody>%s</tbody></table>")


class AccountBankStatementLine(models.Model):
    """What the bank said of a line, for a person to read."""

    _inherit = "account.bank.statement.line"

    open_banking_text = fields.Text(
        string="Bank's Text in Full", compute="_compute_open_banking_text"
    )
    open_banking_details = fields.Html(
        string="Details from the Bank",
        compute="_compute_open_banking_details",
        sanitize=False,  # made below, which escapes what it shows
    )

    @api.depends("payment_ref", "transaction_details")
    def _compute_open_banking_text(self):
        for line in self:
            details = line._open_banking_said()
            texts = (
                line.payment_ref,
                details.get("original_text"),
                details.get("message"),
            )
            said = dict.fromkeys(str(text) for text in texts if text)
            line.open_banking_text = "\n".join(said)

    @api.depends("transaction_details")
    @api.depends_context("lang")
    def _compute_open_banking_details(self):
        for line in self:
            details = line._open_banking_said()
            rows = [
                ROW % (line._open_banking_name(name), line._open_banking_shown(name))
                for name in sorted(details, key=line._open_banking_rank)
            ]
            line.open_banking_details = TABLE % Markup().join(rows) if rows else False

    def _open_banking_said(self):
        """Return the details as a dictionary: another import may keep other things."""
        details = self.transaction_details
        return details if isinstance(details, dict) else {}

    def _open_banking_name(self, name):
        known = NAMES.get(name)
        return self.env._(known) if known else name

    @api.model
    def _open_banking_rank(self, name):
        names = list(NAMES)
        return (names.index(name) if name in NAMES else len(names), name)

    def _open_banking_shown(self, name):
        value = self._open_banking_said()[name]
        return format_date(self.env, value) if name in DAYS else value

    def action_open_feed_row(self):
        """Show what the bank said of this line, as it stands in the feed."""
        self.ensure_one()
        self.check_access("read")
        row = self.open_banking_transaction_id
        row.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": row._name,
            "res_id": row.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
