from odoo import fields, models

UNDER_WAY = ("sent", "opened", "at_bank", "chosen", "cancelled", "failed")


class AccountJournal(models.Model):
    """A journal that waits for the customer says so on its card."""

    _inherit = "account.journal"

    def action_open_banking_link(self):
        """Open the newest link under way for this journal."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_authorisation_action"
        )
        attempt = self._open_banking_links().get(self)
        if not attempt:
            return {**action, "domain": [("journal_id", "=", self.id)]}
        return {**action, "res_id": attempt.id, "views": [(False, "form")]}

    def _open_banking_links(self):
        """Return the newest link under way of each of these journals that has one.

        :rtype: dict[account.journal, open.banking.authorisation]
        """
        attempts = self.env["open.banking.authorisation"].search(
            [
                ("journal_id", "in", self.ids),
                ("state", "in", UNDER_WAY),
                ("sent_on", "!=", False),
                ("expires_on", ">", fields.Datetime.now()),
            ],
            order="id",
        )
        return {attempt.journal_id: attempt for attempt in attempts}

    def _open_banking_cards(self):
        """Add how far a link is, to the cards of journals without a bank."""
        cards = super()._open_banking_cards()
        for journal, attempt in self.sudo()._open_banking_links().items():
            if cards[journal]["state"] == "none":
                text = journal._open_banking_link_text(attempt)
                cards[journal] = {**cards[journal], "link_text": text}
        return cards

    def _open_banking_link_text(self, attempt):
        """Say where the customer stands with his link.

        :rtype: str
        """
        sentences = {
            "opened": self.env._("%(name)s opened the link %(ago)s."),
            "at_bank": self.env._("%(name)s went to the bank %(ago)s."),
            "chosen": self.env._("%(name)s is just back from the bank."),
            "cancelled": self.env._("%(name)s turned back at the bank %(ago)s."),
            "failed": self.env._("The bank did not let %(name)s through %(ago)s."),
        }
        sent = self.env._("Waiting for the customer: link sent to %(name)s %(ago)s.")
        moments = {
            "opened": attempt.opened_on,
            "at_bank": attempt.at_bank_on,
            "cancelled": attempt.ended_on,
            "failed": attempt.ended_on,
        }
        moment = moments.get(attempt.state) or attempt.sent_on
        return sentences.get(attempt.state, sent) % {
            "name": attempt.partner_id.name or self.env._("the customer"),
            "ago": self._open_banking_ago(moment),
        }
