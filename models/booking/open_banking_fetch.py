from odoo import fields, models

from ...const import CHUNK_SIZE, SET_SIZE
from .fast import BATCHED, FEW_LINES, REPLICATED, NotProven

WAYS = [
    ("replicated", "All at once, proven against Odoo's own"),
    ("batched", "In batches by Odoo"),
    ("core", "One by one by Odoo"),
]


class ResCompany(models.Model):
    _inherit = "res.company"

    open_banking_booking_way = fields.Selection(
        WAYS, string="Making Statement Lines", default=REPLICATED, required=True
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    open_banking_booking_way = fields.Selection(
        related="company_id.open_banking_booking_way", readonly=False, required=True
    )


class OpenBankingFetch(models.Model):
    """How a run made its lines, and why not in a faster way."""

    _inherit = "open.banking.fetch"

    replicated_count = fields.Integer(string="Made All at Once")
    batched_count = fields.Integer(string="Made in Batches")
    core_count = fields.Integer(string="Made One by One")
    way_reason = fields.Char(string="Why Not Faster")

    def _book_chunk(self):
        """Book the next rows; False when none is left."""
        account = self.account_id
        way = self._booking_way()
        rows = self.env["open.banking.transaction"]._next_to_book(
            account, SET_SIZE if way == REPLICATED else CHUNK_SIZE
        )
        if not rows:
            return False
        try:
            with self.env.cr.savepoint():  # rows that are held are not counted yet
                booked = rows._book(self, way)
        except NotProven as doubt:
            # So many lines take core too long for one unit of work.
            self.way_reason = str(doubt)
            return True
        self.booked_count += len(booked)
        self.held_count += len(rows) - len(booked)
        dates = [account.last_transaction_on, *booked.mapped("date")]
        account.last_transaction_on = max(filter(None, dates), default=False)
        return True

    def _booking_way(self):
        """The way to try first: what proved impossible is not tried again in a run."""
        wanted = self.account_id.company_id.open_banking_booking_way
        failed = self.way_reason and self.way_reason != FEW_LINES
        return BATCHED if wanted == REPLICATED and failed else wanted

    def _note_way(self, made):
        """Count lines by the way in which they were made.

        :param fast.Made made: as `create_lines` returned it
        """
        counter = f"{made.way}_count"
        self[counter] += len(made.lines)
        if made.reason:
            self.way_reason = self.way_reason or made.reason
