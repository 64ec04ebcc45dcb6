import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..bank_api import (
    Account,
    AccountNumber,
)
from ..const import FEED_SOURCE, OTHER_FEEDS
from ..feed import account_key, same_account
from .error_words import words

_logger = logging.getLogger(__name__)


# Rows of the feed on which a person has to decide.
QUESTION = ["|", ("booking_state", "=", "held"), ("bank_change", "!=", False)]


class OpenBankingAccount(models.Model):
    """One account at the bank: our own, stable key for it.

    The account's id at Mastercard and its consent change at a renewal; the journal can
    be changed by the bookkeeper. Neither re-reads nor doubles a transaction.
    """

    _name = "open.banking.account"
    _description = "Bank Account in Open Banking"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "provider_name, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    consent_id = fields.Many2one(
        "open.banking.consent",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        tracking=True,
    )
    consent_state = fields.Selection(related="consent_id.state", string="Consent State")
    consent_until = fields.Date(related="consent_id.expires_on")
    external_id = fields.Char(string="Account at Mastercard", readonly=True)
    account_key = fields.Char(required=True, readonly=True)
    provider_id = fields.Char(string="Bank at Mastercard", readonly=True)
    provider_name = fields.Char(string="Bank", readonly=True)
    holder = fields.Char(string="Account Holder", readonly=True)
    iban = fields.Char(string="IBAN", readonly=True)
    bban = fields.Char(string="Account Number", readonly=True)
    masked_pan = fields.Char(string="Card", readonly=True)
    number = fields.Char(compute="_compute_number")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    booked_balance = fields.Monetary(string="Balance at the Bank", readonly=True)
    has_booked_balance = fields.Boolean(readonly=True)
    available_balance = fields.Monetary(readonly=True)
    balance_on = fields.Datetime(string="Balance Read", readonly=True)
    books_balance = fields.Monetary(string="Balance in the Books", readonly=True)
    proof_state = fields.Selection(
        [
            ("equal", "Agrees"),
            ("differs", "Differs"),
            ("unknown", "Not known"),
        ],
        string="Balance",
        default="unknown",
        readonly=True,
    )
    bank_synchronized_on = fields.Datetime(
        string="Bank Read by Mastercard", readonly=True
    )
    inverted_sign = fields.Boolean(
        string="Amounts With Turned Sign",
        readonly=True,
        tracking=True,
        help="The bank writes money out as positive amounts, as some card accounts do.",
    )
    is_orphaned = fields.Boolean(
        string="No Longer Delivered", readonly=True, tracking=True
    )
    journal_id = fields.Many2one(
        "account.journal",
        readonly=True,
        check_company=True,
        ondelete="set null",
        index="btree_not_null",
        tracking=True,
        domain="[('type', 'in', ('bank', 'credit'))]",
    )
    left_out = fields.Boolean(readonly=True, tracking=True)
    mapping = fields.Selection(
        [
            ("unmapped", "Waiting for a journal"),
            ("mapped", "In use"),
            ("left_out", "Left out"),
        ],
        compute="_compute_mapping",
        store=True,
        string="Use",
    )
    start_date = fields.Date(
        string="Import From",
        readonly=True,
        tracking=True,
        help="No transaction dated before this day is put into the journal.",
    )
    synced_until = fields.Date(
        readonly=True,
        help="Everything up to this day was read completely and stored.",
    )
    next_attempt = fields.Datetime(string="Next Fetch", readonly=True, index=True)
    last_fetch_on = fields.Datetime(string="Last Fetch", readonly=True)
    last_transaction_on = fields.Date(string="Last Transaction", readonly=True)
    failures = fields.Integer(readonly=True)
    error_since = fields.Datetime(readonly=True)
    error_code = fields.Char(readonly=True)
    error_text = fields.Char(compute="_compute_error_text", string="What happened")
    question_count = fields.Integer(compute="_compute_question_count")
    fetch_ids = fields.One2many("open.banking.fetch", "account_id", "Bank Log")
    transaction_ids = fields.One2many("open.banking.transaction", "account_id", "Feed")

    _account_key_uniq = models.UniqueIndex(
        "(company_id, account_key, currency_id)",
        "This bank account is already registered in the company.",
    )
    _journal_uniq = models.UniqueIndex(
        "(journal_id) WHERE journal_id IS NOT NULL",
        "Another bank account already feeds this journal.",
    )

    # === COMPUTE METHODS === #

    @api.depends("iban", "bban", "masked_pan")
    def _compute_number(self):
        for account in self:
            account.number = account.iban or account.bban or account.masked_pan

    @api.depends("journal_id", "left_out")
    def _compute_mapping(self):
        for account in self:
            if account.journal_id:
                account.mapping = "mapped"
            else:
                account.mapping = "left_out" if account.left_out else "unmapped"

    @api.depends("name", "provider_name", "number")
    def _compute_display_name(self):
        for account in self:
            parts = [account.name, account.provider_name, account.number]
            account.display_name = " – ".join(filter(None, parts))

    def _compute_question_count(self):
        counts = dict(
            self.env["open.banking.transaction"]._read_group(
                [("account_id", "in", self.ids), *QUESTION], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.question_count = counts.get(account, 0)

    @api.depends("error_code")
    @api.depends_context("lang")
    def _compute_error_text(self):
        for account in self:
            account.error_text = words(self.env, account.error_code)

    @api.constrains("journal_id", "currency_id")
    def _check_journal_currency(self):
        for account in self.filtered("journal_id"):
            if account.currency_id != account._journal_currency(account.journal_id):
                raise ValidationError(
                    self.env._(
                        "The journal %(journal)s keeps another currency than the bank "
                        "account %(account)s (%(currency)s).",
                        journal=account.journal_id.display_name,
                        account=account.display_name,
                        currency=account.currency_id.name,
                    )
                )

    # === WHAT MASTERCARD SAYS OF AN ACCOUNT === #

    @api.model
    def _store_accounts(self, consent, bank_accounts):
        """Create or refresh the accounts that a consent covers.

        An account is recognised by its number and currency, whatever its id at
        Mastercard is this time.

        :param iterable[bank_api.Account] bank_accounts: what Mastercard said
        :return: our accounts, in the same order, without those in unknown currencies
        """
        accounts = self.sudo().browse()
        currencies = self._currencies(each.currency for each in bank_accounts)
        for bank_account in bank_accounts:
            currency = currencies.get(bank_account.currency)
            if not currency:
                _logger.warning("Consent %s: account in unknown currency", consent.id)
                continue
            accounts |= self._store_account(consent, bank_account, currency)
        return accounts

    @api.model
    def _store_account(self, consent, bank_account, currency):
        number = bank_account.number
        key = (
            account_key(number.iban, number.bban, bank_account.provider_id[:2])
            or number.masked_pan
            or bank_account.id
        )
        account = self.sudo().search(
            [
                ("company_id", "=", consent.company_id.id),
                ("account_key", "=", key),
                ("currency_id", "=", currency.id),
            ]
        )
        values = {
            "consent_id": consent.id,
            "external_id": bank_account.id,
            "provider_id": bank_account.provider_id,
            "provider_name": bank_account.provider_name or bank_account.provider_id,
            "name": bank_account.name or number.bban or self.env._("Bank account"),
            "holder": bank_account.holder,
            "iban": number.iban,
            "bban": number.bban,
            "masked_pan": number.masked_pan,
        }
        if account:
            if account.consent_id != consent:
                values |= account._with_new_consent()
            account.write(values)
        else:
            account = self.sudo().create(
                {
                    **values,
                    "company_id": consent.company_id.id,
                    "account_key": key,
                    "currency_id": currency.id,
                }
            )
        account._store_balance(bank_account)
        return account

    def _with_new_consent(self):
        """A new consent ends what went wrong with the old one: read soon."""
        if self.journal_id:
            self._wake_up()
        return {
            "error_code": False,
            "error_since": False,
            "failures": 0,
            "next_attempt": bool(self.journal_id) and fields.Datetime.now(),
        }

    def _store_balance(self, bank_account):
        """Keep the balances and the freshness that Mastercard tells of the account."""
        values = {
            "has_booked_balance": bool(bank_account.booked),
            "balance_on": fields.Datetime.now(),
            "bank_synchronized_on": bank_account.last_synchronized,
            "is_orphaned": bank_account.is_orphaned,
        }
        if bank_account.booked:
            values["booked_balance"] = bank_account.booked.value
        if bank_account.available:
            values["available_balance"] = bank_account.available.value
        self.write(values)

    def _as_bank_account(self):
        """Return this account as a record of the API, to know its own side by."""
        return Account(
            id=self.external_id,
            provider_id=self.provider_id or "",
            provider_name=self.provider_name or "",
            name=self.name,
            holder=self.holder or "",
            type="",
            currency=self.currency_id.name,
            number=AccountNumber(
                iban=self.iban or "",
                bban=self.bban or "",
                masked_pan=self.masked_pan or "",
            ),
            booked=None,
            available=None,
            last_synchronized=None,
            is_orphaned=self.is_orphaned,
            raw={},
        )

    # === JOURNALS === #

    @api.model
    def _journal_currency(self, journal):
        return journal.currency_id or journal.company_id.currency_id

    def _suggest_journal(self, asked_from=None):
        """Return the journal this account belongs to, if there is no doubt.

        By account number and currency; else the journal from which the user pressed
        the button, when that has no number of its own yet.
        """
        self.ensure_one()
        journals = self._free_journals()
        fitting = journals.filtered(
            lambda journal: self._is_account_of(journal.bank_acc_number)
        )
        if not fitting and asked_from and not asked_from.bank_acc_number:
            fitting = asked_from & journals
        return fitting if len(fitting) == 1 else journals.browse()

    def _free_journals(self):
        """Return the journals of this account's currency that no account feeds."""
        taken = self.sudo().search([("journal_id", "!=", False)]) - self
        journals = self.env["account.journal"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("type", "in", ("bank", "credit")),
                ("id", "not in", taken.journal_id.ids),
                ("bank_statements_source", "not in", OTHER_FEEDS),
            ]
        )
        return journals.filtered(
            lambda journal: self._journal_currency(journal) == self.currency_id
        )

    def _is_account_of(self, number):
        return bool(number) and any(
            same_account(own, number) for own in (self.iban, self.bban) if own
        )

    def _map(self, journal, start_date):
        """Let this account feed a journal from a day on, and fetch soon.

        :param account.journal journal: of the account's currency, fed by no other
        :param date start_date: first day that is imported
        """
        self.ensure_one()
        if not self.currency_id.active:
            self.currency_id.sudo().active = True
        (self.journal_id - journal).sudo().bank_statements_source = "undefined"
        self.sudo().write(
            {
                "journal_id": journal.id,
                "left_out": False,
                "start_date": start_date,
                "next_attempt": fields.Datetime.now(),
            }
        )
        journal.sudo().bank_statements_source = FEED_SOURCE
        self._give_number(journal)
        self._wake_up()

    def _leave_out(self):
        """Keep the account in the list but fetch nothing of it."""
        self.journal_id.sudo().bank_statements_source = "undefined"
        self.sudo().write(
            {"journal_id": False, "left_out": True, "next_attempt": False}
        )

    # === ACTIONS === #

    def action_choose_journals(self):
        """Choose the journals of these accounts, or leave them out."""
        self.check_access("read")
        wizard = self.env["open.banking.account.map"]._for_accounts(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_account_map_action"
        )
        return {**action, "res_id": wizard.id}

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def action_open_transactions(self):
        """Open the statement lines of the account's journal."""
        self.ensure_one()
        self.check_access("read")
        return self.journal_id.open_action()

    def action_open_questions(self):
        """Open the transactions of these accounts that wait for a decision."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_transaction_action"
        )
        domain = [("account_id", "in", self.ids)]
        context = {"search_default_question": 1, "search_default_pending": 1}
        return {**action, "domain": domain, "context": context}
