import logging
from datetime import timedelta

from odoo import api, fields, models

from ..bank_api import AccessTokenRejected, BankApiError, ConsentExpired
from ..const import CONCURRENT
from .open_banking_authorisation import STORING_TAKES
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

JOB = "account_mastercard_open_banking.ir_cron_read_accounts"
AGAIN_AFTER = timedelta(minutes=30)


class OpenBankingAuthorisation(models.Model):
    """A consent whose accounts could not be had at once: they are asked for again."""

    _inherit = "open.banking.authorisation"

    accounts_due = fields.Datetime(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="When Mastercard is asked again for the accounts. Empty: they are here.",
    )

    def _store_consent(self, tokens, consent_external_id):
        """Whoever is killed before the accounts are stored has the job go on."""
        super()._store_consent(tokens, consent_external_id)
        self._ask_accounts_at(fields.Datetime.now() + STORING_TAKES)

    def _store_accounts(self):
        super()._store_accounts()
        self.accounts_due = False

    def _ask_accounts_at(self, moment):
        self.accounts_due = moment
        self.env.ref(JOB).sudo()._trigger(moment)

    # === THE JOB === #

    @api.model
    def _cron_read_accounts(self):
        """Ask for the accounts that are missing, consent by consent, none raising."""
        if self.env["open.banking.home"]._is_quiet():
            return
        due = [("accounts_due", "<=", fields.Datetime.now())]
        attempts = self.sudo().search(due, order="accounts_due, id")
        commit = self.env["ir.cron"]._commit_progress
        if not commit(remaining=len(attempts)):
            return
        for attempt in attempts:
            attempt._read_accounts_safely()
            if not commit(1):
                return

    def _read_accounts_safely(self):
        """Whatever goes wrong is tried again, as long as the consent lives."""
        wait = AGAIN_AFTER
        try:
            if self._read_accounts_again():
                self.env.flush_all()  # what PostgreSQL refuses belongs to this attempt
                return
        except CONCURRENT:
            self.env.cr.rollback()
        except ConsentExpired as error:
            self.env.cr.rollback()
            self.consent_id._mark_expired(error.code)
        except (BankApiError, NotSetUp) as error:
            self.env.cr.rollback()
            _logger.info("Authorisation %s: no accounts, %s", self.id, error.code)
            wait = timedelta(seconds=getattr(error, "retry_after", None) or 0) or wait
        except Exception as error:
            self.env.cr.rollback()
            name = type(error).__name__  # the message may hold what must not be logged
            _logger.error("Authorisation %s: accounts not stored, %s", self.id, name)
        self.env.invalidate_all()
        self._ask_accounts_at(fields.Datetime.now() + wait)

    def _read_accounts_again(self):
        """Store the accounts, and see that somebody chooses their journals.

        :return: whether nothing is missing any more
        :rtype: bool
        """
        consent = self.consent_id
        if consent.state != "active":
            self.accounts_due = False
            return True
        if not consent.try_lock_for_update(allow_referencing=True):
            return False
        if not consent._access_token():
            consent._renew_tokens()
            # The new pair is kept before it is used: the old one is worth nothing now.
            self.env["ir.cron"]._commit_progress()
            if not consent.try_lock_for_update(allow_referencing=True):
                return False
        try:
            self._store_accounts()
        except AccessTokenRejected:
            self.env.cr.rollback()
            consent._access_token_refused(consent._access_token())
            return False
        # On the spot the choice of journals opened without these accounts.
        consent._as_odoo()._ask_for_journals()
        return True
