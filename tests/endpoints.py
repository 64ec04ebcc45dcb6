"""Every public method of ours: a browser can call it, with whatever it likes."""

from odoo.fields import Command

from .access import MAY_CONNECT, MAY_ERASE, MAY_EXPORT, AccessCase
from .rights import Checksum
from .walls import LINE

PACKAGE = __package__.rsplit(".", 1)[0]
STATEMENT = "account.bank.statement"
ENTRY = "account.move"
ITEM = "account.move.line"

# Who gets beyond the first check of a method: users of `access.py`.
READERS = ("readonly", "basic", "accountant", "manager", "chief")
BOOKS_READERS = ("invoicing", *READERS)
BOOKS_WRITERS = ("invoicing", "basic", "accountant", "manager", "chief")
ADMINISTRATORS = ("system",)
NOBODY = ()

# Each public method, by who may use it and by model.
METHODS = {
    READERS: {
        "account.bank.statement.line": ["action_open_feed_row"],
        "account.journal": [
            "action_open_banking_fetch_request",
            "action_open_banking_link",
            "action_open_banking_log",
            "action_open_banking_proof",
            "action_open_banking_questions",
        ],
        "open.banking.account": [
            "action_fetch_request",
            "action_open_day",
            "action_open_questions",
            "action_open_transactions",
            "action_print_proof",
            "action_remedy",
            "read_days",
        ],
        "open.banking.board": ["action_open_account"],
        "open.banking.consent": [
            "action_open_accounts",
            "action_open_authorisations",
            "action_open_lines",
            "action_open_runs",
            "action_open_unused",
            "action_remedy",
        ],
        "open.banking.fetch": [
            "action_open_lines",
            "action_open_rows",
            "action_remedy",
        ],
        "open.banking.proof": ["action_print"],
        "res.partner": ["action_open_banking_consents"],
    },
    BOOKS_READERS: {"account.journal": ["action_open_banking_accounts", "open_action"]},
    BOOKS_WRITERS: {ENTRY: ["write"], ITEM: ["create"]},
    MAY_CONNECT: {
        "account.bank.statement": ["create", "write"],
        "account.bank.statement.line": ["create", "unlink", "write"],
        "account.journal": [
            "action_open_banking_connect",
            "action_open_banking_disconnect",
            "action_open_banking_fetch",
            "action_open_banking_remedy",
            "action_open_banking_send_link",
            "action_open_banking_send_renewal",
            "action_open_banking_synchronise",
        ],
        "open.banking.account": [
            "action_choose_journals",
            "action_connect_again",
            "action_disconnect",
            "action_fetch_now",
            "action_leave_out",
            "action_send_link",
            "action_send_renewal",
            "action_synchronise",
            "action_turn_sign",
        ],
        "open.banking.account.map": ["action_confirm"],
        "open.banking.account.map.line": ["action_leave_out"],
        "open.banking.authorisation": [
            "action_copy_link",
            "action_resend",
            "action_withdraw",
        ],
        "open.banking.board": [
            "action_choose_journals",
            "action_fetch_now",
            "action_send_renewal",
            "action_synchronise",
        ],
        "open.banking.consent": [
            "action_choose_journals",
            "action_connect_again",
            "action_disconnect",
            "action_send_renewal",
            "action_synchronise",
        ],
        "open.banking.disconnect": ["action_confirm"],
        "open.banking.fetch": ["action_undo"],
        "open.banking.fetch.request": ["action_fetch", "action_preview"],
        "open.banking.link": ["action_copy_link", "action_send"],
        "open.banking.transaction": [
            "action_adopt",
            "action_book",
            "action_book_on_open_day",
            "action_follow_bank",
            "action_keep_line",
            "action_leave_out",
            "action_replace",
        ],
    },
    MAY_EXPORT: {
        "open.banking.consent": ["action_export"],
        "res.partner": ["action_open_banking_export"],
    },
    MAY_ERASE: {
        "account.journal": ["unlink"],
        "open.banking.account": ["action_set_statement_period"],
        "open.banking.consent": ["action_erase"],
        "open.banking.erasure": ["action_confirm"],
        "res.partner": ["action_open_banking_erase"],
    },
    ADMINISTRATORS: {
        "open.banking.account": ["action_open_settings"],
        "open.banking.consent": ["action_open_settings"],
        "open.banking.fetch": ["action_open_settings"],
        "res.company": ["write"],
        "res.config.settings": [
            "action_open_banking_is_original",
            "action_open_banking_new_key",
            "action_open_banking_test_credentials",
        ],
    },
    NOBODY: {
        "open.banking.account": ["write"],
        "open.banking.consent": ["write"],
    },
}
MAY_CALL = {
    (model, name): users
    for users, models in METHODS.items()
    for model, names in models.items()
    for name in names
}

# Methods that take more than the records they are called on.
ARGUMENTS = {
    ("open.banking.account", "action_open_day"): ["2026-01-01"],
    ("open.banking.account", "write"): [{"error_code": False}],
    ("open.banking.consent", "write"): [{"error_code": False}],
    ("res.company", "write"): [{"open_banking_client_id": "forged"}],
    (STATEMENT, "write"): [{"name": "forged"}],
    (LINE, "write"): [{"payment_ref": "forged"}],
    (ENTRY, "write"): [{"ref": "forged"}],
}


def public_methods(registry):
    """Return each public method that a class of ours defines, on each model having it.

    :rtype: set[tuple[str, str]]
    """
    return {
        (model._name, name)
        for model in registry.models.values()
        if not model._abstract  # on those that inherit it
        for owner in model.mro()
        if owner.__module__.startswith((f"{PACKAGE}.models", f"{PACKAGE}.wizards"))
        for name in vars(owner)
        if not name.startswith("_") and callable(getattr(owner, name))
    }


class EndpointsCase(Checksum, AccessCase):
    """A record of each model that has a public method, in two companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs_user = cls.make_users(cls.other_company, "theirs_")["chief"]
        cls.samples = cls.make_samples(cls.ours, cls.journal)

    @classmethod
    def make_samples(cls, records, journal):
        """Return records of our own company, on which everything could be called.

        The dialogs are of one who may use them all.
        """
        env = cls.env
        chief = cls.users["chief"]
        account = records["open.banking.account"]
        consent = records["open.banking.consent"]
        row = records["open.banking.transaction"]
        partner = env["res.partner"].create(
            {"name": "contact", "email": "contact@example.com"}
            | {"company_id": journal.company_id.id}
        )
        consent.write({"partner_id": partner.id, "authorised_on": "2026-01-01"})
        line = env[LINE].create(
            {"journal_id": journal.id, "date": "2026-01-01", "payment_ref": "line"}
            | {"amount": 1, "open_banking_transaction_id": row.id}
        )
        row.booking_state = "held"
        dialogs = {
            "open.banking.disconnect": {"consent_ids": [Command.set(consent.ids)]},
            "open.banking.erasure": {"consent_ids": [Command.set(consent.ids)]},
            "open.banking.fetch.request": {"account_ids": [Command.set(account.ids)]},
            "open.banking.link": {"journal_id": journal.id, "partner_id": partner.id},
            "open.banking.proof": {"account_ids": [Command.set(account.ids)]},
        }
        made = [env[name].with_user(chief).create(v) for name, v in dialogs.items()]
        mapping = env["open.banking.account.map"].with_user(chief)
        mapping = mapping._for_accounts(account.with_user(chief))
        env.flush_all()
        made += [
            mapping,
            mapping.line_ids,
            line,
            line.move_id,
            line.move_id.line_ids[0],
            partner,
            journal,
            journal.company_id,
            env[STATEMENT].create({"line_ids": [Command.set(line.ids)]}),
            env["open.banking.board"].browse(account.id),
            env["res.config.settings"].create({"company_id": journal.company_id.id}),
        ]
        return {record._name: record for record in (*records.values(), *made)}

    def arguments(self, model, name):
        """Return what a method is called with, beside the records."""
        if name == "create":
            line = {"journal_id": self.journal.id, "date": "2026-01-01"}
            made = {
                STATEMENT: {"line_ids": [Command.create(line)]},
                ITEM: {"move_id": self.samples[ENTRY].id, "name": "forged"},
            }
            return [made.get(model, line)]
        return ARGUMENTS.get((model, name), [])

    def call(self, user, record, name):
        """Call a method as a browser does, in a request of its own."""
        self.env.invalidate_all()
        arguments = self.arguments(record._name, name)
        if name == "create":
            return self.rpc_on_model(user, record._name, name, *arguments)
        return self.rpc(user, record, name, *arguments)
