import base64
from datetime import date

import pytz
import vobject
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

MODULE = "account_mastercard_open_banking"


class OpenBankingReminder(models.Model):
    """One mail that asks a contact to renew: for all of his consents that are due.

    The row guards that nobody gets two on one day, whoever writes them.
    """

    _name = "open.banking.reminder"
    _description = "Request to Renew"
    _order = "day desc, id desc"

    partner_id = fields.Many2one(
        "res.partner", string="Contact", required=True, index=True, ondelete="cascade"
    )
    day = fields.Date(required=True)
    user_id = fields.Many2one("res.users", help="Who sent it by hand.")
    sender_id = fields.Many2one("res.users", help="Who is asked when it is answered.")
    line_ids = fields.One2many("open.banking.reminder.line", "reminder_id", "Consents")
    companies_text = fields.Char(compute="_compute_companies_text")

    _one_a_day = models.UniqueIndex("(partner_id, day) WHERE user_id IS NULL")

    @api.depends("line_ids.company_id.name")
    def _compute_companies_text(self):
        for reminder in self:
            names = reminder.line_ids.company_id.mapped("name")
            reminder.companies_text = ", ".join(names)

    @api.model
    def _wake_up(self, at=None):
        self.env.ref(f"{MODULE}.ir_cron_remind").sudo()._trigger(at)

    # === SENDING === #

    @api.model
    def _send(self, partner, links, user=None):
        """Put one mail into the outbox that asks a contact to renew.

        It hangs on no record, so that nobody reads a link in a chatter, and is deleted
        when it is sent.

        :param dict links: the whole address by consent
        :param res.users user: who sends it by hand; the job's own when empty
        :return: the reminder; empty when the contact has got the one of this day
        :raise UserError: when the contact has no e-mail address
        """
        self.env["open.banking.home"]._check()
        if not partner._open_banking_gets_mail():
            raise UserError(self.env._("%s has no e-mail address.", partner.name))
        reminder = self._open(partner, user)
        if reminder:
            consents = self.env["open.banking.consent"].concat(*links)
            reminder._note_lines(consents)
            reminder.sender_id = user or consents.user_id.filtered("active")[:1]
            reminder._put_into_outbox(links)
            consents._note_asked(partner, user)
        return reminder

    @api.model
    def _open(self, partner, user):
        """Return the row for a mail of today.

        In SQL: of two workers at the same moment one goes on, and the other meets no
        error.
        """
        day = self.env["open.banking.fetch"]._bank_today()
        query = SQL(
            """
            INSERT INTO open_banking_reminder
                        (partner_id, day, user_id, create_uid, create_date)
                 VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (partner_id, day) WHERE user_id IS NULL DO NOTHING
              RETURNING id
            """,
            partner.id,
            day,
            user.id if user else None,
            self.env.uid,
            fields.Datetime.now(),
        )
        return self.sudo().browse(row[0] for row in self.env.execute_query(query))

    def _note_lines(self, consents):
        self.env["open.banking.reminder.line"]._note(consents, self)

    def _put_into_outbox(self, links):
        by_id = {consent.id: link for consent, link in links.items()}
        template = self._template().with_context(open_banking_links=by_id)
        values = {
            "model": False,
            "res_id": False,
            "attachments": self._attachments(),
        }
        template.send_mail(self.id, email_values=values)
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    @api.model
    def _template(self):
        template = self.env.ref(
            f"{MODULE}.mail_template_renewal", raise_if_not_found=False
        )
        if not template:
            raise UserError(
                self.env._("The template of the mail that asks to renew was deleted.")
            )
        return template.sudo()

    # === THE CALENDAR ENTRY === #

    def _attachments(self):
        """Return the calendar file, if any of the consents is still to end.

        :rtype: list[tuple[str, bytes]]
        """
        lines = self.line_ids.filtered(lambda line: line.days_left >= 0)
        if not lines:
            return []
        lines = lines.with_context(lang=self.partner_id.lang)
        calendar = vobject.iCalendar()
        calendar.add("method").value = "PUBLISH"
        for line in lines:
            line._add_event(calendar)
        return [("renewal.ics", base64.b64encode(calendar.serialize().encode()))]


class OpenBankingReminderLine(models.Model):
    """A consent that somebody was asked to renew: when, and how long before its end."""

    _name = "open.banking.reminder.line"
    _description = "Reminder of a Consent"
    _order = "day desc, id desc"
    _check_company_auto = True

    # As in the consent's other rows: pylint: disable=duplicate-code
    consent_id = fields.Many2one(
        "open.banking.consent",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="consent_id.company_id", store=True, index=True
    )
    reminder_id = fields.Many2one(
        "open.banking.reminder", readonly=True, index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    user_id = fields.Many2one("res.users", string="Sent By", readonly=True)
    day = fields.Date(readonly=True, required=True)
    end_day = fields.Date(string="Consent Until", readonly=True)
    days_left = fields.Integer(
        readonly=True, help="Until the consent ends; below 0 it has ended."
    )
    kind = fields.Selection(
        [("mail", "By e-mail"), ("activity", "No mail: the user was asked")],
        readonly=True,
        required=True,
    )
    when_text = fields.Char(compute="_compute_when_text")

    @api.model
    def _note(self, consents, reminder=None):
        """Note that the contact of these consents was told of them today."""
        today = self.env["open.banking.fetch"]._bank_today()
        values = {
            "day": today,
            "kind": "mail" if reminder else "activity",
            "reminder_id": reminder.id if reminder else False,
            "user_id": reminder.user_id.id if reminder else False,
        }
        self.sudo().create(
            [
                {
                    **values,
                    "consent_id": consent.id,
                    "partner_id": consent.partner_id.id,
                    "end_day": consent._end_day(),
                    "days_left": (consent._end_day() - today).days,
                }
                for consent in consents
            ]
        )

    @api.depends("end_day", "days_left", "consent_id.state")
    @api.depends_context("lang")
    def _compute_when_text(self):
        for line in self:
            line.when_text = line._when_text(
                format_date(self.env, line.end_day, date_format="long")
            )

    def _when_text(self, day):
        if self.days_left > 1:
            return self.env._(
                "good until %(day)s, %(days)s more days", day=day, days=self.days_left
            )
        if self.days_left == 1:
            return self.env._("good until tomorrow, %s", day)
        if self.consent_id.state == "expired":
            return self.env._("it ended on %s", day)
        if self.days_left == 0:
            return self.env._("good until today, %s", day)
        return self.env._("it was good until %s", day)

    def _add_event(self, calendar):
        """Add the day on which the consent ends. The link is not in it: calendars are
        seen by others."""
        consent = self.consent_id
        event = calendar.add("vevent")
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        # The same in each mail: a calendar then has one entry, and moves it.
        event.add("uid").value = f"open-banking-consent-{consent.id}@{database}"
        # vobject looks at exact types, and a moved clock has types of its own.
        event.add("dtstart").value = date.fromordinal(self.end_day.toordinal())
        event.add("dtstamp").value = pytz.utc.localize(fields.Datetime.now())
        event.add("transp").value = "TRANSPARENT"
        event.add("summary").value = self.env._(
            "Renew the bank consent: %(bank)s for %(company)s",
            bank=consent.name,
            company=consent.company_id.name,
        )
        event.add("description").value = self.env._(
            "Press the button in our newest mail and log in at your bank. If you have "
            "done so already, delete this entry."
        )
