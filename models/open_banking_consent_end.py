import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .error_words import words
from .open_banking_fetch import UNFINISHED_STATES

_logger = logging.getLogger(__name__)

# A withdrawn consent is not to be renewed by a link that is still on its way. What a
# customer has chosen at his bank already is being stored; it is left alone.
UNFINISHED_LINKS = ("draft", "sent", "opened", "at_bank", "cancelled", "failed")


class OpenBankingConsent(models.Model):
    """What else stops when a consent ends, and what people read about it."""

    _inherit = "open.banking.consent"

    end_text = fields.Char(compute="_compute_end_text", string="How It Ended")

    def _end(self, state, error_code, user=None):
        """End these consents; what was read stays, and is put into the books."""
        ending = self.sudo().filtered(lambda consent: consent.state == "active")
        result = super()._end(state, error_code, user)
        ending.rate_limited_until = False
        ending.covered_ids._close()
        if state == "withdrawn":
            ending._stop_links(error_code)
            ending._stop_activities()
            ending.account_ids._stop_reading(error_code)
            if not user:
                ending._tell_responsible(error_code)
        return result

    def _stop_links(self, error_code):
        attempts = self.env["open.banking.authorisation"].sudo()
        attempts = attempts.search(
            [("renews_id", "in", self.ids), ("state", "in", UNFINISHED_LINKS)]
        )
        for attempt in attempts:
            attempt._fail(error_code, state="withdrawn")

    def _stop_activities(self):
        """Take back what Odoo itself asked users to do; their own notes stay."""
        (self.activity_ids | self.account_ids.activity_ids).filtered(
            "automated"
        ).unlink()

    def _tell_responsible(self, error_code):
        """Nobody here ended it: say so to the one who looks after the connection."""
        for consent in self:
            user = consent._responsible()
            env = consent.with_context(lang=user.lang).env
            consent.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=env._("The bank connection has ended"),
                note=words(env, error_code),
                user_id=user.id,
            )

    def _tell_customer_of_end(self):
        """Write to the contact that his bank is disconnected, in his language."""
        template = self.env.ref(
            "account_mastercard_open_banking.mail_template_disconnect",
            raise_if_not_found=False,
        )
        is_home = self.env["open.banking.home"]._is_home()
        for consent in self.sudo().filtered("partner_id.email"):
            told = template and is_home and consent._send_of_end(template.sudo())
            said = self.env._("%(contact)s is told by e-mail.")
            failed = self.env._("The e-mail to %(contact)s could not be made.")
            name = consent.partner_id.display_name
            consent.message_post(body=(said if told else failed) % {"contact": name})

    def _send_of_end(self, template):
        """Put the mail into the outbox; a template that somebody has spoiled must not
        keep a consent alive.

        :return: whether it lies there
        :rtype: bool
        """
        try:
            with self.env.cr.savepoint():
                return bool(template.send_mail(self.id))
        except (UserError, ValueError, psycopg2.DataError) as error:
            _logger.warning("Consent %s: %s", self.id, type(error).__name__)
            return False

    def _store(self, company, external_id, tokens, partner=None, user=None):
        """A consent that had ended may be given again: its accounts are read again."""
        before = self.sudo().search([("external_id", "=", external_id)])
        had_ended = before.state not in (False, "active")
        consent = super()._store(company, external_id, tokens, partner, user)
        if had_ended:
            consent.end_note = False
            consent._stop_activities()
            for account in consent.account_ids:
                account.write(account._with_new_consent())
        return consent

    @api.depends("state", "error_code", "ended_on", "ended_by_id")
    @api.depends_context("lang", "tz")
    def _compute_end_text(self):
        for consent in self:
            consent.end_text = consent.state != "active" and consent._end_text()

    def _card_state(self):
        """What a user ended himself is no alarm to him.

        :rtype: str
        """
        by_user = self.sudo().error_code == "disconnected"
        return "disconnected" if by_user else "ended"

    def _end_text(self):
        """Say in words how this consent ended, and what to do.

        :rtype: str
        """
        consent = self.sudo()
        if consent.error_code == "disconnected" and consent.ended_on:
            ended = fields.Datetime.context_timestamp(self, consent.ended_on)
            day = format_date(self.env, ended.date())
            return self.env._(
                "Disconnected on %(day)s by %(user)s. Connect to bank goes on from "
                "there without a gap.",
                day=day,
                user=consent.ended_by_id.name or self.env._("a user"),
            )
        return words(self.env, consent.error_code or "consent_expired")


class OpenBankingAccount(models.Model):
    """What stops at the accounts of a consent that was withdrawn."""

    _inherit = "open.banking.account"

    consent_end_text = fields.Char(
        compute="_compute_consent_end_text", string="How the Consent Ended"
    )

    @api.depends("consent_id.end_text")
    @api.depends_context("lang", "tz")
    def _compute_consent_end_text(self):
        for account in self:
            consent = account.consent_id
            account.consent_end_text = consent.end_text
            if consent.state == "replaced":
                account.consent_end_text = self.env._(
                    "The newer consent does not cover this account. Press Connect to "
                    "bank and choose it as well."
                )

    @api.model
    def _due_domain(self):
        """Also without consent a run that has read all is booked to its end."""
        booking = [
            ("journal_id", "!=", False),
            ("next_attempt", "<=", fields.Datetime.now()),
            ("consent_id.state", "!=", "active"),
            ("fetch_ids.state", "=", "booking"),
        ]
        return list(Domain(super()._due_domain()) | Domain(booking))

    def _note_success(self):
        result = super()._note_success()
        if self.consent_id.state != "active":
            self.next_attempt = False
        return result

    def _stop_reading(self, error_code):
        """Nothing more is read of these accounts.

        What was read completely is booked. What an unfinished reading has brought
        stays in the feed and waits for a complete one.
        """
        mine = [("account_id", "in", self.ids)]
        self.env["open.banking.call"].sudo().search(mine).unlink()
        runs = (
            self.env["open.banking.fetch"]
            .sudo()
            .search([*mine, ("state", "in", UNFINISHED_STATES)])
        )
        booking = runs.filtered(lambda run: run.state == "booking")
        (runs - booking)._stop(error_code)
        self.write(
            {
                "error_code": False,
                "error_since": False,
                "failures": 0,
                "next_attempt": False,
                "pressed_by_id": False,
            }
        )
        if booking:
            booking.account_id.next_attempt = fields.Datetime.now()
            self._wake_up()
