from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.tests import tagged

from ..models import open_banking_fetch
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestImport(OpenBankingCase):
    def test_the_books_are_the_banks_list(self):
        accounts = self.import_all()
        self.assertEqual(
            sorted(accounts.mapped("currency_id.name")), ["DKK", "EUR", "NOK"]
        )
        for account in accounts:
            with self.subTest(account.currency_id.name):
                self.assert_books_equal_bank(account)

    def test_running_balance_starts_where_the_banks_does(self):
        account = self.import_one("Driftskonto")
        statement = self.lines(account).statement_id
        self.assertEqual(len(statement), 1)
        self.assertEqual(statement.balance_start, 100_000)
        self.assertTrue(statement.is_valid)
        self.assertEqual(
            [f"{line.running_balance:.2f}" for line in self.lines(account)],
            [row["balance"] for row in self.bank.booked(account.iban)],
        )

    def test_a_journal_that_has_lines_gets_no_opening_statement(self):
        older = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journal.id,
                "date": self.today - timedelta(days=90),
                "payment_ref": "By hand",
                "amount": 100_000,
            }
        )
        account = self.import_one("Driftskonto")
        lines = self.lines(account)
        self.assertEqual(lines[0], older)
        self.assertFalse(lines.statement_id)
        self.assertEqual(account.proof_state, "equal")

    def test_a_second_run_adds_nothing(self):
        accounts = self.import_all()
        before = {account: self.lines(account).ids for account in accounts}
        rows = self.count("open.banking.transaction")
        self.fetch_again(accounts)
        for account in accounts:
            self.assertEqual(self.lines(account).ids, before[account])
            self.assert_books_equal_bank(account)
            run = account.fetch_ids[0]
            self.assertEqual((run.new_count, run.booked_count), (0, 0))
            self.assertEqual(run.known_count, run.received_count)
            self.assertTrue(run.received_count)
        self.assertEqual(self.count("open.banking.transaction"), rows)

    def test_one_call_at_a_time(self):
        self.import_all()
        calls = self.bank.wire_calls("/v1/accounts")
        self.assertGreater(len(calls), 6)
        self.assertEqual({call["open_at_once"] for call in calls}, {1})
        self.assertEqual({call["status"] for call in calls}, {200})

    def test_purchase_in_a_foreign_currency(self):
        accounts = self.import_all()
        bought = 0
        for account in accounts:
            rows = self.bank.booked(account.iban)
            for row, line in zip(rows, self.lines(account), strict=True):
                conversion = (row["wire"]["detail"] or {}).get("currencyConversion")
                if not conversion:
                    self.assertFalse(line.foreign_currency_id)
                    continue
                said = conversion["originalAmount"]
                self.assertEqual(line.foreign_currency_id.name, said["currency"])
                self.assertEqual(
                    Decimal(f"{line.amount_currency:.2f}"), Decimal(str(said["value"]))
                )
                self.assertLess(line.amount_currency, 0)
                bought += 1
        self.assertGreater(bought, 3)

    def test_purchase_in_a_currency_that_was_switched_off(self):
        euro = self.env.ref("base.EUR")
        euro.active = False
        account = self.import_one("Driftskonto")
        conversion = {"amount": "-100.55", "currency": "EUR", "rate": "7.46"}
        self.add(account, amount="-750.10", conversion=conversion)
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        line = self.lines(account)[-1]
        self.assertEqual(
            (line.foreign_currency_id, line.amount_currency), (euro, -100.55)
        )
        self.assertTrue(euro.active)

    def test_money_in_from_abroad_keeps_its_sign(self):
        self.env.ref("base.EUR").active = True
        account = self.import_one("Driftskonto")
        conversion = {"amount": "100.00", "currency": "EUR", "rate": "7.46"}
        self.add(account, amount="746.00", conversion=conversion)
        self.fetch_again(account)
        line = self.lines(account)[-1]
        self.assertEqual((line.amount, line.amount_currency), (746, 100))
        self.assertEqual(line.foreign_currency_id.name, "EUR")

    def test_what_the_bank_says_stands_on_the_line(self):
        account = self.import_one("Driftskonto")
        partner = self.env["res.partner"].create({"name": "Skagen Fisk ApS"})
        number = "DK5000400440116243"
        self.env["res.partner.bank"].create(
            {"partner_id": partner.id, "acc_number": "DK50 0040 0440 1162 43"}
        )
        self.add(
            account,
            amount="12.34",
            text="Faktura 17",
            original_text="FAKTURA 17   0001",
            reference="0130Y9",
            message="Tak for handlen",
            counterpart={"name": "SKAGEN FISK", "iban": number},
        )
        self.fetch_again(account)
        line = self.lines(account)[-1]
        self.assertEqual(line.payment_ref, "Faktura 17")
        self.assertEqual(line.partner_name, "SKAGEN FISK")
        self.assertEqual(line.partner_id, partner)
        self.assertEqual(line.account_number.replace(" ", ""), number)
        details = line.transaction_details
        self.assertEqual(details["original_text"], "FAKTURA 17   0001")
        self.assertEqual(details["message"], "Tak for handlen")
        self.assertEqual(details["reference"], "0130Y9")

    def test_equal_twins_are_both_there(self):
        accounts = self.import_all()
        for currency, amount, copies in (("DKK", 620, 2), ("EUR", -875.5, 2)):
            account = accounts.filtered(lambda a, c=currency: a.currency_id.name == c)
            twins = self.lines(account).filtered(
                lambda line, a=amount: line.amount == a
            )
            self.assertEqual(len(twins), copies)
            self.assertEqual(len(set(twins.mapped("date"))), 1)
            self.assertEqual(len(set(twins.mapped("payment_ref"))), 1)
        self.fetch_again(accounts)
        self.assert_books_equal_bank(accounts[0])

    # === PAGES === #

    def test_several_pages(self):
        self.patch(open_banking_fetch, "PAGE_SIZE", 200)
        account = self.import_one("Prøvekonto", transactions=460)
        self.assertEqual(len(self.lines(account)), 460)
        self.assert_books_equal_bank(account)
        run = account.fetch_ids
        self.assertEqual(
            (run.pages, run.received_count, run.booked_count), (3, 460, 460)
        )
        self.assertEqual(run.trigger, "first")
        self.assertEqual(run.state, "done")

    def test_oldest_first_gives_the_same_books(self):
        self.patch(open_banking_fetch, "PAGE_SIZE", 20)
        self.bank.control(
            "settings", {"page_order": "oldest_first", "running_balances": False}
        )
        account = self.import_one("Prøvekonto", transactions=50, days=9)
        self.assert_books_equal_bank(account)
        self.assertEqual(account.fetch_ids.pages, 3)

    def test_a_row_repeated_on_a_page_counts_once(self):
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "duplicate_rows": 7, "times": None},
        )
        self.patch(open_banking_fetch, "PAGE_SIZE", 20)
        account = self.import_one("Prøvekonto", transactions=50)
        self.assert_books_equal_bank(account)
        self.fetch_again(account)
        self.assert_books_equal_bank(account)

    def test_a_known_page_costs_few_queries(self):
        account = self.import_one("Prøvekonto", transactions=200)
        run = self.env["open.banking.fetch"]._start(account)
        page = self.first_page(account, run)
        self.assertEqual(len(page.transactions), 200)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        run._store_page(replace(page, paging_token="another page follows"))
        self.env.flush_all()
        self.assertLessEqual(self.env.cr.sql_log_count - before, 10)
        self.assertEqual(run.known_count, 200)

    # === WHAT THE BANK MAY LEAVE OUT === #

    def test_without_running_balances(self):
        self.bank.control("settings", {"running_balances": False})
        for account in self.import_all():
            self.assert_books_equal_bank(account)

    def test_without_the_accounts_balance(self):
        self.bank.control("settings", {"account_balances": False})
        account = self.import_one("Driftskonto")
        self.assert_books_equal_bank(account, proof="unknown")

    def test_without_any_balance(self):
        self.bank.control(
            "settings", {"account_balances": False, "running_balances": False}
        )
        account = self.import_one("Driftskonto")
        rows = self.bank.booked(account.iban)
        self.assertEqual(
            [f"{line.amount:.2f}" for line in self.lines(account)],
            [row["amount"] for row in rows],
        )
        self.assertEqual(account.proof_state, "unknown")
        self.assertFalse(account.error_code)

    def test_without_details(self):
        self.bank.control("settings", {"details": "off"})
        for account in self.import_all():
            self.assert_books_equal_bank(account)
            self.assertFalse(any(self.lines(account).mapped("partner_name")))
            self.assertFalse(self.lines(account).foreign_currency_id)

    def test_details_that_come_a_day_late_leave_the_line_alone(self):
        self.bank.control("settings", {"details": "late"})
        account = self.import_one("Driftskonto")
        self.add(account, amount="5.00", counterpart="Skagen Fisk ApS")
        self.fetch_again(account)
        line = self.lines(account)[-1]
        self.assertFalse(line.partner_name)
        self.bank.control("settings", {"details": "on"})
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        row = line.open_banking_transaction_id
        self.assertEqual(row.counterpart_name, "Skagen Fisk ApS")
        self.assertIn("Skagen Fisk", row.raw)
        self.assertNotIn("Skagen Fisk", row.previous_raw)
        self.assertEqual(account.fetch_ids[0].changed_count, 1)

    def test_an_account_without_transactions(self):
        account = self.import_one("Tom konto", transactions=0)
        self.assertFalse(self.lines(account))
        self.assertFalse(account.error_code)
        self.assertEqual(account.proof_state, "equal")
        self.assertTrue(account.synced_until)

    def test_a_hole_in_the_banks_list_shows_in_the_proof(self):
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "remove": ["transactions.3"]},
        )
        account = self.import_one("Driftskonto")
        self.assertEqual(account.proof_state, "differs")
        self.fetch_again(account)
        self.assert_books_equal_bank(account, in_order=False)

    # === WINDOW AND SCOPE === #

    def test_start_date(self):
        start = self.today - timedelta(days=20)
        account = self.import_one("Driftskonto", since=start)
        after = [
            row
            for row in self.bank.booked(account.iban)
            if row["date"] >= start.isoformat()
        ]
        self.assertEqual(len(after), 5)
        self.assertEqual(len(self.lines(account)), 5)
        self.assertEqual(
            min(self.lines(account).mapped("date")).isoformat(), after[0]["date"]
        )
        self.assertEqual(account.proof_state, "equal")

    def test_a_row_before_the_start_date_is_kept_but_left_out(self):
        start = self.today - timedelta(days=20)
        account = self.import_one("Driftskonto", since=start)
        # The bank is asked for a day more than needed, and may send what it likes.
        self.add(account, amount="1.00", date=(start - timedelta(days=1)).isoformat())
        account.synced_until = start
        self.fetch_again(account)
        self.assertEqual(len(self.lines(account)), 5)
        row = account.transaction_ids.filtered(lambda row: row.amount == 1)
        self.assertEqual(row.booking_state, "left_out")
        self.assertEqual(row.reason_code, "before_start")

    def test_an_account_left_out_is_not_fetched(self):
        accounts = self.map_all(self.connect())
        accounts[0]._leave_out()
        self.run_jobs()
        asked = {call["account"] for call in self.bank.wire_calls("/transactions")}
        self.assertEqual(asked, set((accounts - accounts[0]).mapped("external_id")))
        self.assertFalse(accounts[0].transaction_ids)
        self.assertFalse(accounts[0].fetch_ids)

    def test_accounts_waiting_for_a_journal_are_not_fetched(self):
        accounts = self.connect().account_ids
        accounts.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertFalse(self.bank.wire_calls("/transactions"))

    def test_a_list_without_end_is_left(self):
        self.patch(open_banking_fetch, "MAX_PAGES", 4)
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "endless_paging": True, "times": None},
        )
        account = self.import_one("Driftskonto")
        self.assertEqual(account.error_code, "malformed")
        self.assertEqual(account.fetch_ids.pages, 4)
        self.assertLess(len(self.bank.wire_calls("/transactions")), 7)
        self.assertFalse(account.synced_until)
        self.assertFalse(self.lines(account))
