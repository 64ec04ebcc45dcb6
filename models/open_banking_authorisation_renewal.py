import secrets
from datetime import timedelta

from odoo import api, fields, models

from ..const import CONSENT_PAGE_PATH
from .open_banking_authorisation import OPEN_STATES, digest

# The oldest mail is pressed as well as the newest: from 14 days before the end to four
# weeks after it, and then some.
RENEWAL_LINK_DAYS = 60


class OpenBankingAuthorisationEarlier(models.Model):
    """An earlier link of an attempt, which a mail sent before still holds.

    Kept as a hash only, as the newest one is.
    """

    _name = "open.banking.authorisation.earlier"
    _description = "Earlier Link of an Authorisation"

    authorisation_id = fields.Many2one(
        "open.banking.authorisation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="authorisation_id.company_id", store=True)
    link_hash = fields.Char(groups=fields.NO_ACCESS, copy=False)

    _link_hash_uniq = models.UniqueIndex("(link_hash)")


class OpenBankingAuthorisation(models.Model):
    """One attempt to renew a consent, whose links in all its mails work."""

    _inherit = "open.banking.authorisation"

    @api.model
    def _from_link(self, token):
        attempt = super()._from_link(token)
        if attempt:
            return attempt
        earlier = self.env["open.banking.authorisation.earlier"].sudo()
        earlier = earlier.search([("link_hash", "=", digest(token))])
        return earlier.authorisation_id.filtered(lambda each: each._is_open())

    def _renew_link(self):
        """No other link works any more, also none of an earlier mail."""
        self._earlier_links().unlink()
        return super()._renew_link()

    def _earlier_links(self):
        mine = [("authorisation_id", "in", self.ids)]
        return self.env["open.banking.authorisation.earlier"].sudo().search(mine)

    # === THE LINK IN A MAIL THAT ASKS FOR RENEWAL === #

    @api.model
    def _link_to_renew(self, consent):
        """Return a link to renew a consent: a further one of the attempt that is open.

        :return: the whole address. It is kept nowhere.
        :rtype: str
        """
        attempt = self._open_renewal(consent)
        if attempt:
            return attempt._add_link()
        until = fields.Datetime.now() + timedelta(days=RENEWAL_LINK_DAYS)
        address = self._make_link(
            consent.company_id,
            consent.account_ids.journal_id[:1],
            consent.user_id,
            renews=consent,
            partner_id=consent.partner_id.id,
            lang=consent.partner_id.lang,
            provider_id=self._only_bank(consent).id,
            valid_days=RENEWAL_LINK_DAYS,
            expires_on=until,
        )
        attempt = self._from_link(address.rsplit("/", 1)[1])
        attempt.write({"state": "sent", "sent_on": fields.Datetime.now()})
        return f"{attempt.get_base_url()}{address}"

    @api.model
    def _open_renewal(self, consent):
        """Return the attempt that is open for this renewal and this contact, if any."""
        attempts = self.sudo().search(
            [
                ("renews_id", "=", consent.id),
                ("partner_id", "=", consent.partner_id.id),
                ("state", "in", OPEN_STATES),
                ("expires_on", ">", fields.Datetime.now()),
                ("sent_on", ">=", consent._given_on()),
            ]
        )
        return attempts[:1]

    @api.model
    def _only_bank(self, consent):
        """Return the bank, if there is one only: the customer need not search it."""
        banks = set(consent.account_ids.mapped("provider_id"))
        listed = self.env["open.banking.provider"].sudo()
        if len(banks) != 1:
            return listed
        service = consent.company_id._open_banking_address()
        return listed.search(
            [("external_id", "in", list(banks)), ("service", "=", service)]
        )

    def _add_link(self):
        """Give the attempt one more link. The customer may be at his bank right now:
        nothing else of the attempt changes then."""
        self.ensure_one()
        token = secrets.token_urlsafe(32)
        now = fields.Datetime.now()
        until = now + timedelta(days=RENEWAL_LINK_DAYS)
        self.env["open.banking.authorisation.earlier"].sudo().create(
            {"authorisation_id": self.id, "link_hash": self.link_hash}
        )
        values = {
            "link_hash": digest(token),
            "sent_on": now,
            "expires_on": max(self.expires_on, until),
        }
        if self.state in ("draft", "cancelled", "failed"):
            values |= {"state": "sent", "ended_on": False, "error_code": False}
        self.write(values)
        return f"{self.get_base_url()}{CONSENT_PAGE_PATH}/{token}"

    def _send_link(self, link, message=False):
        """Sent again, a request for renewal reads as the first one did."""
        if not self.renews_id or self.renews_id.state == "withdrawn":
            return super()._send_link(link, message)
        reminders = self.env["open.banking.reminder"]
        return reminders._send(self.partner_id, {self.renews_id: link}, self.env.user)
