from odoo.tests import tagged

from .phone import PhoneCase


@tagged("post_install", "-at_install")
class TestLinkTour(PhoneCase):
    def setUp(self):
        super().setUp()
        self.journal.name = "Prøvejournal"
        self.karen.write({"parent_id": self.company.partner_id.id, "lang": "en_US"})

    def send_from_the_dashboard(self):
        """The bookkeeper sends the link; returns it as it stands in the outbox."""
        self.start_tour(
            "/odoo/accounting", "open_banking_send_link", login="bookkeeper"
        )
        mail = self.mails()
        self.assertEqual(mail.recipient_ids, self.karen)
        self.assertIn("Vi ses i morgen", mail.body_html)
        return self.link_in(mail)

    def test_from_the_mail_to_the_books(self):
        """Sent from the card, followed on a phone, mapped and read by itself."""
        numbers = {each["name"]: each["iban"] for each in self.bank_accounts}
        self.journal.set_bank_account(numbers["Driftskonto"])
        self.bank.control("accounts", {"name": "Lønkonto", "owner": "Karen Holm"})
        self.env.ref("base.EUR").active = True
        euro = self.env["account.journal"].create(
            {
                "name": "Euro",
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": self.env.ref("base.EUR").id,
                "bank_acc_number": numbers["EUR-konto"],
            }
        )
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": euro.id,
                "date": self.today,
                "amount": 1,
                "payment_ref": "By hand",
            }
        )
        link = self.send_from_the_dashboard()
        self.follow(link, "What you share")
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "done")
        accounts = attempt.consent_id.account_ids
        main = accounts.filtered(lambda each: each.name == "Driftskonto")
        self.assertEqual(len(accounts), 4)
        self.assertEqual(main.journal_id, self.journal)
        self.assertEqual(
            sorted(accounts.filtered("journal_id").mapped("name")),
            ["Driftskonto", "EUR-konto"],
        )
        self.assertEqual(euro.open_banking_account_ids.start_date, line.date)
        main.start_date = "2024-01-01"
        self.run_jobs()
        self.assert_books_equal_bank(main)
        self.assertTrue(main.synced_until)
        before = self.lines(main)
        self.fetch_again(main)
        self.assertEqual(self.lines(main), before)
        self.assert_books_equal_bank(main)
        self.assertEqual(self.url_open(link).status_code, 404)  # in another browser
        self.choose_the_others(attempt.consent_id, before)

    def choose_the_others(self, consent, before):
        """The bookkeeper decides on what was in doubt; what is read stays as it is."""
        activity = consent.activity_ids
        self.assertIn("2 bank accounts", activity.summary)
        address = "/odoo/action-account_mastercard_open_banking."
        self.start_tour(
            f"{address}open_banking_consent_action/{consent.id}",
            "open_banking_waiting_accounts",
            login="bookkeeper",
        )
        self.env.invalidate_all()
        uses = {each.name: each.mapping for each in consent.account_ids}
        self.assertEqual(uses.pop("Lønkonto"), "left_out")
        self.assertEqual(set(uses.values()), {"mapped"})
        self.assertFalse(activity.exists())
        self.run_jobs()
        main = consent.account_ids.filtered(lambda each: each.name == "Driftskonto")
        self.assertEqual(self.lines(main), before)
        self.assert_books_equal_bank(main)

    def test_a_link_that_is_withdrawn(self):
        link = self.send_from_the_dashboard()
        self.start_tour(
            "/odoo/accounting", "open_banking_withdraw_link", login="bookkeeper"
        )
        self.follow(link, "This link is not valid")
        self.assertEqual(self.last_attempt().state, "withdrawn")
        self.assertFalse(self.bank.wire_calls("connect"))
