import logging
from datetime import timedelta

from odoo import api, fields, models

from ..bank_api import BankApiError, ConsentExpired
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
    """The tokens of a consent: kept encrypted, renewed in time by one at a time."""

    _inherit = "open.banking.consent"

    # The tokens: encrypted, and out of reach of every RPC call, export and import.
    access_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    refresh_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    access_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    refresh_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    tokens_issued_at = fields.Datetime(groups=fields.NO_ACCESS, copy=False)

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

    # === KEPT ALIVE === #

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
