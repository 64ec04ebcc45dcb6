from odoo import models

from .error_words import words


class OpenBankingConsent(models.Model):
    """The customer is asked in time to give his consent again."""

    _inherit = "open.banking.consent"

    def _ask_for_renewal(self, error_code):
        """The customer is needed at his bank: say so now, not at the next look.

        :param str error_code: why, in the table of words
        """
        summary = self.env._("Bank consent needs renewal")
        for consent in self.sudo():
            if summary in consent.activity_ids.mapped("summary"):
                continue
            consent.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=words(self.env, error_code),
                user_id=consent.user_id.id or self.env.uid,
            )

    def _learn_expiry(self, day):
        """The bank has said until when it will go on without the customer.

        :param date day: the last day
        """
        self.sudo().write({"expires_on": day, "expiry_source": "bank"})
