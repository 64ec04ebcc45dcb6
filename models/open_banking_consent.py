import logging
from datetime import timedelta

from odoo import api, fields, models

from ..bank_api import BankApiError, ConsentExpired
from .error_words import words
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

# An access token is not used in its last minutes, so that it cannot run out between
# our look at the clock and Mastercard's.
ACCESS_TOKEN_MARGIN = timedelta(minutes=5)

# A refresh token lives 14 days (Mastercard's page "Refreshing"). Refreshing every day
# keeps also a quiet or paused connection alive.
KEEP_ALIVE_AFTER = timedelta(days=1)
REFRESH_TOKEN_LIFE = timedelta(days=14)

# When even a token of this age or younger is refused, the consent itself is dead.
FRESH_TOKEN = timedelta(minutes=1)


class OpenBankingConsent(models.Model):
    """One consent at Mastercard: what a bank customer allowed this company to read."""

    _name = "open.banking.consent"
    _description = "Bank Consent"
    _inherit = ["mail.thread"]
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
        help="The person who gave the consent and can renew it.",
    )
    user_id = fields.Many2one("res.users", string="Responsible")
    account_ids = fields.One2many("open.banking.account", "consent_id", "Accounts")
    state = fields.Selection(
        [
            ("active", "Active"),
            ("expired", "Ended"),
            ("withdrawn", "Withdrawn"),
        ],
        default="active",
        required=True,
        readonly=True,
        tracking=True,
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
    # The tokens: encrypted, and out of reach of every RPC call, export and import.
    access_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    refresh_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    access_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    refresh_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    tokens_issued_at = fields.Datetime(groups=fields.NO_ACCESS, copy=False)

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
        now = fields.Datetime.now()
        days = company.sudo().open_banking_consent_days or 90
        consent.write(
            {
                "partner_id": (partner or consent.partner_id).id,
                "user_id": (user or consent.user_id).id,
                "state": "active",
                "authorised_on": now,
                "expires_on": now.date() + timedelta(days=days),
                "expiry_source": "default",
                "rate_limited_until": False,
            }
        )
        consent._store_tokens(tokens)
        return consent

    def _store_tokens(self, tokens):
        """Write a new pair of tokens over the old one; the caller commits at once.

        Who gets new tokens is well: an error noted before is over.
        """
        vault = self.env["open.banking.vault"]
        now = fields.Datetime.now()
        self.sudo().write(
            {
                "access_token_encrypted": vault._encrypt(tokens.access_token),
                "refresh_token_encrypted": vault._encrypt(tokens.refresh_token),
                "access_token_until": now + timedelta(seconds=tokens.expires_in),
                "refresh_token_until": now + REFRESH_TOKEN_LIFE,
                "tokens_issued_at": now,
                "error_code": False,
                "error_since": False,
            }
        )

    # === TOKENS === #

    def _access_token(self):
        """Return a token that is good for some minutes, or False if it must be renewed.

        :rtype: str | bool
        """
        self.ensure_one()
        consent = self.sudo()
        until = consent.access_token_until
        if not until or until - ACCESS_TOKEN_MARGIN <= fields.Datetime.now():
            return False
        return self.env["open.banking.vault"]._decrypt(consent.access_token_encrypted)

    def _renew_tokens(self):
        """Fetch a new pair of tokens. One worker at a time; the caller commits at once.

        :return: False when another worker is at it
        :rtype: bool
        :raise bank_api.BankApiError: `ConsentExpired` when Mastercard refuses, then
            the consent is over; `CredentialsRejected` when the fault is ours
        """
        consent = self.sudo().try_lock_for_update(allow_referencing=True)
        if not consent:
            return False
        client = consent.company_id._open_banking_client()
        refresh_token = self.env["open.banking.vault"]._decrypt(
            consent.refresh_token_encrypted
        )
        try:
            tokens = client.refresh(refresh_token or "")
        except ConsentExpired:
            # A 401 does not say whether the token or our own credentials are bad.
            client.providers()
            raise
        consent._store_tokens(tokens)
        return True

    def _access_token_refused(self):
        """A token was refused before its time: renew it, or see that it is over.

        :raise bank_api.ConsentExpired: when the refused token was brand new
        """
        consent = self.sudo()
        issued = consent.tokens_issued_at
        if issued and issued > fields.Datetime.now() - FRESH_TOKEN:
            raise ConsentExpired("consent_expired", "a new access token was refused")
        consent.access_token_until = False

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
        for consent in self.sudo().filtered(lambda c: c.state == "active"):
            consent.write(
                {
                    "state": "expired",
                    "error_code": error_code,
                    "error_since": fields.Datetime.now(),
                    "access_token_encrypted": False,
                    "refresh_token_encrypted": False,
                    "access_token_until": False,
                    "refresh_token_until": False,
                }
            )
            consent.message_post(body=words(self.env, error_code))

    @api.model
    def _cron_keep_alive(self):
        """Refresh the tokens of consents that have been quiet for a day."""
        quiet_since = fields.Datetime.now() - KEEP_ALIVE_AFTER
        consents = self.sudo().search(
            [("state", "=", "active"), ("tokens_issued_at", "<", quiet_since)],
            order="tokens_issued_at",
        )
        commit = self.env["ir.cron"]._commit_progress
        if not commit(remaining=len(consents)):
            return
        for consent in consents:
            consent._keep_alive()
            if not commit(1):
                return

    def _keep_alive(self):
        """Refresh one consent; an error stays on the record and never raises."""
        try:
            self._renew_tokens()
            self.env.flush_all()  # what PostgreSQL refuses belongs to this consent
        except ConsentExpired as error:
            self._mark_expired(error.code)
        except (BankApiError, NotSetUp) as error:
            _logger.info("Consent %s was not refreshed: %s", self.id, error.code)
            self._note_error(error)
        except Exception as error:
            self.env.cr.rollback()
            name = type(error).__name__  # the message may hold what must not be logged
            _logger.error("Consent %s could not be refreshed: %s", self.id, name)
