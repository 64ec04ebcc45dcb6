import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..bank_api import BankApiError
from ..models.error_words import words
from ..models.open_banking_authorisation_link import VALID_DAYS

_logger = logging.getLogger(__name__)

LONGEST = 90


class OpenBankingLink(models.TransientModel):
    """Asks to whom the link goes, and sends it."""

    _name = "open.banking.link"
    _description = "Send Link to Customer"

    journal_id = fields.Many2one("account.journal", required=True, readonly=True)
    # Without sudo: a forged dialog must not show what belongs to another company.
    company_id = fields.Many2one(related="journal_id.company_id", related_sudo=False)
    partner_id = fields.Many2one(
        "res.partner",
        string="Recipient",
        help="The one who can log in at the bank for this company.",
    )
    email = fields.Char(related="partner_id.email", related_sudo=False, readonly=True)
    lang = fields.Selection(
        "_get_languages",
        string="Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
    )
    provider_id = fields.Many2one(
        "open.banking.provider",
        string="Bank",
        domain="[('service', '=', service)]",
        help="If you know it, the customer need not search for it.",
    )
    service = fields.Char(readonly=True)
    banks_text = fields.Char(readonly=True)
    is_out_of_reach = fields.Boolean(compute="_compute_is_out_of_reach")
    valid_days = fields.Integer(string="Valid for", default=VALID_DAYS, required=True)
    message = fields.Text(help="A few words of your own, shown above the steps.")

    @api.model
    def _get_languages(self):
        return self.env["res.lang"].get_installed()

    @api.depends("partner_id")
    def _compute_lang(self):
        installed = dict(self._get_languages())
        for wizard in self:
            lang = wizard.partner_id.lang
            wizard.lang = lang if lang in installed else self.env.lang

    @api.depends("journal_id")
    def _compute_is_out_of_reach(self):
        self.is_out_of_reach = self.env["open.banking.health"]._is_out_of_reach()

    @api.constrains("valid_days")
    def _check_valid_days(self):
        for wizard in self:
            if not 1 <= wizard.valid_days <= LONGEST:
                raise ValidationError(
                    self.env._("A link is valid for 1 to %(days)s days.", days=LONGEST)
                )

    @api.model
    def _for_journal(self, journal):
        """Open the wizard for a journal, with the contact most likely meant."""
        wizard = self.create(
            {
                "journal_id": journal.id,
                "partner_id": self._suggest_contact(journal.company_id).id,
                "service": journal.company_id._open_banking_address(),
                "banks_text": self._refresh_banks(journal.company_id),
            }
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_link_action"
        )
        return {**action, "res_id": wizard.id}

    @api.model
    def _suggest_contact(self, company):
        """Return who gave this company's last consent, else the company itself."""
        attempts = self.env["open.banking.authorisation"]
        last = attempts.search(
            [
                ("company_id", "=", company.id),
                ("partner_id.email", "!=", False),
                ("sent_on", "!=", False),
            ],
            limit=1,
        )
        own = company.partner_id
        contacts = own.child_ids.filtered("email")
        return last.partner_id or contacts[:1] or own.filtered("email")

    @api.model
    def _refresh_banks(self, company):
        """Have the list of banks at hand; without it the customer searches himself.

        :return: what went wrong, in words
        :rtype: str
        """
        try:
            with self.env.cr.savepoint():
                self.env["open.banking.provider"]._refresh(company)
        except BankApiError as error:
            _logger.info("The list of banks could not be had: %s", error.code)
            return words(self.env, error.code)
        return ""

    # === WHAT A BOOKKEEPER PRESSES === #

    def action_send(self):
        """Send the mail."""
        if not self.partner_id.email:
            raise UserError(self.env._("Choose a recipient with an e-mail address."))
        attempt = self._make_attempt()
        attempt._send_link(attempt._renew_link(), self.message)
        return attempt._notify(
            self.env._(
                "The link is on its way to %(email)s. It is valid for %(days)s days.",
                email=self.partner_id.email,
                days=self.valid_days,
            )
        )

    def action_copy_link(self):
        """Show the link, for those who write their own mail."""
        attempt = self._make_attempt()
        link = attempt._renew_link()
        attempt._note_copied()
        return attempt._show_link(link)

    def _make_attempt(self):
        self.ensure_one()
        self.journal_id._open_banking_check_right()
        attempts = self.env["open.banking.authorisation"]
        address = attempts._make_link(
            self.company_id,
            self.journal_id,
            self.env.user,
            partner_id=self.partner_id.id,
            lang=self.lang,
            provider_id=self.provider_id.id,
            valid_days=self.valid_days,
            expires_on=fields.Datetime.now() + timedelta(days=self.valid_days),
        )
        return attempts._from_link(address.rsplit("/", 1)[1])


class OpenBankingLinkShown(models.TransientModel):
    """Shows a link this once. The link itself is stored nowhere."""

    _name = "open.banking.link.shown"
    _description = "Link for the Customer"

    authorisation_id = fields.Many2one(
        "open.banking.authorisation", required=True, readonly=True
    )
    # Without sudo: a forged dialog must not show the link of another company.
    expires_on = fields.Datetime(
        related="authorisation_id.expires_on", related_sudo=False
    )
    link = fields.Char(compute="_compute_link")
    text = fields.Text(compute="_compute_link")

    @api.depends_context("open_banking_link")
    def _compute_link(self):
        link = self.env.context.get("open_banking_link")
        for shown in self:
            shown.link = link
            attempt = shown.authorisation_id
            attempt.check_access("read")
            shown.text = link and attempt.sudo()._mail_as_text(link)
