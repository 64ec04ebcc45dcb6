from odoo import models
from odoo.exceptions import UserError

from .notification import CLOSE, notification


class OpenBankingConsent(models.Model):
    """A user asks the customer to renew, whenever he likes."""

    _inherit = "open.banking.consent"

    def action_send_renewal(self):
        """Ask the contacts of these consents to renew them: one mail per contact."""
        self._check_bookkeeper()
        consents = self.sudo().filtered(lambda consent: consent._is_renewable())
        if not consents:
            raise UserError(
                self.env._(
                    "There is nothing to renew: the bank was disconnected, or the "
                    "consent has been renewed. Press Connect to bank instead."
                )
            )
        for company in consents.company_id:
            company._open_banking_client()  # says what is missing, if anything is
        without = consents.filtered(
            lambda consent: not consent.partner_id._open_banking_gets_mail()
        )
        asked = consents - without
        for partner, group in asked.grouped("partner_id").items():
            group._send_request(partner)
        return self._told_of_requests(asked, without)

    def _send_request(self, partner):
        attempts = self.env["open.banking.authorisation"].sudo()
        links = {consent: attempts._link_to_renew(consent) for consent in self}
        self.env["open.banking.reminder"]._send(partner, links, self.env.user)

    def _told_of_requests(self, asked, without):
        """Say who is asked, and who cannot be.

        :raise UserError: when nobody could be asked
        """
        missing = "\n".join(
            self.env._(
                "%(bank)s: %(contact)s has no e-mail address.",
                bank=consent.name,
                contact=consent.partner_id.name,
            )
            if consent.partner_id
            else self.env._("%s: the consent has no contact.", consent.name)
            for consent in without
        )
        if not asked:
            raise UserError(missing)
        sent = self.env._(
            "A request to renew is on its way to %s.",
            ", ".join(
                f"{partner.name} ({partner.email})" for partner in asked.partner_id
            ),
        )
        kind = "warning" if missing else "success"
        message = "\n".join(filter(None, [sent, missing]))
        return notification(kind, message, CLOSE, sticky=bool(missing))


class OpenBankingAccount(models.Model):
    _inherit = "open.banking.account"

    def action_send_renewal(self):
        """Ask the contacts to renew the consents of these accounts."""
        self.check_access("read")
        return self.consent_id.action_send_renewal()


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def action_open_banking_send_renewal(self):
        """Ask the contact to renew the consent that feeds this journal."""
        self.ensure_one()
        self.check_access("read")
        return self.open_banking_account_ids.action_send_renewal()

    def _open_banking_card(self, account, progress):
        card = super()._open_banking_card(account, progress)
        return {**card, "renew": account.consent_id._is_renewable()}
