from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import OpenBankingCase

REFUSAL = "Not this one"


@tagged("post_install", "-at_install")
class TestImportChanges(OpenBankingCase):
    """What the bank changes after the first reading, and rows that cannot be booked."""

    def row_of(self, account, amount):
        return account.transaction_ids.filtered(lambda row: row.amount == amount)

    # === MORE AND LATER === #

    def test_a_new_transaction_arrives_with_the_next_run(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-17.05", text="Kaffe")
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.assertEqual(self.lines(account)[-1].payment_ref, "Kaffe")
        self.assertEqual(account.last_transaction_on, self.today)

    def test_a_late_booking_inside_the_overlap_arrives(self):
        account = self.import_one("EUR-konto")
        last = self.lines(account)[-1]
        self.add(account, amount="-17.05", text="Sent", date=-9, first_of_day=True)
        self.fetch_again(account)
        self.assert_books_equal_bank(account, in_order=False)
        self.assertEqual(self.lines(account)[-1], last)
        # The balances of later rows moved. That is no change of those rows.
        self.assertEqual(account.fetch_ids[0].changed_count, 0)

    def test_the_window_goes_back_ten_days_behind_the_last_success(self):
        account = self.import_one("EUR-konto")
        account.synced_until = self.today - timedelta(days=30)
        self.add(account, amount="-1.00", date=-35)
        self.fetch_again(account)
        self.assert_books_equal_bank(account, in_order=False)
        run = account.fetch_ids[0]
        self.assertEqual(run.window_from, self.today - timedelta(days=40))
        self.assertEqual(account.synced_until, run.window_to)

    def test_one_id_on_two_accounts(self):
        accounts = self.import_all()[:2]
        for account, amount in zip(accounts, ("-10.00", "10.00"), strict=True):
            self.add(account, amount=amount, text="Egen", patch={"id": "same-id"})
        self.fetch_again(accounts)
        for account in accounts:
            self.assert_books_equal_bank(account)
            self.assertEqual(self.lines(account)[-1].payment_ref, "Egen")

    def test_one_id_for_two_transactions(self):
        account = self.import_one("EUR-konto")
        for amount in ("-10.00", "-20.00"):
            self.add(account, amount=amount, patch={"id": "9998"})
        for _run in range(3):
            self.fetch_again(account)
            self.assert_books_equal_bank(account)

    def test_an_id_that_is_used_again_later(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-10.00", date=-30, patch={"id": "1"})
        account.synced_until = self.today - timedelta(days=30)
        self.fetch_again(account)
        old = self.row_of(account, -10).statement_line_ids
        self.add(account, amount="-20.00", patch={"id": "1"})
        self.fetch_again(account)
        self.assert_books_equal_bank(account, in_order=False)
        self.assertEqual(
            (old.exists().amount, self.lines(account)[-1].amount), (-10, -20)
        )

    def test_twin_of_a_known_transaction(self):
        account = self.import_one("EUR-konto")
        for _twin in range(2):
            self.add(account, amount="-10.00", text="Kontingent", date=-4)
            self.fetch_again(account)
            self.assert_books_equal_bank(account, in_order=False)

    def test_transactions_without_an_id(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-10.00", copies=2, patch={"id": " "})
        self.fetch_again(account)
        self.add(account, amount="-10.00", patch={"id": None})
        for _run in range(2):
            self.fetch_again(account)
            self.assert_books_equal_bank(account)

    # === PENDING === #

    def test_pending_is_shown_and_not_booked(self):
        account = self.import_one("Driftskonto")
        self.assert_books_equal_bank(account)
        row = account.transaction_ids.filtered(lambda row: row.state == "pending")
        self.assertEqual((row.amount, row.booking_state), (-189.95, "none"))
        self.assertFalse(row.statement_line_ids)

    def test_pending_is_booked_under_its_id(self):
        account = self.import_one("Driftskonto")
        row = self.row_of(account, -189.95)
        self.book_pending(account, amount="-190.20")
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.assertEqual((row.state, row.amount), ("booked", -190.2))
        self.assertEqual(self.lines(account)[-1].open_banking_transaction_id, row)

    def test_pending_is_booked_under_another_id(self):
        self.check_pending_booked(new_id=True)

    def test_pending_vanishes_and_is_booked_under_another_id(self):
        self.check_pending_booked(new_id=True, keep_old=False)

    def check_pending_booked(self, **how):
        account = self.import_one("Driftskonto")
        self.book_pending(account, **how)
        for _run in range(2):
            self.fetch_again(account)
            self.assert_books_equal_bank(account)
            states = self.row_of(account, -189.95).mapped("state")
            self.assertNotIn("pending", states)
            self.assertEqual(states.count("booked"), 1)

    def test_pending_that_vanishes(self):
        account = self.import_one("Driftskonto")
        row = self.row_of(account, -189.95)
        pending = self.bank.truth(account.iban)[-1]
        body = {"account": account.iban, "line": pending["line"], "hard": True}
        self.bank.control("transactions/withdraw", body)
        self.fetch_again(account)
        self.assertEqual(row.state, "withdrawn")
        self.assert_books_equal_bank(account)

    def book_pending(self, account, **how):
        pending = self.bank.truth(account.iban)[-1]
        self.assertEqual(pending["state"], "Reserved")
        body = {"account": account.iban, "line": pending["line"], **how}
        self.bank.control("transactions/book", body)

    # === TAKEN BACK === #

    def withdraw(self, account, added):
        body = {"account": account.iban, "line": added["line"]}
        self.bank.control("transactions/withdraw", body)

    def alter(self, account, added, **how):
        body = {"account": account.iban, "line": added["line"], **how}
        self.bank.control("transactions/alter", body)

    def test_withdrawn_after_booking_leaves_the_line(self):
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05")
        self.fetch_again(account)
        line = self.lines(account)[-1]
        self.withdraw(account, added)
        self.fetch_again(account)
        row = line.open_banking_transaction_id
        self.assertEqual((row.state, row.booking_state), ("withdrawn", "booked"))
        self.assertEqual(line.amount, -17.05)
        self.assertEqual(account.proof_state, "differs")
        self.assertEqual(account.fetch_ids[0].withdrawn_count, 1)

    def test_withdrawn_while_pending_is_never_booked(self):
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05", state="Reserved")
        self.fetch_again(account)
        self.withdraw(account, added)
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.assertEqual(self.row_of(account, -17.05).state, "withdrawn")

    def test_withdrawn_while_held_is_never_booked(self):
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05", patch={"date": None})
        self.fetch_again(account)
        row = self.row_of(account, -17.05)
        self.assertEqual(row.booking_state, "held")
        self.withdraw(account, added)
        self.fetch_again(account)
        self.assertEqual((row.state, row.booking_state), ("withdrawn", "left_out"))
        self.assert_books_equal_bank(account)

    def test_taken_back_and_given_again(self):
        account = self.import_one("EUR-konto", since=self.today - timedelta(days=2))
        self.company.fiscalyear_lock_date = self.today
        added = self.add(account, amount="-17.05")
        self.fetch_again(account)
        self.alter(account, added, patch={"isDeleted": True})
        self.fetch_again(account)
        row = self.row_of(account, -17.05)
        self.assertEqual((row.state, row.booking_state), ("withdrawn", "left_out"))
        self.company.fiscalyear_lock_date = False
        self.alter(account, added, patch=None)
        self.fetch_again(account)
        self.assertEqual((row.state, row.booking_state), ("booked", "booked"))
        self.assertEqual(self.lines(account).amount, -17.05)

    def test_a_line_deleted_in_odoo_stays_deleted(self):
        account = self.import_one("EUR-konto")
        line = self.lines(account)[-1]
        row = line.open_banking_transaction_id
        line.unlink()
        self.assertEqual(row.booking_state, "left_out")
        self.assertEqual(row.reason_code, "line_deleted")
        count = len(self.lines(account))
        for _run in range(2):
            self.fetch_again(account)
        self.assertEqual(len(self.lines(account)), count)
        self.assertEqual(account.proof_state, "differs")

    # === HELD === #

    def test_rows_that_cannot_be_booked_are_held_with_their_reason(self):
        other = {"value": -6.66, "currency": "SEK"}
        odd = {
            "date_missing": {"date": None},
            "date_invalid": {"date": "30/2"},
            "currency_differs": {"transactionAmount": other},
            "amount_precision": {
                "transactionAmount": {"value": -1.005, "currency": "EUR"}
            },
            "amount_missing": {"transactionAmount": None, "amount": None},
            "amount_not_a_number": {"transactionAmount": {"value": "a lot"}},
            "amount_too_large": {
                "transactionAmount": {"value": 2e13, "currency": "EUR"}
            },
        }
        account = self.import_one("EUR-konto")
        count = len(self.lines(account))
        for reason, patch in odd.items():
            self.add(account, amount="-1.00", text=reason, patch=patch)
        self.add(account, amount="-2.00", text="fine")
        for run in range(4):
            self.fetch_again(account)
            self.assertFalse(account.error_code)
            held = account.transaction_ids.filtered(
                lambda row: row.booking_state == "held"
            )
            self.assertEqual(
                sorted(held.mapped(lambda row: (row.text, row.reason_code))),
                sorted((reason, reason) for reason in odd),
                f"run {run + 1}",
            )
            self.assertEqual(len(self.lines(account)), count + 1)
        self.assertTrue(all(held.mapped("reason")))
        self.assertEqual(self.lines(account)[-1].payment_ref, "fine")
        self.assertEqual(account.fetch_ids[-2].held_count, len(odd))

    def test_a_held_row_that_the_bank_repairs_is_booked(self):
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05", patch={"date": None})
        self.fetch_again(account)
        self.alter(account, added, patch=None)
        self.fetch_again(account)
        self.assert_books_equal_bank(account)

    def test_a_locked_period_is_held(self):
        self.company.fiscalyear_lock_date = self.today - timedelta(days=30)
        account = self.import_one("EUR-konto")
        held = account.transaction_ids.filtered(lambda row: row.booking_state == "held")
        self.assertEqual(set(held.mapped("reason_code")), {"locked_period"})
        self.assertEqual(len(held), 2)
        self.assertEqual(len(self.lines(account)), 4)
        self.assertEqual(account.proof_state, "equal")
        self.assertEqual(account.fetch_ids.held_count, 2)

    def test_a_late_booking_in_a_locked_period_is_held(self):
        account = self.import_one("EUR-konto", since=self.today - timedelta(days=6))
        self.assertEqual(account.proof_state, "equal")
        self.company.fiscalyear_lock_date = self.today - timedelta(days=4)
        self.add(account, amount="-17.05", date=-4)
        self.fetch_again(account)
        row = self.row_of(account, -17.05)
        self.assertEqual(
            (row.booking_state, row.reason_code), ("held", "locked_period")
        )
        self.assertEqual(account.proof_state, "differs")

    def test_a_line_that_odoo_refuses_is_held_and_the_others_are_booked(self):
        lines = type(self.env["account.bank.statement.line"])
        create = lines.create

        def picky(records, vals_list):
            if any(values["amount"] == -875.5 for values in vals_list):
                raise ValidationError(REFUSAL)
            return create(records, vals_list)

        self.patch(lines, "create", picky)
        account = self.import_one("EUR-konto")
        held = account.transaction_ids.filtered(lambda row: row.booking_state == "held")
        self.assertEqual(held.mapped("amount"), [-875.5, -875.5])
        self.assertEqual(set(held.mapped("reason_code")), {"refused_by_odoo"})
        self.assertIn(REFUSAL, held[0].reason)
        self.assertEqual(len(self.lines(account)), 4)
        self.assertFalse(account.error_code)
        self.assertEqual(account.proof_state, "differs")

    def test_a_refused_line_is_tried_again_when_the_bank_changes_it(self):
        lines = type(self.env["account.bank.statement.line"])
        create = lines.create

        def picky(records, vals_list):
            if any(values["payment_ref"] == "Odd" for values in vals_list):
                raise ValidationError(REFUSAL)
            return create(records, vals_list)

        self.patch(lines, "create", picky)
        account = self.import_one("EUR-konto")
        added = self.add(account, amount="-17.05", text="Odd")
        self.fetch_again(account)
        row = self.row_of(account, -17.05)
        self.assertIn(REFUSAL, row.reason)
        self.alter(account, added, text="Even", original_text="Even")
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.assertEqual((row.booking_state, row.reason), ("booked", ""))

    def test_without_a_suspense_account_all_is_held_and_nothing_lost(self):
        self.journal.suspense_account_id = False
        account = self.import_one("Driftskonto")
        self.assertFalse(self.lines(account))
        held = account.transaction_ids.filtered(lambda row: row.booking_state == "held")
        self.assertEqual(len(held), 11)
        self.assertIn("suspense", held[0].reason)
