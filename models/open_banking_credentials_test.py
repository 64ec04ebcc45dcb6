import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..bank_api import BankApiError
from .error_words import words
from .notification import RELOAD, notification
from .open_banking_health import TEST_OK
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

# What a test has proven holds only as long as these are the same.
TESTED = {
    "open_banking_environment",
    "open_banking_custom_url",
    "open_banking_client_id",
    "open_banking_client_secret_encrypted",
}


class ResCompany(models.Model):
    _inherit = "res.company"

    open_banking_tested_on = fields.Datetime(groups="base.group_system", copy=False)
    open_banking_test_code = fields.Char(groups="base.group_system", copy=False)
    open_banking_test_banks = fields.Integer(groups="base.group_system", copy=False)

    def write(self, vals):
        """Other credentials are not tested yet."""
        if TESTED & vals.keys():
            vals = {**vals, **dict.fromkeys(("open_banking_tested_on",), False)}
        return super().write(vals)

    def _open_banking_test_credentials(self):
        """Ask Mastercard for its list of banks, and keep when that was and how it went.

        :return: whether the credentials work
        :rtype: bool
        """
        self.ensure_one()
        code, count = TEST_OK, 0
        try:
            count = len(self._open_banking_client().providers())
        except (BankApiError, NotSetUp) as error:
            code = error.code
            _logger.info("Credentials of company %s tested: %s", self.id, code)
        self.sudo().write(
            {
                "open_banking_tested_on": fields.Datetime.now(),
                "open_banking_test_code": code,
                "open_banking_test_banks": count,
            }
        )
        return code == TEST_OK


class ResConfigSettings(models.TransientModel):
    """The health panel: what must work, and the test of the credentials."""

    _inherit = "res.config.settings"

    open_banking_health = fields.Html(
        compute="_compute_open_banking_health",
        sanitize=False,  # made by our own template, which escapes what it shows
        groups="base.group_system",
    )

    @api.depends("company_id")
    @api.depends_context("lang", "tz")
    def _compute_open_banking_health(self):
        for settings in self:
            rows = self.env["open.banking.health"]._rows(settings.company_id)
            settings.open_banking_health = self.env["ir.qweb"]._render(
                "account_mastercard_open_banking.health_panel", {"rows": rows}
            )

    def action_open_banking_test_credentials(self):
        """Try the stored credentials at Mastercard, and say in words how it went."""
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._("Only administrators can test the credentials.")
            )
        company = self.company_id if self else self.env.company
        works = company._open_banking_test_credentials()
        company = company.sudo()
        message = self.env._(
            "The credentials work: Mastercard listed %(count)s banks.",
            count=company.open_banking_test_banks,
        )
        if not works:
            message = words(self.env, company.open_banking_test_code)
        kind = "success" if works else "danger"
        return notification(kind, message, RELOAD, sticky=not works)
