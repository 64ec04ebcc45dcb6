from odoo import api, fields, models

from ..const import CALLBACK_PATH

WRITE_ONLY = ("open_banking_client_secret", "open_banking_webhook_secret")


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    open_banking_environment = fields.Selection(
        related="company_id.open_banking_environment", readonly=False
    )
    open_banking_custom_url = fields.Char(
        related="company_id.open_banking_custom_url", readonly=False
    )
    open_banking_client_id = fields.Char(
        related="company_id.open_banking_client_id", readonly=False
    )
    # Write-only: what was entered is never sent back to a browser, and these fields
    # have no column in which it could stay in clear.
    open_banking_client_secret = fields.Char(
        compute="_compute_open_banking_secrets",
        inverse="_inverse_open_banking_secrets",
    )
    open_banking_webhook_secret = fields.Char(
        compute="_compute_open_banking_secrets",
        inverse="_inverse_open_banking_secrets",
    )
    open_banking_has_secret = fields.Boolean(compute="_compute_open_banking_secrets")
    open_banking_has_webhook_secret = fields.Boolean(
        compute="_compute_open_banking_secrets"
    )
    open_banking_consent_days = fields.Integer(
        related="company_id.open_banking_consent_days", readonly=False
    )
    open_banking_adopt_lines = fields.Boolean(
        related="company_id.open_banking_adopt_lines", readonly=False
    )
    open_banking_hub_url = fields.Char(
        related="company_id.open_banking_hub_url", readonly=False
    )
    open_banking_callback_url = fields.Char(
        string="Address to register at Mastercard",
        compute="_compute_open_banking_callback_url",
    )
    open_banking_webhook_url = fields.Char(
        string="Address for webhooks", compute="_compute_open_banking_callback_url"
    )

    @api.depends("company_id")
    def _compute_open_banking_secrets(self):
        for settings in self:
            company = settings.company_id.sudo()
            settings.update(dict.fromkeys(WRITE_ONLY, False))
            settings.open_banking_has_secret = bool(
                company.open_banking_client_secret_encrypted
            )
            settings.open_banking_has_webhook_secret = bool(
                company.open_banking_webhook_secret_encrypted
            )

    def _inverse_open_banking_secrets(self):
        vault = self.env["open.banking.vault"]
        for settings in self:
            for name in WRITE_ONLY:
                secret = (settings[name] or "").strip()
                if secret:
                    encrypted = vault._encrypt(secret)
                    settings.company_id.sudo()[f"{name}_encrypted"] = encrypted

    @api.depends("company_id")
    def _compute_open_banking_callback_url(self):
        for settings in self:
            base = settings.get_base_url()
            settings.open_banking_callback_url = base + CALLBACK_PATH
            webhook = settings.company_id._open_banking_webhook_path()
            settings.open_banking_webhook_url = base + webhook
