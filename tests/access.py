from odoo import fields
from odoo.service.model import call_kw
from odoo.tests import new_test_user

from .common import OpenBankingCase, OpenBankingHttpCase

FEED = (
    "open.banking.account",
    "open.banking.authorisation",
    "open.banking.consent",
    "open.banking.consent.account",
    "open.banking.event",
    "open.banking.fetch",
    "open.banking.reminder.line",
    "open.banking.transaction",
)
WIZARD = (
    "open.banking.account.map",
    "open.banking.account.map.line",
    "open.banking.disconnect",
    "open.banking.fetch.request",
    "open.banking.fetch.request.line",
)

ERASURE = ("open.banking.erasure",)
PROOF = ("open.banking.proof",)

# Who may do what: letters of read, write, create, unlink.
MAY = {
    # login: groups, on the models of the feed, on the wizard
    "public": ("base.group_public", "", ""),
    "portal": ("base.group_portal", "", ""),
    "internal": ("base.group_user", "", ""),
    "system": ("base.group_system", "", ""),
    "invoicing": ("account.group_account_invoice", "", ""),
    "readonly": ("account.group_account_readonly", "r", ""),
    "basic": ("account.group_account_basic", "r", "rwcu"),
    "accountant": ("account.group_account_user", "r", "rwcu"),
    "manager": ("account.group_account_manager", "r", ""),
    "chief": (
        "account.group_account_user,account.group_account_manager",
        "r",
        "rwcu",
    ),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
MAY_CONNECT = ("basic", "accountant", "chief")
MAY_EXPORT = (*MAY_CONNECT, "manager")
MAY_ERASE = ("manager", "chief")
MAY_PRINT = ("readonly", *MAY_EXPORT)

DECISIONS = (
    "action_adopt",
    "action_book",
    "action_book_on_open_day",
    "action_follow_bank",
    "action_keep_line",
    "action_leave_out",
    "action_replace",
)

SECRETS = {
    "open.banking.authorisation": {"link_hash", "redirect_uri", "state_hash"},
    "open.banking.consent": {
        "access_token_encrypted",
        "access_token_until",
        "next_refresh",
        "refresh_token_encrypted",
        "refresh_token_until",
        "replaces_refused_token",
        "tokens_issued_at",
    },
    "open.banking.fetch": {"paging_token"},
    "res.company": {
        "open_banking_client_secret_encrypted",
        "open_banking_state_proven_at",
        "open_banking_webhook_secret_encrypted",
    },
}


class UsersOfEachKind:
    """A user of each kind, of one company."""

    @classmethod
    def make_users(cls, company, prefix="test_"):
        """Return a user for each line of `MAY`, by its name there."""
        return {
            login: new_test_user(
                cls.env,
                login=f"{prefix}{login}",
                groups=groups,
                company_id=company.id,
                company_ids=[(6, 0, company.ids)],
            )
            for login, (groups, _feed, _wizard) in MAY.items()
        }

    def rpc(self, user, record, method, *args, **options):
        """Call a method as a browser does."""
        model = self.env(user=user)[record._name]
        return call_kw(model, method, [record.ids, *args], options)

    def rpc_on_model(self, user, model, method, *args, **options):
        """Call a method that is for no record in particular."""
        return call_kw(self.env(user=user)[model], method, list(args), options)


class RecordsOfEachModel(UsersOfEachKind):
    """A user of each kind, and a record of each model in two companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Sydlys Handel ApS")
        cls.other_journal = cls.env["account.journal"].search(
            [("company_id", "=", cls.other_company.id), ("type", "=", "bank")], limit=1
        )
        cls.users = cls.make_users(cls.company)
        cls.ours = cls.make_records(cls.company, cls.journal)
        cls.theirs = cls.make_records(cls.other_company, cls.other_journal)

    @classmethod
    def make_records(cls, company, journal):
        """One record of each model, in the order of their dependence."""
        env = cls.env
        secret = f"secret of {company.name}"
        consent = env["open.banking.consent"].create(
            {
                "external_id": f"consent of {company.name}",
                "company_id": company.id,
                "access_token_encrypted": secret,
                "refresh_token_encrypted": secret,
            }
        )
        account = env["open.banking.account"].create(
            {
                "name": f"account of {company.name}",
                "holder": company.name,
                "iban": f"number of {company.name}",
                "account_key": company.name,
                "company_id": company.id,
                "consent_id": consent.id,
                "currency_id": company.currency_id.id,
                "journal_id": journal.id,
                "external_id": "external",
            }
        )
        fetch = env["open.banking.fetch"].create(
            {"account_id": account.id, "paging_token": secret}
        )
        transaction = env["open.banking.transaction"].create(
            {"account_id": account.id, "key": "key", "state": "booked"}
        )
        authorisation = env["open.banking.authorisation"].create(
            {
                "company_id": company.id,
                "link_hash": secret,
                "expires_on": fields.Datetime.now(),
            }
        )
        covered = env["open.banking.consent.account"].create(
            {"consent_id": consent.id, "account_id": account.id, "name": "covered"}
        )
        event = env["open.banking.event"].create(
            {"company_id": company.id, "delivery_key": "key", "name": "SyncDone"}
        )
        reminder = env["open.banking.reminder.line"].create(
            {"consent_id": consent.id, "day": fields.Date.today(), "kind": "mail"}
        )
        records = (consent, account, fetch, transaction, authorisation)
        records += (covered, event, reminder)
        return {record._name: record for record in records}


class AccessCase(RecordsOfEachModel, OpenBankingCase):
    """For tests of the models."""


class AccessHttpCase(RecordsOfEachModel, OpenBankingHttpCase):
    """For tests of the pages."""
