from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import OpenBankingCase

FEED = (
    "open.banking.account",
    "open.banking.authorisation",
    "open.banking.consent",
    "open.banking.fetch",
    "open.banking.transaction",
)
WIZARD = (
    "open.banking.account.map",
    "open.banking.account.map.line",
    "open.banking.fetch.request",
    "open.banking.fetch.request.line",
)

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
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
MAY_CONNECT = ("basic", "accountant")

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
        "refresh_token_encrypted",
        "refresh_token_until",
        "tokens_issued_at",
    },
    "open.banking.fetch": {"paging_token"},
    "res.company": {
        "open_banking_client_secret_encrypted",
        "open_banking_state_proven_at",
    },
}


@tagged("post_install", "-at_install")
class TestAccess(OpenBankingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.make_company("Sydlys Handel ApS")
        cls.other_journal = cls.env["account.journal"].search(
            [("company_id", "=", cls.other_company.id), ("type", "=", "bank")], limit=1
        )
        cls.users = {
            login: new_test_user(
                cls.env,
                login=f"test_{login}",
                groups=groups,
                company_id=cls.company.id,
                company_ids=[(6, 0, cls.company.ids)],
            )
            for login, (groups, _feed, _wizard) in MAY.items()
        }
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
        records = (consent, account, fetch, transaction, authorisation)
        return {record._name: record for record in records}

    def rpc(self, user, record, method, *args, **options):
        """Call a method as a browser does."""
        model = self.env(user=user)[record._name]
        return call_kw(model, method, [record.ids, *args], options)

    # === WHO MAY DO WHAT === #

    def test_models(self):
        for login, (_groups, on_feed, on_wizard) in MAY.items():
            for names, rights in ((FEED, on_feed), (WIZARD, on_wizard)):
                for name in names:
                    model = self.env[name].with_user(self.users[login])
                    has = [k for k, op in OPERATIONS.items() if model.has_access(op)]
                    self.assertEqual("".join(has), rights, (login, name))

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.models")
    def test_records(self):
        for login, (_groups, on_feed, _on_wizard) in MAY.items():
            for record in self.ours.values():
                calls = {
                    "r": ("read", ["display_name"]),
                    "w": ("write", {"company_id": self.company.id}),
                    "u": ("unlink",),
                }
                for right, call in calls.items():
                    with self.subTest(f"{login} {call[0]} {record._name}"):
                        if right in on_feed:
                            self.assertTrue(self.rpc(self.users[login], record, *call))
                            continue
                        with self.assertRaises(AccessError):
                            self.rpc(self.users[login], record, *call)
            self.assertEqual(len(self.ours), len(FEED))

    def test_a_wizard_is_its_users_own(self):
        accounts = self.ours["open.banking.account"]
        basic, other = self.users["basic"], self.users["accountant"]
        wizard = self.env["open.banking.account.map"].with_user(basic)
        wizard = wizard._for_accounts(accounts.with_user(basic))
        self.assertEqual(wizard.line_ids.account_id, accounts)
        for record in (wizard, wizard.line_ids):
            with self.assertRaises(AccessError):
                record.with_user(other).read(["display_name"])
        with self.assertRaises(AccessError):
            self.rpc(other, wizard, "action_confirm")

    # === COMPANIES === #

    def test_companies_are_apart(self):
        for login in ("readonly", "basic", "accountant", "manager"):
            for name, record in self.theirs.items():
                with self.subTest(f"{login} {name}"):
                    model = self.env[name].with_user(self.users[login])
                    self.assertEqual(model.search([]), self.ours[name])
                    with self.assertRaises(AccessError):
                        record.with_user(self.users[login]).read(["display_name"])

    def test_a_user_of_both_sees_what_he_chose(self):
        user = self.users["basic"]
        user.company_ids += self.other_company
        for name, record in self.theirs.items():
            model = self.env[name].with_user(user)
            chosen = model.with_context(allowed_company_ids=self.other_company.ids)
            self.assertEqual(chosen.search([]), record)

    # === FORGED CALLS OF THE WIZARD === #

    def forge(self, user=None, company=None, **line):
        """Make a wizard with one line, as a forged call would, and confirm it."""
        line = {
            "account_id": self.ours["open.banking.account"].id,
            "action": "journal",
            "journal_id": self.journal.id,
            "start_date": date.today() - timedelta(days=9),
            **line,
        }
        model = self.env["open.banking.account.map"].with_user(
            user or self.users["accountant"]
        )
        wizard = model.browse(
            call_kw(
                model,
                "create",
                [
                    {
                        "company_id": (company or self.company).id,
                        "line_ids": [(0, 0, line)],
                    }
                ],
                {},
            )
        )
        wizard.action_confirm()
        return wizard

    def check_refused(self, **forged):
        before = {
            account: (account.journal_id, account.start_date, account.left_out)
            for records in (self.ours, self.theirs)
            for account in records["open.banking.account"]
        }
        with self.assertRaises(UserError):
            self.forge(**forged)
        for account, facts in before.items():
            self.assertEqual(
                (account.journal_id, account.start_date, account.left_out), facts
            )

    def test_the_wizard_works_when_nothing_is_forged(self):
        self.forge()
        account = self.ours["open.banking.account"]
        self.assertEqual(account.start_date, date.today() - timedelta(days=9))

    def test_account_of_another_company(self):
        theirs = self.theirs["open.banking.account"]
        for action in ("journal", "new", "leave_out"):
            self.check_refused(account_id=theirs.id, action=action)

    def test_account_of_another_company_of_the_same_user(self):
        theirs, user = self.theirs["open.banking.account"], self.users["accountant"]
        user.company_ids += self.other_company
        self.check_refused(account_id=theirs.id, action="leave_out")

    def test_company_of_another_user(self):
        theirs = self.theirs["open.banking.account"]
        self.check_refused(company=self.other_company, account_id=theirs.id)
        wizards = self.env["open.banking.account.map"].with_user(self.users["basic"])
        with self.assertRaises(AccessError):
            wizards.create({"company_id": self.other_company.id})

    def test_journal_of_another_company(self):
        self.check_refused(journal_id=self.other_journal.id)

    def test_journal_that_is_no_bank_journal(self):
        sale = self.env["account.journal"].search(
            [("company_id", "=", self.company.id), ("type", "=", "sale")], limit=1
        )
        self.check_refused(journal_id=sale.id)
        self.assertNotEqual(sale.bank_statements_source, "mastercard_open_banking")

    @mute_logger("odoo.sql_db")
    def test_journal_that_another_account_feeds(self):
        account = self.ours["open.banking.account"]
        second = account.create(
            {
                "name": "second",
                "account_key": "second",
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
            }
        )
        self.check_refused(account_id=second.id)

    def test_a_forged_line_shows_nothing_of_another_company(self):
        theirs, user = self.theirs["open.banking.account"], self.users["basic"]
        lines = self.env["open.banking.account.map.line"].with_user(user)
        wizard = lines.map_id.create({"company_id": self.company.id})
        values = {
            "map_id": wizard.id,
            "account_id": theirs.id,
            "action": "leave_out",
            "start_date": date.today(),
        }
        with self.assertRaises(UserError):
            line = lines.create(values)
            line.read(["holder", "number", "account_name", "booked_balance"])
        shown = {"holder": {}, "number": {}, "booked_balance": {}}
        with self.assertRaises(AccessError):
            lines.onchange(values, ["account_id"], shown)
        values["account_id"] = self.ours["open.banking.account"].id
        found = lines.onchange(values, ["account_id"], shown)["value"]
        self.assertEqual(found["holder"], self.company.name)
        line = lines.create(values)
        self.assertEqual(line.holder, self.company.name)
        with self.assertRaises(UserError):
            line.write({"account_id": theirs.id})
            line.read(["holder", "number", "account_name", "booked_balance"])

    # === METHODS === #

    def test_methods_refuse_users_without_rights(self):
        account = self.ours["open.banking.account"]
        account.next_attempt = False
        self.assertTrue(account.consent_id.state, "active")
        calls = (
            (self.journal, "action_open_banking_connect"),
            (self.journal, "action_open_banking_fetch"),
            (account, "action_fetch_now"),
            (account, "action_choose_journals"),
        )
        attempts = self.count("open.banking.authorisation")
        for login, user in self.users.items():
            for record, method in calls:
                with self.subTest(f"{login} {method}"):
                    if login in MAY_CONNECT:
                        self.assertIn("type", self.rpc(user, record, method))
                        account.next_attempt = False
                        continue
                    with self.assertRaises(UserError):
                        self.rpc(user, record, method)
                    self.assertFalse(account.next_attempt)
        self.assertEqual(
            self.count("open.banking.authorisation") - attempts, len(MAY_CONNECT)
        )

    def test_decisions_refuse_users_without_rights(self):
        row = self.ours["open.banking.transaction"]
        run = self.ours["open.banking.fetch"]
        row.write({"booking_state": "held", "reason_code": "refused_by_odoo"})
        calls = [(row, name) for name in DECISIONS]
        calls += [(run, "action_undo"), (row.account_id, "action_turn_sign")]
        for login, user in self.users.items():
            for record, method in calls:
                if login not in MAY_CONNECT:
                    with self.subTest(f"{login} {method}"):
                        with self.assertRaises(UserError):
                            self.rpc(user, record, method)
                        self.assertEqual(row.booking_state, "held")
        self.rpc(self.users["basic"], row, "action_leave_out")
        self.assertEqual(row.booking_state, "left_out")

    def test_methods_refuse_records_of_other_companies(self):
        user, account = self.users["accountant"], self.theirs["open.banking.account"]
        for record, method in (
            (self.other_journal, "action_open_banking_connect"),
            (self.other_journal, "action_open_banking_fetch"),
            (self.other_journal, "action_open_banking_accounts"),
            (self.other_journal, "action_open_banking_log"),
            (account, "action_fetch_now"),
            (account, "action_choose_journals"),
            (account, "action_open_transactions"),
            (account, "action_turn_sign"),
            *((self.theirs["open.banking.transaction"], name) for name in DECISIONS),
            (self.theirs["open.banking.fetch"], "action_undo"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                self.rpc(user, record, method)

    def test_only_actions_can_be_called(self):
        package = __package__.rsplit(".", 1)[0]
        public = set()
        for model in self.env.registry.models.values():
            for owner in model.mro():
                if owner.__module__.startswith((f"{package}.models", f"{package}.wiz")):
                    public |= {
                        name
                        for name, member in vars(owner).items()
                        if callable(member) and not name.startswith("_")
                    }
        self.assertEqual(
            public,
            {
                "action_adopt",
                "action_book",
                "action_book_on_open_day",
                "action_choose_journals",
                "action_confirm",
                "action_fetch",
                "action_fetch_now",
                "action_follow_bank",
                "action_keep_line",
                "action_leave_out",
                "action_fetch_request",
                "action_open_banking_accounts",
                "action_open_banking_connect",
                "action_open_banking_fetch",
                "action_open_banking_fetch_request",
                "action_open_banking_log",
                "action_open_banking_questions",
                "action_open_lines",
                "action_open_questions",
                "action_open_rows",
                "action_open_transactions",
                "action_replace",
                "action_turn_sign",
                "action_undo",
                "action_preview",
                "open_action",
                "unlink",
            },
        )

    # === SECRETS === #

    def test_which_fields_are_secret(self):
        found = {
            name: {
                field.name
                for field in self.env[name]._fields.values()
                if field.groups == fields.NO_ACCESS
            }
            for name in (*FEED, *WIZARD, "res.company")
        }
        self.assertEqual({k: v for k, v in found.items() if v}, SECRETS)

    @mute_logger("odoo.models")
    def test_secrets_are_out_of_reach(self):
        records = {**self.ours, "res.company": self.company}
        admin = self.env.ref("base.user_admin")
        admin.company_ids += self.company
        admin.group_ids += self.env.ref("account.group_account_user")
        users = (admin, self.users["accountant"], self.users["manager"])
        for user in users:
            user.group_ids += self.env.ref("base.group_allow_export")
            for name, secrets in SECRETS.items():
                record = records[name].with_user(user)
                self.assertFalse(secrets & record.fields_get().keys())
                self.assertFalse(secrets & record.read()[0].keys())
                for field in secrets:
                    with self.subTest(f"{user.login} {name}.{field}"):
                        self.check_unreachable(record, field)

    def check_unreachable(self, record, field):
        domain = [(field, "!=", False)]
        for method, args in (
            ("read", [record.ids, [field]]),
            ("web_read", [record.ids, {field: {}}]),
            ("export_data", [record.ids, [field]]),
            ("write", [record.ids, {field: False}]),
            ("search_read", [[], [field]]),
            ("search", [domain]),
            ("search_count", [domain]),
            ("formatted_read_group", [[], [field], ["__count"]]),
            ("formatted_read_group", [[], [], [f"{field}:count"]]),
        ):
            with self.assertRaises(AccessError, msg=method):
                call_kw(record.browse(), method, args, {})
        with self.assertRaises(AccessError):
            call_kw(record.browse(), "search", [[]], {"order": field})
