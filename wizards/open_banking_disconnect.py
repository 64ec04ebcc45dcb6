from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.notification import CLOSE, notification


class OpenBankingDisconnect(models.TransientModel):
    """Says what disconnecting does, and does it."""

    _name = "open.banking.disconnect"
    _description = "Disconnect the Bank"

    consent_ids = fields.Many2many("open.banking.consent", readonly=True)
    account_ids = fields.Many2many(
        "open.banking.account", compute="_compute_what", string="Accounts"
    )
    contacts = fields.Char(compute="_compute_what")
    has_email = fields.Boolean(compute="_compute_what")
    hub_url = fields.Char(compute="_compute_what", string="Mastercard's Page")
    reason = fields.Char(help="For your own record. The customer does not see it.")
    tell_customer = fields.Boolean("Tell the customer by e-mail", default=True)

    @api.depends("consent_ids")
    def _compute_what(self):
        for wizard in self:
            partners = wizard.consent_ids.partner_id
            companies = wizard.consent_ids.company_id.sudo()
            wizard.account_ids = wizard.consent_ids.account_ids
            wizard.contacts = ", ".join(
                f"{partner.display_name} <{partner.email}>"
                if partner.email
                else partner.display_name
                for partner in partners
            )
            wizard.has_email = any(partners.mapped("email"))
            wizard.hub_url = companies[:1].open_banking_hub_url

    def action_confirm(self):
        """Disconnect: at once, or as soon as the reading that is at work stops."""
        self.ensure_one()
        consents = self.consent_ids
        consents._check_bookkeeper()
        if not consents:
            raise UserError(self.env._("The bank is not connected."))
        consents._disconnect(self.env.user, self.reason, self.tell_customer)
        waits = any(consent.state == "active" for consent in consents)
        done = self.env._("The bank is disconnected. The lines stay in the books.")
        later = self.env._(
            "Transactions are being read just now. Odoo disconnects the bank in a "
            "moment."
        )
        if waits:
            return notification("info", later, CLOSE)
        return notification("success", done, CLOSE)
