from odoo import api, fields, models


class OpenBankingErasure(models.TransientModel):
    """Says what erasing bank data removes and what stays, and does it."""

    _name = "open.banking.erasure"
    _description = "Erase Bank Data"

    consent_ids = fields.Many2many("open.banking.consent", readonly=True)
    account_ids = fields.Many2many(
        "open.banking.account", compute="_compute_what", string="Accounts"
    )
    deleted_count = fields.Integer(compute="_compute_what")
    cleared_count = fields.Integer(compute="_compute_what")
    booked_count = fields.Integer(compute="_compute_what")

    @api.depends("consent_ids")
    def _compute_what(self):
        for wizard in self:
            accounts = wizard.consent_ids.account_ids
            wizard.account_ids = accounts
            deleted, cleared, booked = accounts._rows_by_fate()
            wizard.deleted_count = deleted
            wizard.cleared_count = cleared
            wizard.booked_count = booked

    def action_confirm(self):
        """Erase. It cannot be undone."""
        self.ensure_one()
        self.consent_ids._erase()
        return {"type": "ir.actions.act_window_close"}
