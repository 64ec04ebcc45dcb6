import json
from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged

from .test_links import LinkCase


@tagged("post_install", "-at_install")
class TestLinkCards(LinkCase):
    """A journal that waits for the customer says so on its card."""

    def card(self):
        journal = self.journal.with_user(self.bookkeeper)
        journal.invalidate_recordset(["kanban_dashboard"])
        return json.loads(journal.kanban_dashboard)["open_banking"]

    def test_the_card_follows_the_link(self):
        self.assertNotIn("link_text", self.card())
        link = self.send()
        attempt = self.last_attempt()
        with freeze_time(fields.Datetime.now() + timedelta(hours=3)):
            self.assertEqual(
                self.card()["link_text"],
                "Waiting for the customer: link sent to Karen Holm 3 hours ago.",
            )
        self.assertTrue(self.card()["connect"])
        answer = self.press(self.url_open(link), "open_banking_continue")
        self.assertIn("went to the bank just now", self.card()["link_text"])
        back = self.customer.walk(
            answer.headers["Location"], bank=self.bank_id, cancel_at="bank"
        )
        self.url_open(back)
        self.assertIn("turned back at the bank", self.card()["link_text"])
        for state in ("opened", "chosen", "failed"):
            attempt.state = state
            self.assertIn("Karen Holm", self.card()["link_text"])
        for state in ("done", "withdrawn", "expired", "draft"):
            attempt.state = state
            self.assertNotIn("link_text", self.card())
        attempt.state = "sent"
        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            self.assertNotIn("link_text", self.card())

    def test_the_card_opens_the_newest_link(self):
        self.send()
        self.send()
        journal = self.journal.with_user(self.bookkeeper)
        self.assertEqual(
            journal.action_open_banking_link()["res_id"], self.last_attempt().id
        )
        self.last_attempt().state = "withdrawn"
        older = journal.action_open_banking_link()["res_id"]
        self.assertLess(older, self.last_attempt().id)
        self.env["open.banking.authorisation"].search([]).state = "withdrawn"
        action = journal.action_open_banking_link()
        self.assertEqual(action["domain"], [("journal_id", "=", self.journal.id)])

    def test_a_journal_that_is_fed_shows_its_feed(self):
        self.map_all(self.connect())
        self.send()
        self.assertNotIn("link_text", self.card())

    def test_cards_cost_the_same_for_any_number_of_links(self):
        journals = self.journal
        for name in ("One", "Two", "Three"):
            values = {"name": name, "type": "bank", "company_id": self.company.id}
            journals += journals.create(values)
        for journal in journals:
            action = journal.with_user(self.bookkeeper).action_open_banking_send_link()
            wizard = self.env[action["res_model"]].with_user(self.bookkeeper)
            wizard = wizard.browse(action["res_id"])
            wizard.partner_id = self.karen.copy({"email": "other@nordlys.example"})
            wizard.action_send()
        counts = []
        for some in (journals[:1], journals):
            self.env.flush_all()
            self.env.invalidate_all()
            some.mapped("type")
            before = self.env.cr.sql_log_count
            cards = some._open_banking_cards()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertTrue(all("link_text" in card for card in cards.values()))
        self.assertEqual(counts[0], counts[1])
