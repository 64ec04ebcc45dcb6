import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..bank_api import AccessTokenRejected, BankApiError, ConsentExpired, RateLimited
from ..const import CALLBACK_PATH
from .error_words import words
from .notification import RELOAD, notification

# A worker has a consent for one unit of work at a time; a person can wait for that.
TRIES, PAUSE = 6, 1.0

# How long after a request the bank's news are looked for, and how often.
NEWS_WITHIN = timedelta(hours=2)
LOOK_AGAIN = (1, 2, 5, 10, 20, 40)
LONGEST_PAUSE = timedelta(hours=6)


class ReadingNow(UserError):
    """A worker reads under the consent: Mastercard allows one request at a time."""


class OpenBankingConsent(models.Model):
    """Mastercard is asked to read the bank now, with the customer if it must be."""

    _inherit = "open.banking.consent"

    news_asked_on = fields.Datetime(
        string="News Asked For",
        readonly=True,
        copy=False,
        help="When Mastercard was asked to read the bank, until the news are here.",
    )
    pause_text = fields.Char(compute="_compute_pause_text")

    @api.depends("rate_limited_until")
    @api.depends_context("lang", "tz")
    def _compute_pause_text(self):
        for consent in self:
            until = consent.rate_limited_until
            paused = until and until > fields.Datetime.now()
            consent.pause_text = paused and self._words_of_pause(until)

    @api.model
    def _words_of_pause(self, until):
        return self.env._(
            "The bank allows no more readings before %(time)s. Odoo waits and goes on "
            "by itself; nothing is lost.",
            time=format_datetime(self.env, until, dt_format="short"),
        )

    # === ASKING === #

    def _ask_for_news(self):
        """Ask Mastercard to read the banks of this consent now (`POST /v1/update`).

        In transactions of its own, one for each step: a new pair of tokens is
        committed before it is used.

        :return: "AllQueued", or "SupervisedLoginRequired" with an address to which
            the customer must go
        :rtype: bank_api.UpdateAnswer
        :raise ReadingNow: when a worker does not let go of the consent
        :raise bank_api.BankApiError: `ConsentExpired` when the consent has ended,
            which is noted; `RateLimited`, noted too; others
        """
        self.ensure_one()
        try:
            return self._with_token("_request_update", self._callback_address())
        except ConsentExpired as error:
            self._in_own_transaction("_mark_expired", error.code)
            raise
        except RateLimited as error:
            error.until = self._in_own_transaction("_note_pause", error.retry_after)
            raise

    def _callback_address(self):
        return self.get_base_url() + CALLBACK_PATH

    def _with_token(self, method, *args):
        """Run a method under a lock, in its own transaction, with a good token.

        A token that is refused before its time is renewed once.
        """
        token = self._in_own_transaction("_good_token")
        try:
            return self._in_own_transaction(method, token, *args)
        except AccessTokenRejected:
            token = self._in_own_transaction("_good_token", token)
            return self._in_own_transaction(method, token, *args)

    def _in_own_transaction(self, method, *args):
        """Run a method of this consent, locked, and commit what it did."""
        for left in reversed(range(TRIES)):
            with self.env.registry.cursor() as cursor:
                env = api.Environment(cursor, self.env.uid, dict(self.env.context))
                consent = env[self._name].sudo().browse(self.id)
                # The lock comes first: it must see what others have committed.
                if consent._lock_tokens():
                    result = getattr(consent, method)(*args)
                    env.flush_all()
                    self.invalidate_recordset()
                    return result
            if left:
                time.sleep(PAUSE)
        raise ReadingNow(
            self.env._("The bank is being read at this moment. Try again in a minute.")
        )

    def _good_token(self, refused=None):
        """Return an access token, renewed when it must be.

        :param str refused: the token that Mastercard did not take just now
        """
        if self.state != "active":
            raise ConsentExpired("consent_expired", "the consent has ended before")
        if refused:
            self._access_token_refused(refused)
        if not self._access_token():
            self._renew_tokens()
        return self._access_token() or ""

    def _request_update(self, token, redirect_url):
        client = self.company_id._open_banking_client()
        answer = client.update(token, redirect_url)
        if not answer.auth_url:
            self.news_asked_on = fields.Datetime.now()
            self._look_for_news()
        return answer

    def _note_pause(self, seconds):
        pause = timedelta(seconds=seconds or 0) or LONGEST_PAUSE
        self.rate_limited_until = fields.Datetime.now() + pause
        return self.rate_limited_until

    # === WAITING FOR THE NEWS === #

    def _look_for_news(self):
        """Read soon what Mastercard has got. A message may say so before."""
        soon = fields.Datetime.now() + timedelta(minutes=LOOK_AGAIN[0])
        for account in self.account_ids.filtered("journal_id"):
            account.next_attempt = min(account.next_attempt or soon, soon)
            account._wake_up(soon)

    def _note_news(self):
        """Stop looking when all accounts have been read since, or after a while."""
        asked = self.news_asked_on
        read = self.account_ids.filtered("journal_id").mapped("bank_synchronized_on")
        here = all(moment and moment >= asked for moment in read)
        if here or fields.Datetime.now() - asked > NEWS_WITHIN:
            self.news_asked_on = False

    # === THE BUTTON === #

    def action_synchronise(self):
        """Ask the bank for news; where it wants its customer, open the way to it."""
        self._check_bookkeeper()
        if not self:
            raise UserError(self.env._("The bank is not connected."))
        waiting = self.browse()
        for consent in self:
            if consent._synchronise():
                waiting |= consent
        if not waiting:
            return self._news_are_asked_for()
        if len(self) > 1:
            raise UserError(
                self.env._(
                    "These banks want their customers to log in: %s. Send them a "
                    "renewal request.",
                    ", ".join(waiting.mapped("name")),
                )
            )
        return waiting._open_login()

    def _synchronise(self):
        """Ask for news.

        :return: whether the bank wants its customer to log in
        :rtype: bool
        :raise UserError: in words, when it cannot be done now
        """
        if self.pause_text:
            raise UserError(self.pause_text)
        try:
            return bool(self._ask_for_news().auth_url)
        except ConsentExpired:
            return True
        except RateLimited as error:
            raise UserError(self._words_of_pause(error.until)) from error
        except BankApiError as error:
            raise UserError(words(self.env, error.code)) from error

    def _open_login(self):
        """Lead to the page from which the customer goes to his bank.

        The attempt has a transaction of its own: this one began before the consent
        was written to, and would be repeated with all that went before.
        """
        with self.env.registry.cursor() as cursor:
            env = self.env(cr=cursor)
            consent = self.with_env(env).sudo()
            address = env["open.banking.authorisation"]._make_link(
                consent.company_id,
                consent.account_ids.journal_id[:1],
                env.user,
                renews=consent,
            )
        return {"type": "ir.actions.act_url", "url": address, "target": "self"}

    def _news_are_asked_for(self):
        message = self.env._(
            "The bank is asked for news. They are in the books within a few "
            "minutes, without your doing anything."
        )
        return notification("info", message, RELOAD)


class OpenBankingAccount(models.Model):
    """After a request for news an account is read until they are here."""

    _inherit = "open.banking.account"

    def action_synchronise(self):
        """Ask the banks of these accounts for news."""
        self.check_access("read")
        return self.consent_id.action_synchronise()

    def _note_success(self):
        """Look again while the news that were asked for are not here."""
        result = super()._note_success()
        consent = self.consent_id
        if not consent.news_asked_on or not self.next_attempt:
            return result
        passed = fields.Datetime.now() - consent.news_asked_on
        consent._note_news()
        if consent.news_asked_on:
            later = [each for each in LOOK_AGAIN if timedelta(minutes=each) > passed]
            pause = timedelta(minutes=later[0] if later else LOOK_AGAIN[-1])
            self.next_attempt = min(self.next_attempt, fields.Datetime.now() + pause)
            self._wake_up(self.next_attempt)
        return result
