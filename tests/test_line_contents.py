from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import OpenBankingCase
from .translations import Languages


@tagged("post_install", "-at_install")
class TestLineContents(Languages, OpenBankingCase):
    """What a statement line carries, and which sign its amount has."""

    def line_of(self, **row):
        account = self.import_one("Driftskonto")
        self.add(account, **{"amount": "-17.05", **row})
        self.fetch_again(account)
        return self.lines(account)[-1]

    # === PARTNERS === #

    def check_partner(self, stored, sent):
        partner = self.env["res.partner"].create({"name": "Leverandøren"})
        self.env["res.partner.bank"].create(
            {"partner_id": partner.id, "acc_number": stored}
        )
        line = self.line_of(counterpart={"name": "Lev.", **sent})
        self.assertEqual(line.partner_id, partner)
        self.assertEqual(line.partner_name, "Lev.")

    def test_partner_by_an_iban_with_spaces(self):
        self.check_partner("DK50 0040 0440 1162 43", {"iban": "DK5000400440116243"})

    def test_partner_by_an_iban_where_the_bank_sends_the_number(self):
        self.check_partner("DK5000400440116243", {"bban": "0040-0440116243"})

    def test_partner_by_the_number_where_the_bank_sends_an_iban(self):
        self.check_partner("0040 0440116243", {"iban": "DK5000400440116243"})

    def test_partners_of_a_chunk_are_found_in_one_query(self):
        account = self.import_one("Driftskonto")
        rows = account.transaction_ids
        for row in rows:
            row.counterpart_account = f"DK50004004401162{row.id % 90 + 10}"
        self.env.flush_all()
        from ..models.booking.statement_lines import partners_by_account_number

        rows.mapped("company_id.name")
        partners_by_account_number(rows)
        before = self.env.cr.sql_log_count
        partners_by_account_number(rows)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 1)

    # === REFERENCES === #

    def test_a_payment_slip_in_the_text(self):
        line = self.line_of(text="FI-kort +71<123456789012347+12345678")
        self.assertIn("123456789012347", line.transaction_details["fik"])

    def test_a_payment_slip_with_a_wrong_check_digit(self):
        line = self.line_of(text="FI-kort +71<123456789012348+12345678")
        self.assertNotIn("fik", line.transaction_details)

    def test_a_creditor_reference(self):
        line = self.line_of(
            creditor_reference="RF18539007547034", end_to_end_id="E2E-9"
        )
        self.assertEqual(line.transaction_details["rf"], "RF18539007547034")
        self.assertIn("E2E-9", line.transaction_details.values())

    def test_the_rate_of_a_purchase_abroad(self):
        line = self.line_of(
            conversion={"amount": "-2.30", "currency": "EUR", "rate": "7.4601"}
        )
        self.assertEqual(line.transaction_details["exchange_rate"], "7.4601")
        self.assertEqual(line.amount_currency, -2.3)

    # === SIGNS (E1, E2) === #

    def swapped_card(self):
        """An account whose bank writes each purchase as a positive amount."""
        self.bank.control(
            "accounts",
            {
                "bank": self.bank_id,
                "name": "Firmakort",
                "currency": "DKK",
                "transactions": 8,
                "opening": "0.00",
            },
        )
        rows = self.bank.control("transactions", account="Firmakort")["transactions"]
        for row in rows:
            turned = {"value": -float(row["amount"]), "currency": "DKK"}
            self.bank.control(
                "transactions/alter",
                {
                    "account": "Firmakort",
                    "line": row["line"],
                    "patch": {"transactionAmount": turned, "amount": turned["value"]},
                },
            )
        return rows

    def import_swapped(self):
        rows = self.swapped_card()
        account = self.map_all(self.connect(accounts=["Firmakort"]))
        self.run_jobs()
        return account, rows

    def test_swapped_signs_are_seen_by_the_balances(self):
        account, rows = self.import_swapped()
        self.assertTrue(account.inverted_sign)
        self.assertEqual(
            [f"{line.amount:.2f}" for line in self.lines(account)],
            [row["amount"] for row in rows],
        )
        self.assertEqual(account.proof_state, "equal")
        self.fetch_again(account)
        self.assertEqual(len(self.lines(account)), len(rows))
        self.assertEqual(account.fetch_ids[0].changed_count, 0)

    def test_what_a_job_writes_is_in_the_companys_language(self):
        self.load("da_DK")
        self.company.partner_id.lang = "da_DK"
        account, _rows = self.import_swapped()
        self.assertIn("vender fortegnet", str(account.message_ids.mapped("body")))
        self.assertIn("Åbningssaldo", account.opening_statement_id.name)

    def test_the_sign_is_turned_by_hand_while_nothing_is_booked(self):
        account, rows = self.import_swapped()
        with self.assertRaisesRegex(UserError, "Undo the runs"):
            account.with_user(self.bookkeeper).action_turn_sign()
        account.fetch_ids[0].with_user(self.bookkeeper).action_undo()
        account.with_user(self.bookkeeper).action_turn_sign()
        self.assertFalse(account.inverted_sign)
        account.transaction_ids.with_user(self.bookkeeper).action_book()
        self.assertEqual(
            [f"{-line.amount:.2f}" for line in self.lines(account)],
            [row["amount"] for row in rows],
        )

    def test_ordinary_accounts_keep_their_sign(self):
        accounts = self.import_all()
        self.assertFalse(any(accounts.mapped("inverted_sign")))
