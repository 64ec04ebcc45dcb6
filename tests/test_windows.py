from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models import open_banking_fetch
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestWindows(OpenBankingCase):
    """Which days are read, what proves them read, and what a unit of work costs."""

    # === WHAT A UNIT OF WORK COSTS === #

    def queries_of(self, work):
        """Return the statements that some work sends to PostgreSQL."""
        self.env.flush_all()
        self.env.invalidate_all()
        statements = []
        execute = type(self.env.cr).execute

        def counted(cursor, query, *args, **options):
            statements.append(str(query)[:150])
            return execute(cursor, query, *args, **options)

        with patch.object(type(self.env.cr), "execute", counted):
            work()
            self.env.flush_all()
        return statements

    def pages_read_again(self):
        """An account whose two pages of known transactions are read once more."""
        self.patch(open_banking_fetch, "PAGE_SIZE", 200)
        account = self.import_one("Prøvekonto", transactions=400, days=5)
        account.next_attempt = fields.Datetime.now()
        return account

    def test_a_known_page_costs_eight_queries(self):
        account = self.pages_read_again()
        account._work()
        account.next_attempt = fields.Datetime.now()
        run = account.fetch_ids[0]
        self.assertEqual((run.pages, run.known_count, run.state), (1, 200, "reading"))
        # Not the last page, after which the reading is settled.
        paging_token = run.paging_token
        self.bank.control(
            "faults", {"endpoint": "transactions_query", "endless_paging": True}
        )
        statements = self.queries_of(account._work)
        self.assertEqual((run.pages, run.known_count, run.state), (2, 400, "reading"))
        self.assertNotEqual(run.paging_token, paging_token)
        self.assertLessEqual(len(statements), 8, "\n".join(statements))

    def test_a_first_page_that_is_known_costs_ten_queries(self):
        account = self.pages_read_again()
        self.env["ir.default"]._get_model_defaults("open.banking.fetch")
        account._currency_ids()  # both are in the memory of a running server
        statements = self.queries_of(account._work)
        self.assertEqual(account.fetch_ids[0].known_count, 200)
        self.assertLessEqual(len(statements), 10, "\n".join(statements))

    def test_new_transactions_cost_six_queries_a_line(self):
        account = self.import_one("Prøvekonto", transactions=3)
        self.bank.control(
            "transactions/generate",
            {"account": account.iban, "count": 200, "date": self.today.isoformat()},
        )
        account.next_attempt = fields.Datetime.now()
        statements = self.queries_of(self.work_to_the_end(account))
        self.assertEqual(len(self.lines(account)), 203)
        self.assertEqual(account.fetch_ids[0].state, "done")
        self.assertLessEqual(len(statements), 6 * 200)

    def work_to_the_end(self, account):
        def work():
            while account._work():
                self.env.flush_all()
                self.env.invalidate_all()

        return work

    # === THE OLDEST CHANGE THE BANK NAMED === #

    def again(self, account):
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        return account.fetch_ids[0]

    def test_a_change_widens_the_window_once(self):
        account = self.import_one("EUR-konto")
        day = self.today - timedelta(days=30)
        account._note_change(day)
        account._note_change(self.today)  # the oldest one stays
        account._answer_calls()
        self.assertEqual(account.oldest_change, day)
        self.assertLessEqual(account.next_attempt, fields.Datetime.now())
        self.add(account, amount="-17.05", text="Sent", date=-30)
        self.run_jobs()
        run = account.fetch_ids[0]
        self.assertEqual(run.window_from, day - timedelta(days=1))
        self.assertEqual(run.trigger, "webhook")
        self.assertIn("Sent", self.lines(account).mapped("payment_ref"))
        self.assertFalse(account.oldest_change)
        self.assertEqual(len(account.fetch_ids), 2)
        run = self.again(account)
        self.assertEqual(run.window_from, self.today - timedelta(days=10))
        self.assertEqual(run.trigger, "schedule")

    def test_a_change_named_while_reading_is_read_afterwards(self):
        account = self.pages_read_again()
        for day in (30, 3):  # an older one, and one on a page that was read already
            with self.subTest(day):
                day = self.today - timedelta(days=day)
                account.next_attempt = fields.Datetime.now()
                account._work()
                account._note_change(day)
                account._answer_calls()
                while account._work():
                    pass
                self.assertEqual(account.fetch_ids[0].state, "done")
                self.assertEqual(account.oldest_change, day)
                self.assertLessEqual(account.next_attempt, fields.Datetime.now())
                count = len(account.fetch_ids)
                self.run_jobs()
                self.assertFalse(account.oldest_change)
                self.assertEqual(len(account.fetch_ids), count + 1)

    def test_a_failed_reading_keeps_the_change(self):
        account = self.import_one("EUR-konto")
        account._note_change(self.today - timedelta(days=30))
        account._answer_calls()
        self.bank.control("faults", {"endpoint": "transactions_query", "status": 500})
        self.run_jobs()
        self.assertEqual(account.error_code, "server_error")
        self.assertTrue(account.oldest_change)

    def test_a_change_before_the_start_date_is_settled_too(self):
        start = self.today - timedelta(days=20)
        account = self.import_one("EUR-konto", since=start)
        account._note_change(self.today - timedelta(days=60))
        self.run_jobs()
        self.assertEqual(account.fetch_ids[0].window_from, start)
        self.assertFalse(account.oldest_change)

    # === WHAT NEVER MOVES THE WATERMARK === #

    def empty_answer(self, times=None):
        body = {"transactions": [], "pagingToken": None}
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "wrong_json": body, "times": times},
        )

    def a_gap(self, account, days=20):
        """Let the last success lie back, and a transaction wait in the gap."""
        account.synced_until = watermark = self.today - timedelta(days=days)
        self.add(account, amount="-17.05", text="In the gap", date=-days // 2)
        return watermark

    def check_gap_fills(self, account, watermark):
        self.assertEqual(account.synced_until, watermark)
        self.bank.control("faults", method="DELETE")
        run = self.again(account)
        self.assertEqual(run.state, "done")
        self.assertEqual(account.synced_until, self.today)
        self.assertIn("In the gap", self.lines(account).mapped("payment_ref"))
        self.assert_books_equal_bank(account, in_order=False)

    def test_g11_an_empty_answer_while_the_balance_moved(self):
        account = self.import_one("EUR-konto")
        watermark = self.a_gap(account)
        self.empty_answer()
        for minutes in (5, 15):
            run = self.again(account)
            self.assertEqual((run.state, run.error_code), ("failed", "empty_answer"))
            self.assertEqual(account.error_code, "empty_answer")
            self.assertIn("balance has moved", account.error_text)
            wait = (account.next_attempt - fields.Datetime.now()).total_seconds()
            self.assertAlmostEqual(wait, minutes * 60, delta=20)
            self.assertEqual(account.synced_until, watermark)
        self.check_gap_fills(account, watermark)

    def test_g11_an_empty_answer_takes_back_no_pending_row(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-5.00", state="Reserved")
        self.again(account)
        pending = account.transaction_ids.filtered(lambda row: row.state == "pending")
        self.assertEqual(len(pending), 1)
        watermark = self.a_gap(account)
        self.empty_answer()
        self.again(account)
        self.assertEqual(pending.state, "pending")
        self.check_gap_fills(account, watermark)

    def test_an_empty_answer_and_a_balance_that_stayed(self):
        account = self.import_one("EUR-konto")
        account.synced_until = self.today - timedelta(days=20)
        self.empty_answer()
        run = self.again(account)
        self.assertEqual((run.state, run.received_count), ("done", 0))
        self.assertEqual(account.synced_until, self.today)
        self.assertFalse(account.error_code)

    def test_an_empty_answer_without_a_known_balance(self):
        account = self.import_one("EUR-konto")
        self.a_gap(account)
        self.bank.control("settings", {"account_balances": False})
        self.empty_answer()
        self.assertEqual(self.again(account).state, "done")
        # Not known at the last success: nothing to compare with.
        self.bank.control("settings", {"account_balances": True})
        self.assertEqual(self.again(account).state, "done")
        self.assertTrue(account.has_synced_balance)

    def test_an_empty_first_reading_is_no_failure(self):
        self.empty_answer()
        account = self.import_one("EUR-konto")
        self.assertEqual(account.fetch_ids.state, "done")
        self.assertEqual(account.synced_until, self.today)

    def test_g7_a_limit_is_no_empty_answer(self):
        account = self.import_one("EUR-konto")
        watermark = self.a_gap(account)
        self.bank.control(
            "faults",
            {
                "endpoint": "transactions_query",
                "status": 429,
                "headers": {"Retry-After": "85092"},
                "times": None,
            },
        )
        self.again(account)
        self.assertEqual(account.error_code, "rate_limited")
        wait = account.next_attempt - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 85092, delta=20)
        account.consent_id.rate_limited_until = False
        self.check_gap_fills(account, watermark)

    def test_c1_a_pause_is_read_from_the_last_success(self):
        account = self.import_one("EUR-konto")
        watermark = self.a_gap(account, days=100)
        calls = len(self.bank.wire_calls("/transactions"))
        self.check_gap_fills(account, watermark)
        self.assertLess(len(self.bank.wire_calls("/transactions")) - calls, 3)
        window_from = account.fetch_ids[0].window_from
        self.assertEqual(window_from, watermark - timedelta(days=10))

    def test_g6_a_renewed_consent_goes_on_from_the_last_success(self):
        account = self.import_one("EUR-konto")
        watermark = self.a_gap(account, days=40)
        account.consent_id._mark_expired()
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(len(account.fetch_ids), 1)
        self.assertEqual(account.synced_until, watermark)
        self.connect(accounts=["EUR-konto"])
        self.run_jobs()
        run = account.fetch_ids[0]
        self.assertEqual(run.window_from, watermark - timedelta(days=10))
        self.check_gap_fills(account, self.today)

    def test_c5_a_renewed_consent_does_not_release_older_history(self):
        start = self.today - timedelta(days=20)
        account = self.import_one("EUR-konto", since=start)
        lines = self.lines(account)
        self.connect(accounts=["EUR-konto"])
        self.run_jobs()
        self.assertEqual(self.lines(account), lines)
        self.assertGreaterEqual(account.fetch_ids[0].window_from, start)

    def test_c7_the_window_does_not_creep_back(self):
        account = self.import_one("EUR-konto", since=self.today - timedelta(days=8))
        for _turn in range(3):
            run = self.again(account)
            self.assertEqual(run.window_from, self.today - timedelta(days=8))
            self.assertEqual(account.synced_until, self.today)
