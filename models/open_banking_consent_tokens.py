import logging
from datetime import datetime, timedelta

import psycopg2
from odoo import api, fields, models

from ..bank_api import BankApiError, ConsentExpired
from ..const import BUSY, CONCURRENT
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

# An access token is not used in its last minutes, so that it cannot run out between
# our look at the clock and Mastercard's.
ACCESS_TOKEN_MARGIN = timedelta(minutes=5)

# A refresh token lives 14 days (Mastercard's page "Refreshing"). Refreshing every day
# keeps also a quiet or paused connection alive.
KEEP_ALIVE_AFTER = timedelta(days=1)
REFRESH_TOKEN_LIFE = timedelta(days=14)

# When a token is refused, and at this age or younger also the one that replaces it,
# the consent itself is dead. One refusal alone may be a slip of the peer.
FRESH_TOKEN = timedelta(minutes=1)

# Tokens that seem to come from the future were stored while our clock was wrong.
CLOCK_SKEW = timedelta(hours=1)

# A refresh that failed is tried again after five minutes, then after twice the time
# that has passed: the answer may have been lost, and some banks accept the old token
# for a few minutes more.
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)


class OpenBankingConsent(models.Model):
    """The tokens of a consent: kept encrypted, renewed in time by one at a time."""

    _inherit = "open.banking.consent"

    # The tokens: encrypted, and out of reach of every RPC call, export and import.
    access_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    refresh_token_encrypted = fields.Char(groups=fields.NO_ACCESS, copy=False)
    access_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    refresh_token_until = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    tokens_issued_at = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    # After a refresh that failed: not before this moment. Who cannot be refreshed
    # must not use up the time of those behind him.
    next_refresh = fields.Datetime(groups=fields.NO_ACCESS, copy=False)
    replaces_refused_token = fields.Boolean(groups=fields.NO_ACCESS, copy=False)

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
                "next_refresh": False,
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

    def _lock_tokens(self):
        """Lock this consent without waiting, and forget what was read before.

        PostgreSQL lets nobody lock what has changed since his transaction began: after
        the lock the tokens read are the newest there are.

        :return: False when another worker is at it
        :rtype: bool
        :raise psycopg2.errors.SerializationFailure: when one was, since this
            transaction began
        """
        self.ensure_one()
        self.env.flush_all()
        locked = self._lock_quietly(self._table, self.ids)
        self.invalidate_recordset()
        return bool(locked)

    def _renew_tokens(self):
        """Fetch a new pair of tokens. One worker at a time; the caller commits at once.

        Should the answer be lost, the old pair is still here: it is tried once more at
        the next attempt, and when it is refused the consent is over.

        :return: False when another worker is at it
        :rtype: bool
        :raise bank_api.BankApiError: `ConsentExpired` when Mastercard refuses, then
            the consent is over; `CredentialsRejected` when the fault is ours
        """
        consent = self.sudo()
        if not consent._lock_tokens():
            return False
        client = consent.company_id._open_banking_client()
        refresh_token = self.env["open.banking.vault"]._decrypt(
            consent.refresh_token_encrypted
        )
        try:
            tokens = client.refresh(refresh_token or "")
        except ConsentExpired as error:
            if error.status:
                # It does not say whether the token or our own credentials are bad.
                client.providers()
                consent._log_refusal()
            raise
        consent._store_tokens(tokens)
        return True

    def _log_refusal(self):
        """A refresh token can be used once: perhaps it was, by a copy that cannot be
        told from this database."""
        if not self.error_since:  # no answer was lost here
            _logger.info(
                "Consent %s: Mastercard refused a refresh token that this database has "
                "not used. The consent was ended at Mastercard, or a copy of this "
                "database is in use somewhere.",
                self.id,
            )

    def _access_token_refused(self, token):
        """A token was refused before its time: renew it, or see that it is over.

        The caller has the lock.

        :param str token: the refused one; another worker may have renewed it since
        :raise bank_api.ConsentExpired: when the refused token was brand new, and the
            one before it was refused too
        """
        consent = self.sudo()
        if consent._access_token() != token:
            return
        age = abs(fields.Datetime.now() - (consent.tokens_issued_at or datetime.min))
        if consent.replaces_refused_token and age < FRESH_TOKEN:
            raise ConsentExpired("consent_expired", "a new access token was refused")
        consent.write({"access_token_until": False, "replaces_refused_token": True})

    def _access_token_worked(self):
        """Note that the bank took the token: what was refused before was a slip."""
        if self.sudo().replaces_refused_token:
            self.sudo().replaces_refused_token = False

    # === KEPT ALIVE === #

    @api.model
    def _quiet_domain(self):
        """Living consents whose tokens are a day old, whether or not they are read."""
        now = fields.Datetime.now()
        return [
            ("state", "=", "active"),
            "|",
            ("tokens_issued_at", "<", now - KEEP_ALIVE_AFTER),
            ("tokens_issued_at", ">", now + CLOCK_SKEW),
            "|",
            ("next_refresh", "=", False),
            ("next_refresh", "<=", now),
        ]

    @api.model
    def _cron_keep_alive(self):
        """Refresh the tokens of consents that have been quiet for a day.

        Each new pair is committed at once, and with it a new transaction begins: the
        lock of the next consent must see what others committed.
        """
        if self.env["open.banking.home"]._is_quiet():
            return
        commit = self.env["ir.cron"]._commit_progress
        order = "tokens_issued_at, id"
        consents = self.sudo().search(self._quiet_domain(), order=order)
        left = len(consents)
        time_left = commit(remaining=left)
        for consent in consents:
            if not time_left:
                break
            if not consent._keep_alive():
                self._wake_up(fields.Datetime.now() + BUSY)
            left -= 1
            time_left = commit(1, remaining=left)
        accounts = self.env["open.banking.account"].sudo()
        if consents and accounts.search_count(accounts._due_domain(), limit=1):
            accounts._wake_up()  # the fetch passes by what is locked here

    @api.model
    def _wake_up(self, at):
        job = self.env.ref("account_mastercard_open_banking.ir_cron_keep_alive")
        job.sudo()._trigger(at)

    def _keep_alive(self):
        """Refresh one consent; whatever goes wrong stays on it and never raises.

        :return: False when another worker has the consent, or just had it
        :rtype: bool
        """
        try:
            if not self._lock_tokens():
                return False
            if self.filtered_domain(self._quiet_domain()):
                self._refresh_or_end()
                self.env.flush_all()  # what PostgreSQL refuses belongs to this consent
        except CONCURRENT:
            self.env.cr.rollback()
            return False
        except Exception as error:
            self.env.cr.rollback()
            if "time limit exceeded" in str(error):
                # The server is ending this worker; that is not the consent's fault.
                raise
            name = type(error).__name__  # the message may hold what must not be logged
            _logger.error("Consent %s could not be refreshed: %s", self.id, name)
            return self._keep_alive_later()
        return True

    def _refresh_or_end(self):
        """Refresh, or note why not: a refused token ends the consent now."""
        try:
            self._renew_tokens()
        except ConsentExpired as error:
            self._mark_expired(error.code)
        except (BankApiError, NotSetUp) as error:
            _logger.info("Consent %s was not refreshed: %s", self.id, error.code)
            self._note_error(error)
            self._put_off(getattr(error, "retry_after", None))

    def _keep_alive_later(self):
        """After an error that nobody foresaw, which has undone all: the others first.

        :return: False when another worker has the consent now
        :rtype: bool
        """
        try:
            if not self._lock_tokens():
                return False
        except psycopg2.OperationalError:
            self.env.cr.rollback()
            return False
        now = fields.Datetime.now()
        self.write({"error_code": "unknown", "error_since": self.error_since or now})
        self._put_off()
        return True

    def _put_off(self, asked_for=None):
        """Say when the next attempt is made.

        :param int asked_for: seconds the peer wants us to wait
        """
        now = fields.Datetime.now()
        wait = min(max(now - self.error_since, FIRST_RETRY), LONGEST_RETRY)
        self.next_refresh = now + max(wait, timedelta(seconds=asked_for or 0))
        self._wake_up(self.next_refresh)
