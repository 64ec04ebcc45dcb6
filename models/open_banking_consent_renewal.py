from datetime import timedelta

from markupsafe import escape
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..feed import due_step, reminder_steps
from ..feed.reminders import LONGEST_NOTICE
from .error_words import words
from .open_banking_consent_expiry import bank_day

# Days before the end at which the responsible user is asked to look after it.
USER_STEPS = (3, 0)
# Weekly mails end after four weeks; a week later nothing is late any more.
LONGEST_AFTER = 5 * 7


class OpenBankingConsent(models.Model):
    """The customer is asked in time to give his consent again."""

    _inherit = "open.banking.consent"

    renewal_needed_on = fields.Date(
        readonly=True,
        help="Since then the bank goes on only when the customer gives the consent "
        "again, or has ended it.",
    )
    user_asked_on = fields.Date(
        readonly=True, help="When the responsible user got an activity last."
    )
    renewal_activity_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    may_be_renewed = fields.Boolean(compute="_compute_may_be_renewed")

    @api.depends("state", "ends_soon", "renewal_needed_on", "account_ids.journal_id")
    def _compute_may_be_renewed(self):
        for consent in self:
            ending = consent.ends_soon or consent.renewal_needed_on
            consent.may_be_renewed = consent._is_renewable() and (
                consent.state == "expired" or bool(ending)
            )

    def _is_renewable(self):
        """Whether giving this consent again makes sense: it lives, or has died by
        itself and no other has taken over what is in use."""
        return self.state == "active" or (
            self.state == "expired" and bool(self.account_ids.journal_id)
        )

    # === THE CUSTOMER IS NEEDED === #

    def _ask_for_renewal(self, error_code):
        """The customer is needed at his bank: say so now, not at the next look.

        The user gets his activity here. The mail is made by the job of the reminders,
        which is woken up: it writes one mail to a contact for all that ends just now.

        :param str error_code: why, in the table of words
        """
        today = self.env["open.banking.fetch"]._bank_today()
        for consent in self.sudo():
            consent.renewal_needed_on = consent.renewal_needed_on or today
            consent._ask_user(lambda env: words(env, error_code))
        if not self.env.context.get("open_banking_customer_is_here"):
            self.env["open.banking.reminder"]._wake_up()

    def _mark_expired(self, error_code="consent_expired"):
        """Who can renew the consent hears of its end at once."""
        ending = self.sudo().filtered(lambda consent: consent.state == "active")
        super()._mark_expired(error_code)
        ending._ask_for_renewal(error_code)

    def _learn_expiry(self, day, accounts=None):
        """A bank that goes on needs nobody; of several another one may."""
        result = super()._learn_expiry(day, accounts)
        for consent in self.sudo().filtered("renewal_needed_on"):
            if len(set(consent.account_ids.mapped("provider_id"))) == 1:
                consent._forget_renewal()
        return result

    # === RENEWED === #

    def _store(self, company, external_id, tokens, partner=None, user=None):
        """The same consent was given again: nobody need do anything."""
        known = self.sudo().search([("external_id", "=", external_id)])
        consent = super()._store(company, external_id, tokens, partner, user)
        if known:
            consent._renewal_is_over("replaced")
        return consent

    def _end(self, state, error_code, user=None):
        replaced = self.sudo().filtered(lambda each: each.state == "active")
        result = super()._end(state, error_code, user)
        if state == "replaced":
            replaced._renewal_is_over(error_code)
        return result

    def _renewal_is_over(self, error_code):
        """Nobody need renew these consents any more: stop asking."""
        self._forget_renewal()
        self._stop_links(error_code)

    def _forget_renewal(self):
        self.write({"renewal_needed_on": False, "user_asked_on": False})
        self.sudo().renewal_activity_id.filtered("active").unlink()

    # === WHAT IS DUE === #

    @api.model
    def _remindable_domain(self):
        """Consents in use that end soon or have ended lately, roughly."""
        today = self.env["open.banking.fetch"]._bank_today()
        soon = today + timedelta(days=LONGEST_NOTICE)
        lately = today - timedelta(days=LONGEST_AFTER + 1)
        needed = Domain("renewal_needed_on", ">", lately)
        ending = Domain("expires_on", "<=", soon) & Domain("expires_on", ">", lately)
        ended = Domain("state", "=", "expired") & Domain("ended_on", ">", lately)
        living = Domain("state", "=", "active") & (needed | ending)
        return Domain("account_ids.journal_id", "!=", False) & (living | ended)

    def _end_day(self):
        """Return the day on which this consent ends or has ended.

        A date that was only expected does not count any more when it has ended.

        :rtype: date
        """
        expected = self.expires_on if self.state == "active" else False
        ended = bank_day(self.ended_on) if self.ended_on else False
        known = list(filter(None, (self.renewal_needed_on, expected, ended)))
        return min(known) if known else self._first_end({})[0]

    def _due_reminder(self, today):
        """Return the step at which the customer is to be told, and its day.

        :rtype: tuple[int, date] | None
        """
        company = self.company_id.sudo()
        has_ended = self.state == "expired" or bool(self.renewal_needed_on)
        steps = reminder_steps(
            company._open_banking_notice_days(),
            company.open_banking_reminder_weeks,
            has_ended,
        )
        return self._due(steps, today)

    def _due(self, steps, today):
        return due_step(steps, bank_day(self._given_on()), self._end_day(), today)

    def _given_on(self):
        """Return the moment at which this consent was given last.

        :rtype: datetime
        """
        return self.authorised_on or self.create_date

    # === THE RESPONSIBLE USER === #

    def _remind_user(self, today):
        """Ask the responsible user, if a day has come on which that is done."""
        for consent in self:
            due = consent._due(USER_STEPS, today)
            asked_on = consent.user_asked_on
            if due and (not asked_on or asked_on < due[1]):
                consent._ask_user(consent._words_of_end)

    def _words_of_end(self, env):
        end = self._end_day()
        day = format_date(env, end)
        if end > self.env["open.banking.fetch"]._bank_today():
            text = env._(
                "The consent is good until %(day)s and has not been renewed yet.",
                day=day,
            )
        else:
            text = env._(
                "The consent was good until %(day)s. Nothing is lost: once it is given "
                "again, everything since then is fetched.",
                day=day,
            )
        return f"{text} {self._words_of_contact(env)}"

    def _words_of_contact(self, env):
        """Say whom Odoo reminds, or why it reminds nobody."""
        contact = self.partner_id
        if not contact:
            return env._("Nobody is reminded by e-mail: the consent has no contact.")
        if not contact._open_banking_gets_mail():
            return env._(
                "Nobody is reminded by e-mail: %s has no e-mail address.", contact.name
            )
        return env._("%s is reminded by e-mail.", contact.name)

    def _ask_user(self, note):
        """Ask the responsible user to see to the renewal: one activity, kept up.

        :param Callable note: takes an environment of his language, returns the text
        """
        user = self._responsible()
        consent = self.sudo().with_context(lang=user.lang)
        summary = consent.env._("Bank consent needs renewal")
        # A note is HTML, and names are in it.
        values = {"summary": summary, "note": escape(note(consent.env))}
        if consent.renewal_activity_id.active:
            consent.renewal_activity_id.write(values)
        else:
            consent.renewal_activity_id = consent.activity_schedule(
                "mail.mail_activity_data_todo", user_id=user.id, **values
            )
        self.user_asked_on = self.env["open.banking.fetch"]._bank_today()
