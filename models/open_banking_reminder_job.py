import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import BUSY, CONCURRENT

_logger = logging.getLogger(__name__)


class OpenBankingReminder(models.Model):
    """The daily job. It is also woken up when a consent ends by itself."""

    _inherit = "open.banking.reminder"

    @api.model
    def _cron_remind(self):
        """Tell each contact that has to be told today, in one mail. Running it again
        sends nothing again."""
        home = self.env["open.banking.home"]
        if home._is_quiet() or home._is_neutralized():
            return
        commit = self.env["ir.cron"]._commit_progress
        consents = self.env["open.banking.consent"].sudo()
        consents._refresh_estimates()
        commit()
        groups = list(consents._to_remind().grouped("partner_id").items())
        time_left = commit(remaining=len(groups))
        for partner, group in groups:
            if not time_left:
                self._wake_up()
                break
            self._remind_safely(partner, group)
            time_left = commit(1)

    @api.model
    def _remind_safely(self, partner, consents):
        """Remind one contact, and the users; an error concerns nobody else."""
        try:
            self._remind(partner, consents)
            self.env.flush_all()
        except CONCURRENT:
            self._start_anew()
            _logger.info("Contact %s is busy elsewhere, he waits a minute", partner.id)
            self._wake_up(fields.Datetime.now() + BUSY)
        except Exception as error:
            self._start_anew()
            if "time limit exceeded" in str(error):
                # The server is ending this worker; that is not the contact's fault.
                raise
            name = type(error).__name__  # the message may hold what must not be logged
            _logger.error("Contact %s could not be reminded: %s", partner.id, name)

    def _start_anew(self):
        self.env.cr.rollback()
        self.env.invalidate_all()

    @api.model
    def _remind(self, partner, consents):
        today = self.env["open.banking.fetch"]._bank_today()
        due = consents._due_now(today)
        if due and not partner._open_banking_has_mail_of(today):
            if partner._open_banking_gets_mail():
                self._mail(partner, due)
            else:
                due._ask_users_instead()
        for consent in consents:
            consent._remind_user(today)

    @api.model
    def _mail(self, partner, consents):
        """Write the mail. A template that somebody has spoiled keeps nothing else from
        being done, and the users hear of it."""
        try:
            with self.env.cr.savepoint():
                attempts = self.env["open.banking.authorisation"].sudo()
                links = {each: attempts._link_to_renew(each) for each in consents}
                self._send(partner, links)
        except (UserError, ValueError, psycopg2.DataError) as error:
            name = type(error).__name__
            _logger.warning("The mail to contact %s failed: %s", partner.id, name)
            consents._ask_users_instead(is_spoiled=True)


class OpenBankingConsent(models.Model):
    """Which consents have to be renewed, as the job sees them."""

    _inherit = "open.banking.consent"

    reminder_ids = fields.One2many(
        "open.banking.reminder.line", "consent_id", "Reminders", readonly=True
    )

    @api.model
    def _refresh_estimates(self):
        """A bank may have been seen to end consents earlier than was thought. What a
        worker has locked waits for the next day."""
        active = self.search([("state", "=", "active"), ("authorised_on", "!=", False)])
        lives = self.env["open.banking.life"]._shortest()
        other = active.filtered(lambda consent: consent._estimate(lives))
        other.try_lock_for_update(allow_referencing=True)._estimate_expiry()

    @api.model
    def _to_remind(self):
        """Return the consents that have to be renewed about now, and can be."""
        consents = self.search(self._remindable_domain(), order="expires_on, id")
        able = consents.company_id.filtered(lambda each: each._open_banking_can_talk())
        return consents.filtered(
            lambda consent: consent.company_id in able and not consent.is_ending
        )

    def _due_now(self, today):
        """Return all of these that a mail of today speaks of; none when nothing new has
        come due, or when a person has said that no more mails are wanted."""
        wanted = self - self._no_longer_asked()
        steps = {each: each._due_reminder(today) for each in wanted}
        speakable = wanted.filtered(lambda each: steps[each])
        told_on = speakable._last_told()
        told_of_end = speakable._last_told([("days_left", "<=", 0)])

        def is_new(consent):
            step, day = steps[consent]
            told = (told_on if step > 0 else told_of_end).get(consent)
            return not told or told < day

        return speakable if any(map(is_new, speakable)) else self.browse()

    def _last_told(self, domain=()):
        """Return the day on which the contact was told last, by consent.

        :rtype: dict[open.banking.consent, date]
        """
        groups = self.env["open.banking.reminder.line"]._read_group(
            [("consent_id", "in", self.ids), *domain], ["consent_id"], ["day:max"]
        )
        return dict(groups)

    def _no_longer_asked(self):
        """Return those whose link a user has withdrawn, or whose contact has said that
        the link is not for him. A request by hand begins anew."""
        attempts = self.env["open.banking.authorisation"].search(
            [("renews_id", "in", self.ids), ("sent_on", "!=", False)], order="id"
        )
        newest = {
            attempt.renews_id: attempt
            for attempt in attempts
            if attempt.partner_id == attempt.renews_id.partner_id
            and attempt.sent_on >= attempt.renews_id._given_on()
        }
        stopped = ("withdrawn_by_user", "not_me")
        return self.filtered(
            lambda consent: (
                consent in newest
                and newest[consent].state == "withdrawn"
                and newest[consent].error_code in stopped
            )
        )

    def _ask_users_instead(self, is_spoiled=False):
        """No mail can go out: the responsible user is asked to see to it."""
        for consent in self:
            consent._ask_user(
                lambda env, consent=consent: (
                    env._(
                        "The e-mail that asks to renew could not be made. An "
                        "administrator looks at its template, \u201cOpen Banking: "
                        "renew the consent\u201d."
                    )
                    if is_spoiled
                    else consent._words_of_end(env)
                )
            )
        self.env["open.banking.reminder.line"]._note(self)

    def _note_asked(self, partner, user):
        """Say on the consents that their contact was asked; never the link."""
        for consent in self.sudo():
            by_user = self.env._(
                "%(user)s asked %(contact)s by e-mail to renew the consent.",
                user=user.name if user else "",
                contact=partner.name,
            )
            by_itself = self.env._(
                "%s was asked by e-mail to renew the consent.", partner.name
            )
            consent.message_post(body=by_user if user else by_itself)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _open_banking_gets_mail(self):
        """Whether a mail can be sent to this contact."""
        return bool(self and self.active and self.email)

    def _open_banking_has_mail_of(self, day):
        """Whether a mail of this day has asked this contact to renew.

        :rtype: bool
        """
        reminders = self.env["open.banking.reminder"].sudo()
        mine = [("partner_id", "=", self.id), ("day", "=", day)]
        return bool(self) and bool(reminders.search_count(mine, limit=1))
