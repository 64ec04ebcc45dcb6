from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access import (
    ERASURE,
    FEED,
    MAY,
    MAY_ERASE,
    MAY_PRINT,
    OPERATIONS,
    PROOF,
    WIZARD,
    AccessCase,
)


@tagged("post_install", "-at_install")
class TestAccess(AccessCase):
    # === WHO MAY DO WHAT === #

    def test_models(self):
        for login, (_groups, on_feed, on_wizard) in MAY.items():
            on_erasure = "rwcu" if login in MAY_ERASE else ""
            for names, rights in (
                (FEED, on_feed),
                (WIZARD, on_wizard),
                (ERASURE, on_erasure),
                (PROOF, "rwcu" if login in MAY_PRINT else ""),
            ):
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
