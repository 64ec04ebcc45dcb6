import json
from decimal import Decimal

from odoo import api, fields, models

from ..bank_api import raw_json

INDENT = "  "


def pretty(value, depth=0):
    """Write a parsed JSON value over several lines; numbers stay digit by digit.

    :rtype: str
    """
    inner, outer = INDENT * (depth + 1), INDENT * depth
    if isinstance(value, dict) and value:
        parts = [
            f"{inner}{raw_json(name)}: {pretty(each, depth + 1)}"
            for name, each in value.items()
        ]
        return "{\n" + ",\n".join(parts) + f"\n{outer}}}"
    if isinstance(value, list) and value:
        parts = [f"{inner}{pretty(each, depth + 1)}" for each in value]
        return "[\n" + ",\n".join(parts) + f"\n{outer}]"
    return raw_json(value)


class OpenBankingTransaction(models.Model):
    """What the bank sent, readable for whoever supports the feed."""

    _inherit = "open.banking.transaction"

    provider_name = fields.Char(related="account_id.provider_name", string="Bank")
    raw_pretty = fields.Text(string="Raw Data", compute="_compute_pretty")
    previous_raw_pretty = fields.Text(
        string="Raw Data Before", compute="_compute_pretty"
    )
    correlation_id = fields.Char(
        string="Mastercard's Reference", related="last_fetch_id.correlation_id"
    )

    @api.depends("raw", "previous_raw")
    def _compute_pretty(self):
        for row in self:
            row.raw_pretty = self._pretty(row.raw)
            row.previous_raw_pretty = self._pretty(row.previous_raw)

    @api.model
    def _pretty(self, text):
        if not text:
            return False
        try:
            return pretty(json.loads(text, parse_float=Decimal))
        except ValueError:
            return text  # whatever it is, it is shown
