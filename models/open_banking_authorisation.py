import hashlib
import logging
import secrets
import uuid
from datetime import timedelta

from odoo import api, fields, models

from ..bank_api import BankApiError, Rejected
from ..const import CALLBACK_PATH, CONSENT_PAGE_PATH
from .error_words import words
from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)

# A user on the spot has an hour; a mailed link will have its own, longer life.
ON_THE_SPOT_LIFE = timedelta(hours=1)

# A worker that dies between taking the code and storing the consent must not leave the
# customer with a dead link.
STORING_TAKES = timedelta(minutes=2)

OPEN_STATES = ("draft", "sent", "opened", "at_bank", "cancelled", "failed")
CULTURES = {"da", "en", "sv", "fi", "nb"}
# The flow's own language codes (Mastercard's page "Flow modification").
CULTURE_CODES = {"sv": "se", "nb": "no"}


def culture_of(lang):
    """Return Mastercard's code for a language written as in Odoo (da_DK)."""
    culture = (lang or "en")[:2]
    return CULTURE_CODES.get(culture, culture) if culture in CULTURES else "en"


def digest(value):
    """Return the hash under which a link, state or code is kept; never the value."""
    return hashlib.sha256((value or "").encode()).hexdigest()


class OpenBankingAuthorisation(models.Model):
    """One attempt to give or renew a consent. It is also the consent register."""

    _name = "open.banking.authorisation"
    _description = "Bank Authorisation"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    purpose = fields.Selection(
        [("connect", "Connect"), ("renew", "Renew")], default="connect", required=True
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("sent", "Sent"),
            ("opened", "Opened"),
            ("at_bank", "At the bank"),
            ("chosen", "Accounts chosen"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("failed", "Failed"),
            ("expired", "Expired"),
            ("withdrawn", "Withdrawn"),
        ],
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    journal_id = fields.Many2one(
        "account.journal",
        readonly=True,
        check_company=True,
        ondelete="set null",
        help="The journal on which the connection was asked for.",
    )
    consent_id = fields.Many2one(
        "open.banking.consent", readonly=True, check_company=True, ondelete="set null"
    )
    renews_id = fields.Many2one(
        "open.banking.consent",
        readonly=True,
        check_company=True,
        ondelete="set null",
        help="The consent that is to be renewed. It works until the new one is stored.",
    )
    user_id = fields.Many2one("res.users", string="Asked by", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", check_company=True)
    expires_on = fields.Datetime(
        string="Link Valid Until", required=True, readonly=True
    )
    sent_on = fields.Datetime(readonly=True)
    opened_on = fields.Datetime(readonly=True)
    at_bank_on = fields.Datetime(string="Went to the Bank", readonly=True)
    chosen_on = fields.Datetime(readonly=True)
    done_on = fields.Datetime(readonly=True)
    ended_on = fields.Datetime(string="Ended Without Consent", readonly=True)
    error_code = fields.Char(readonly=True)
    error_text = fields.Char(compute="_compute_error_text", string="What happened")
    correlation_id = fields.Char(string="Mastercard's Reference", readonly=True)
    redirect_uri = fields.Char(groups=fields.NO_ACCESS)
    link_hash = fields.Char(groups=fields.NO_ACCESS, copy=False)
    state_hash = fields.Char(groups=fields.NO_ACCESS, copy=False)

    _link_hash_uniq = models.UniqueIndex("(link_hash)")
    _state_hash_uniq = models.UniqueIndex("(state_hash) WHERE state_hash IS NOT NULL")

    @api.depends("purpose", "company_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for authorisation in self:
            authorisation.display_name = self.env._(
                "Authorisation %(number)s", number=authorisation.id
            )

    @api.depends("error_code")
    @api.depends_context("lang")
    def _compute_error_text(self):
        for authorisation in self:
            authorisation.error_text = words(self.env, authorisation.error_code)

    # === THE LINK === #

    @api.model
    def _make_link(self, company, journal=None, user=None, renews=None, **values):
        """Open an attempt and return the address of its page.

        The address holds a secret that is kept here as a hash only: it cannot be shown
        a second time.

        :param res.users user: who asked; also the contact when none is in `values`
        :param open.banking.consent renews: the consent to be renewed
        :param values: more of the attempt, such as `partner_id` or `expires_on`
        :return: the address, relative to the server
        :rtype: str
        """
        token = secrets.token_urlsafe(32)
        self.sudo().create(
            {
                "purpose": "renew" if renews else "connect",
                "company_id": company.id,
                "journal_id": journal.id if journal else False,
                "renews_id": renews.id if renews else False,
                "user_id": user.id if user else False,
                "partner_id": user.partner_id.id if user else False,
                "expires_on": fields.Datetime.now() + ON_THE_SPOT_LIFE,
                **values,
                "link_hash": digest(token),
            }
        )
        return f"{CONSENT_PAGE_PATH}/{token}"

    @api.model
    def _from_link(self, token):
        """Return the open attempt of a link; empty for unknown, used and old ones.

        One query for each of them, so that a clock does not tell them apart either.
        """
        authorisation = self.sudo().search_fetch(
            [("link_hash", "=", digest(token))], ["state", "expires_on", "write_date"]
        )
        return authorisation.filtered(lambda a: a._is_open())

    @api.model
    def _from_state(self, state):
        """Return the attempt that went to the bank with this OAuth state."""
        if not state:
            return self.sudo().browse()
        return self.sudo().search([("state_hash", "=", digest(state))])

    def _is_open(self):
        now = fields.Datetime.now()
        stuck = self.state == "chosen" and self.write_date < now - STORING_TAKES
        return (self.state in OPEN_STATES or stuck) and self.expires_on > now

    # === THE WAY TO THE BANK === #

    def _go_to_bank(self, lang=None):
        """Send the browser to Mastercard: a fresh OAuth state for each try.

        :param str lang: the language of the page, as Odoo writes it (da_DK)
        :return: Mastercard's address and the state value put into it
        :rtype: tuple[str, str]
        """
        self.ensure_one()
        state = secrets.token_urlsafe(32)
        redirect_uri = self.get_base_url() + CALLBACK_PATH
        client = self.company_id._open_banking_client()
        address = client.connect_url(
            redirect_uri=redirect_uri,
            state=state,
            culture=culture_of(lang),
            email=self.partner_id.email or None,
            provider_id=self.provider_id.external_id or None,
        )
        self.write(
            {
                **self._at_bank_values(fields.Datetime.now()),
                "state_hash": digest(state),
                "redirect_uri": redirect_uri,
            }
        )
        return address, state

    def _at_bank_values(self, now):
        return {
            "state": "at_bank",
            "opened_on": self.opened_on or now,
            "at_bank_on": now,
            "ended_on": False,
            "error_code": False,
            # The bank's pages take their time; the link itself may be near its end.
            "expires_on": max(self.expires_on, now + ON_THE_SPOT_LIFE),
        }

    # === THE WAY BACK === #

    def _state_is_required(self):
        """Tell whether Mastercard is known to bring back the OAuth state.

        No public source says whether it does. Once seen, a way back with a code but
        without the state is somebody else's doing.
        """
        proven_at = self.company_id.sudo().open_banking_state_proven_at
        return bool(proven_at) and proven_at == self.company_id._open_banking_address()

    def _come_back(self, code, consent_external_id, with_state=False):
        """Take in what the browser brought back from the bank.

        Runs in transactions of its own, one for each step: Odoo repeats a request that
        meets a serialization error, and a code can be exchanged only once. A reload or
        a repeat therefore finds the attempt already taken and does nothing.

        :param str code: the authorisation code, empty when there was none
        :param str consent_external_id: Mastercard's consentId, may be empty
        :param bool with_state: whether the right OAuth state came back as well
        """
        if not self._in_own_transaction("_claim", bool(code)):
            return
        if not code:
            return
        try:
            client = self.company_id._open_banking_client()
            tokens = client.exchange_code(code, self.redirect_uri)
            self._in_own_transaction("_store_consent", tokens, consent_external_id)
            if with_state:
                self._in_own_transaction("_note_state_proven")
        except (BankApiError, NotSetUp) as error:
            reference = getattr(error, "correlation_id", False)
            self._in_own_transaction("_fail", error.code, reference)
            return
        self._bring_accounts()

    def _bring_accounts(self):
        """Store which accounts were shared. The consent stands also without them."""
        try:
            self._in_own_transaction("_store_accounts")
        except (BankApiError, NotSetUp) as error:
            _logger.info("Authorisation %s: no accounts yet, %s", self.id, error.code)

    def _in_own_transaction(self, method, *args):
        with self.env.registry.cursor() as cursor:
            env = api.Environment(cursor, self.env.uid, dict(self.env.context))
            return getattr(env[self._name].sudo().browse(self.id), method)(*args)

    def _claim(self, has_code):
        """Mark the attempt as taken, or as cancelled when no code came back.

        :return: whether the caller is the one who goes on
        """
        attempt = self.try_lock_for_update(allow_referencing=True)
        if not attempt or attempt.state != "at_bank" or not attempt._is_open():
            return False
        if has_code:
            attempt.write({"state": "chosen", "chosen_on": fields.Datetime.now()})
        else:
            attempt._fail("cancelled", state="cancelled")
        return True

    def _store_consent(self, tokens, consent_external_id):
        """Store the consent with its tokens, and end the attempt.

        :raise bank_api.Rejected: when the consent is not this company's
        """
        # What the tokens say comes from Mastercard, the other passed through a browser:
        # whoever has a link could name somebody else's consent there. Without any name
        # the consent still works; only webhooks cannot name it.
        external_id = (
            tokens.consent_id or consent_external_id or f"unnamed-{uuid.uuid4()}"
        )
        consents = self.env["open.banking.consent"]
        known = consents.search([("external_id", "=", external_id)])
        if known and known.company_id != self.company_id:
            raise Rejected("consent_of_other_company", "known at another company")
        consent = consents._store(
            self.company_id, external_id, tokens, self.partner_id, self.user_id
        )
        self._note_done(consent)

    def _note_done(self, consent):
        self.write(
            {
                "state": "done",
                "done_on": fields.Datetime.now(),
                "consent_id": consent.id,
                "error_code": False,
            }
        )

    def _note_state_proven(self):
        if not self._state_is_required():
            company = self.company_id
            company.open_banking_state_proven_at = company._open_banking_address()

    def _store_accounts(self):
        accounts = self.consent_id._read_accounts()
        self.error_code = False if accounts else "no_accounts"

    def _fail(self, code, correlation_id=False, state="failed"):
        self.write(
            {
                "state": state,
                "ended_on": fields.Datetime.now(),
                "error_code": code,
                "correlation_id": correlation_id,
            }
        )
