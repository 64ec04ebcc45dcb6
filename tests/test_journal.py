import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..const import FEED_SOURCE
from ..hooks import uninstall_hook
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestJournal(OpenBankingCase):
    def card(self, journal=None):
        """Return what the dashboard's card of a journal is made from."""
        journal = (journal or self.journal).with_user(self.bookkeeper)
        journal.invalidate_recordset(["kanban_dashboard"])
        return json.loads(journal.kanban_dashboard)["open_banking"]

    def queries_for_cards(self, journals):
        self.env.flush_all()
        self.env.invalidate_all()
        journals.mapped("type")
        before = self.env.cr.sql_log_count
        journals._open_banking_cards()
        return self.env.cr.sql_log_count - before

    def test_card_through_the_life_of_a_connection(self):
        self.assertEqual(self.card(), {"state": "none", "connect": True})
        consent = self.connect()
        self.map_all(consent)
        card = self.card()
        self.assertEqual(card["state"], "running")
        self.assertFalse(card["connect"])
        self.assertIn("first import", card["text"])
        self.run_jobs()
        card = self.card()
        self.assertEqual(card["state"], "fine")
        self.assertEqual(card["last_fetch"], "just now")
        self.assertTrue(card["until"])
        account = self.journal.open_banking_account_ids
        account.proof_state = "differs"
        self.assertEqual(self.card()["state"], "differs")
        account.error_code = "timeout"
        self.assertEqual(self.card()["text"], account.error_text)
        consent._mark_expired()
        card = self.card()
        self.assertEqual(card["state"], "ended")
        self.assertTrue(card["connect"])

    def test_progress_on_the_card(self):
        accounts = self.map_all(self.connect())
        account = accounts.filtered(lambda a: a.journal_id == self.journal)
        run = self.env["open.banking.fetch"]._start(account)
        run.received_count = 300
        self.assertIn("300", self.card()["text"])
        run.write({"state": "booking", "booked_count": 200})
        self.assertIn("200 of 200", self.card()["text"])

    def test_cards_cost_the_same_for_any_number_of_journals(self):
        accounts = self.import_all()
        many = accounts.journal_id
        for number in range(4):
            many |= self.journal.copy({"code": f"BNK9{number}"})
        one = self.queries_for_cards(self.journal)
        self.assertEqual(self.queries_for_cards(many), one)

    def test_a_connected_journal_opens_its_lines(self):
        action = self.journal.open_action()
        self.assertEqual(action["res_model"], "account.bank.statement")
        self.import_all()
        action = self.journal.with_user(self.bookkeeper).open_action()
        self.assertEqual(action["res_model"], "account.bank.statement.line")
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.journal_id, self.journal)
        self.assertEqual(len(found), 11)
        statements = self.journal.with_context(action_name="action_bank_statement_tree")
        self.assertEqual(
            statements.open_action()["res_model"], "account.bank.statement"
        )

    def test_registered_accounts_of_the_company(self):
        self.connect()
        action = self.journal.with_user(self.bookkeeper).action_open_banking_accounts()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(len(found), 3)
        self.assertEqual(found.company_id, self.company)

    def test_bank_log_of_the_journal(self):
        self.import_all()
        action = self.journal.with_user(self.bookkeeper).action_open_banking_log()
        runs = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(runs.journal_id, self.journal)
        self.assertEqual(runs.mapped("state"), ["done"])

    def test_feed_source_of_the_journal(self):
        journals = self.env["account.journal"]
        sources = dict(journals._get_bank_statements_available_sources())
        self.assertEqual(set(sources) & {"undefined", FEED_SOURCE}, set(sources))
        self.import_all()
        self.assertEqual(self.journal.bank_statements_source, FEED_SOURCE)
        self.journal.active = False
        uninstall_hook(self.env)
        self.assertEqual(self.journal.bank_statements_source, "undefined")

    def test_fetch_now_says_why_it_cannot(self):
        accounts = self.import_all().with_user(self.bookkeeper)
        consent = accounts.sudo().consent_id
        consent.rate_limited_until = "2100-01-01 00:00:00"
        with self.assertRaisesRegex(UserError, "used up"):
            accounts.action_fetch_now()
        consent._mark_expired()
        with self.assertRaisesRegex(UserError, "consent has ended"):
            accounts.action_fetch_now()
        accounts._leave_out()
        with self.assertRaisesRegex(UserError, "Choose a journal"):
            accounts.action_fetch_now()
