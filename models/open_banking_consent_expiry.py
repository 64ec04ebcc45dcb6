from datetime import timedelta

import pytz
from odoo import api, fields, models

from ..const import BANK_TIMEZONE

USUAL_DAYS = 90


def bank_day(moment):
    """Return the day in Copenhagen on which a moment (UTC, naive) lies."""
    return pytz.utc.localize(moment).astimezone(pytz.timezone(BANK_TIMEZONE)).date()


class OpenBankingLife(models.Model):
    """How long a consent lived until the bank ended it: what is learned of a bank.

    A record of its own: the consent may be given again, or its account go elsewhere.
    """

    _name = "open.banking.life"
    _description = "Observed Life of a Consent"

    provider_id = fields.Char(string="Bank at Mastercard", required=True, index=True)
    # Sandbox and production have different banks.
    service = fields.Char(required=True)
    days = fields.Integer(required=True)
    consent_id = fields.Many2one("open.banking.consent", ondelete="set null")

    @api.model
    def _note(self, consent):
        """Note that a consent has just died by itself.

        Of several banks under one consent nobody can tell which one ended it. A life
        of less than a day is an accident.
        """
        banks = set(consent.account_ids.mapped("provider_id")) - {False}
        days = (fields.Datetime.now() - consent.authorised_on).days
        if len(banks) == 1 and days >= 1:
            self.sudo().create(
                {
                    "provider_id": banks.pop(),
                    "service": consent.company_id._open_banking_address(),
                    "days": days,
                    "consent_id": consent.id,
                }
            )

    @api.model
    def _shortest(self):
        """Return the shortest life seen, in days, by service and bank.

        :rtype: dict[tuple[str, str], int]
        """
        groups = self.sudo()._read_group([], ["service", "provider_id"], ["days:min"])
        return {(service, bank): days for service, bank, days in groups}


class OpenBankingConsent(models.Model):
    """Until when a consent lasts: the bank's word, else what was learned, else the
    company's usual days. Of several banks the one that ends first counts."""

    _inherit = "open.banking.consent"

    def _note_given(self, partner=None, user=None):
        """What a bank said of the consent before does not hold any more."""
        self.account_ids.login_until = False
        super()._note_given(partner, user)
        self._estimate_expiry()

    def _learn_expiry(self, day, accounts=None):
        """The bank has said until when it will go on without the customer.

        :param date day: the last day
        :param open.banking.account accounts: those it spoke of; all, when it named none
        """
        for consent in self.sudo():
            banks = (accounts or consent.account_ids).mapped("provider_id")
            of_bank = consent.account_ids.filtered(
                lambda account, banks=banks: account.provider_id in banks
            )
            of_bank.login_until = day
            consent.write({"expires_on": day, "expiry_source": "bank"})
            consent._estimate_expiry()

    def _estimate_expiry(self):
        """Reckon again when these consents end, from what is known by now."""
        lives = self.env["open.banking.life"]._shortest()
        for consent in self.sudo().filtered("authorised_on"):
            consent.write(consent._estimate(lives))

    def _estimate(self, lives):
        """Return what has to be written for this consent to end when it probably does.

        :param dict lives: what `open.banking.life` has learned
        :rtype: dict
        """
        by_bank = self.account_ids.filtered("login_until")
        if self.expiry_source == "bank" and not by_bank:
            return {}  # said before the accounts were known
        day, source = self._first_end(lives)
        if (day, source) == (self.expires_on, self.expiry_source):
            return {}
        return {"expires_on": day, "expiry_source": source}

    def _first_end(self, lives):
        """Return the first of the days on which the banks end, and how it is known.

        :param dict lives: what `open.banking.life` has learned
        :rtype: tuple[date, str]
        """
        given = bank_day(self._given_on())
        company = self.company_id
        usual = given + timedelta(days=company.open_banking_consent_days or USUAL_DAYS)
        service = company._open_banking_address()
        ends = [(usual, "default")] if not self.account_ids else []
        for account in self.account_ids:
            learned = lives.get((service, account.provider_id))
            if account.login_until:
                ends.append((account.login_until, "bank"))
            elif learned:
                ends.append((given + timedelta(days=learned), "learned"))
            else:
                ends.append((usual, "default"))
        return min(ends)

    def _end(self, state, error_code, user=None):
        """How long a consent lived is learned from one that died by itself."""
        if state == "expired":
            for consent in self.sudo().filtered(lambda each: each.state == "active"):
                if consent._dies_by_itself(error_code):
                    self.env["open.banking.life"]._note(consent)
        return super()._end(state, error_code, user)

    def _dies_by_itself(self, error_code):
        """Whether it was the bank's doing: neither a person's, nor our own neglect
        of a refresh token, nor that of a copy which has none."""
        return bool(
            error_code == "consent_expired"
            and self.authorised_on
            and self.refresh_token_encrypted
            and self.refresh_token_until
            and self.refresh_token_until > fields.Datetime.now()
        )


class OpenBankingAccount(models.Model):
    """Which bank a consent reaches is known with its accounts."""

    _inherit = "open.banking.account"

    login_until = fields.Date(
        string="Bank Goes On Until",
        readonly=True,
        help="As the bank has said. Then the customer has to log in again.",
    )

    @api.model
    def _store_accounts(self, consent, bank_accounts):
        accounts = super()._store_accounts(consent, bank_accounts)
        consent._estimate_expiry()
        return accounts

    def _with_new_consent(self):
        return {**super()._with_new_consent(), "login_until": False}
