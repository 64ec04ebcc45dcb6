from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access import (
    DECISIONS,
    ERASURE,
    FEED,
    MAY_CONNECT,
    MAY_ERASE,
    MAY_EXPORT,
    MAY_PRINT,
    PROOF,
    SECRETS,
    WIZARD,
    AccessCase,
)


@tagged("post_install", "-at_install")
class TestAccessMethods(AccessCase):
    # === METHODS === #

    def test_methods_refuse_users_without_rights(self):
        account = self.ours["open.banking.account"]
        account.next_attempt = False
        self.assertTrue(account.consent_id.state, "active")
        account.consent_id.write(
            {
                "partner_id": self.bookkeeper.partner_id.id,
                "authorised_on": fields.Datetime.now(),
                "expires_on": fields.Date.today(),
            }
        )
        calls = (
            (self.journal, "action_open_banking_connect"),
            (self.journal, "action_open_banking_fetch"),
            (account, "action_fetch_now"),
            (account, "action_choose_journals"),
            (account, "action_disconnect"),
            (account.consent_id, "action_disconnect"),
            (account.consent_id, "action_connect_again"),
            (account, "action_send_renewal"),
            (account.consent_id, "action_send_renewal"),
            (self.journal, "action_open_banking_send_renewal"),
            (self.journal, "action_open_banking_disconnect"),
            (account, "action_remedy"),
            (self.journal, "action_open_banking_remedy"),
        )
        account.error_code = "server_error"
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
            self.count("open.banking.authorisation") - attempts,
            2 * len(MAY_CONNECT) + 1,  # and one to renew, whose mails share it
        )

    def test_who_may_export_and_erase(self):
        consent = self.ours["open.banking.consent"]
        consent.write({"state": "expired", "partner_id": self.bookkeeper.partner_id.id})
        consent.partner_id.company_id = False
        calls = (
            (consent, "action_export", MAY_EXPORT),
            (consent.partner_id, "action_open_banking_export", MAY_EXPORT),
            (consent, "action_erase", MAY_ERASE),
            (consent.partner_id, "action_open_banking_erase", MAY_ERASE),
        )
        for login, user in self.users.items():
            for record, method, may in calls:
                with self.subTest(f"{login} {method}"):
                    if login in may:
                        self.assertIn("type", self.rpc(user, record, method))
                        continue
                    with self.assertRaises(UserError):
                        self.rpc(user, record, method)
        self.assertFalse(consent.erased_on)

    def test_who_may_see_the_days_and_print_them(self):
        account = self.ours["open.banking.account"]
        for login, user in self.users.items():
            for method in ("read_days", "action_print_proof"):
                with self.subTest(f"{login} {method}"):
                    if login in MAY_PRINT:
                        self.assertTrue(self.rpc(user, account, method))
                        continue
                    with self.assertRaises(AccessError):
                        self.rpc(user, account, method)

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
            (self.other_journal, "action_open_banking_link"),
            (self.other_journal, "action_open_banking_log"),
            (account, "action_fetch_now"),
            (account, "action_choose_journals"),
            (account, "action_open_transactions"),
            (account, "action_print_proof"),
            (account, "read_days"),
            (self.other_journal, "action_open_banking_proof"),
            (account, "action_turn_sign"),
            (account, "action_leave_out"),
            (account, "action_disconnect"),
            (account, "action_remedy"),
            (self.other_journal, "action_open_banking_disconnect"),
            (self.other_journal, "action_open_banking_send_renewal"),
            (account, "action_send_renewal"),
            (self.other_journal, "action_open_banking_remedy"),
            (self.theirs["open.banking.fetch"], "action_remedy"),
            *(
                (self.theirs["open.banking.consent"], name)
                for name in (
                    "action_connect_again",
                    "action_disconnect",
                    "action_export",
                    "action_open_accounts",
                    "action_open_authorisations",
                    "action_open_lines",
                    "action_open_runs",
                    "action_open_unused",
                    "action_choose_journals",
                    "action_send_renewal",
                    "action_remedy",
                )
            ),
            *((self.theirs["open.banking.transaction"], name) for name in DECISIONS),
            (self.theirs["open.banking.fetch"], "action_undo"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                self.rpc(user, record, method)
        with self.assertRaises(AccessError):
            theirs = self.theirs["open.banking.consent"]
            self.rpc(self.users["manager"], theirs, "action_erase")

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
                "action_copy_link",
                "action_connect_again",
                "action_disconnect",
                "action_erase",
                "action_export",
                "action_fetch",
                "action_fetch_now",
                "action_follow_bank",
                "action_keep_line",
                "action_leave_out",
                "action_fetch_request",
                "action_open_account",
                "action_open_accounts",
                "action_open_authorisations",
                "action_open_banking_accounts",
                "action_open_banking_connect",
                "action_open_banking_consents",
                "action_open_banking_disconnect",
                "action_open_banking_erase",
                "action_open_banking_export",
                "action_open_banking_fetch",
                "action_open_banking_fetch_request",
                "action_open_banking_is_original",
                "action_open_banking_link",
                "action_open_banking_log",
                "action_open_banking_new_key",
                "action_open_banking_proof",
                "action_open_banking_questions",
                "action_open_banking_remedy",
                "action_open_banking_send_link",
                "action_open_banking_synchronise",
                "action_open_banking_send_renewal",
                "action_open_day",
                "action_open_banking_test_credentials",
                "action_open_feed_row",
                "action_open_lines",
                "action_open_questions",
                "action_open_rows",
                "action_open_unused",
                "action_open_runs",
                "action_open_settings",
                "action_open_transactions",
                "action_print",
                "action_print_proof",
                "action_remedy",
                "action_replace",
                "action_resend",
                "action_send",
                "action_send_link",
                "action_send_renewal",
                "action_set_statement_period",
                "action_synchronise",
                "action_turn_sign",
                "action_undo",
                "action_withdraw",
                "action_preview",
                "open_action",
                "read_days",
                "unlink",
                "write",
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
            for name in (*FEED, *WIZARD, *ERASURE, *PROOF, "res.company")
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
