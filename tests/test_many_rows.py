import random
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import fields
from odoo.tests import tagged

from ..feed import suspects
from ..feed.tests.day_ends import end_of_day_balances
from ..models import open_banking_account_balance
from .common import OpenBankingCase


class Told(NamedTuple):
    """A row as the pure rule takes it."""

    date: object
    amount: Decimal
    balance: Decimal | None


@tagged("post_install", "-at_install")
class TestManyRows(OpenBankingCase):
    """What PostgreSQL counts, because the rows are many, is what the rules say."""

    def stored(self, count):
        """An account with rows of few days, amounts and texts."""
        chance = random.Random(count)
        account = self.import_one("Prøvekonto", transactions=3, days=3)
        rows = self.env["open.banking.transaction"].create(
            [
                {
                    "account_id": account.id,
                    "fetch_id": chance.choice([False, account.fetch_ids[0].id]),
                    "key": f"k{number}",
                    "family": f"k{number}",
                    "date": self.today - timedelta(days=chance.randrange(9)),
                    "amount": amount,
                    "bank_amount": chance.choice([f"{amount}", f"{amount}.00"]),
                    "bank_currency": chance.choice(["DKK", "dkk"]),
                    "text": chance.choice(["Bager 1", "Bager 2", "BAGER 1", "Smed"]),
                    "has_balance": chance.random() < 0.8,
                    "balance": 100 + chance.randrange(5),
                    "bank_order": number,
                    "state": "booked",
                    "booking_state": chance.choice(["to_book", "left_out"]),
                }
                for number in range(count)
                for amount in [chance.randrange(-3, 4)]
            ]
        )
        return account, rows

    def test_the_banks_days(self):
        account, _rows = self.stored(120)
        in_order = account.transaction_ids.filtered(
            lambda row: row.state == "booked"
        ).sorted(lambda row: (row.date, row.bank_order, row.id))
        told = [
            Told(row.date, row._exact(row.amount), row._balance_or_none())
            for row in in_order
        ]
        self.assertEqual(account._bank_days(), end_of_day_balances(told))

    def test_rows_that_may_be_the_same(self):
        account, rows = self.stored(60)
        run = account.fetch_ids[0]
        fresh = rows.filtered(
            lambda row: row.booking_state == "to_book" and row.fetch_id == run
        )
        taken, others = fresh[:3], account.transaction_ids
        expected = suspects(
            [row._for_suspicion() for row in fresh - taken],
            [row._for_suspicion() for row in others],
        )
        found = rows._duplicates(run, taken)
        self.assertTrue(found)
        self.assertEqual(found, {new.ref: old.ref for new, old in expected})

    def test_the_books_balance_is_cores(self):
        account = self.import_one("Prøvekonto", transactions=40, days=20)
        lines = self.lines(account)

        def check():
            self.env.flush_all()
            last = self.lines(account).filtered(lambda line: line.state == "posted")[-1]
            last.invalidate_recordset(["running_balance"])
            self.assertEqual(account._books_balance(), last.running_balance)

        check()
        lines[20].move_id.button_cancel()
        check()
        for part in (lines[5:8], lines[25:30], lines[-1]):
            self.env["account.bank.statement"].create(
                {
                    "name": f"Of the user's {part[0].id}",
                    "line_ids": [(6, 0, part.ids)],
                    "balance_start": 1000 + part[0].id,
                }
            )
            check()
        lines[-1].move_id.button_cancel()
        check()
        lines[25].move_id.button_cancel()
        check()

    def test_a_large_journal_is_counted_in_full_once_a_day(self):
        self.patch(open_banking_account_balance, "MANY_LINES", 30)
        account = self.import_one("Prøvekonto", transactions=60, days=60)
        run = self.env["open.banking.fetch"].create({"account_id": account.id})
        first, last = self.lines(account)[1], self.lines(account)[-1]
        balance = last.running_balance
        self.assertTrue(account.checkpoint)
        self.assertEqual(account._books_balance(run), balance)
        # Where nobody says so, a change of what is old is seen at the next full count.
        self.env.cr.execute(
            "UPDATE account_bank_statement_line SET amount = amount + 1 WHERE id = %s",
            [first.id],
        )
        self.env.invalidate_all()
        self.assertEqual(account._books_balance(run), balance)
        self.env.cr.execute(
            "UPDATE account_bank_statement_line SET amount = amount + 1 WHERE id = %s",
            [last.id],
        )
        self.env.invalidate_all()
        self.assertEqual(account._books_balance(run), balance + 1)
        self.assertEqual(account._books_balance(), balance + 2)
        self.assertEqual(account._books_balance(run), balance + 2)

    def test_what_makes_a_checkpoint_worthless(self):
        self.patch(open_banking_account_balance, "MANY_LINES", 30)
        account = self.import_one("Prøvekonto", transactions=60, days=60)
        run, last = account.fetch_ids[0], self.lines(account)[-1]
        anchor = account._anchor(last.internal_index)
        # This run has booked rows that lie before it.
        self.assertFalse(account._balance_at_checkpoint(run, anchor))
        other = self.env["open.banking.fetch"].create({"account_id": account.id})
        self.assertTrue(account._balance_at_checkpoint(other, anchor))
        moved = (anchor[0], anchor[1] + 1)
        self.assertFalse(account._balance_at_checkpoint(other, moved))
        yesterday = fields.Datetime.now() - timedelta(days=1)
        account.checkpoint = {
            **account.checkpoint,
            "counted_on": fields.Datetime.to_string(yesterday),
        }
        self.assertFalse(account._balance_at_checkpoint(other, anchor))

    def test_a_difference_is_counted_in_full_before_it_is_told(self):
        self.patch(open_banking_account_balance, "MANY_LINES", 30)
        account = self.import_one("Prøvekonto", transactions=60, days=60)
        account.checkpoint = {**account.checkpoint, "balance": "1.00"}
        self.fetch_again(account)
        self.assertEqual(account.proof_state, "equal")

    def test_turning_the_sign(self):
        account, rows = self.stored(30)
        before = {row: row.amount for row in account.transaction_ids}
        account._turn_sign()
        self.assertEqual({row: -row.amount for row in account.transaction_ids}, before)
        self.assertTrue(rows.filtered("amount"))

    def test_the_banks_order_within_a_day(self):
        """Only rows that stand in the wrong place are written."""
        for order in ("newest_first", "oldest_first"):
            self.set_scene("small")
            self.bank.control("settings", {"page_order": order})
            account = self.import_one(f"Konto {order}", transactions=50, days=9)
            rows = account.transaction_ids
            rows = rows.sorted(lambda row: (row.date, row.bank_order))
            said = [row["wire"]["id"] for row in self.bank.booked(account.iban)]
            with self.subTest(order):
                self.assertEqual(rows.mapped("external_id"), said)
                self.assertEqual(len(set(rows.mapped("bank_order"))), 50)

    def test_all_rows_of_the_books_get_new_ids_at_once(self):
        account = self.import_one("Prøvekonto", transactions=80, days=7)
        rows = account.transaction_ids

        def stays():
            return {
                row: (row.booked_fetch_id, row.fetch_id, row.statement_line_ids.ids)
                for row in account.transaction_ids
            }

        before, raws = stays(), {row: row.raw for row in rows}
        ids = {row.external_id for row in rows}
        body = {"account": account.iban, "keep_old": False}
        self.bank.control("transactions/new-ids", body)
        one_by_one = []
        self.patch(type(rows), "_become", lambda row, *args: one_by_one.append(row))
        self.fetch_again(account)
        self.assertEqual(one_by_one, [])
        self.assertEqual(stays(), before)
        self.assertTrue(ids.isdisjoint(rows.mapped("external_id")))
        self.assertEqual({row: row.previous_raw for row in rows}, raws)
        self.assertEqual(set(rows.mapped("last_fetch_id")), {account.fetch_ids[0]})
        run = account.fetch_ids[0]
        self.assertEqual((run.new_count, run.changed_count), (0, 80))
        self.assert_books_equal_bank(account)
        self.fetch_again(account)
        self.assertEqual(account.fetch_ids[0].known_count, 80)
