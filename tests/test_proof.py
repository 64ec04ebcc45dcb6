from datetime import date, datetime, timedelta
from decimal import Decimal

import pytz
from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase

AT_THE_BANK = pytz.timezone("Europe/Copenhagen")


@tagged("post_install", "-at_install")
class TestProof(OpenBankingCase):
    """The first day on which the bank's balance and the books' part."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.EUR").active = True

    def day(self, days):
        return self.today + timedelta(days=days)

    def row_of(self, account, amount):
        return account.transaction_ids.filtered(lambda row: row.amount == amount)

    def line_by_hand(self, account, days, amount):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": self.day(days),
                "payment_ref": "By hand",
                "amount": amount,
            }
        )

    def check(self, account, day, difference):
        """The account, its last run and the card say the same."""
        run = account.fetch_ids[0]
        self.assertEqual(account.proof_state, "differs" if difference else "equal")
        self.assertEqual((account.differs_from, run.differs_from), (day, day))
        self.assertEqual(f"{account.difference:.2f}", f"{difference:.2f}")
        self.assertEqual(run.difference, account.difference)

    def pretend_earlier(self, run, days):
        """A run that was made today was made some days ago."""
        run.started_on += timedelta(days=days)

    # === THE BOOKS' SIDE === #

    def test_books_by_day_are_cores_running_balance(self):
        account = self.import_one("Prøvekonto", transactions=120, days=40)
        self.line_by_hand(account, -60, 17)  # before the opening: it does not count
        cancelled = self.lines(account)[50]
        cancelled.move_id.button_cancel()
        lines = self.lines(account)
        self.env["account.bank.statement"].create(
            {
                "name": "A checkpoint of the user's",
                "line_ids": [(6, 0, lines[70:80].ids)],
                "balance_start": 1_000,
            }
        )
        ends = {
            line.date: f"{line.running_balance:.2f}" for line in self.lines(account)
        }
        said = {day: f"{end:.2f}" for day, end in account._books_days().items()}
        self.assertEqual(said, ends)
        self.assertGreater(len(ends), 20)

    # === WHERE THEY PART === #

    def test_equal_balances_name_no_day(self):
        account = self.import_one("EUR-konto")
        self.check(account, False, 0)

    def test_a_hole_in_the_banks_list(self):
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "remove": ["transactions.3"]},
        )
        account = self.import_one("Driftskonto")
        missing = self.bank.truth(account.iban)[-4]
        self.assertFalse(self.row_of(account, float(missing["amount"])))
        # The next row's balance, on its day, is the first that tells.
        following = [
            row["date"]
            for row in self.bank.booked(account.iban)
            if row["line"] != missing["line"] and row["date"] >= missing["date"]
        ]
        self.check(
            account, date.fromisoformat(min(following)), Decimal(missing["amount"])
        )
        self.fetch_again(account)
        self.check(account, False, 0)

    def test_the_newest_row_is_missing(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-17.05", date=-2)
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "remove": ["transactions.0"]},
        )
        self.fetch_again(account)
        # No row tells; the account's balance does, on the day it was read.
        self.check(account, self.today, -17.05)

    def test_a_line_deleted_by_the_user(self):
        account = self.import_one("Driftskonto")
        line = self.lines(account)[5]
        day, amount = line.date, line.amount
        line.unlink()
        self.fetch_again(account)
        self.check(account, day, amount)

    def test_a_line_added_by_hand(self):
        account = self.import_one("Driftskonto")
        day = self.lines(account)[5].date
        self.line_by_hand(account, (day - self.today).days, 120)
        self.fetch_again(account)
        self.check(account, day, -120)
        text = self.journal._open_banking_cards()[self.journal]["text"]
        said = f"not the bank's since {day:%B} {day.day}, {day.year} (difference"
        self.assertIn(said, text)
        self.assertIn("120.00", text)

    def test_a_held_row(self):
        account = self.import_one("EUR-konto", since=self.day(-6))
        self.company.fiscalyear_lock_date = self.day(-4)
        self.add(account, amount="-17.05", date=-4)
        self.fetch_again(account)
        self.assertEqual(self.row_of(account, -17.05).booking_state, "held")
        self.check(account, self.day(-4), -17.05)

    def test_a_withdrawn_row_that_is_booked(self):
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05", date=-1)
        self.add(account, amount="-1.00")
        self.fetch_again(account)
        body = {"account": account.iban, "line": added["line"]}
        self.bank.control("transactions/withdraw", body)
        self.fetch_again(account)
        # The bank has nothing on the day before yesterday any more; today it tells.
        self.check(account, self.today, 17.05)

    def test_c4_statements_without_the_lines_of_some_weeks(self):
        account = self.import_one("Prøvekonto", transactions=80, days=40)
        account._set_statement_period("week")
        self.run_jobs()
        lost = self.lines(account).filtered(
            lambda line: self.day(-22) < line.date < self.day(-5)
        )
        self.assertGreater(len(lost), 5)
        day, amount = lost[0].date, sum(lost.mapped("amount"))
        self.check(account, False, 0)
        lost.unlink()
        self.fetch_again(account)
        self.check(account, day, amount)

    def test_a_late_booking_is_no_difference_and_deceives_later_proofs_not(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-1.00", date=-3)
        self.add(account, amount="-2.00", date=-1)
        self.fetch_again(account)
        for options in ({"first_of_day": True}, {}):
            self.add(account, amount="-17.05", text="Late", date=-3, **options)
        self.fetch_again(account)
        self.check(account, False, 0)
        self.line_by_hand(account, -1, 5)
        self.fetch_again(account)
        # The balances that the late ones moved are known as they are now.
        self.check(account, self.day(-1), -5)

    def test_rows_before_the_opening_prove_nothing(self):
        # The bank is asked for a day more, and its rows stand in the feed.
        row = {"amount": "1.00", "date": -21}
        self.bank.control(
            "transactions/add", {"account": "Driftskonto", "transactions": [row]}
        )
        account = self.import_one("Driftskonto", since=self.day(-20))
        self.assertEqual(self.row_of(account, 1).reason_code, "before_start")
        self.check(account, False, 0)
        day = self.lines(account)[2].date
        self.lines(account)[2].unlink()
        self.fetch_again(account)
        self.assertEqual(account.differs_from, day)

    # === WHAT THE BANK MAY LEAVE OUT === #

    def test_h22_all_balances_null(self):
        self.bank.control(
            "settings", {"account_balances": False, "running_balances": False}
        )
        account = self.import_one("Driftskonto")
        self.line_by_hand(account, -5, 120)
        self.fetch_again(account)
        self.assertEqual(account.proof_state, "unknown")
        self.assertFalse(account.differs_from)
        self.assertFalse(account.difference)
        self.assertFalse(account.opening_statement_id)
        self.assertEqual(
            self.lines(account)[0].running_balance, self.lines(account)[0].amount
        )

    def test_without_running_balances_the_first_run_that_differed(self):
        self.bank.control("settings", {"running_balances": False})
        account = self.import_one("Driftskonto")
        first = account.fetch_ids
        self.pretend_earlier(first, -9)
        extra = self.line_by_hand(account, -8, 120)
        self.fetch_again(account)
        self.check(account, self.today, -120)
        self.pretend_earlier(account.fetch_ids[0], -6)
        extra.unlink()
        self.fetch_again(account)
        self.check(account, False, 0)
        self.pretend_earlier(account.fetch_ids[0], -5)
        self.line_by_hand(account, -8, 70)
        for days in (-4, -2, 0):
            self.fetch_again(account)
            self.pretend_earlier(account.fetch_ids[0], days)
        self.fetch_again(account)
        # Not the run that differed before they agreed again.
        self.check(account, self.day(-4), -70)

    def test_a_run_that_failed_ends_no_series(self):
        self.bank.control("settings", {"running_balances": False})
        account = self.import_one("Driftskonto")
        self.line_by_hand(account, -8, 70)
        self.fetch_again(account)
        self.pretend_earlier(account.fetch_ids[0], -3)
        self.bank.control("faults", {"endpoint": "account", "status": 500})
        self.fetch_again(account)
        self.assertEqual(account.error_code, "server_error")
        self.fetch_again(account)
        self.check(account, self.day(-3), -70)

    def test_the_day_of_a_run_is_the_banks(self):
        account = self.import_one("EUR-konto")
        run = account.fetch_ids
        run.started_on = datetime(2026, 3, 11, 23, 30)
        self.assertEqual(run._bank_day(), date(2026, 3, 12))

    # === COVERAGE === #

    def test_coverage_of_an_outage_and_a_renewal(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        first = account.fetch_ids
        first.window_to = account.synced_until = self.day(-30)
        self.assertEqual(
            account._coverage(self.day(-70), self.today),
            (
                [(self.day(-60), self.day(-30), first)],
                [(self.day(-70), self.day(-61)), (self.day(-29), self.today)],
            ),
        )
        old = account.consent_id
        self.bank.control("faults", {"endpoint": "transactions_query", "status": 500})
        self.fetch_again(account)
        failed = account.fetch_ids[0]
        self.assertTrue(failed.error_code)
        gaps = account._coverage(self.day(-60), self.today)[1]
        self.assertEqual(gaps, [(self.day(-29), self.today)])
        failed._close("failed", "interrupted")
        self.connect(accounts=["EUR-konto"])
        self.run_jobs()
        run = account.fetch_ids[0]
        spans, gaps = account._coverage(self.day(-60), self.today)
        self.assertEqual(gaps, [])
        self.assertEqual(
            spans,
            [
                (self.day(-60), self.day(-41), first),
                (self.day(-40), self.today, run),
            ],
        )
        self.assertEqual(first.consent_id, old)
        self.assertEqual(run.consent_id, account.consent_id)
        self.assertNotEqual(first.consent_id, run.consent_id)

    # === THE OPENING === #

    def older_history(self, account, since):
        """Rows from before the first fetch arrive, as on the user's wish."""
        account.write({"start_date": since, "synced_until": False})
        account.transaction_ids.filtered(
            lambda row: row.reason_code == "before_start"
        ).write({"booking_state": "to_book", "reason_code": False})
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()

    def check_opening(self, account):
        """The running balance is the bank's, and the opening holds the first line."""
        self.env.invalidate_all()
        opening = account.opening_statement_id
        self.assertEqual(opening.line_ids, self.lines(account)[0])
        self.assertTrue(opening.is_valid and opening.is_complete)
        self.assert_books_equal_bank(account, in_order=False)
        self.assertEqual(len(self.lines(account).statement_id), 1)

    def test_older_history_moves_the_opening(self):
        for switch in (True, False):
            with self.subTest(running_balances=switch):
                self.set_scene("small")
                self.bank.control("settings", {"running_balances": switch})
                account = self.import_one(
                    f"Prøvekonto {switch}",
                    since=self.day(-20),
                    transactions=250,
                    days=90,
                )
                count = len(self.lines(account))
                old = account.opening_statement_id
                self.assertEqual(account.proof_state, "equal")
                self.older_history(account, self.day(-100))
                self.assertGreater(len(self.lines(account)), count + 100)
                self.assertFalse(old.exists())
                self.check_opening(account)

    def test_a_late_row_before_the_first_one_moves_the_opening(self):
        account = self.import_one("EUR-konto", since=self.day(-9))
        first = self.lines(account)[0].date
        self.add(account, amount="-1.00", date=(first - timedelta(days=1)).isoformat())
        self.fetch_again(account)
        self.assertEqual(self.lines(account)[0].amount, -1)
        opening = account.opening_statement_id
        self.assertEqual(opening.line_ids, self.lines(account)[0])
        self.check(account, False, 0)

    def test_an_opening_that_the_user_changed_stays(self):
        account = self.import_one("EUR-konto", since=self.day(-20))
        opening = account.opening_statement_id
        opening.with_user(self.bookkeeper).balance_start += 5
        self.env.invalidate_all()
        self.assertFalse(account.opening_statement_id)
        start = opening.balance_start
        self.older_history(account, self.day(-100))
        self.assertEqual(opening.exists().balance_start, start)
        self.assertEqual(len(self.lines(account).statement_id), 1)
        self.assertEqual(account.difference, -5)

    def test_the_line_of_the_opening_is_deleted(self):
        account = self.import_one("Driftskonto")
        first, second = self.lines(account)[:2]
        day, amount = first.date, first.amount
        start = account.opening_statement_id.balance_start
        first.with_user(self.bookkeeper).unlink()
        self.env.invalidate_all()
        opening = account.opening_statement_id
        self.assertEqual(opening.line_ids, second)
        self.assertEqual(opening.balance_start, start)
        self.assertTrue(opening.is_valid and opening.is_complete)
        self.fetch_again(account)
        self.check(account, day, amount)

    def test_all_lines_are_deleted_at_once(self):
        account = self.import_one("Driftskonto")
        opening = account.opening_statement_id
        self.lines(account).with_user(self.bookkeeper).unlink()
        self.assertFalse(opening.exists())
        account.transaction_ids.filtered(
            lambda row: row.booking_state == "left_out"
        ).booking_state = "to_book"
        self.fetch_again(account)
        self.check_opening(account)
