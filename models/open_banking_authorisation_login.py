import logging
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from odoo import fields, models
from odoo.exceptions import UserError

from ..bank_api import BankApiError, Rejected
from .open_banking_authorisation import culture_of

_logger = logging.getLogger(__name__)


class OpenBankingAuthorisation(models.Model):
    """A consent is given again: by a login at the bank where that is enough, else by
    the whole way through Mastercard's pages.

    The older consent works until the new one is stored; backing out changes nothing.
    """

    _inherit = "open.banking.authorisation"

    is_login_only = fields.Boolean(
        string="Login Only",
        readonly=True,
        help="The customer only logs in at the bank once more, and chooses nothing.",
    )

    # === THE WAY TO THE BANK === #

    def _go_to_bank(self, lang=None):
        """Send the browser to the bank's login if that renews, else to Mastercard."""
        address = self.renews_id.state == "active" and self._address_of_login(lang)
        if not address:
            self.is_login_only = False
            return super()._go_to_bank(lang)
        self.write(
            {
                **self._at_bank_values(fields.Datetime.now()),
                "is_login_only": True,
                "state_hash": False,
                "redirect_uri": self.renews_id._callback_address(),
            }
        )
        return address, None

    def _address_of_login(self, lang):
        """Ask Mastercard whether a login renews the consent.

        :return: the address of the login; empty when there is none, for whatever
            reason: then the consent is given anew
        :rtype: str
        """
        # Should the consent turn out to have ended, he need not be told by mail.
        consent = self.renews_id.with_context(open_banking_customer_is_here=True)
        try:
            answer = consent._ask_for_news()
        except (BankApiError, UserError) as error:
            _logger.info("Authorisation %s: no login, %s", self.id, error.args[:1])
            return ""
        return answer.auth_url and _with_culture(answer.auth_url, culture_of(lang))

    # === THE WAY BACK === #

    def _state_is_required(self):
        """A login carries no OAuth state."""
        return not self.is_login_only and super()._state_is_required()

    def _come_back(self, code, consent_external_id, with_state=False):
        if not self.is_login_only:
            return super()._come_back(code, consent_external_id, with_state)
        if not self._in_own_transaction("_claim", True):
            return None
        try:
            self._take_login(code)
        except (BankApiError, UserError) as error:
            self._in_own_transaction("_fail", getattr(error, "code", "timeout"))
        return None

    def _take_login(self, code):
        """See whether the login has renewed the consent, and store that it has.

        Whether a code comes back no public source says. One is exchanged, and its
        tokens are stored if they are for the same customer's accounts. Without one
        Mastercard is asked again: who backed out is sent to the login once more.
        """
        consent = self.renews_id
        tokens = self._exchange(code) if code else None
        if tokens:
            self._in_own_transaction("_store_tokens_of_login", tokens)
        answer = consent._ask_for_news()
        if not answer.auth_url:
            self._in_own_transaction("_note_login")
            self._bring_accounts()
        elif tokens:
            self._in_own_transaction("_go_on", "one_more_login")
        else:
            self._in_own_transaction("_fail", "cancelled", False, "cancelled")

    def _exchange(self, code):
        """Exchange the code of a login.

        :return: the tokens; None when the code is no longer good, which is no harm:
            the old ones are
        :rtype: bank_api.TokenSet | None
        :raise bank_api.Rejected: when they are somebody else's
        """
        client = self.company_id._open_banking_client()
        try:
            tokens = client.exchange_code(code, self.redirect_uri)
        except Rejected:
            return None
        consent = self.renews_id
        if tokens.consent_id != consent.external_id:
            ours = set(consent.account_ids.mapped("external_id"))
            theirs = client.accounts(tokens.access_token).accounts
            if not ours & {account.id for account in theirs}:
                raise Rejected("other_customer", "a login for other accounts")
        return tokens

    def _store_tokens_of_login(self, tokens):
        self.renews_id._lock_tokens()
        self.renews_id._store_tokens(tokens)

    def _note_login(self):
        self.renews_id._note_given_again(self.partner_id, self.user_id)
        self._note_done(self.renews_id)

    def _go_on(self, error_code):
        """Let the customer press Continue once more."""
        self.write({"state": "opened", "error_code": error_code})


def _with_culture(address, culture):
    """Add the language to the address of a login, as aiia-sample does."""
    parts = urlsplit(address)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if "culture" not in dict(query):
        query.append(("culture", culture))
    return urlunsplit(parts._replace(query=urlencode(query)))
