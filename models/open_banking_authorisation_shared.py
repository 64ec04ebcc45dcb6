from odoo import api, fields, models
from odoo.tools import format_date

from ..const import BANK_TIMEZONE
from .open_banking_authorisation import STORING_TAKES, digest

# Where the customer himself can go on without a new link.
UNFINISHED = ("opened", "at_bank", "cancelled", "failed")


def spaced(number):
    """Write an IBAN in groups of four, as people read it."""
    if not number[:2].isalpha():
        return number
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


class OpenBankingAuthorisation(models.Model):
    """What the customer sees once he has been at his bank."""

    _inherit = "open.banking.authorisation"

    @api.model
    def _from_used_link(self, token, known):
        """Return the finished attempt of a link, for the browser that finished it.

        :param str token: the secret in the link
        :param open.banking.authorisation known: the attempt the browser proves to know
        """
        earlier = self.env["open.banking.authorisation.earlier"].sudo()
        earlier = earlier.search([("link_hash", "=", digest(token))])
        used = self.sudo().search([("link_hash", "=", digest(token))])
        used |= earlier.authorisation_id
        return used.filtered(lambda each: each.state == "done") & known

    def _may_try_again(self):
        """Whether the browser that was sent to the bank may go there once more."""
        return self.state in UNFINISHED and self._is_open()

    def _is_storing(self):
        """Whether somebody is at work on what came back from the bank."""
        since = fields.Datetime.now() - STORING_TAKES
        return self.state == "chosen" and self.write_date >= since

    # === WHAT IS SHARED === #

    def _shared(self):
        """Return what the pages after the bank say.

        :rtype: dict
        """
        consent = self.consent_id
        company = self.company_id
        over = self._over_text()
        entries = consent.covered_ids.filtered(lambda entry: not entry.covered_until)
        return {
            "company": company,
            "asked_by": self.user_id,
            "hub_url": company.open_banking_hub_url,
            "over": over,
            "banks": {} if over else self._by_bank(entries),
            "is_late": bool(self.accounts_due),
            "since": self._day(consent.authorised_on),
            "until": self._written(consent.expires_on),
        }

    def _over_text(self):
        """Say to the customer that nothing is shared any more; empty while it is.

        :rtype: str
        """
        consent = self.consent_id
        if consent.state == "active" and not consent.is_ending:
            return ""
        names = {"company": self.company_id.name, "day": self._day(consent.ended_on)}
        if consent.state == "replaced":
            return self.env._(
                "You have given a newer consent in its place on %(day)s. The link you "
                "got for that one shows what is shared now.",
                **names,
            )
        if consent.state == "expired" and names["day"]:
            return self.env._(
                "The consent ended on %(day)s, and %(company)s reads nothing any more. "
                "For it to go on, you are sent a new link.",
                **names,
            )
        if names["day"]:
            return self.env._(
                "The consent was withdrawn on %(day)s. %(company)s reads nothing any "
                "more.",
                **names,
            )
        return self.env._(
            "The consent has ended. %(company)s reads nothing any more.", **names
        )

    def _day(self, moment):
        """Return the day of a moment, as the bank's customer knows it."""
        if not moment:
            return ""
        there = self.with_context(tz=BANK_TIMEZONE)
        day = fields.Datetime.context_timestamp(there, moment).date()
        return self._written(day)

    def _written(self, day):
        """Write a day with its month in letters: nobody takes it for another."""
        return format_date(self.env, day, date_format="long")

    def _by_bank(self, entries):
        """Return the accounts of the register's entries by the name of their bank.

        :rtype: dict[str, list[dict]]
        """
        banks = {}
        for entry in entries.sorted(lambda each: (each.provider_name or "", each.id)):
            account = {
                "name": entry.name,
                "number": spaced(entry.number or ""),
                "is_left_out": entry.account_id.mapping == "left_out",
            }
            banks.setdefault(entry.provider_name or "", []).append(account)
        return banks
