from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models import open_banking_transaction_preview
from .fetch_requests import RequestCase

STORED = (
    "open_banking_transaction",
    "open_banking_fetch",
    "open_banking_account",
    "account_bank_statement_line",
    "account_move",
)


@tagged("post_install", "-at_install")
class TestPreview(RequestCase):
    """What a fetch would do, without doing it."""

    def stored(self):
        self.env.flush_all()
        return {
            table: self.env.execute_query(
                SQL("SELECT * FROM %s ORDER BY id", SQL.identifier(table))
            )
            for table in STORED
        }

    def check_same_as_fetch(self, account, first, last):
        """Preview stores nothing, and says what the fetch then does."""
        before = self.stored()
        line = self.preview(account, first, last)
        self.assertEqual(self.stored(), before)
        self.ask(account, first, last)
        self.run_jobs()
        run = account.fetch_ids.filtered("is_asked")[0]
        for name in ("new", "known", "changed", "withdrawn", "held"):
            self.assertEqual(line[f"{name}_count"], run[f"{name}_count"], name)
        return line, run

    def test_preview_of_older_days(self):
        account = self.an_account()
        line, run = self.check_same_as_fetch(
            account, self.days_ago(50), self.days_ago(11)
        )
        self.assertEqual(line.before_start_count, 30)
        self.assertEqual((run.booked_count, run.held_count), (30, 0))
        self.assertIn("before the start date", line.remarks)
        self.assertEqual(line.account_name, account.display_name)

    def test_preview_of_all_that_can_happen(self):
        account = self.an_account()
        truth = self.bank.truth(account.iban)
        rows = {row["wire"]["text"]: row for row in truth}

        def change(what, row, **values):
            body = {"account": account.iban, "line": rows[row]["line"], **values}
            self.bank.control(f"transactions/{what}", body)

        change("alter", "Day 5", text="Day five")
        change("withdraw", "Day 6")
        change("alter", "Day 7", new_id=True, keep_old=False)
        change("withdraw", "Day 8", hard=True)
        self.add(account, amount="-1.00", text="New")
        self.add(account, amount="-2.00", text="Waits", state="Reserved")
        self.add(account, amount="-3.00", patch={"date": None})
        self.add(account, amount="-4.00", text="Locked", date=-22)
        self.company.fiscalyear_lock_date = self.days_ago(21)
        line, run = self.check_same_as_fetch(account, self.days_ago(25), self.today)
        self.assertEqual((line.changed_count, line.withdrawn_count), (2, 1))
        # Four from before the start date, the day beside, which stays left out, and
        # four that were added; one more from before the start date is known already.
        self.assertEqual(line.new_count, 4 + 1 + 4)
        self.assertEqual(line.held_count, 4 + 1 + 1 + 1)
        self.assertEqual(line.locked_day_count, 5)
        self.assertEqual(run.booked_count, 1)
        self.assertIn("6 held: The booking date lies in a locked period", line.remarks)
        self.assertIn("1 held: The bank gave no booking date", line.remarks)

    def test_preview_of_several_pages(self):
        account = self.an_account()
        self.patch(open_banking_transaction_preview, "PAGE_SIZE", 7)
        line, _run = self.check_same_as_fetch(account, self.days_ago(60), self.today)
        self.assertEqual((line.new_count, line.known_count), (39, 21))

    def test_a_list_that_is_too_long_says_at_least(self):
        account = self.an_account()
        self.patch(open_banking_transaction_preview, "PAGE_SIZE", 10)
        self.patch(open_banking_transaction_preview, "MAX_PAGES", 3)
        line = self.preview(account, self.days_ago(60), self.today)
        self.assertEqual((line.known_count, line.new_count), (21, 9))
        self.assertIn("at least", line.remarks)

    def test_a_bank_that_is_too_slow_says_at_least(self):
        account = self.an_account()
        self.patch(open_banking_transaction_preview, "PAGE_SIZE", 10)
        with self.own_cursors():
            found = account.with_user(self.bookkeeper)._preview(
                (self.days_ago(60), self.today), deadline=1
            )
        self.assertFalse(found.is_complete)
        self.assertEqual(found.known, 10)

    def test_tokens_are_renewed_for_a_preview(self):
        account = self.an_account()
        consent = account.consent_id.sudo()
        for spoil in ("run out", "refused"):
            with self.subTest(spoil):
                issued = fields.Datetime.now() - timedelta(hours=1)
                consent.tokens_issued_at = issued
                if spoil == "run out":
                    consent.access_token_until = fields.Datetime.now()
                else:
                    self.bank.control("consents/expire", {"mode": "access_token"})
                line = self.preview(account, self.days_ago(30), self.today)
                self.assertEqual(line.new_count, 10)
                self.assertGreater(consent.tokens_issued_at, issued)
                self.assertFalse(account.error_code)

    def test_preview_of_a_bank_that_fails(self):
        account = self.an_account()
        before = self.stored()
        self.bank.control("faults", {"endpoint": "transactions_query", "status": 500})
        with self.assertRaisesRegex(UserError, "fault at the moment"):
            self.preview(account, self.days_ago(30), self.today)
        self.assertEqual(self.stored(), before)

    def test_preview_while_the_bank_is_read(self):
        account = self.an_account()
        other = type(self.env[account._name])
        self.patch(other, "try_lock_for_update", lambda self, **options: self.browse())
        with self.assertRaisesRegex(UserError, "right now"):
            self.preview(account, self.days_ago(30), self.today)
