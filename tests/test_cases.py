import json
from datetime import date, timedelta

from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestCases(OpenBankingCase):
    """Cases that have hurt users of bank feeds, where no other file has them.

    The names begin with the case; tests/README.md lists them all.
    """

    def alter(self, account, added, **how):
        body = {"account": account.iban, "line": added["line"], **how}
        self.bank.control("transactions/alter", body)

    def row_of(self, account, amount):
        return account.transaction_ids.filtered(lambda row: row.amount == amount)

    def last_line(self, account, **row):
        self.add(account, **{"amount": "-17.05", **row})
        self.fetch_again(account)
        return self.lines(account)[-1]

    # === FROM MASTERCARD === #

    def test_a1_b14_pending_far_in_the_future_is_silent(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-9.19", state="Reserved", date=400)
        added = self.add(account, amount="-9.09", state="Reserved", date=1)
        self.fetch_again(account)
        self.assertFalse(self.row_of(account, -9.19).statement_line_ids)
        self.assertEqual(self.row_of(account, -9.09).state, "pending")
        body = {"account": account.iban, "line": added["line"], "hard": True}
        self.bank.control("transactions/withdraw", body)
        self.fetch_again(account)
        row = self.row_of(account, -9.09)
        self.assertEqual((row.state, row.bank_change), ("withdrawn", False))
        self.assert_books_equal_bank(account)

    def test_a4_g9_an_orphaned_account_keeps_its_history(self):
        account = self.import_one("EUR-konto")
        lines = len(self.lines(account))
        self.bank.control("accounts/orphan", {"account": account.iban})
        self.fetch_again(account)
        self.assertTrue(account.is_orphaned)
        self.assertEqual(len(self.lines(account)), lines)
        # It costs the bank's patience once a day only.
        pause = account.next_attempt - fields.Datetime.now()
        self.assertGreater(pause, timedelta(hours=23))
        self.bank.control("accounts/unorphan", {"account": account.iban})
        self.fetch_again(account)
        self.assertFalse(account.is_orphaned)

    def test_a8_deleted_as_a_string(self):
        account = self.import_one("EUR-konto")
        self.bank.control("settings", {"deleted_flag": "string"})
        added = self.add(account, amount="-9.09", state="Reserved")
        self.fetch_again(account)
        body = {"account": account.iban, "line": added["line"]}
        self.bank.control("transactions/withdraw", body)
        self.fetch_again(account)
        self.assertEqual(self.row_of(account, -9.09).state, "withdrawn")
        self.assert_books_equal_bank(account)

    # === IDS === #

    def test_b6_ids_that_number_the_day_shift(self):
        account = self.import_one("EUR-konto")
        added = [
            self.add(account, amount=f"-{10 + n}.00", patch={"id": f"today-{n}"})
            for n in range(3)
        ]
        self.fetch_again(account)
        booked = {line.amount: line.id for line in self.lines(account)}
        first = self.add(account, amount="-99.00", patch={"id": "today-0"})
        self.assertTrue(first)
        for n, row in enumerate(added, 1):
            self.alter(account, row, patch={"id": f"today-{n}"})
        for _run in range(2):
            self.fetch_again(account)
            self.assert_books_equal_bank(account, in_order=False)
        now = {line.amount: line.id for line in self.lines(account)}
        self.assertEqual({amount: now[amount] for amount in booked}, booked)
        self.assertFalse(any(account.transaction_ids.mapped("bank_change")))

    def test_b12_one_payment_under_two_ids(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="1.23", text="Renter")
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "duplicate_rows": 1, "times": None},
        )
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.bank.control("faults", method="DELETE")
        rows = self.bank.truth(account.iban)
        balance = {"value": float(rows[-1]["balance"]), "currency": "EUR"}
        self.add(account, amount="1.23", text="Renter", patch={"balance": balance})
        self.fetch_again(account)
        held = account.transaction_ids.filtered(lambda r: r.booking_state == "held")
        self.assertEqual(held.reason_code, "possible_duplicate")

    def test_b13_f3_another_day_and_hour_add_nothing(self):
        account = self.import_one("EUR-konto")
        count = len(self.lines(account))
        for seconds in (3600, 24 * 3600):
            self.bank.control("clock", {"advance_seconds": seconds})
            account.consent_id.access_token_until = False
            self.fetch_again(account)
            self.assertEqual(len(self.lines(account)), count)
            self.assertEqual(account.fetch_ids[0].new_count, 0)

    # === TEXTS AND COUNTERPARTS === #

    def test_c11_the_value_date_stands_apart(self):
        value_date = (self.today + timedelta(days=20)).isoformat()
        account = self.import_one("EUR-konto")
        line = self.last_line(account, value_date=value_date)
        self.assertEqual(line.date, self.today)
        self.assertEqual(line.transaction_details["value_date"], value_date)

    def test_d2_the_only_text_is_the_message(self):
        account = self.import_one("EUR-konto")
        patch = {"text": None, "originalText": None}
        line = self.last_line(account, message="Kontingent", patch=patch)
        self.assertEqual(line.payment_ref, "Kontingent")

    def test_d3_the_own_side_is_no_counterpart(self):
        account = self.import_one("Driftskonto")
        own = {"name": account.holder, "iban": account.iban}
        line = self.last_line(account, counterpart=own)
        self.assertFalse(line.partner_name)
        self.assertFalse(line.account_number)
        line = self.last_line(account, amount="-18.05", own_card=True, counterpart="Q8")
        self.assertEqual(
            (line.partner_name, line.account_number or False), ("Q8", False)
        )

    def test_d5_d6_all_the_bank_said_is_kept(self):
        account = self.import_one("Driftskonto")
        line = self.last_line(
            account, counterpart="PayPal", patch={"ultimateCreditor": {"name": "Shop"}}
        )
        raw = json.loads(line.open_banking_transaction_id.raw)
        self.assertEqual(raw["ultimateCreditor"], {"name": "Shop"})

    def test_d7_a_text_with_line_breaks(self):
        account = self.import_one("Driftskonto")
        text = "Husleje\r\nmaj   EndToEndID: NOTPROVIDED"
        line = self.last_line(account, text=text, original_text=text)
        self.assertNotIn("\n", line.payment_ref)
        row = line.open_banking_transaction_id
        self.assertEqual(json.loads(row.raw)["originalText"], text)

    # === AMOUNTS AND BALANCES === #

    def test_e3_the_available_balance_proves_nothing(self):
        account = self.import_one("EUR-konto")
        self.bank.control(
            "faults",
            {
                "endpoint": "account",
                "patch": {"available": {"value": 99999.5, "currency": "EUR"}},
                "times": None,
            },
        )
        self.fetch_again(account)
        self.assertEqual(account.available_balance, 99999.5)
        self.assert_books_equal_bank(account)

    def test_h17_amounts_of_binary_arithmetic(self):
        account = self.import_one("EUR-konto")
        odd = {"value": 0.1 + 0.2, "currency": "EUR"}
        self.add(account, amount="0.30", patch={"transactionAmount": odd})
        nothing = {"value": -0.0, "currency": "EUR"}
        self.add(
            account, amount="0.00", text="Gebyr", patch={"transactionAmount": nothing}
        )
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        sum_of_tenths, fee = self.lines(account)[-2:]
        self.assertEqual(f"{sum_of_tenths.amount:.2f}", "0.30")
        self.assertEqual((fee.amount, fee.payment_ref), (0, "Gebyr"))

    # === DATES === #

    def test_f1_a_date_is_a_date_in_any_time_zone(self):
        for zone in ("Pacific/Honolulu", "Pacific/Auckland"):
            with self.subTest(zone):
                self.set_scene("small")
                self.bookkeeper.tz = self.env.user.tz = zone
                account = self.import_one("EUR-konto")
                self.assert_books_equal_bank(account)

    def test_f4_days_of_23_and_25_hours(self):
        account = self.import_one("EUR-konto")
        days = [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
        days += [date(2025, 10, 25), date(2025, 10, 26), date(2025, 10, 27)]
        for day in days:
            self.add(account, amount="-1.00", date=day.isoformat())
        account.synced_until = min(days)
        for _run in range(2):
            self.fetch_again(account)
            booked = [ln.date for ln in self.lines(account) if ln.amount == -1]
            self.assertEqual(sorted(booked), sorted(days))

    # === THIS API === #

    def test_h11_the_consent_is_withdrawn_while_a_list_is_read(self):
        self.patch_page_size(2)
        account = self.import_one("EUR-konto")
        added = [self.add(account, amount=f"-{n}.00") for n in range(1, 6)]
        synced, lines = account.synced_until, len(self.lines(account))
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "after": 1, "status": 403, "times": 0},
        )
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(account.synced_until, synced)
        self.assertEqual(len(self.lines(account)), lines)
        self.assertTrue(account.error_text)
        self.bank.control("faults", method="DELETE")
        self.map_all(self.connect(accounts=["EUR-konto"]))
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), lines + len(added))
        self.assert_books_equal_bank(account)

    def patch_page_size(self, size):
        from ..models import open_banking_fetch

        self.patch(open_banking_fetch, "PAGE_SIZE", size)

    def test_h12_no_message_that_the_data_is_there(self):
        self.bank.control("settings", {"sync": "manual"})
        account = self.map_all(self.connect(accounts=["EUR-konto"]))
        self.run_jobs()
        self.assertFalse(account.error_code)
        self.bank.control("sync", {})
        self.fetch_again(account)
        self.assertEqual(len(self.lines(account)), len(self.bank.booked(account.iban)))

    def test_h16_words_we_do_not_know(self):
        account = self.import_one("EUR-konto")
        self.add(account, amount="-8.00", patch={"state": "Queued", "news": [1]})
        self.add(account, amount="-9.09", type="Teleport", patch={"more": {"a": None}})
        self.fetch_again(account)
        self.assertEqual(self.row_of(account, -8).state, "pending")
        line = self.lines(account)[-1]
        self.assertEqual((line.amount, line.transaction_type), (-9.09, "Teleport"))

    def test_h18_what_is_older_than_two_years_vanishes_unnoticed(self):
        old = self.today - timedelta(days=729)
        account = self.import_one("EUR-konto", since=self.today - timedelta(days=730))
        added = self.add(account, amount="-9.09", date=old.isoformat())
        account.synced_until = old
        self.fetch_again(account)
        row = self.row_of(account, -9.09)
        self.assertEqual(row.booking_state, "booked")
        body = {"account": account.iban, "line": added["line"], "hard": True}
        self.bank.control("transactions/withdraw", body)
        account.synced_until = old
        self.fetch_again(account)
        self.assertEqual((row.state, row.bank_change), ("booked", False))

    def test_h23_a_card_that_is_known_by_its_masked_number(self):
        card = {"cardHolder": "Karen", "maskedPan": "5222 XXXX XXXX 3413"}
        account = self.import_one(
            "Firmakort", bank=self.bank_id, currency="DKK", card=card, transactions=4
        )
        self.assertEqual(account.masked_pan, "5222 XXXX XXXX 3413")
        self.assertEqual(len(self.lines(account)), 4)
