from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestBoard(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.accounts = self.import_all()
        self.consent = self.accounts.consent_id
        self.account = self.accounts[0]

    def board(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["open.banking.board"].with_user(user or self.bookkeeper)

    def row(self, account=None):
        domain = [("account_id", "=", (account or self.account).id)]
        return self.board().search(domain)

    def test_each_urgency_with_its_words(self):
        self.assertEqual(self.row().urgency, "7_fine")
        row = self.account.transaction_ids.filtered("statement_line_ids")[:1]
        row.bank_change = "changed"
        self.assert_row("6_held", "To decide: 1")
        self.account.proof_state = "differs"
        self.assert_row("5_differs", "not the bank's")
        self.account.bank_synchronized_on -= timedelta(days=3)
        self.assert_row("3_stale", "has not read this account at the bank for 3 days")
        self.account.error_code = "timeout"
        self.assert_row("2_failing", "did not answer in time")
        self.consent.expires_on = fields.Date.today() + timedelta(days=14)
        self.assert_row("1_expiring", "ends soon")
        self.assertIn(self.row().days_left, (13, 14, 15))
        other = self.accounts[1]
        other.journal_id = False
        self.assertEqual(self.row(other).urgency, "4_unmapped")
        other._leave_out()
        self.assertEqual(self.row(other).urgency, "8_off")
        self.consent._mark_expired()
        self.assert_row("0_ended", "The consent has ended")

    def assert_row(self, urgency, text):
        row = self.row()
        self.assertEqual(row.urgency, urgency)
        self.assertIn(text, row.text)

    def test_what_a_user_disconnected_is_not_urgent(self):
        self.consent._disconnect(self.bookkeeper)
        self.assertEqual(self.row().urgency, "8_off")

    def test_the_most_urgent_first(self):
        self.accounts[2].error_code = "timeout"
        self.accounts[1].proof_state = "differs"
        rows = self.board().search([("company_id", "=", self.company.id)])
        self.assertEqual(
            rows.account_id.ids,
            [self.accounts[2].id, self.accounts[1].id, self.accounts[0].id],
        )

    def test_other_companies_stay_out(self):
        other = self.make_company("Sydlys Handel ApS")
        self.consent.company_id = other
        self.accounts.journal_id = False
        self.accounts.company_id = other
        self.assertFalse(self.board().search([]))

    def test_an_account_says_what_the_board_says(self):
        self.account.error_code = "timeout"
        account = self.account.with_user(self.bookkeeper)
        self.assertEqual(account.urgency, "2_failing")
        self.assertIn("did not answer", account.urgency_text)

    def test_the_same_queries_for_any_number_of_rows(self):
        board = self.board()
        board.search([]).read(["urgency", "text", "name", "consent_until"])
        with self.assertQueryCount(12):
            self.board().search([]).read(["urgency", "text", "name", "consent_until"])

    def test_ticked_rows(self):
        rows = self.board().search([("company_id", "=", self.company.id)])
        rows.action_fetch_now()
        self.assertEqual(self.count("open.banking.call"), 3)
        action = rows[0].action_open_account()
        self.assertEqual(action["res_id"], rows[0].account_id.id)

    def test_grouped(self):
        groups = self.board()._read_group([], ["urgency"], ["count:sum"])
        self.assertEqual(groups, [("7_fine", 3)])


@tagged("post_install", "-at_install")
class TestFreshness(OpenBankingCase):
    def test_a2_no_new_data_and_no_error(self):
        days = [{"amount": "-1.00", "date": -number} for number in range(0, 60, 3)]
        self.bank.control("accounts", {"name": "Prøvekonto", "transactions": 0})
        account = self.map_all(self.connect(accounts=["Prøvekonto"]))
        self.bank.control(
            "transactions/add", {"account": account.iban, "transactions": days}
        )
        self.run_jobs()
        self.fetch_again(account)
        self.assertEqual(account.usual_silence, 7)
        self.assertFalse(account.stale_text)
        later = fields.Datetime.now() + timedelta(days=7)
        with freeze_time(later):
            account.bank_synchronized_on = later
            self.assertFalse(account.stale_text)
        with freeze_time(later + timedelta(days=1)):
            account.invalidate_recordset()
            self.assertIn("No transaction for 8 days", account.stale_text)
            card = account.journal_id._open_banking_cards()[account.journal_id]
            self.assertEqual(card["state"], "stale")
            account.is_orphaned = True
            account.invalidate_recordset()
            self.assertFalse(account.stale_text)

    def test_mastercard_no_longer_reads_the_bank(self):
        account = self.import_one("EUR-konto")
        account.bank_synchronized_on = fields.Datetime.now() - timedelta(days=2)
        self.assertIn("has not read this account", account.stale_text)
        account.bank_synchronized_on = fields.Datetime.now() - timedelta(hours=47)
        account.invalidate_recordset()
        self.assertFalse(account.stale_text)
        account.bank_synchronized_on = False  # some banks never say
        account.invalidate_recordset()
        self.assertFalse(account.stale_text)
