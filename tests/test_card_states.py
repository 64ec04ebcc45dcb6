import json
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingHttpCase

NAME = "Prøvejournal"
FORM, LIST, NOTICE = ".o_form_view", ".o_list_view", ".o_notification"


class SeenCase(OpenBankingHttpCase):
    browser_size = "1366x900"

    def setUp(self):
        super().setUp()
        self.karen = self.env["res.partner"].create(
            {"name": "Karen Holm", "email": "karen@nordlys.example"}
        )

    def see(self, path, area, name, text, primary=None, press=(), then=()):
        """Open a screen in Chromium: a part of it says something, has these primary
        buttons and no others, and does what it should when they are pressed."""
        self.env.flush_all()
        script = Path(__file__).with_name("seen.js").read_text()
        values = json.dumps([area, name, text, primary, list(press), list(then)])
        self.browser_js(path, script.replace("VALUES", values), login="bookkeeper")
        self.env.invalidate_all()

    def see_card(self, text, primary, *then):
        """See the journal's card with its one primary button; press it, if `then` says
        what must be seen afterwards."""
        press = [("button.btn-primary", primary)] if then else ()
        area = ".o_kanban_record"
        self.see("/odoo/accounting", area, NAME, text, [primary], press, then)


@tagged("post_install", "-at_install")
class TestCardStates(SeenCase):
    """Each state of the card: what it says, and the one thing to do."""

    def bring(self):
        self.journal.name = NAME
        self.account = self.map_all(self.connect(accounts=["Driftskonto"]))
        self.consent = self.account.consent_id

    def import_it(self):
        self.bring()
        self.run_jobs()

    def test_from_nothing_to_fine(self):
        self.journal.name = NAME
        self.see_card("Send link to customer", "Connect to bank")
        self.bring()
        self.see_card("The first import starts in a moment", "Transactions")
        self.run_jobs()
        self.see_card("Consent until", "Transactions", (LIST, "Balance"))

    def test_renewal(self):
        self.import_it()
        self.consent.expires_on = fields.Date.today() + timedelta(days=3)
        self.consent.partner_id = self.bookkeeper.partner_id
        self.see_card("has not been renewed yet", "Renew the consent")
        self.consent.partner_id = self.karen
        said = (NOTICE, "A request to renew is on its way to Karen Holm")
        self.see_card("Karen Holm is reminded", "Send renewal request", said)
        mail = self.env["mail.mail"].search([("subject", "like", "renew")])
        self.assertEqual(mail.recipient_ids, self.karen)

    def test_the_end(self):
        self.import_it()
        self.bank.control("consents/expire", {"mode": "tokens"})
        self.consent.sudo().access_token_until = False
        self.fetch_again(self.account)
        self.see_card("The consent has ended", "Connect to bank")
        self.consent.partner_id = self.karen
        self.see_card("The consent has ended", "Send renewal request")
        self.connect(accounts=["Driftskonto"])
        self.account.consent_id._disconnect(self.bookkeeper)
        self.see_card("Disconnected on", "Connect to bank")

    def test_what_is_to_be_done(self):
        self.import_it()
        account = self.account
        account.write({"error_code": "timeout", "error_since": fields.Datetime.now()})
        said = (NOTICE, "being fetched in the background")
        self.see_card("did not answer in time", "Try Now", said)
        self.assertTrue(self.count("open.banking.call"))
        self.run_jobs()
        self.assertFalse(account.error_code)

        account.bank_synchronized_on -= timedelta(days=3)
        said = (NOTICE, "The bank is asked for news")
        self.see_card("has not read this account at the bank", "Synchronise", said)
        self.see_card("The bank was asked for news", "Transactions")
        self.run_jobs()
        self.consent.news_asked_on = False
        account.bank_synchronized_on = fields.Datetime.now()

        account.write({"proof_state": "differs", "difference": 12})
        self.see_card("is not the bank's", "Show the days", (FORM, "Driftskonto"))
        account.proof_state = "equal"

        row = account.transaction_ids.filtered("statement_line_ids")[:1]
        row.bank_change = "changed"
        self.see_card("To decide: 1", "Decide", (LIST, row.text))
        row.bank_change = False

        self.consent.rate_limited_until = fields.Datetime.now() + timedelta(hours=2)
        self.see_card("allows no more readings before", "Transactions")


@tagged("post_install", "-at_install")
class TestBoardSeen(SeenCase):
    def test_the_board(self):
        accounts = self.import_all()
        accounts[2].write({"error_code": "timeout"})
        accounts.consent_id.partner_id = self.karen
        path, all_rows = "/odoo/bank-connections", ".o_list_view input[type=checkbox]"
        first = ".o_list_view .o_data_row:first-of-type"
        self.see(
            path,
            first,
            accounts[2].name,
            "did not answer in time",
            press=[(all_rows, ""), (".o_control_panel button", "Fetch Now")],
            then=[(NOTICE, "being fetched in the background")],
        )
        self.assertEqual(self.count("open.banking.call"), 3)
        self.see(
            path,
            LIST,
            accounts[0].name,
            "Fine",
            press=[
                (all_rows, ""),
                (".o_control_panel button", "Send Renewal Request"),
            ],
            then=[(NOTICE, "on its way to Karen Holm")],
        )
        for view, shown in (
            ("kanban", ".o_kanban_view"),
            ("pivot", ".o_pivot_view"),
            ("graph", ".o_graph_view"),
        ):
            switch = (f".o_switch_view.o_{view}", "")
            self.see(path, LIST, "", "Fine", press=[switch], then=[(shown, "")])
