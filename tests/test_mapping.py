from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..const import FEED_SOURCE
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestMapping(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.euro = self.env.ref("base.EUR")
        self.connect()
        # The user's day, at midnight not the bank's.
        wizards = self.env["open.banking.account.map"].with_user(self.bookkeeper)
        self.today = fields.Date.context_today(wizards)
        self.accounts = self.env["open.banking.account"].search([])
        self.main, self.in_euro, self.in_nok = (
            self.accounts.filtered(lambda a, code=code: a.currency_id.name == code)
            for code in ("DKK", "EUR", "NOK")
        )

    def new_journal(self, name, number=None, currency=None):
        return self.env["account.journal"].create(
            {
                "name": name,
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": currency and currency.id,
                "bank_acc_number": number,
            }
        )

    def wizard(self, accounts=None, user=None, asked_from=None):
        accounts = (self.accounts if accounts is None else accounts).with_user(
            user or self.bookkeeper
        )
        wizards = accounts.env["open.banking.account.map"]
        return wizards._for_accounts(accounts, asked_from)

    def choose(self, account, journal=None, action="journal", **values):
        """Choose a use of one account, and confirm."""
        wizard = self.wizard(account)
        wizard.note = "The bank's agreement has changed"
        wizard.line_ids.write(
            {"action": action, "journal_id": journal and journal.id, **values}
        )
        return wizard.action_confirm()

    def add_line(self, journal, day):
        return self.env["account.bank.statement.line"].create(
            {"journal_id": journal.id, "date": day, "amount": 1, "payment_ref": "-"}
        )

    # === SUGGESTIONS === #

    def test_by_account_number(self):
        iban, bban = self.main.iban, self.main.bban
        bank, number = bban.split("-")
        spaced = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
        spellings = (
            iban,
            spaced,
            iban.lower(),
            bban,
            bank + number,
            f"{bank} {number}",
            f"{bank}.{number}",
            f"{bank}-{number.zfill(10)}",
        )
        journal = self.new_journal("By number", iban)
        for spelling in spellings:
            with self.subTest(spelling):
                journal.bank_account_id.acc_number = spelling
                self.assertEqual(self.main._suggest_journal(self.journal), journal)
                self.assertFalse(self.in_euro._suggest_journal())

    def test_another_number_fits_nothing(self):
        self.new_journal("Other", "0099-0000000001")
        self.assertFalse(self.main._suggest_journal())

    def test_the_number_in_another_currency_fits_nothing(self):
        self.new_journal("Euro", self.main.iban, self.euro)
        self.assertFalse(self.main._suggest_journal())
        self.new_journal("Kroner", self.in_euro.iban)
        self.assertFalse(self.in_euro._suggest_journal())

    def test_two_journals_of_one_number_are_a_doubt(self):
        first = self.new_journal("First", self.main.iban)
        self.assertEqual(self.main._suggest_journal(self.journal), first)
        self.new_journal("Second", self.main.iban)
        self.assertFalse(self.main._suggest_journal(self.journal))

    def test_the_journal_where_the_button_was_pressed(self):
        self.assertFalse(self.journal.bank_acc_number)
        self.assertEqual(self.main._suggest_journal(self.journal), self.journal)
        self.assertFalse(self.in_euro._suggest_journal(self.journal))
        self.assertFalse(self.main._suggest_journal())

    def test_the_asking_journal_has_a_number_of_its_own(self):
        self.journal.set_bank_account("0099-0000000001")
        self.assertFalse(self.main._suggest_journal(self.journal))

    def test_a_journal_is_suggested_once(self):
        self.bank.control("accounts", {"name": "Anden", "transactions": 0})
        accounts = self.connect().account_ids
        wizard = self.wizard(accounts, asked_from=self.journal)
        self.assertEqual(wizard.line_ids.journal_id, self.journal)
        actions = sorted(wizard.line_ids.mapped("action"))
        self.assertEqual(actions, ["journal", "new", "new", "new"])

    # === NEW JOURNALS, AND NONE === #

    def test_new_journals(self):
        self.wizard().action_confirm()
        for account in self.accounts:
            journal = account.journal_id
            own = account == self.main
            self.assertEqual(journal.type, "bank")
            self.assertEqual(journal.company_id, self.company)
            self.assertEqual(journal.bank_account_id.sanitized_acc_number, account.iban)
            self.assertEqual(journal.bank_statements_source, FEED_SOURCE)
            self.assertIn(account.name, journal.name)
            currency = self.env["res.currency"] if own else account.currency_id
            self.assertEqual(journal.currency_id, currency)
            self.assertTrue(account.currency_id.active)
            self.assertEqual(account.mapping, "mapped")
        self.assertEqual(len(self.accounts.journal_id), 3)

    def test_a_card_gets_a_credit_card_journal(self):
        card = {"cardHolder": "Karen", "maskedPan": "5222 XXXX XXXX 3413"}
        bank_account = {"name": "Firmakort", "card": card}
        self.bank.control("accounts", {**bank_account, "transactions": 60, "days": 9})
        account = self.connect(accounts=["Firmakort"]).account_ids
        self.assertEqual(account.number, card["maskedPan"])
        self.choose(account, action="new")
        journal = account.journal_id
        self.assertEqual(journal.type, "credit")
        kept_in = journal.default_account_id.account_type
        self.assertEqual(kept_in, "liability_credit_card")
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), 60)
        self.assertEqual(account.proof_state, "equal", account.error_text)

    def test_a_bank_account_with_a_card_gets_a_bank_journal(self):
        self.main.masked_pan = "5222 XXXX XXXX 3413"
        self.choose(self.main, action="new")
        self.assertEqual(self.main.journal_id.type, "bank")

    def test_a_journal_without_a_number_gets_the_accounts(self):
        self.choose(self.main, self.journal)
        number = self.journal.bank_account_id.sanitized_acc_number
        self.assertEqual(number, self.main.iban)
        self.assertEqual(self.journal.bank_statements_source, FEED_SOURCE)

    def test_a_journal_keeps_its_number(self):
        self.journal.set_bank_account("0099-0000000001")
        self.choose(self.main, self.journal)
        self.assertEqual(self.journal.bank_acc_number, "0099-0000000001")

    def test_who_may_not_create_journals_is_told_and_nothing_changes(self):
        basic = new_test_user(
            self.env,
            login="basic",
            groups="account.group_account_basic",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.wizard(user=basic, asked_from=self.journal).action_confirm()
        self.assertFalse(self.accounts.journal_id)
        self.wizard(self.main, basic, self.journal).action_confirm()
        self.assertEqual(self.main.journal_id, self.journal)

    def test_left_out(self):
        self.choose(self.main, self.journal)
        self.choose(self.main, action="leave_out")
        self.assertFalse(self.main.journal_id)
        self.assertFalse(self.main.next_attempt)
        self.assertEqual(self.main.mapping, "left_out")
        self.assertEqual(self.journal.bank_statements_source, "undefined")
        self.assertEqual(self.wizard(self.main).line_ids.action, "leave_out")
        self.choose(self.main, self.journal)
        self.assertEqual(self.main.mapping, "mapped")
        self.assertEqual(self.journal.bank_statements_source, FEED_SOURCE)

    # === WHAT IS REFUSED === #

    def test_a_fed_journal_is_not_offered(self):
        self.choose(self.main, self.journal)
        self.bank.control("accounts", {"name": "Anden", "transactions": 0})
        other = self.connect(accounts=["Anden"]).account_ids
        self.assertNotIn(self.journal, self.wizard(other).line_ids.free_ids)
        self.assertFalse(other._suggest_journal(self.journal))
        with self.assertRaisesRegex(UserError, "fed already"):
            self.choose(other, self.journal)
        # To the account itself it still is.
        self.assertIn(self.journal, self.wizard(self.main).line_ids.free_ids)

    def test_another_currency(self):
        with self.assertRaisesRegex(UserError, "another currency"):
            self.choose(self.in_euro, self.journal)
        with self.assertRaises(ValidationError):
            self.in_euro._map(self.journal, self.today)
        self.assertFalse(self.in_euro.journal_id)

    def test_one_journal_for_two_accounts(self):
        self.bank.control("accounts", {"name": "Anden", "transactions": 0})
        accounts = self.connect(accounts=["Driftskonto", "Anden"]).account_ids
        wizard = self.wizard(accounts)
        wizard.line_ids.write({"action": "journal", "journal_id": self.journal.id})
        with self.assertRaisesRegex(UserError, "one bank account only"):
            wizard.action_confirm()

    def test_no_journal_chosen(self):
        with self.assertRaisesRegex(UserError, "Choose a journal for Driftskonto"):
            self.choose(self.main)

    def test_a_start_date_in_the_future(self):
        with self.assertRaisesRegex(UserError, "future"):
            self.choose(
                self.main, self.journal, start_date=self.today + timedelta(days=2)
            )
        self.assertFalse(self.main.journal_id)

    # === START DATE === #

    def suggested_start(self):
        wizard = self.wizard(self.main, asked_from=self.journal)
        wizard.action_confirm()  # whatever is suggested must be accepted
        self.main.journal_id = False
        start, self.main.start_date = self.main.start_date, False
        return start

    def test_start_with_the_fiscal_year(self):
        self.assertEqual(self.suggested_start(), self.today.replace(month=1, day=1))

    def test_start_after_the_last_line(self):
        for days in (40, 60):
            self.add_line(self.journal, self.today - timedelta(days=days))
        self.assertEqual(self.suggested_start(), self.today - timedelta(days=39))

    def test_start_where_a_line_is_of_today(self):
        self.add_line(self.journal, self.today)
        self.assertEqual(self.suggested_start(), self.today)

    def test_start_after_the_locked_period(self):
        locked = self.today - timedelta(days=3)
        self.company.fiscalyear_lock_date = locked
        first = self.today.replace(month=1, day=1)
        self.assertEqual(self.suggested_start(), max(first, locked + timedelta(days=1)))

    def test_start_while_all_is_locked(self):
        self.company.fiscalyear_lock_date = self.today + timedelta(days=30)
        self.assertEqual(self.suggested_start(), self.today)

    # === ANOTHER JOURNAL === #

    def test_another_journal_needs_a_reason_and_who_answers_for_the_books(self):
        self.choose(self.main, self.journal)
        self.bookkeeper.group_ids -= self.env.ref("account.group_account_manager")
        self.assertFalse(self.bookkeeper.has_group("account.group_account_manager"))
        second = self.new_journal("Second")
        for use in ({"journal": second}, {"action": "leave_out"}):
            with self.assertRaisesRegex(UserError, "administrator only"):
                self.choose(self.main, **use)
        self.choose(self.main, self.journal)  # nothing changes
        self.choose(self.in_euro, action="leave_out")  # not in use yet
        self.bookkeeper.group_ids += self.env.ref("account.group_account_manager")
        wizard = self.wizard(self.main)
        self.assertFalse(wizard.changes_use)
        wizard.line_ids.journal_id = second
        self.assertTrue(wizard.changes_use)
        wizard.note = " "
        with self.assertRaisesRegex(UserError, "Say in the note why"):
            wizard.action_confirm()
        self.assertEqual(self.main.journal_id, self.journal)
        wizard.note = "Another agreement"
        wizard.action_confirm()
        self.assertEqual(self.main.journal_id, second)
        said = self.main.message_ids.filtered(lambda m: "Another agreement" in m.body)
        self.assertIn(self.journal.name, said.body)
        self.assertEqual(said.author_id, self.bookkeeper.partner_id)

    def test_the_link_for_the_customer_is_at_hand(self):
        accounts = self.env["open.banking.account"].with_user(self.bookkeeper)
        action = accounts.action_send_link()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.journal_id.company_id, self.company)
        second = self.new_journal("Second")
        opened = second.with_user(self.bookkeeper).action_open_banking_accounts()
        accounts = accounts.with_context(**opened["context"])
        wizard = wizard.browse(accounts.action_send_link()["res_id"])
        self.assertEqual(wizard.journal_id, second)

    def test_another_journal_neither_reads_again_nor_doubles(self):
        since = self.today - timedelta(days=700)
        self.choose(self.main, self.journal, start_date=since)
        self.run_jobs()
        old_lines, rows = self.lines(self.main), self.main.transaction_ids
        second = self.new_journal("Second")
        self.choose(self.main, second)
        self.assertEqual(self.main.start_date, since)
        self.assertEqual(self.journal.bank_statements_source, "undefined")
        self.assertEqual(second.bank_statements_source, FEED_SOURCE)
        self.add(self.main, amount="-17.05", text="New")
        self.run_jobs()
        self.assertEqual(old_lines.exists().journal_id, self.journal)
        self.assertEqual(
            len(old_lines.exists()), len(self.bank.booked(self.main.iban)) - 1
        )
        self.assertEqual(self.lines(self.main).mapped("payment_ref"), ["New"])
        self.assertEqual(len(self.main.transaction_ids), len(rows) + 1)
        self.assertEqual(self.main.proof_state, "equal")
        run = self.main.fetch_ids[0]
        self.assertEqual(run.window_from, run.window_to - timedelta(days=10))
        self.assertEqual((run.booked_count, run.held_count), (1, 0))

    def test_another_journal_while_lines_are_waiting(self):
        self.choose(
            self.main, self.journal, start_date=self.today - timedelta(days=700)
        )
        self.run_jobs()
        self.choose(self.main, action="leave_out")
        self.add(self.main, amount="-17.05", text="Meanwhile")
        second = self.new_journal("Second")
        self.choose(self.main, second)
        self.run_jobs()
        self.assertEqual(self.lines(self.main).mapped("payment_ref"), ["Meanwhile"])
        self.assertEqual(self.main.proof_state, "equal")
