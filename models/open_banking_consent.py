from datetime import timedelta

from odoo import api, fields, models

from .error_words import words


class OpenBankingConsent(models.Model):
    """One consent at Mastercard: what a bank customer allowed this company to read."""

    _name = "open.banking.consent"
    _description = "Bank Consent"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "authorised_on desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    external_id = fields.Char(
        string="Consent at Mastercard", required=True, readonly=True, copy=False
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        check_company=True,
        ondelete="restrict",  # the register says who consented
        help="The person who gave the consent and can renew it.",
    )
    user_id = fields.Many2one("res.users", string="Responsible")
    account_ids = fields.One2many("open.banking.account", "consent_id", "Accounts")
    state = fields.Selection(
        [
            ("active", "Active"),
            ("expired", "Ended"),
            ("withdrawn", "Withdrawn"),
            ("replaced", "Renewed by Another"),
        ],
        default="active",
        required=True,
        readonly=True,
        tracking=True,
    )
    renewed_from_id = fields.Many2one(
        "open.banking.consent", readonly=True, check_company=True, ondelete="set null"
    )
    ended_on = fields.Datetime(readonly=True)
    ended_by_id = fields.Many2one(
        "res.users", readonly=True, help="Empty: the bank's side."
    )
    authorised_on = fields.Datetime(readonly=True)
    expires_on = fields.Date(string="Consent Until", readonly=True, tracking=True)
    expiry_source = fields.Selection(
        [
            ("bank", "Said by the bank"),
            ("learned", "Learned from earlier consents of the bank"),
            ("default", "Usual life"),
        ],
        readonly=True,
    )
    rate_limited_until = fields.Datetime(readonly=True)
    error_since = fields.Datetime(readonly=True)
    error_code = fields.Char(readonly=True)
    error_text = fields.Char(compute="_compute_error_text", string="What happened")
    _external_id_uniq = models.UniqueIndex(
        "(external_id)", "This consent of Mastercard is already known."
    )

    @api.depends("account_ids.provider_name", "external_id")
    def _compute_name(self):
        for consent in self:
            banks = sorted(set(consent.account_ids.mapped("provider_name")) - {False})
            consent.name = ", ".join(banks) or self.env._("Bank consent")

    @api.depends("error_code")
    @api.depends_context("lang")
    def _compute_error_text(self):
        for consent in self:
            consent.error_text = words(self.env, consent.error_code)

    # === STORING WHAT A CUSTOMER ALLOWED === #

    @api.model
    def _store(self, company, external_id, tokens, partner=None, user=None):
        """Create or renew the consent that Mastercard calls `external_id`.

        The caller has made sure that the consent is not another company's.

        :param bank_api.TokenSet tokens: the pair of tokens just received
        :rtype: open.banking.consent
        """
        consent = self.sudo().search([("external_id", "=", external_id)])
        if not consent:
            consent = self.sudo().create(
                {"external_id": external_id, "company_id": company.id}
            )
        consent._note_given(partner, user)
        consent._store_tokens(tokens)
        return consent

    def _note_given(self, partner=None, user=None):
        """The customer has just given this consent: it begins, or begins anew.

        :param res.partner partner: who gave it, when that is known
        :param res.users user: who looks after it
        """
        now = fields.Datetime.now()
        days = self.company_id.sudo().open_banking_consent_days or 90
        self.write(
            {
                "partner_id": (partner or self.partner_id).id,
                "user_id": (user or self.user_id).id,
                "state": "active",
                "ended_on": False,
                "ended_by_id": False,
                "authorised_on": now,
                "expires_on": now.date() + timedelta(days=days),
                "expiry_source": "default",
                "rate_limited_until": False,
                "error_code": False,
                "error_since": False,
            }
        )

    def _read_accounts(self):
        """Ask Mastercard which accounts this consent covers, and store them.

        :return: the accounts of this consent
        :rtype: open.banking.account
        :raise bank_api.BankApiError: when Mastercard cannot be asked
        """
        self.ensure_one()
        client = self.sudo().company_id._open_banking_client()
        answer = client.accounts(self._access_token())
        return self.env["open.banking.account"]._store_accounts(self, answer.accounts)

    # === THE END OF A CONSENT === #

    def _note_error(self, error):
        """Keep an error of Mastercard on the consent; the first moment stays."""
        for consent in self.sudo():
            consent.write(
                {
                    "error_code": error.code,
                    "error_since": consent.error_since or fields.Datetime.now(),
                }
            )

    def _mark_expired(self, error_code="consent_expired"):
        """The consent is over: say so at once, whatever date was promised."""
        self._end("expired", error_code)

    def _end(self, state, error_code, user=None):
        """End these consents: no tokens are left, the books stay as they are.

        :param str state: `expired`, `withdrawn` or `replaced`
        :param str error_code: why, in the table of words
        :param res.users user: who ended it; nobody when it ended at the bank's side
        """
        for consent in self.sudo().filtered(lambda c: c.state == "active"):
            consent.write(
                {
                    "state": state,
                    "ended_on": fields.Datetime.now(),
                    "ended_by_id": user.id if user else False,
                    "error_code": error_code,
                    "error_since": fields.Datetime.now(),
                    "access_token_encrypted": False,
                    "refresh_token_encrypted": False,
                    "access_token_until": False,
                    "refresh_token_until": False,
                }
            )
            consent.message_post(body=words(self.env, error_code))
