import secrets
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext

from ..const import CONSENT_PAGE_PATH
from .error_words import words
from .notification import CLOSE, notification
from .open_banking_authorisation import OPEN_STATES, digest

MODULE = "account_mastercard_open_banking"
VALID_DAYS = 14


class OpenBankingAuthorisation(models.Model):
    """The link that a customer gets: sent, sent again, withdrawn, run out."""

    _name = "open.banking.authorisation"
    _inherit = ["open.banking.authorisation", "mail.activity.mixin"]

    lang = fields.Char(readonly=True, help="The language of the mail and of the page.")
    provider_id = fields.Many2one(
        "open.banking.provider", string="Bank", readonly=True, ondelete="set null"
    )
    valid_days = fields.Integer(default=VALID_DAYS, readonly=True)
    is_open = fields.Boolean(compute="_compute_is_open")

    @api.depends("state", "expires_on")
    def _compute_is_open(self):
        for attempt in self:
            attempt.is_open = attempt.state in OPEN_STATES

    # === WHAT A BOOKKEEPER DOES WITH IT === #

    def action_resend(self):
        """Send the mail once more, with a new link; the old one stops working."""
        self.ensure_one()
        attempt = self._checked()
        attempt._send_link(attempt._renew_link())
        return self._notify(
            self.env._("A new link is on its way to %s.", attempt.partner_id.email)
        )

    def action_copy_link(self):
        """Make a new link and show it; the old one stops working."""
        self.ensure_one()
        attempt = self._checked()
        link = attempt._renew_link()
        attempt._note_copied()
        return attempt._show_link(link)

    def action_withdraw(self):
        """Let the links stop working."""
        for attempt in self._checked():
            attempt._fail("withdrawn_by_user", state="withdrawn")
            attempt.message_post(
                body=self.env._("%s withdrew the link.", self.env.user.name)
            )
        return True

    def _checked(self):
        """Return these attempts with all rights, if the user may deal with them.

        :raise UserError: when he may not, or when one of them is over
        """
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can send links."))
        self.check_access("read")
        if any(attempt.state not in (*OPEN_STATES, "expired") for attempt in self):
            raise UserError(self.env._("The link has been used or withdrawn."))
        return self.sudo()

    def _notify(self, message):
        return notification("success", message, CLOSE)

    # === THE LINK === #

    def _renew_link(self):
        """Give the attempt a new link and return its address; no other works any more.

        :return: the whole address. It is kept nowhere.
        :rtype: str
        """
        self.ensure_one()
        token = secrets.token_urlsafe(32)
        now = fields.Datetime.now()
        self.write(
            {
                "state": "sent",
                "sent_on": now,
                "ended_on": False,
                "error_code": False,
                "expires_on": now + timedelta(days=self.valid_days),
                "link_hash": digest(token),
                "state_hash": False,
            }
        )
        return f"{self.get_base_url()}{CONSENT_PAGE_PATH}/{token}"

    def _send_link(self, link, message=False):
        """Put the mail with the link into the outbox.

        It hangs on no record, so that nobody reads the link in a chatter, and is
        deleted when it is sent.

        :param str link: the whole address
        :param str message: a few words of the bookkeeper's own
        """
        if not self.partner_id.email:
            raise UserError(
                self.env._("%s has no e-mail address.", self.partner_id.name)
            )
        self.env["open.banking.home"]._check()
        template = self._mail_template().with_context(
            open_banking_link=link, open_banking_message=message
        )
        template.send_mail(self.id, email_values={"model": False, "res_id": False})
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        self.message_post(
            body=self.env._(
                "The link was sent to %(name)s, %(email)s.",
                name=self.partner_id.name,
                email=self.partner_id.email,
            )
        )

    def _mail_template(self):
        template = self.env.ref(
            f"{MODULE}.mail_template_connect", raise_if_not_found=False
        )
        if not template:
            raise UserError(
                self.env._("The template of the mail with the link was deleted.")
            )
        return template.sudo()

    def _mail_as_text(self, link):
        """Return the mail as a text, for those who write their own.

        :rtype: str
        """
        template = self._mail_template().with_context(open_banking_link=link)
        [body] = template._render_field(
            "body_html", self.ids, compute_lang=True
        ).values()
        return html2plaintext(body)

    def _note_copied(self):
        self.message_post(
            body=self.env._("%s copied the link.", self.env.user.name),
        )

    def _show_link(self, link):
        """Return the dialog that shows a link this once."""
        shown = self.env["open.banking.link.shown"].create(
            {"authorisation_id": self.id}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link for the Customer"),
            "res_model": shown._name,
            "res_id": shown.id,
            "view_mode": "form",
            "target": "new",
            "context": {"open_banking_link": link},
        }

    def _go_to_bank(self, lang=None):
        """Remember that the customer pressed the button, whatever comes of it."""
        now = fields.Datetime.now()
        self.write({"state": "opened", "opened_on": self.opened_on or now})
        return super()._go_to_bank(lang)

    # === THE END OF A LINK === #

    def _not_me(self):
        """The one who got the link says that it is not for him: tell the bookkeeper."""
        self._fail("not_me", state="withdrawn")
        user = self.user_id or self.env["res.users"].browse(SUPERUSER_ID)
        env = self.with_context(lang=user.lang).env
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=env._("The bank link reached the wrong person"),
            note=words(env, "not_me"),
            user_id=user.id,
        )

    @api.model
    def _cron_expire(self):
        """Close the links that have run out. Their pages have refused them before."""
        over = self.sudo().search(
            [
                ("state", "in", OPEN_STATES),
                ("expires_on", "<=", fields.Datetime.now()),
            ]
        )
        for attempt in over:
            attempt._fail("link_expired", state="expired")
