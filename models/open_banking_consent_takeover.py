from odoo import fields, models

from .error_words import words


class OpenBankingConsent(models.Model):
    """A newer consent takes the place of an older one: accounts, links, activities."""

    _inherit = "open.banking.consent"

    def _note_given_again(self, partner=None, user=None):
        """The customer has logged in at his bank: the same consent goes on."""
        self._note_given(partner, user)
        self._renewal_is_over("replaced")

    def _read_accounts(self):
        """What this consent covers now, it need not be read under another."""
        before = self.sudo().account_ids
        accounts = super()._read_accounts()
        self._take_over(accounts, before)
        return accounts

    def _take_over(self, accounts, before):
        """End the consents that are not needed beside this one, and say what it lacks.

        An older consent with an account in use that this one does not cover lives on,
        so that nothing stops which the customer did not end.

        :param open.banking.account accounts: what this consent covers
        :param open.banking.account before: what it covered when it was read last
        """
        renewed = self._was_given_to_renew()
        older = accounts.covered_ids.consent_id | renewed
        older -= self
        for consent in older.filtered(lambda each: each.state in ("active", "expired")):
            if not consent._still_needed(renews=consent in renewed):
                consent._replaced_by(self)
        missing = (before | renewed.account_ids) - accounts
        self._say_what_is_missing(missing.filtered("journal_id"))

    def _was_given_to_renew(self):
        """Return the consents that links asked to renew when this one was given."""
        attempts = self.env["open.banking.authorisation"].sudo()
        given = attempts.search(
            [
                ("consent_id", "=", self.id),
                ("state", "=", "done"),
                ("renews_id", "!=", False),
            ]
        )
        return given.renews_id - self

    def _still_needed(self, renews):
        """Whether accounts are read under this consent that are not left out.

        :param bool renews: the customer was asked to renew just this consent: what he
            shared and nobody uses need not be shared again
        """
        if renews:
            return bool(self.account_ids.filtered("journal_id"))
        return any(not account.left_out for account in self.account_ids)

    def _replaced_by(self, consent):
        """Close these consents: a newer one covers what is in use.

        One that had ended by itself stays so, since its life is worth knowing.
        """
        self._end("replaced", "replaced")
        self._renewal_is_over("replaced")  # also of those that had ended
        if not consent.renewed_from_id:
            consent.renewed_from_id = self[-1:]

    def _say_what_is_missing(self, accounts):
        """Tell which accounts in use this consent does not cover.

        :param open.banking.account accounts: in use, and not covered
        """
        if accounts:
            names = ", ".join(account.display_name for account in accounts)
            self.message_post(
                body=self.env._("The consent does not cover these: %s", names)
            )
        accounts._note_not_covered(self)


class OpenBankingAccount(models.Model):
    """An account that a newer consent has left behind."""

    _inherit = "open.banking.account"

    def _note_not_covered(self, consent):
        """Ask the responsible user, once, about what a consent does not cover.

        An account that is still read under an older consent goes on until that ends.
        """
        user = consent._responsible()
        env = consent.with_context(lang=user.lang).env
        summary = env._("The new consent does not cover this account")
        for account in self:
            if account.consent_id == consent or account.consent_id.state != "active":
                since = account.error_since or fields.Datetime.now()
                account.write({"error_code": "not_covered", "error_since": since})
            if summary not in account.activity_ids.mapped("summary"):
                account.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=summary,
                    note=words(env, "not_covered"),
                    user_id=user.id,
                )

    def _with_new_consent(self):
        """Covered again: nothing need be done about it any more."""
        self.activity_ids.filtered("automated").unlink()
        return super()._with_new_consent()
