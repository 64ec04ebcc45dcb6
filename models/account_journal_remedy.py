from odoo import models


class AccountJournal(models.Model):
    """The one button of the journal's card: what is to be done now."""

    _inherit = "account.journal"

    def _open_banking_card(self, account, progress):
        card = super()._open_banking_card(account, progress)
        if card["state"] == "error":
            card["who"] = account.remedy_who
        step = self._open_banking_remedy(card, account)
        return {**card, "remedy": step and step[0]}

    def _open_banking_remedy(self, card, account):
        """Return what the button says, and what it calls; nothing when all is well.

        :rtype: tuple[str, Callable] | None
        """
        account = account.with_env(self.env)  # the buttons check the user's rights
        consent = account.consent_id.sudo()
        state = card["state"]
        if state == "error" and account.remedy_label:
            return account.remedy_label, account.action_remedy
        if state in ("renewal", "ended") and consent._is_renewable():
            return self._open_banking_way_to_renew(account, state)
        if state == "stale":
            return self.env._("Synchronise"), account.action_synchronise
        if state == "differs":
            return self.env._("Show the days"), account._open_form
        if state == "fine" and card["questions"]:
            return self.env._("Decide"), account.action_open_questions
        return None

    def _open_banking_way_to_renew(self, account, state):
        """Who gave the consent can renew it: the user himself, or a customer."""
        contact = account.consent_id.sudo().partner_id
        if contact and contact != self.env.user.partner_id:
            return self.env._("Send renewal request"), account.action_send_renewal
        if state == "renewal":
            return self.env._("Renew the consent"), account.action_connect_again
        return None  # Connect to bank stands there already

    def action_open_banking_remedy(self):
        """Do what the button of the card says."""
        self.ensure_one()
        self._open_banking_check_right()
        account = self.open_banking_account_ids.sudo()
        if not account:
            return False
        card = self._open_banking_card(account, None)
        step = self._open_banking_remedy(card, account)
        return step and step[1]()
