from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import consteq, hmac

from ..bank_api import Client, Misconfigured
from ..const import PRODUCTION_URL, SANDBOX_URL, WEBHOOK_PATH
from .open_banking_vault import NotSetUp


class ResCompany(models.Model):
    _inherit = "res.company"

    open_banking_environment = fields.Selection(
        selection=[
            ("production", "Production"),
            ("sandbox", "Sandbox"),
            ("custom", "Rehearsal or other address"),
        ],
        default="production",
        groups="base.group_system",
    )
    open_banking_custom_url = fields.Char(
        string="Open Banking Address", groups="base.group_system"
    )
    open_banking_client_id = fields.Char(
        string="Open Banking Client ID", groups="base.group_system"
    )
    open_banking_client_secret_encrypted = fields.Char(
        string="Open Banking Client Secret (encrypted)",
        groups=fields.NO_ACCESS,
        copy=False,
    )
    open_banking_webhook_secret_encrypted = fields.Char(
        string="Open Banking Webhook Secret (encrypted)",
        groups=fields.NO_ACCESS,
        copy=False,
    )
    open_banking_state_proven_at = fields.Char(
        groups=fields.NO_ACCESS,
        copy=False,
        help="The address that has been seen to bring back the OAuth state. From then "
        "on a way back without it is not accepted.",
    )
    open_banking_consent_days = fields.Integer(
        string="Usual Life of a Consent (days)",
        default=90,
        help="Used to tell when a consent will end, as long as the bank has not said "
        "so and no consent of that bank has been seen to end earlier.",
    )

    open_banking_adopt_lines = fields.Boolean(
        string="Take Lines That Are There",
        help="A transaction from the bank takes a line of the same amount and day that "
        "is in the journal already, instead of asking, where there is no doubt.",
    )

    # No public source says where the page itself is. This is Mastercard's own site for
    # account holders; an administrator can enter a better address.
    open_banking_hub_url = fields.Char(
        string="Mastercard's Page for Account Holders",
        default="https://openbankingeu.mastercard.com/",
        help="Where account holders see and withdraw what they share. Named when a "
        "bank is disconnected. Empty: no page is named.",
    )

    @api.constrains("open_banking_hub_url")
    def _check_open_banking_hub_url(self):
        for company in self:
            address = company.open_banking_hub_url
            if address and not address.startswith("https://"):
                raise ValidationError(
                    self.env._(
                        "The address of Mastercard's page for account holders begins "
                        "with https://."
                    )
                )

    def _open_banking_spoken(self):
        """Return the company in its own language: for what a job writes into the books
        or a chatter. A job's user speaks English."""
        return self.with_context(lang=self.partner_id.lang or self.env.lang)

    def _open_banking_is_set_up(self):
        """Tell whether this company can talk to Mastercard at all."""
        company = self.sudo()
        return bool(
            company.open_banking_client_id
            and company.open_banking_client_secret_encrypted
            and (
                company.open_banking_environment != "custom"
                or company.open_banking_custom_url
            )
        )

    def _open_banking_can_talk(self):
        """Tell whether there are credentials, and a key that opens them.

        :rtype: bool
        """
        state, _where = self.env["open.banking.vault"]._key_state(self)
        return self._open_banking_is_set_up() and state == "good"

    def _open_banking_client(self):
        """Return a client of Mastercard's API with this company's credentials.

        :rtype: bank_api.Client
        :raise NotSetUp: when the credentials or the key for them are missing
        """
        self.ensure_one()
        company = self.sudo()
        if not company._open_banking_is_set_up():
            raise NotSetUp(
                self.env._(
                    "Mastercard Open Banking is not set up for %(company)s. An "
                    "administrator enters the credentials under Settings, Invoicing, "
                    "Mastercard Open Banking.",
                    company=company.name,
                )
            )
        secret = self.env["open.banking.vault"]._decrypt(
            company.open_banking_client_secret_encrypted
        )
        try:
            return Client(
                company._open_banking_address(), company.open_banking_client_id, secret
            )
        except Misconfigured as error:
            raise NotSetUp(
                self.env._("The address of Mastercard's service is not usable.")
            ) from error

    def _open_banking_address(self):
        """Return the address of Mastercard's service for this company."""
        company = self.sudo()
        fixed = {"production": PRODUCTION_URL, "sandbox": SANDBOX_URL}
        return (
            fixed.get(company.open_banking_environment)
            or company.open_banking_custom_url
        )

    # === WEBHOOKS === #

    def _open_banking_webhook_path(self):
        """Return the path to which Mastercard sends this company's events.

        Nobody can guess it, and nothing of it is stored: it follows from the secret of
        the database. Whether an event is Mastercard's its signature says.
        """
        self.ensure_one()
        proof = hmac(self.env(su=True), "open_banking_webhook", self.id)[:40]
        return f"{WEBHOOK_PATH}/{self.id}-{proof}"

    @api.model
    def _open_banking_from_webhook_key(self, key):
        """Return the company whose webhooks arrive under a key; empty if there is none.

        :param str key: the last part of the path, as anybody may have sent it
        """
        number = key.partition("-")[0]
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            return self.browse()
        company = self.sudo().browse(int(number)).exists()
        path = f"{WEBHOOK_PATH}/{key}".encode()
        if company and consteq(company._open_banking_webhook_path().encode(), path):
            return company
        return self.browse()

    def _open_banking_app(self):
        """Return the companies that share this company's agreement with Mastercard,
        which knows one address for webhooks for all of them."""
        self.ensure_one()
        company = self.sudo().with_context(active_test=False)
        return company | company.search(
            [
                ("open_banking_client_id", "!=", False),
                ("open_banking_client_id", "=", company.open_banking_client_id),
                ("open_banking_environment", "=", company.open_banking_environment),
            ]
        )
