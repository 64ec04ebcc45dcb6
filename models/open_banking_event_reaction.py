import logging
import traceback
from datetime import date, timedelta

from odoo import api, fields, models

from ..const import CONCURRENT

_logger = logging.getLogger(__name__)

# What Odoo does about an event. All others do not concern it.
REACTIONS = {
    "AccountsUpdated": "_on_accounts_updated",
    "SyncDone": "_on_sync_done",
    "ConnectionUpdateRequired": "_on_login_needed",
    "ConnectionRateLimited": "_on_rate_limited",
    "ConnectionRemoved": "_on_connection_removed",
    "ConsentNeedsUpdate": "_on_consent_needs_update",
    "ConsentRevoked": "_on_consent_revoked",
    "AccountsOrphaned": "_on_orphaned",
    "AccountsUnorphaned": "_on_unorphaned",
}
# These end something. Should they come late, the bank is asked instead.
ENDING = ("ConnectionRemoved", "ConsentRevoked")

# An event may be here before the customer is: his browser brings the consent.
CONSENT_WITHIN = timedelta(days=1)
BUSY = timedelta(seconds=10)
FAILED = timedelta(minutes=10)
MAX_FAILURES = 5
# A limit is for the day; a date far away is a slip, and must not stop the feed.
LONGEST_LIMIT = timedelta(days=2)
USUAL_LIMIT = timedelta(hours=6)


class Busy(Exception):
    """A worker has the consent locked; the event waits."""


class OpenBankingEvent(models.Model):
    """What is done about a message. Never in the request that brought it."""

    _inherit = "open.banking.event"

    @api.model
    def _cron_react(self):
        """Act on the events that wait, one by one; each is committed."""
        if self.env["open.banking.home"]._is_quiet():
            return
        commit = self.env["ir.cron"]._commit_progress
        events = self.sudo().search(self._waiting_domain(), order="id")
        time_left = commit(remaining=len(events))
        for event in events:
            if not time_left:
                self._wake_up()
                break
            event._react_safely()
            time_left = commit(1)

    @api.model
    def _waiting_domain(self):
        now = fields.Datetime.now()
        fresh = [("authorised_on", ">", now - CONSENT_WITHIN)]
        arrived = self.env["open.banking.consent"].sudo().search(fresh)
        return [
            ("state", "=", "waiting"),
            "|",
            ("next_try", "<=", now),
            "&",
            ("consent_id", "=", False),
            ("consent_external_id", "in", arrived.mapped("external_id")),
        ]

    def _react_safely(self):
        """Act on this event; whatever goes wrong stays on it."""
        self.ensure_one()
        try:
            self._react()
            self.env.flush_all()
        except (Busy, *CONCURRENT):
            self._start_anew()
            self._wait(BUSY)
        except Exception as error:
            self._start_anew()
            self._log_unforeseen(error)
            self._note_failure()

    def _start_anew(self):
        self.env.cr.rollback()
        self.env.invalidate_all()

    def _log_unforeseen(self, error):
        """Say where it happened. Not the message: it may hold what was sent."""
        _logger.error(
            "Message %s from Mastercard could not be acted on: %s\n%s",
            self.id,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )

    def _note_failure(self):
        self.failures += 1
        if self.failures < MAX_FAILURES:
            self._wait(FAILED)
        else:
            self._close("failed", "failed")

    def _wait(self, how_long):
        self.next_try = fields.Datetime.now() + how_long
        self._wake_up(self.next_try)

    def _close(self, outcome, state="done"):
        self.write({"state": state, "outcome_code": outcome})

    def _react(self):
        reaction = REACTIONS.get(self.name)
        if not reaction:
            return self._close("no_concern")
        consent = self._find_consent()
        if not consent:
            return self._without_consent()
        self.consent_id = consent
        if consent.state != "active":
            return self._close("not_active")
        if self.name in ENDING and self._may_be_outdated(consent):
            consent.account_ids.filtered("journal_id")._fetch_soon()
            return self._close("asked_bank")
        getattr(self, reaction)(consent)
        return self._close("acted")

    def _find_consent(self):
        return (
            self.env["open.banking.consent"]
            .sudo()
            .search(
                [
                    ("external_id", "=", self.consent_external_id or ""),
                    ("company_id", "in", self.company_id._open_banking_app().ids),
                ]
            )
        )

    def _without_consent(self):
        age = fields.Datetime.now() - self.create_date
        if not self.consent_external_id or age > CONSENT_WITHIN:
            return self._close("unknown_consent")
        return self._wait(timedelta(hours=1))

    def _may_be_outdated(self, consent):
        """Whether this may have been said before the consent was given last: the same
        consent can be given again, and Mastercard repeats what was not answered."""
        if self.said_on:
            return self.said_on < consent.authorised_on
        # Without a signed moment the first is believed; what comes again is a hint.
        before = [
            ("id", "<", self.id),
            ("name", "=", self.name),
            ("consent_external_id", "=", self.consent_external_id),
            ("company_id", "=", self.company_id.id),
        ]
        return bool(self.search_count(before, limit=1))

    # === THE EVENTS === #

    def _named_accounts(self, consent):
        """Return the accounts of a consent that the event names; all, when it names
        none that is known: ids have been seen to be written in two ways."""
        names = [name for name, _changed, _day in self.accounts or ()]
        accounts = consent.account_ids
        return accounts.filtered(lambda each: each.external_id in names) or accounts

    def _on_accounts_updated(self, consent):
        said = {name: (changed, day) for name, changed, day in self.accounts or ()}
        for account in self._named_accounts(consent).filtered("journal_id"):
            changed, day = said.get(account.external_id, (True, None))
            if changed:
                account._note_change(date.fromisoformat(day) if day else None)
            else:
                account._fetch_soon()

    def _on_sync_done(self, consent):
        self._named_accounts(consent).filtered("journal_id")._fetch_soon()

    def _on_login_needed(self, consent):
        self._lock(consent)
        today = self.env["open.banking.fetch"]._bank_today()
        if self.until_day and self.until_day > today:
            consent._learn_expiry(self.until_day, self._named_accounts(consent))
        else:
            consent._ask_for_renewal("login_needed")

    def _on_rate_limited(self, consent):
        self._lock(consent)
        now = fields.Datetime.now()
        until = min(self.until or now + USUAL_LIMIT, now + LONGEST_LIMIT)
        if until > now:
            consent.rate_limited_until = until
            consent.account_ids._wake_up(until)

    def _on_connection_removed(self, consent):
        self._lock(consent)
        gone = self._named_accounts(consent)
        left = (consent.account_ids - gone).filtered("journal_id")
        consent._ask_for_renewal("connection_removed")
        if left:
            gone.write(
                {
                    "error_code": "connection_removed",
                    "error_since": fields.Datetime.now(),
                }
            )
        else:
            consent._mark_expired("connection_removed")

    def _on_consent_needs_update(self, consent):
        self._lock(consent)
        consent._ask_for_renewal("consent_needs_update")

    def _on_consent_revoked(self, consent):
        # Carried out here or, while a worker reads, by the worker.
        consent._disconnect(
            self.env["res.users"], reason=self.reason, error_code="consent_revoked"
        )

    def _on_orphaned(self, consent):
        self._lock(consent)
        self._named_accounts(consent).is_orphaned = True

    def _on_unorphaned(self, consent):
        self._lock(consent)
        self._named_accounts(consent).is_orphaned = False

    def _lock(self, consent):
        """Lock the consent and its accounts, or let the event wait: an import that is
        at work has them, and neither may stop the other."""
        self.env.flush_all()
        if not consent._lock_with_accounts():
            raise Busy()


class OpenBankingConsent(models.Model):
    _inherit = "open.banking.consent"

    def _store(self, company, external_id, tokens, partner=None, user=None):
        """Events that came before the customer did can be acted on now."""
        consent = super()._store(company, external_id, tokens, partner, user)
        self.env["open.banking.event"]._wake_up()
        return consent
