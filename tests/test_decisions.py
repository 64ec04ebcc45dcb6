from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestDecisions(OpenBankingCase):
    """What the import leaves to a person, and what he can do about it."""

    def setUp(self):
        super().setUp()
        self.account = self.import_one("EUR-konto")

    def row_of(self, amount):
        row = self.account.transaction_ids.filtered(lambda r: r.amount == amount)
        return row.with_user(self.bookkeeper)

    def fetch(self):
        self.fetch_again(self.account)
        return self.account.fetch_ids[0]

    def alter(self, added, **how):
        body = {"account": self.account.iban, "line": added["line"], **how}
        self.bank.control("transactions/alter", body)

    def withdraw(self, added, **how):
        body = {"account": self.account.iban, "line": added["line"], **how}
        self.bank.control("transactions/withdraw", body)

    def reconcile(self, line):
        """Book the line's counterpart to an account, as a bookkeeper does."""
        _liquidity, suspense, _other = line._seek_for_lines()
        expense = self.env["account.account"].search(
            [
                ("company_ids", "in", self.company.ids),
                ("account_type", "=", "expense"),
            ],
            limit=1,
        )
        suspense.account_id = expense
        self.assertTrue(line.is_reconciled)

    # === LOCKED PERIODS === #

    def lock_and_add(self):
        locked = self.today - timedelta(days=4)
        for line in self.lines(self.account).filtered(lambda ln: ln.date <= locked):
            self.reconcile(line)
        self.company.fiscalyear_lock_date = locked
        self.add(self.account, amount="-17.05", date=-5)
        self.fetch()
        row = self.row_of(-17.05)
        self.assertEqual(
            (row.booking_state, row.reason_code), ("held", "locked_period")
        )
        return row

    def test_a_locked_row_is_booked_on_the_first_open_day(self):
        row = self.lock_and_add()
        row.action_book_on_open_day()
        line = row.statement_line_ids
        self.assertEqual(line.date, self.today - timedelta(days=3))
        self.assertEqual(
            line.transaction_details["booking_date"],
            (self.today - timedelta(days=5)).isoformat(),
        )
        self.assertEqual(self.account.proof_state, "equal")
        self.fetch()
        self.assertFalse(row.bank_change)
        self.assertEqual(len(row.statement_line_ids), 1)

    def test_a_locked_row_is_left_out_and_brought_back(self):
        row = self.lock_and_add()
        row.action_leave_out()
        self.assertEqual(row.booking_state, "left_out")
        self.fetch()
        self.assertFalse(row.statement_line_ids)
        self.company.fiscalyear_lock_date = False
        row.action_book()
        self.assertEqual(row.statement_line_ids.amount, -17.05)
        self.assertEqual(self.account.proof_state, "equal")

    def test_a_lifted_lock_releases_the_rows(self):
        row = self.lock_and_add()
        self.company.fiscalyear_lock_date = False
        self.fetch()
        self.assertEqual(row.statement_line_ids.date, row.date)
        self.assert_books_equal_bank(self.account, in_order=False)

    def test_booking_into_a_locked_period_says_why_not(self):
        row = self.lock_and_add()
        answer = row.action_book()
        self.assertIn("locked", answer["params"]["message"])
        self.assertEqual(row.booking_state, "held")

    # === DELETED LINES === #

    def test_a_deleted_line_is_brought_back(self):
        line = self.lines(self.account)[-1]
        row = line.open_banking_transaction_id.with_user(self.bookkeeper)
        line.unlink()
        self.fetch()
        self.assertFalse(row.statement_line_ids)
        row.action_book()
        self.assert_books_equal_bank(self.account)

    def test_what_cannot_be_booked_stays_held(self):
        self.add(self.account, amount="-17.05", patch={"date": None})
        self.fetch()
        with self.assertRaises(UserError):
            self.row_of(-17.05).action_book()
        self.assertEqual(self.row_of(-17.05).booking_state, "held")

    # === SUSPECTED DUPLICATES (B5) === #

    def add_cosmetic_twin(self):
        self.bank.control("settings", {"running_balances": False})
        self.add(self.account, amount="-42.00", text="12.03 EXAMPLE STORE", date=-2)
        self.fetch()
        self.add(self.account, amount="-42.00", text="Example Store", date=-2)
        self.fetch()
        twins = self.row_of(-42)
        held = twins.filtered(lambda row: row.booking_state == "held")
        self.assertEqual((len(twins), len(held)), (2, 1))
        self.assertEqual(held.reason_code, "possible_duplicate")
        self.assertEqual(held.similar_id, twins - held)
        self.assertEqual(self.account.fetch_ids[0].held_count, 1)
        return held

    def test_a_suspected_duplicate_is_neither_booked_nor_dropped(self):
        held = self.add_cosmetic_twin()
        self.fetch()
        self.assertEqual(held.booking_state, "held")
        self.assertFalse(held.statement_line_ids)

    def test_a_suspected_duplicate_is_booked_on_the_users_word(self):
        self.add_cosmetic_twin().action_book()
        for _run in range(2):
            self.fetch()
            self.assert_books_equal_bank(self.account, in_order=False)

    def test_running_balances_tell_twins_from_duplicates(self):
        self.add(self.account, amount="-42.00", text="12.03 EXAMPLE STORE")
        self.add(self.account, amount="-42.00", text="Example Store")
        self.fetch()
        self.assert_books_equal_bank(self.account)

    # === CHANGED AND WITHDRAWN AFTER BOOKING === #

    def booked_row(self, **more):
        added = self.add(self.account, amount="-17.05", text="Kaffe", **more)
        self.fetch()
        row = self.row_of(-17.05)
        self.assertEqual(row.booking_state, "booked")
        return added, row

    def test_a_withdrawn_line_is_removed_on_the_users_word(self):
        added, row = self.booked_row()
        self.withdraw(added)
        self.fetch()
        self.assertEqual(row.bank_change, "withdrawn")
        self.assertEqual(self.account.question_count, 1)
        row.action_follow_bank()
        self.assertFalse(row.statement_line_ids)
        self.assert_books_equal_bank(self.account)
        self.fetch()
        self.assert_books_equal_bank(self.account)

    def test_a_withdrawn_line_is_kept_on_the_users_word(self):
        added, row = self.booked_row()
        self.withdraw(added)
        self.fetch()
        row.action_keep_line()
        for _run in range(2):
            self.fetch()
            self.assertFalse(row.bank_change)
            self.assertEqual(row.statement_line_ids.amount, -17.05)

    def test_a_reconciled_line_is_not_removed(self):
        added, row = self.booked_row()
        self.reconcile(row.sudo().statement_line_ids)
        self.withdraw(added)
        self.fetch()
        with self.assertRaisesRegex(UserError, "reconciled"):
            row.action_follow_bank()
        self.assertEqual(row.statement_line_ids.amount, -17.05)

    def test_a_vanished_line_is_shown_and_may_come_back(self):
        added, row = self.booked_row()
        self.withdraw(added, hard=True)
        self.fetch()
        self.assertEqual((row.state, row.bank_change), ("withdrawn", "vanished"))
        self.assertEqual(row.statement_line_ids.amount, -17.05)
        self.add(self.account, amount="-17.05", text="Kaffe")
        self.fetch()
        self.assertEqual((row.state, row.bank_change), ("booked", False))
        self.assert_books_equal_bank(self.account)

    def test_a_moved_date_shows_before_and_after(self):
        added, row = self.booked_row(date=-3)
        line = row.statement_line_ids
        old, new = line.date, self.today - timedelta(days=1)
        self.alter(added, date=new.isoformat())
        self.fetch()
        self.assertEqual((row.bank_change, line.date), ("changed", old))
        self.assertIn("Date", row.difference)
        self.assertEqual(row.date, new)
        row.action_follow_bank()
        self.assertEqual(row.statement_line_ids.date, new)
        self.assertFalse(row.bank_change)
        self.assert_books_equal_bank(self.account, in_order=False)

    def test_another_amount_is_offered_as_replacement(self):
        added, row = self.booked_row(date=-1)
        self.alter(added, amount="-18.05", new_id=True)
        self.fetch()
        new = self.row_of(-18.05)
        self.assertEqual((new.booking_state, new.reason_code), ("held", "replaces"))
        self.assertEqual(new.similar_id, row)
        new.action_replace()
        self.assertFalse(row.statement_line_ids)
        self.assert_books_equal_bank(self.account, in_order=False)

    def test_a_text_that_changes_asks_nobody(self):
        added, row = self.booked_row()
        self.alter(added, text="Kaffe og kage", original_text="KAFFE OG KAGE")
        self.fetch()
        self.assertFalse(row.bank_change)
        self.assertEqual(row.statement_line_ids.payment_ref, "Kaffe")
        self.assertIn("Kaffe og kage", row.difference)

    # === UNDO OF A RUN === #

    def test_a_run_is_undone_and_brought_back(self):
        self.add(self.account, amount="-1.00")
        self.add(self.account, amount="-2.00")
        run = self.fetch()
        run.with_user(self.bookkeeper).action_undo()
        rows = self.row_of(-1) | self.row_of(-2)
        self.assertEqual(set(rows.mapped("reason_code")), {"undone"})
        self.assertEqual(len(self.lines(self.account)), 6)
        self.assertEqual(self.account.proof_state, "differs")
        self.fetch()
        self.assertEqual(len(self.lines(self.account)), 6)
        rows.action_book()
        self.assert_books_equal_bank(self.account, in_order=False)

    def test_the_first_run_is_undone_and_brought_back(self):
        self.account.fetch_ids.with_user(self.bookkeeper).action_undo()
        self.assertFalse(self.lines(self.account))
        rows = self.account.transaction_ids.with_user(self.bookkeeper)
        rows.action_book()
        self.assert_books_equal_bank(self.account)

    def test_undo_leaves_reconciled_lines(self):
        self.reconcile(self.lines(self.account)[2])
        self.account.fetch_ids.with_user(self.bookkeeper).action_undo()
        self.assertEqual(len(self.lines(self.account)), 1)
        with self.assertRaisesRegex(UserError, "reconciled"):
            self.account.fetch_ids.with_user(self.bookkeeper).action_undo()

    def test_undo_with_a_restricted_audit_trail(self):
        self.company.restrictive_audit_trail = True
        self.account.fetch_ids.with_user(self.bookkeeper).action_undo()
        self.account.transaction_ids.with_user(self.bookkeeper).action_book()
        self.assert_books_equal_bank(self.account)

    def test_lines_and_rows_of_a_run_are_one_click_away(self):
        self.add(self.account, amount="-1.00")
        run = self.fetch().with_user(self.bookkeeper)
        for action, count in (
            (run.action_open_lines(), 1),
            (run.action_open_rows(), 2),
        ):
            found = self.env[action["res_model"]].search(action["domain"])
            self.assertGreaterEqual(len(found), count)
            self.assertIn(-1, found.mapped("amount"))

    # === LINES THAT ARE THERE ALREADY (B16) === #

    def by_hand(self, amount, day, **more):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.account.journal_id.id,
                "date": self.today + timedelta(days=day),
                "amount": amount,
                "payment_ref": "Typed",
                **more,
            }
        )

    def test_a_line_typed_by_hand_is_offered_and_adopted(self):
        line = self.by_hand(-42.5, -3)
        self.add(self.account, amount="-42.50", date=-2)
        self.fetch()
        row = self.row_of(-42.5)
        self.assertEqual(
            (row.booking_state, row.reason_code), ("held", "looks_like_line")
        )
        self.assertEqual(row.similar_line_id, line)
        row.action_adopt()
        self.assertEqual(line.open_banking_transaction_id, row)
        self.assertEqual(line.payment_ref, "Typed")
        self.fetch()
        self.assertEqual(self.account.proof_state, "equal")
        self.assertEqual(len(self.lines(self.account)), 7)

    def test_a_line_that_only_looks_alike_is_booked_beside_it(self):
        self.by_hand(-42.5, -3)
        self.add(self.account, amount="-42.50", date=-2)
        self.fetch()
        self.row_of(-42.5).action_book()
        self.assertEqual(len(self.lines(self.account)), 8)

    def test_without_doubt_and_if_so_set_a_line_is_adopted(self):
        self.company.open_banking_adopt_lines = True
        lines = self.by_hand(-42.5, -2) | self.by_hand(-43.5, -3)
        self.add(self.account, amount="-42.50", date=-2)
        self.add(self.account, amount="-43.50", date=-2)
        self.fetch()
        self.assertEqual(lines[0].open_banking_transaction_id, self.row_of(-42.5))
        self.assertEqual(self.row_of(-43.5).reason_code, "looks_like_line")

    def test_equal_lines_and_equal_rows_are_a_doubt(self):
        self.company.open_banking_adopt_lines = True
        self.by_hand(-42.5, -2)
        self.add(self.account, amount="-42.50", date=-2, copies=2)
        self.fetch()
        rows = self.row_of(-42.5)
        self.assertEqual(rows.mapped("reason_code"), ["looks_like_line"] * 2)
        rows[0].action_adopt()
        with self.assertRaisesRegex(UserError, "gone"):
            rows[1].action_adopt()
        rows[1].action_book()
        self.assertEqual(self.account.proof_state, "equal")

    def test_a_file_bridges_a_lapsed_consent(self):
        """Lines of a file, in a statement of their own, are taken over one by one."""
        rows = [("-10.00", -3), ("-20.00", -3), ("30.00", -2)]
        lines = self.env["account.bank.statement.line"]
        for amount, day in rows:
            lines |= self.by_hand(float(amount), day)
            self.add(self.account, amount=amount, date=day)
        self.env["account.bank.statement"].create(
            {"name": "File", "line_ids": [Command.set(lines.ids)]}
        )
        self.company.open_banking_adopt_lines = True
        self.fetch()
        self.assertTrue(all(line.open_banking_transaction_id for line in lines))
        self.assertEqual(len(self.lines(self.account)), 9)
        self.assertEqual(self.account.proof_state, "equal")

    def test_a_preview_tells_what_would_be_asked(self):
        self.bank.control("settings", {"running_balances": False})
        self.add(self.account, amount="-42.00", text="12.03 EXAMPLE STORE", date=-2)
        self.fetch()
        self.by_hand(-42.5, -3)
        self.add(self.account, amount="-42.00", text="Example Store", date=-2)
        self.add(self.account, amount="-42.50", date=-2)
        self.env.flush_all()
        window = (self.today - timedelta(days=9), self.today)
        with self.own_cursors():
            preview = self.account.with_user(self.bookkeeper)._preview(window)
        self.assertEqual(preview.held, {"possible_duplicate": 1, "looks_like_line": 1})
        run = self.fetch()
        self.assertEqual(run.held_count, preview.held.total())
        self.assertEqual(run.new_count, preview.new)
