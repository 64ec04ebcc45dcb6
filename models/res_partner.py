from odoo import fields, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    open_banking_consent_count = fields.Integer(
        compute="_compute_open_banking_consent_count"
    )

    def _compute_open_banking_consent_count(self):
        """Count the consents a contact has given; 0 for who may not see any."""
        consents = self.env["open.banking.consent"]
        counts = {}
        if consents.has_access("read"):
            counts = dict(
                consents._read_group(
                    [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
                )
            )
        for partner in self:
            partner.open_banking_consent_count = counts.get(partner, 0)

    def action_open_banking_consents(self):
        """Show the bank consents this contact has given."""
        self.ensure_one()
        self.check_access("read")
        self.env["open.banking.consent"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_consent_action"
        )
        domain = [("partner_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}

    def action_open_banking_export(self):
        """Download what is held about this contact as one who gave a consent."""
        return self._open_banking_consents().action_export()

    def action_open_banking_erase(self):
        """Ask before the bank data of this contact is erased."""
        return self._open_banking_consents().action_erase()

    def _open_banking_consents(self):
        self.check_access("read")
        consents = self.env["open.banking.consent"].search(
            [("partner_id", "in", self.ids)]
        )
        if not consents:
            raise UserError(self.env._("This contact has given no bank consent."))
        return consents
