import logging
import traceback
from datetime import timedelta
from decimal import Decimal

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..bank_api import (
    AccessTokenRejected,
    BankApiError,
    ConsentExpired,
    CredentialsRejected,
    RateLimited,
)
from ..const import BUSY, CONCURRENT, FETCH_INTERVAL_HOURS
from .error_words import words
from .notification import RELOAD, notification
from .open_banking_account_lanes import SLICE, Turns
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

# Waiting time after the first, second, … failure in a row, in minutes.
BACK_OFF_MINUTES = (5, 15, 60, 180, 360)


class OpenBankingAccount(models.Model):
    """The engine: which account is due, one unit of work, what a failure means."""

    _inherit = "open.banking.account"

    def action_fetch_now(self):
        """Mark the accounts as due, and let the scheduled job do the work."""
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can fetch transactions."))
        self.check_access("read")
        accounts = self.filtered("journal_id")
        if not accounts:
            raise UserError(self.env._("Choose a journal for the account first."))
        accounts._check_readable()
        accounts._fetch_soon(user_id=self.env.uid)
        message = self.env._("The transactions are being fetched in the background.")
        return notification("info", message, RELOAD)

    def _check_readable(self):
        """Say why nothing can be fetched of any of these accounts, if that is so."""
        consents = self.sudo().consent_id.filtered(lambda c: c.state == "active")
        if not consents:
            raise UserError(words(self.env, "consent_expired"))
        now = fields.Datetime.now()
        if all((consent.rate_limited_until or now) > now for consent in consents):
            raise UserError(words(self.env, "rate_limited"))

    @api.model
    def _due_domain(self):
        now = fields.Datetime.now()
        return [
            ("journal_id", "!=", False),
            ("next_attempt", "<=", now),
            ("consent_id.state", "=", "active"),
            "|",
            ("consent_id.rate_limited_until", "=", False),
            ("consent_id.rate_limited_until", "<=", now),
        ]

    @api.model
    def _cron_fetch(self):
        """Work on the accounts that are due, one small unit at a time.

        A unit is a refresh of tokens, a page of the bank's list, or a chunk of
        statement lines; each is committed, and none raises for the others.
        """
        if self.env["open.banking.home"]._is_quiet():
            return
        self = self.sudo()
        self._take_calls()
        turns = Turns()
        due = self._due()
        time_left = self._commit_lane(remaining=len(due))
        while due and time_left > 0:
            self._wake_others(due)
            time_left = self._work_slice(turns.next(due), turns, len(due))
            self._take_calls()
            due = turns.free(self._due())
        self._commit_lane(remaining=len(due))
        if due:
            # Odoo comes back to what this lane could still do, but its workers look
            # only every minute when nobody calls them.
            self.env.cr.postcommit.add(self.env["ir.cron"]._notifydb)
        else:
            self._look_again(turns.has_worked)

    def _commit_lane(self, done=0, remaining=0):
        """Commit, and tell Odoo how far this lane is.

        :param int done: units of work since the last time
        :param int remaining: accounts that this lane could work on
        :return: the seconds that are left
        """
        self.env["ir.cron"]._commit_progress(done, remaining=remaining)
        return self._time_left()

    def _work_slice(self, account, turns, remaining):
        """Work on an account until it is done, or another should have its turn.

        :return: the seconds that are left
        """
        for _unit in range(SLICE):
            unfinished = account._work_safely()
            self.env.invalidate_all()
            turns.had(account, unfinished)
            time_left = self._commit_lane(1, remaining - (not unfinished))
            if not unfinished or time_left <= 0:
                break
        return time_left

    def _look_again(self, worked):
        """Let the job come back for what is due by now.

        Workers pass by what another has locked. So whoever worked looks at once for
        what the others left because of him, and whoever could not comes back later:
        nothing waits for the job's next regular hour.
        """
        if self.search_count(self._due_domain(), limit=1) or self._is_called():
            self._wake_up(None if worked else fields.Datetime.now() + BUSY)

    def _work_safely(self):
        """Do one unit of work; whatever goes wrong stays on this account.

        :return: whether the account has more to do right now; None when nothing could
            be done or noted, since another worker has it or has just done it
        :rtype: bool | None
        """
        self.ensure_one()
        try:
            unfinished = self._work()
            self.env.flush_all()  # what PostgreSQL refuses belongs to this account
            return unfinished
        except CONCURRENT:
            self._start_anew()
            # Not on the record: whoever is at it would be disturbed.
            _logger.info("Account %s is busy elsewhere, it waits", self.id)
        except Exception as error:
            self._start_anew()
            if "time limit exceeded" in str(error):
                # The server is ending this worker; that is not the account's fault.
                raise
            if not isinstance(error, BankApiError | NotSetUp):
                self._log_unforeseen(error)
            if self._note_failure_alone(error):
                return False
        return None

    def _start_anew(self):
        """Forget the unit that failed; everything before it is committed."""
        self.env.cr.rollback()
        self.env.invalidate_all()

    def _note_failure_alone(self, error):
        """Note a failure, unless another worker is at the account by now.

        :return: whether it was noted
        :rtype: bool
        """
        try:
            if not self.consent_id._lock_with_accounts():
                return False
            self._note_failure(error)
            self.env.flush_all()
        except psycopg2.OperationalError:
            self._start_anew()
            return False
        return True

    def _log_unforeseen(self, error):
        """Say where it happened. Not the message: it may hold what the bank sent."""
        _logger.error(
            "Account %s could not be worked on: %s\n%s",
            self.id,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )

    def _work(self):
        """Do one unit of work. See `_cron_fetch` and `_work_safely`."""
        if not self._lock():
            return None
        consent = self.consent_id
        token = consent._access_token()
        run = self.env["open.banking.fetch"]._open_run(self)
        try:
            if not token and run.state == "reading":
                # The next unit reads: the new pair is committed before it is used.
                return consent._renew_tokens()
            return run._step(token)
        except ConsentExpired as error:
            return self._end_consent(error)
        except AccessTokenRejected:
            self._start_anew()
            return self._take_refusal(token)

    def _take_refusal(self, token):
        """The access token was refused: the next unit renews it, unless it is over."""
        if not self._lock():
            return None
        try:
            self.consent_id._access_token_refused(token)
        except ConsentExpired as error:
            return self._end_consent(error)
        return True

    def _end_consent(self, error):
        """Note it before the lock is given up: nobody can have stored new tokens."""
        self._note_failure(error)
        return False

    def _lock(self):
        """Lock the account and its consent: Mastercard allows one reader a consent.

        In one statement of SQL: the ORM locks the rows of one table at a time.
        """
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (SELECT FROM open_banking_disconnection asked
                                WHERE asked.consent_id = consent.id)
                  FROM open_banking_account account
                  JOIN open_banking_consent consent ON consent.id = account.consent_id
                 WHERE account.id = %s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                self.id,
            ),
            log_exceptions=False,  # another worker was at it just now
        )
        locked = self.env.cr.fetchall()
        if not locked:
            return False
        self.env.invalidate_all()
        if locked[0][0]:
            # Somebody found the consent locked when he disconnected the bank.
            self.consent_id._carry_out_disconnections()
            return False
        return bool(self.filtered_domain(self._due_domain()))

    def _note_failure(self, error):
        """Keep a failure on the record, and say when the next attempt is made."""
        code = self._code_of(error)
        if isinstance(error, ConsentExpired):
            self.consent_id._mark_expired(code)
        elif isinstance(error, CredentialsRejected):
            self.consent_id._note_error(error)
        now = fields.Datetime.now()
        wait = self._waiting_time(error)
        if isinstance(error, RateLimited):
            self.consent_id.sudo().rate_limited_until = now + wait
        self.write(
            {
                "error_code": code,
                "error_since": self.error_since or now,
                "failures": self.failures + 1,
                "next_attempt": now + wait,
            }
        )
        self.env["open.banking.fetch"]._note_failure(self, code, error)
        self._wake_up(self.next_attempt)

    @api.model
    def _code_of(self, error):
        if isinstance(error, BankApiError | NotSetUp):
            return error.code
        return "database" if isinstance(error, psycopg2.OperationalError) else "unknown"

    def _waiting_time(self, error):
        back_off = BACK_OFF_MINUTES[min(self.failures, len(BACK_OFF_MINUTES) - 1)]
        asked_for = getattr(error, "retry_after", None)
        return timedelta(seconds=asked_for or 0) or timedelta(minutes=back_off)

    def _note_success(self):
        self.consent_id._access_token_worked()
        # What the bank no longer delivers must not use up the few readings it allows.
        hours = 24 if self.is_orphaned else FETCH_INTERVAL_HOURS
        self.write(
            {
                "error_code": False,
                "error_since": False,
                "failures": 0,
                "last_fetch_on": fields.Datetime.now(),
                "next_attempt": fields.Datetime.now() + timedelta(hours=hours),
            }
        )

    def _progress(self):
        """Say how far the unfinished runs of these accounts are.

        :return: a sentence by account id, only for accounts with an unfinished run
        :rtype: dict[int, str]
        """
        runs = self.env["open.banking.fetch"].search(
            [("account_id", "in", self.ids), ("state", "in", ("reading", "booking"))]
        )
        waiting = dict(
            self.env["open.banking.transaction"]._read_group(
                [("account_id", "in", self.ids), ("booking_state", "=", "to_book")],
                ["account_id"],
                ["__count"],
            )
        )
        return {
            run.account_id.id: run._progress(waiting.get(run.account_id, 0))
            for run in runs
        }

    # === SIGN === #

    def action_turn_sign(self):
        """Turn the sign of the amounts of these accounts, while nothing is booked."""
        rows = self.env["open.banking.transaction"]
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can turn the sign."))
        self.check_access("read")
        for account in self.sudo():
            booked = [
                ("account_id", "=", account.id),
                ("booking_state", "=", "booked"),
            ]
            if rows.sudo().search_count(booked, limit=1):
                raise UserError(
                    self.env._(
                        "Transactions of %(account)s are in the books. Undo the runs "
                        "that booked them first.",
                        account=account.display_name,
                    )
                )
            account._turn_sign()

    def _turn_sign(self):
        """In SQL: a first reading may have brought a hundred thousand rows."""
        self.inverted_sign = not self.inverted_sign
        rows = self.env["open.banking.transaction"]
        rows.flush_model(["amount"])
        self.env.cr.execute(
            SQL(
                "UPDATE open_banking_transaction SET amount = -amount"
                " WHERE account_id = %s AND amount <> 0",
                self.id,
            )
        )
        rows.invalidate_model(["amount"], flush=False)

    def _signed(self, amount):
        """Return an amount as it goes into the books: money out is negative."""
        return -amount if self.inverted_sign else amount

    def _rows_total(self, first_row):
        """Return the sum of what the bank booked from a row on, held rows included.

        :param open.banking.transaction first_row: where to begin
        :rtype: Decimal
        """
        first_row.flush_model(["amount", "bank_order", "date", "state"])
        query = SQL(
            """
            SELECT COALESCE(SUM(amount), 0)::text
              FROM open_banking_transaction
             WHERE account_id = %s AND state = 'booked'
               AND (date, bank_order) >= (%s, %s)
            """,
            self.id,
            first_row.date,
            first_row.bank_order,
        )
        return Decimal(self.env.execute_query(query)[0][0])
