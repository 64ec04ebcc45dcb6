from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .test_automatic_mapping import AutomaticCase


@tagged("post_install", "-at_install")
class TestAccountFit(AutomaticCase):
    """Accounts that nobody uses, and those that do not look like the company's."""

    def test_accounts_that_nobody_uses_are_shown(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        consent = self.arrive().with_user(self.bookkeeper)
        self.assertEqual((consent.unused_count, consent.waiting_count), (2, 2))
        self.account("EUR-konto")._leave_out()
        self.assertEqual((consent.unused_count, consent.waiting_count), (2, 1))
        action = consent.action_open_unused()
        shown = self.env["open.banking.account"].search(action["domain"])
        self.assertEqual(sorted(shown.mapped("name")), ["EUR-konto", "NOK-konto"])
        wizard = consent.action_choose_journals()
        lines = self.env[wizard["res_model"]].browse(wizard["res_id"]).line_ids
        self.assertEqual(lines.account_id, self.account("NOK-konto"))

    def test_holder_and_currency_are_marked(self):
        self.bank.control("accounts", {"name": "Lønkonto", "owner": "Karen Holm"})
        self.bank.control("accounts", {"name": "Ukendt"})
        self.bank.control("accounts", {"name": "Krone", "owner": "NORDLYS HANDEL"})
        self.connect()
        fits = {a.name: a.fit for a in self.env["open.banking.account"].search([])}
        self.assertEqual(
            fits,
            {
                "Driftskonto": "fits",
                "EUR-konto": "currency",
                "NOK-konto": "currency",
                "Lønkonto": "holder",
                "Ukendt": "fits",
                "Krone": "fits",
            },
        )
        account = self.account("EUR-konto")
        self.assertIn("EUR", account.fit_text)
        self.new_journal("Euro", None, "EUR")
        account.invalidate_recordset()
        self.assertFalse(account.fit_text)

    def test_the_marks_cost_the_same_for_any_number_of_accounts(self):
        self.connect()
        accounts = self.env["open.banking.account"].search([])
        counts = []
        for some in (self.account("EUR-konto"), accounts):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("fit_text")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    def test_leaving_out_in_the_wizard(self):
        self.bank.control("accounts", {"name": "Lønkonto", "owner": "Karen Holm"})
        self.connect(accounts=["Lønkonto"])
        account = self.account("Lønkonto").with_user(self.bookkeeper)
        wizard = account.env["open.banking.account.map"]._for_accounts(account)
        self.assertEqual(wizard.line_ids.fit, "holder")
        self.assertIn("by mistake", wizard.line_ids.fit_text)
        wizard.line_ids.action_leave_out()
        Form(wizard)
        self.assertEqual(account.mapping, "unmapped")
        wizard.action_confirm()
        self.assertEqual(account.mapping, "left_out")
        with self.assertRaisesRegex(UserError, "left out already"):
            account.action_leave_out()

    def test_who_may_leave_out(self):
        self.connect(accounts=["Driftskonto"])
        account = self.account("Driftskonto")
        reader = new_test_user(
            self.env,
            "reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(UserError):
            account.with_user(reader).action_leave_out()
        self.assertEqual(account.mapping, "unmapped")
