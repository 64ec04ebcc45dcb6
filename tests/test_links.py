import re
from datetime import timedelta

from freezegun import freeze_time
from lxml import html
from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import OpenBankingHttpCase


class LinkCase(OpenBankingHttpCase):
    """A bookkeeper sends a link; the customer follows it without a login."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.karen = cls.env["res.partner"].create(
            {"name": "Karen Holm", "email": "karen@nordlys.example"}
        )

    def wizard(self, **values):
        """Press Send link to customer on the journal, and fill the form in."""
        journal = self.journal.with_user(self.bookkeeper)
        action = journal.action_open_banking_send_link()
        wizard = journal.env[action["res_model"]].browse(action["res_id"])
        wizard.write({"partner_id": self.karen.id, **values})
        return wizard

    def mails(self):
        """Return what lies in the outbox with a link, newest first."""
        return self.env["mail.mail"].search([("body_html", "like", "open_banking")])

    def link_in(self, mail):
        """Return where the mail's button leads."""
        links = html.fromstring(mail.body_html).xpath("//a/@href")
        return next(link for link in links if "/open_banking/consent/" in link)

    def send(self, **values):
        """Send a link; returns it as the customer finds it in his mail."""
        self.wizard(**values).action_send()
        return self.link_in(self.mails()[0])

    def press(self, page, button):
        """Press a button of our page as a browser without JavaScript does."""
        form = html.fromstring(page.text).xpath(f"//form[.//button[@id='{button}']]")[0]
        return self.url_open(
            form.get("action") or page.url,
            data=dict(form.fields),
            allow_redirects=False,
        )


@tagged("post_install", "-at_install")
class TestLinks(LinkCase):
    def test_the_whole_way_without_a_login(self):
        link = self.send()
        attempt = self.last_attempt()
        self.assertEqual((attempt.state, attempt.partner_id), ("sent", self.karen))
        answer = self.press(self.url_open(link), "open_banking_continue")
        self.assertEqual((answer.status_code, attempt.state), (303, "at_bank"))
        back = self.customer.walk(answer.headers["Location"], bank=self.bank_id)
        page = self.url_open(back)
        self.assertIn("You may close this page", self.text_of(page))
        self.assertEqual(attempt.state, "done")
        self.assertEqual(attempt.consent_id.partner_id, self.karen)
        self.assertEqual(attempt.consent_id.user_id, self.bookkeeper)
        for step in ("sent_on", "opened_on", "at_bank_on", "chosen_on", "done_on"):
            self.assertTrue(attempt[step], step)

    def test_the_mail(self):
        self.send(message="Kære Karen\nvi ses i morgen")
        mail = self.mails()
        self.assertEqual(mail.recipient_ids, self.karen)
        self.assertIn(self.company.name, mail.subject)
        self.assertIn("bookkeeper@nordlys.example", mail.email_from)
        self.assertTrue(mail.auto_delete)
        self.assertIn("vi ses i morgen", mail.body_html)
        for word in ("Continue", "MitID", "Accept", "code", "Finish"):
            self.assertIn(word, mail.body_html)

    def test_nobody_reads_the_link_in_odoo(self):
        token = self.send().rsplit("/", 1)[1]
        attempt, mail = self.last_attempt(), self.mails()
        self.assertFalse(mail.model or mail.res_id)
        self.assertNotIn(token, str(attempt.message_ids.mapped("body")))
        self.assertIn("karen@nordlys.example", str(attempt.message_ids.mapped("body")))
        self.assertFalse(
            self.env["mail.message"]
            .with_user(self.bookkeeper)
            .search([("body", "like", token)])
            .filtered(lambda m: m.author_id != self.bookkeeper.partner_id)
        )
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM open_banking_authorisation")
        self.assertNotIn(token, str(self.env.cr.fetchall()))

    def test_the_recipient_is_suggested(self):
        self.company.partner_id.email = "kontor@nordlys.example"
        journal = self.journal.with_user(self.bookkeeper)
        wizards = journal.env["open.banking.link"]

        def suggested():
            action = journal.action_open_banking_send_link()
            return wizards.browse(action["res_id"]).partner_id

        self.assertEqual(suggested(), self.company.partner_id)
        self.send()
        self.assertEqual(suggested(), self.karen)

    def test_a_bank_that_is_chosen_already(self):
        wizard = self.wizard()
        self.assertFalse(wizard.banks_text)
        bank = self.env["open.banking.provider"].search(
            [("external_id", "=", self.bank_id)]
        )
        wizard.provider_id = bank
        wizard.action_send()
        page = self.url_open(self.link_in(self.mails()))
        self.assertIn(bank.name, self.text_of(page))
        answer = self.press(page, "open_banking_continue")
        query = self.query_of(answer.headers["Location"])
        self.assertEqual(query["providerId"], self.bank_id)

    def test_the_list_of_banks_is_asked_for_once_a_day(self):
        for _time in range(3):
            self.wizard()
        self.assertEqual(len(self.bank.wire_calls("/v2/providers")), 1)

    def test_without_the_list_of_banks(self):
        fault = {"endpoint": "providers", "status": 500, "times": 0}
        self.bank.control("faults", fault)
        wizard = self.wizard()
        self.assertIn("fault at the moment", wizard.banks_text)
        wizard.action_send()
        self.assertEqual(self.last_attempt().state, "sent")

    def test_a_bank_that_is_no_longer_listed(self):
        self.wizard()
        banks = self.env["open.banking.provider"]
        gone = banks.create(
            {"name": "Gone", "external_id": "gone", "service": self.bank.url}
        )
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            self.wizard()
        self.assertFalse(gone.active)
        self.assertTrue(banks.search_count([]))

    def test_how_long_it_is_valid(self):
        link = self.send(valid_days=3)
        with freeze_time(fields.Datetime.now() + timedelta(days=2, hours=23)):
            self.assertEqual(self.url_open(link).status_code, 200)
        with freeze_time(fields.Datetime.now() + timedelta(days=3, hours=1)):
            self.assertEqual(self.url_open(link).status_code, 404)
            self.env["open.banking.authorisation"]._cron_expire()
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "expired")
        self.assertIn("run out", attempt.error_text)
        for days in (0, -1, 91):
            with self.assertRaises(ValidationError):
                self.wizard(valid_days=days)

    def test_sent_again(self):
        first = self.send()
        attempt = self.last_attempt().with_user(self.bookkeeper)
        attempt.action_resend()
        second = self.link_in(self.mails()[0])
        self.assertNotEqual(first, second)
        self.assertEqual(self.url_open(first).status_code, 404)
        self.assertEqual(self.url_open(second).status_code, 200)
        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            attempt.sudo()._cron_expire()
            attempt.action_resend()
            third = self.link_in(self.mails()[0])
            self.assertEqual(self.url_open(third).status_code, 200)
        self.assertEqual(attempt.state, "sent")

    def test_withdrawn(self):
        link = self.send()
        attempt = self.last_attempt()
        attempt.with_user(self.bookkeeper).action_withdraw()
        self.assertEqual(attempt.state, "withdrawn")
        self.assertEqual(self.url_open(link).status_code, 404)
        for action in ("action_resend", "action_copy_link", "action_withdraw"):
            with self.assertRaises(UserError):
                getattr(attempt.with_user(self.bookkeeper), action)()

    def test_copied(self):
        action = self.wizard().action_copy_link()
        shown = self.env[action["res_model"]].with_user(self.bookkeeper)
        shown = shown.browse(action["res_id"]).with_context(**action["context"])
        self.assertEqual(self.url_open(shown.link).status_code, 200)
        self.assertIn(shown.link, shown.text)
        self.assertIn("MitID", shown.text)
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "sent")
        self.assertFalse(self.mails())
        later = shown.with_context(open_banking_link=False)
        self.assertFalse(later.link or later.text)
        again = attempt.with_user(self.bookkeeper).action_copy_link()
        self.assertEqual(self.url_open(shown.link).status_code, 404)
        link = again["context"]["open_banking_link"]
        self.assertEqual(self.url_open(link).status_code, 200)

    def test_no_recipient(self):
        self.karen.email = False
        with self.assertRaisesRegex(UserError, "e-mail"):
            self.wizard().action_send()
        self.assertFalse(self.mails())

    def test_not_me(self):
        link = self.send()
        page = self.url_open(link)
        answer = self.press(page, "open_banking_not_me")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("Thank you", self.text_of(answer))
        attempt = self.last_attempt()
        self.assertEqual((attempt.state, attempt.error_code), ("withdrawn", "not_me"))
        self.assertEqual(attempt.activity_ids.user_id, self.bookkeeper)
        self.assertEqual(self.press(page, "open_banking_continue").status_code, 404)
        self.assertEqual(self.press(page, "open_banking_not_me").status_code, 404)
        self.assertEqual(len(attempt.activity_ids), 1)

    def test_not_me_needs_our_own_form(self):
        link = self.send()
        with self.assertLogs("odoo.http", "WARNING"):
            answer = self.url_open(link + "/not-me", data={"csrf_token": "forged"})
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.last_attempt().state, "sent")
        self.assertEqual(self.url_open(link + "/not-me").status_code, 405)

    def test_the_bank_cannot_be_reached_yet(self):
        link = self.send()
        page = self.url_open(link)
        self.company.open_banking_client_id = False
        self.assertEqual(self.press(page, "open_banking_continue").status_code, 503)
        self.assertEqual(self.last_attempt().state, "opened")

    def test_every_dead_link_gets_the_same_answer(self):
        dead = {"unknown": f"{self.base}/open_banking/consent/{'x' * 43}"}
        for state in ("done", "withdrawn", "expired"):
            dead[state] = self.send()
            self.last_attempt().state = state
        dead["run out"] = self.send()
        self.last_attempt().expires_on = fields.Datetime.now() - timedelta(minutes=1)
        dead["odd"] = f"{self.base}/open_banking/consent/%C3%A6%00"
        dead["in use"] = self.send()
        self.last_attempt().state = "chosen"
        self.url_open(dead["unknown"])  # a new visitor gets a session
        answers = {name: self.url_open(link) for name, link in dead.items()}
        first = answers["unknown"]
        for name, answer in answers.items():
            with self.subTest(name):
                self.assertEqual(answer.status_code, 404)
                self.assertEqual(answer.content, first.content)
                self.assertEqual(answer.headers.keys(), first.headers.keys())
                self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")

    def test_the_page_works_without_scripts_and_names_everything(self):
        self.company.email = "kontor@nordlys.example"
        page = self.url_open(self.send())
        text = self.text_of(page)
        for word in (
            self.company.name,
            self.bookkeeper.name,
            "two years back",
            "90 days",
            "MitID",
            "business",
            "one-time code",
            "withdraw your consent",
            "kontor@nordlys.example",
            "responsible for the data",
        ):
            self.assertIn(word, text)
        self.assertFalse(re.findall("<script|javascript:| on[a-z]+=", page.text))

    def test_in_the_language_of_the_link(self):
        self.env["res.lang"]._activate_lang("da_DK")
        self.karen.lang = "da_DK"
        wizard = self.wizard()
        self.assertEqual(wizard.lang, "da_DK")
        wizard.action_send()
        page = self.url_open(self.link_in(self.mails()))
        self.assertIn('lang="da-DK"', page.text)
        self.assertIn("?lang=en_US", page.text)
        english = self.url_open(page.url + "?lang=en_US")
        self.assertIn('lang="en-US"', english.text)
        odd = self.url_open(page.url + "?lang=xx_XX")
        self.assertIn('lang="da-DK"', odd.text)
