from datetime import timedelta

from odoo.tests import tagged

from ..models import open_banking_fetch
from ..rehearsal_bank.customer import Customer
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestReconnect(OpenBankingCase):
    """The bank's accounts stay ours, whatever Mastercard calls them this time."""

    def facts(self, accounts):
        return [
            (
                account.id,
                account.journal_id.id,
                account.start_date,
                self.lines(account).ids,
            )
            for account in accounts
        ]

    def check_nothing_doubled(self, accounts, before):
        self.assertEqual(self.facts(accounts), before)
        self.assertEqual(self.count("open.banking.account"), len(accounts))
        for account in accounts:
            self.add(account, amount="-3.00", text="Efter")
        for _run in range(2):
            self.fetch_again(accounts)
            for account in accounts:
                self.assert_books_equal_bank(account)

    def test_a_second_consent_of_the_same_customer(self):
        accounts = self.import_all()
        before, ids = self.facts(accounts), accounts.mapped("external_id")
        consent = self.connect()
        self.assertEqual(accounts.consent_id, consent)
        self.assertEqual(accounts.mapped("external_id"), ids)
        self.check_nothing_doubled(accounts, before)

    def test_another_email_gives_other_account_ids(self):
        self.bank.control("settings", {"transaction_ids": "per_bank_account"})
        accounts = self.import_all()
        before, ids = self.facts(accounts), accounts.mapped("external_id")
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        consent = self.connect()
        self.assertEqual(accounts.consent_id, consent)
        self.assertFalse(set(ids) & set(accounts.mapped("external_id")))
        self.check_nothing_doubled(accounts, before)

    def test_another_email_gives_other_transaction_ids_too(self):
        accounts = self.import_all()
        before = self.facts(accounts)
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect()
        self.check_nothing_doubled(accounts, before)

    def test_other_ids_and_twins_and_a_pending_row(self):
        account = self.import_one("Driftskonto")
        self.add(account, amount="-5.00", text="Kontingent", date=-2, copies=2)
        self.fetch_again(account)
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect(accounts=["Driftskonto"])
        self.add(account, amount="-5.00", text="Kontingent", date=-2)
        for _run in range(2):
            self.fetch_again(account)
            self.assert_books_equal_bank(account, in_order=False)
            pending = account.transaction_ids.filtered(lambda r: r.state == "pending")
            self.assertEqual(len(pending), 1)

    def test_new_ids_at_every_reading(self):
        account = self.import_one("Driftskonto")
        self.add(account, amount="-5.00", text="Kontingent", date=-2, copies=2)
        body = {"account": account.iban, "every_read": True}
        self.bank.control("transactions/new-ids", body)
        for _run in range(3):
            self.fetch_again(account)
            self.assert_books_equal_bank(account, in_order=False)
        self.assertEqual(account.fetch_ids[0].new_count, 0)

    def test_new_ids_while_the_old_ones_are_withdrawn(self):
        account = self.import_one("Driftskonto")
        before = self.facts(account)
        self.bank.control("transactions/new-ids", {"account": account.iban})
        self.fetch_again(account)
        self.assertEqual(self.facts(account), before)
        rows = account.transaction_ids.filtered(lambda row: row.statement_line_ids)
        self.assertEqual(set(rows.mapped("state")), {"booked"})

    def test_new_ids_in_a_reading_that_breaks_off(self):
        account = self.import_one("Prøvekonto", transactions=20, days=7)
        before = self.facts(account)
        self.patch(open_banking_fetch, "PAGE_SIZE", 5)
        body = {"account": account.iban, "keep_old": False}
        self.bank.control("transactions/new-ids", body)
        fault = {"endpoint": "transactions_query", "after": 1, "status": 400}
        self.bank.control("faults", fault)
        self.fetch_again(account)
        self.assertEqual(self.facts(account), before)
        self.assertEqual(account.fetch_ids[1].state, "failed")
        self.assertEqual(len(account.transaction_ids), 20)

    def test_choosing_journals_again_changes_nothing(self):
        accounts = self.import_all()
        before = self.facts(accounts)
        self.map_all(self.connect())
        self.assertEqual(self.facts(accounts), before)
        self.run_jobs()
        for account in accounts:
            self.assert_books_equal_bank(account)

    def test_the_gap_after_a_lapse_fills_itself(self):
        accounts = self.import_all()
        self.bank.control("consents/expire", {"mode": "tokens"})
        accounts.consent_id.sudo().access_token_until = False
        self.fetch_again(accounts)
        self.assertEqual(accounts.consent_id.state, "expired")
        # Weeks pass: the watermark lies that far behind.
        accounts.synced_until = self.today - timedelta(days=45)
        for account in accounts:
            for days in (-45, -30, -15):
                self.add(account, amount="-1.00", date=days)
        self.connect()
        self.fetch_again(accounts)
        for account in accounts:
            self.assert_books_equal_bank(account, in_order=False)

    def test_a_consent_for_another_bank_touches_nothing(self):
        accounts = self.import_all()
        before, consent = self.facts(accounts), accounts.consent_id
        self.bank_id = "DK_Klitkassen"
        other = self.connect()
        self.assertEqual(self.facts(accounts), before)
        self.assertEqual(accounts.consent_id, consent)
        self.assertEqual(other.account_ids.provider_name, "Klitkassen")
        self.assertEqual(len(other.account_ids), 1)

    def test_a_consent_that_shares_less_leaves_the_others(self):
        accounts = self.import_all()
        first = accounts.consent_id
        consent = self.connect(accounts=["EUR-konto"])
        euro = accounts.filtered(lambda account: account.currency_id.name == "EUR")
        self.assertEqual(euro.consent_id, consent)
        self.assertEqual((accounts - euro).consent_id, first)
        self.fetch_again(accounts)
        for account in accounts:
            self.assert_books_equal_bank(account)

    def test_an_account_known_by_its_bban_first(self):
        self.bank.control("settings", {"show_iban": False})
        account = self.import_one("Driftskonto")
        self.assertFalse(account.iban)
        before = self.facts(account)
        self.bank.control("settings", {"show_iban": True})
        self.connect(accounts=["Driftskonto"])
        self.assertEqual(self.facts(account), before)
        self.assertEqual(self.count("open.banking.account"), 1)
        self.assertTrue(account.iban)

    def test_one_number_in_two_currencies_is_two_accounts(self):
        number = self.bank_accounts[0]["iban"]
        for currency in ("EUR", "NOK"):
            self.bank.control(
                "accounts",
                {"name": f"I {currency}", "iban": number, "currency": currency},
            )
        consent = self.connect(accounts=["Driftskonto", "I EUR", "I NOK"])
        accounts = consent.account_ids
        self.assertEqual(len(accounts), 3)
        self.assertEqual(len(set(accounts.mapped("account_key"))), 1)
        self.assertEqual(len(accounts.currency_id), 3)

    def test_two_companies_with_the_same_bank_account(self):
        ours = self.import_one("Driftskonto")
        before, consent = self.facts(ours), ours.consent_id
        other = self.make_company("Sydlys Handel ApS")
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "bank")], limit=1
        )
        self.customer = Customer(email="ole@sydlys.example", user="karen")
        theirs = self.connect(
            company=other, accounts=["Driftskonto"], journal=journal
        ).account_ids
        self.assertNotEqual(ours, theirs)
        self.assertEqual(ours.account_key, theirs.account_key)
        self.assertEqual(theirs.company_id, other)
        self.assertEqual((ours.consent_id, self.facts(ours)), (consent, before))
        theirs._map(journal, self.today - timedelta(days=700))
        self.run_jobs()
        self.fetch_again(ours)
        for account in (ours, theirs):
            self.assert_books_equal_bank(account)
        self.assertFalse(self.lines(ours) & self.lines(theirs))
        self.assertEqual(self.lines(theirs).company_id, other)
        self.assertEqual(theirs.transaction_ids.company_id, other)
