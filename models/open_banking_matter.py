import logging
from datetime import timedelta

import psycopg2
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .error_matter import ADMINISTRATOR, BOOKKEEPER, CUSTOMER
from .error_words import matter, words

_logger = logging.getLogger(__name__)

# What goes away by itself has so long for it before a person is called.
GOES_AWAY_WITHIN = timedelta(days=1)

# What PostgreSQL says when another worker has made the activity of a matter.
TAKEN = (psycopg2.IntegrityError, psycopg2.errors.SerializationFailure)


class MailActivity(models.Model):
    """One activity for one matter, however many workers meet it."""

    _inherit = "mail.activity"

    # Written by the feed alone: who could forge a matter could silence it.
    open_banking_matter = fields.Char(
        readonly=True, copy=False, groups=fields.NO_ACCESS
    )

    # Also of activities that are done: who has settled it his way is not asked again
    # until it has been over.
    _open_banking_matter_uniq = models.UniqueIndex(
        "(open_banking_matter) WHERE open_banking_matter IS NOT NULL"
    )

    def _claim_matter(self, key):
        """Make this the activity of a matter.

        In SQL: that another worker was first is expected, and no error for the log.

        :raise psycopg2.Error: one of `TAKEN`
        """
        self.flush_recordset()
        query = SQL(
            "UPDATE mail_activity SET open_banking_matter = %s WHERE id = %s",
            key,
            self.id,
        )
        self.env.cr.execute(query, log_exceptions=False)
        self.invalidate_recordset(["open_banking_matter"])

    def _update_note(self, record):
        """Let these activities say what is wrong with a record now."""
        for activity in self.filtered("active"):
            lang = activity.user_id.lang
            note = words(record.with_context(lang=lang).env, record.error_code)
            if note not in str(activity.note):
                activity.note = note

    def _close_matter(self):
        """The matter is over: an activity that is still open goes, one that is done
        stays in the history."""
        done = self.filtered(lambda activity: not activity.active)
        done.open_banking_matter = False
        (self - done).unlink()


class OpenBankingAlarm(models.AbstractModel):
    """An error that needs a person becomes an activity; its end closes it.

    Asking the customer for his consent has activities of its own.
    """

    _name = "open.banking.alarm"
    _description = "Errors That Need a Person"

    def write(self, vals):
        """An error that is gone, or another one, ends what was asked about it."""
        if "error_code" not in vals:
            return super().write(vals)
        before = [(each, each.error_code) for each in self if each.error_code]
        result = super().write(vals)
        for record, code in before:
            if code != record.error_code:
                record._end_alarm(code)
        return result

    def _needs_person(self):
        """Whether this record's error is one for a person by now."""
        who = matter(self.error_code).who
        if not self.error_code or who == CUSTOMER:
            return False
        since = self.error_since or fields.Datetime.now()
        lasts = fields.Datetime.now() - since >= GOES_AWAY_WITHIN
        return who in (BOOKKEEPER, ADMINISTRATOR) or lasts

    def _matter_key(self, code):
        """Name what an activity is about: the same name, the same matter."""
        if matter(code).is_common:
            return f"{self.company_id.id}/{code}"
        return f"{self._name}/{self.id}"

    def _sound_alarm(self):
        """Ask the responsible user to look at this record's error, once."""
        self.ensure_one()
        if not self._needs_person():
            return
        key = self._matter_key(self.error_code)
        there = self._alarms([key])
        if there:
            there._update_note(self)
            return
        try:
            with self.env.cr.savepoint():
                self._schedule_alarm(key)
        except (UserError, *TAKEN) as error:
            # Another worker was first, or the user may not be asked.
            _logger.info("No activity for %s: %s", key, type(error).__name__)

    def _schedule_alarm(self, key):
        user = self._alarm_consent()._responsible()
        record = self.with_context(lang=user.lang)
        activity = record.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=record.env._("The bank feed needs you"),
            note=words(record.env, self.error_code),
            user_id=user.id,
        )
        activity.sudo()._claim_matter(key)

    def _end_alarm(self, code):
        """An error is gone here; a common matter ends with the last who has it."""
        keys = [] if self.error_code else [f"{self._name}/{self.id}"]
        if matter(code).is_common and not self._is_common_still(code):
            keys.append(self._matter_key(code))
        self._alarms(keys)._close_matter()

    def _is_common_still(self, code):
        having = [("company_id", "=", self.company_id.id), ("error_code", "=", code)]
        read = [("consent_id.state", "=", "active")]
        return bool(
            self.env["open.banking.account"].sudo().search_count(having + read, limit=1)
            or self.env["open.banking.consent"]
            .sudo()
            .search_count([*having, ("state", "=", "active")], limit=1)
        )

    def _alarms(self, keys):
        activities = self.env["mail.activity"].sudo().with_context(active_test=False)
        return activities.search([("open_banking_matter", "in", keys)])


class OpenBankingAccount(models.Model):
    _name = "open.banking.account"
    _inherit = ["open.banking.account", "open.banking.alarm"]

    def _note_failure(self, error):
        result = super()._note_failure(error)
        self._sound_alarm()
        return result

    def _needs_person(self):
        return self.consent_id.state == "active" and super()._needs_person()

    def _alarm_consent(self):
        return self.consent_id


class OpenBankingConsent(models.Model):
    _name = "open.banking.consent"
    _inherit = ["open.banking.consent", "open.banking.alarm"]

    def _note_error(self, error):
        result = super()._note_error(error)
        for consent in self.sudo():
            consent._sound_alarm()
        return result

    def _end(self, state, error_code, user=None):
        """Of a consent that has ended only its renewal is asked for."""
        ending = self.sudo().filtered(lambda consent: consent.state == "active")
        result = super()._end(state, error_code, user)
        accounts = ending.account_ids
        keys = [f"{record._name}/{record.id}" for record in (*ending, *accounts)]
        for code in set(accounts.filtered("error_code").mapped("error_code")):
            first = accounts.filtered(lambda each, code=code: each.error_code == code)
            if matter(code).is_common and not first[0]._is_common_still(code):
                keys.append(first[0]._matter_key(code))
        self._alarms(keys)._close_matter()
        return result

    def _needs_person(self):
        return self.state == "active" and super()._needs_person()

    def _alarm_consent(self):
        return self
