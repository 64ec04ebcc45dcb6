import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.open_banking_home import PARAMETER, NotAtHome
from .reminders import ReminderCase
from .webhooks import WebhookCase

OUR_LOGGER = "odoo.addons.account_mastercard_open_banking"


class Copy:
    """Lets this database look like a copy of the one that was connected."""

    def run_every_job(self):
        """Run all jobs that came with the add-on, whether they are on or off."""
        jobs = self.env["open.banking.health"]._jobs()
        self.assertGreaterEqual(len(jobs), 6)
        for job in jobs:
            self.env.flush_all()
            with self.own_cursors(), self.assertNoLogs("odoo.addons", "WARNING"):
                answer = job.method_direct_trigger()
            self.assertIs(answer, True, answer)
            self.env.invalidate_all()

    def copied(self, **other):
        """What was noted at home is another database's."""
        parameters = self.env["ir.config_parameter"].sudo()
        noted = json.loads(parameters.get_param(PARAMETER))
        parameters.set_param(PARAMETER, json.dumps({**noted, **other}))

    def make_all_due(self, consent):
        now = fields.Datetime.now()
        consent.account_ids.next_attempt = now
        consent.sudo().tokens_issued_at = now - timedelta(days=2)
        consent.sudo().access_token_until = now
        consent.expires_on = self.today + timedelta(days=3)


@tagged("post_install", "-at_install")
class TestHome(Copy, ReminderCase):
    """A copy of the database is quiet, says why, and one button makes it the home."""

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Driftskonto")
        self.consent = self.account.consent_id
        self.consent.partner_id = self.karen

    def facts(self):
        """What must not change in a copy."""
        consent = self.consent.sudo()
        return (
            len(self.bank.wire_calls()),
            self.count("mail.mail"),
            self.count("mail.activity"),
            self.count("open.banking.fetch"),
            self.count("open.banking.authorisation"),
            consent.refresh_token_encrypted,
            consent.state,
            self.account.next_attempt,
        )

    def test_the_home_is_noted_with_the_first_secret(self):
        noted = self.env["open.banking.home"]._noted()
        self.assertEqual(noted["database"], self.env.cr.dbname)
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        self.assertEqual(noted["uuid"], uuid)
        self.assertTrue(self.env["open.banking.home"]._is_home())

    def test_another_name_of_the_host_is_no_copy(self):
        self.copied(host="another-container")
        self.assertTrue(self.env["open.banking.home"]._is_home())

    def test_a_copy_does_nothing_by_itself(self):
        for other in ({"database": "production"}, {"uuid": "that of the original"}):
            with self.subTest(other):
                self.copied(**other)
                self.make_all_due(self.consent)
                self.env["open.banking.event"].create(
                    {
                        "company_id": self.company.id,
                        "delivery_key": str(other),
                        "name": "ConsentRevoked",
                        "consent_external_id": self.consent.external_id,
                    }
                )
                before = self.facts()
                self.run_every_job()
                self.run_every_job()
                self.assertEqual(self.facts(), before)
                self.assertEqual(self.consent.state, "active")
                self.env["open.banking.home"]._begin_anew()
                self.assertFalse(self.account.error_code)

    def test_a_copy_says_so(self):
        self.copied(database="production", host="big-server")
        self.run_every_job()
        card = self.journal._open_banking_cards()[self.journal]
        self.assertEqual(card["state"], "error")
        self.assertIn("This is a copy of the database", card["text"])
        rows = self.env["open.banking.health"]._rows(self.company)
        [row] = [row for row in rows if row["title"] == "Copy of a database"]
        self.assertEqual(row["state"], "bad")
        self.assertIn("as production on big-server", row["text"])

    def test_no_button_talks_to_the_bank_or_to_customers(self):
        self.copied(database="production")
        before = self.facts()
        attempts = self.env["open.banking.authorisation"]
        attempts._make_link(
            self.company, self.journal, self.bookkeeper, partner_id=self.karen.id
        )
        attempt = attempts.search([], limit=1)
        account = self.account.with_user(self.bookkeeper)
        settings = self.env["res.config.settings"].with_company(self.company)

        def enter_credentials():
            settings.create({"open_banking_client_secret": "another"}).execute()

        buttons = (
            self.journal.with_user(self.bookkeeper).action_open_banking_connect,
            account.action_synchronise,
            account.consent_id.action_send_renewal,
            attempt.with_user(self.bookkeeper).action_resend,
            enter_credentials,
            self.env["open.banking.vault"]._rotate,
        )
        for button in buttons:
            with self.subTest(button.__name__), self.assertRaises(NotAtHome) as caught:
                with self.own_cursors(), self.env.cr.savepoint():
                    action = button()
                    wizard = self.env[action["res_model"]].browse(action["res_id"])
                    wizard.with_user(self.bookkeeper).action_send()
            self.assertIn("is a copy now", str(caught.exception))
        self.env.invalidate_all()
        attempt.unlink()
        self.assertEqual(self.facts(), before)

    def test_a_copy_that_disconnects_tells_no_customer(self):
        self.copied(database="production")
        mails = self.count("mail.mail")
        self.consent._end("withdrawn", "disconnected", self.bookkeeper)
        self.consent._tell_customer_of_end()
        self.assertEqual(self.count("mail.mail"), mails)

    def test_the_original_under_another_name(self):
        """One button, and everything goes on where it was."""
        self.copied(database="before it was renamed")
        self.make_all_due(self.consent)
        self.run_every_job()
        self.add(self.account, amount="-12.00", text="Bager")
        settings = self.env["res.config.settings"].with_company(self.company)
        self.assertTrue(settings.create({}).open_banking_is_copy)
        settings.create({}).action_open_banking_is_original()
        self.assertFalse(settings.create({}).open_banking_is_copy)
        self.run_jobs()
        self.assert_books_equal_bank(self.account)

    def test_a_note_that_somebody_has_spoiled_is_no_home(self):
        for text in ("{", "[]", "[1]", '"x"', '{"database": 1}'):
            self.env["ir.config_parameter"].set_param(PARAMETER, text)
            with self.subTest(text):
                is_home = self.env["open.banking.home"]._is_home()
                self.assertFalse(is_home)
        self.env["open.banking.home"]._begin_anew()
        self.assertTrue(self.env["open.banking.home"]._is_home())

    def test_two_that_cannot_be_told_apart(self):
        """The other one has used the refresh token: this one stops and says why."""
        vault = self.env["open.banking.vault"]
        token = vault._decrypt(self.consent.sudo().refresh_token_encrypted)
        self.company._open_banking_client().refresh(token)
        self.make_all_due(self.consent)
        with self.assertLogs(OUR_LOGGER, "DEBUG") as log:
            self.run_jobs()
        self.assertIn("a copy of this database is in use", "".join(log.output))
        self.assertNotIn(token[:16], "".join(log.output))
        self.assertEqual(self.consent.state, "expired")
        self.assertTrue(self.consent.may_be_renewed)


@tagged("post_install", "-at_install")
class TestWebhookOfACopy(Copy, WebhookCase):
    def test_a_copy_takes_in_no_messages(self):
        delivery = self.make("SyncDone")
        self.copied(database="production")
        answer = self.post(delivery)
        self.assertEqual((answer.status_code, answer.text), (503, "unavailable"))
        self.assertFalse(self.events())
        self.env["open.banking.home"]._begin_anew()
        self.assertEqual(self.post(delivery).status_code, 200)

    def test_the_customers_page_in_a_copy(self):
        link = self.env["open.banking.authorisation"]._make_link(
            self.company, self.journal, self.bookkeeper
        )
        self.copied(database="production", host="big-server")
        page = self.url_open(link)
        token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        answer = self.url_open(link, data={"csrf_token": token})
        self.assertEqual(answer.status_code, 503)
        self.assertIn("copy of the database", answer.text)
        self.assertNotIn("big-server", answer.text)
        self.assertFalse(self.bank.wire_calls())


@tagged("post_install", "-at_install")
class TestNeutralized(Copy, ReminderCase):
    """What Odoo does to a copy on request, and what is left to our jobs."""

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Driftskonto")
        self.consent = self.account.consent_id
        self.consent.partner_id = self.karen

    def neutralize(self):
        """As `odoo-bin neutralize` does, with the files of all modules."""
        from odoo.modules.neutralize import neutralize_database

        self.env.flush_all()
        neutralize_database(self.env.cr)
        self.env.invalidate_all()
        self.registry.clear_all_caches()

    def link_in_the_outbox(self):
        with self.day(80):
            self.remind()
        [mail] = self.mails()
        return self.links(mail)[0]

    def test_no_call_and_no_mail(self):
        link = self.link_in_the_outbox()
        self.assertTrue(self.attempt_of(link))
        self.env["open.banking.event"].create(
            {
                "company_id": self.company.id,
                "delivery_key": "waiting",
                "name": "ConsentRevoked",
                "consent_external_id": self.consent.external_id,
            }
        )
        self.account._fetch_soon()
        self.company.open_banking_environment = "production"
        self.neutralize()
        self.make_all_due(self.consent)
        with self.day(80):
            calls, mails = len(self.bank.wire_calls()), self.count("mail.mail")
            activities = self.count("mail.activity")
            self.run_every_job()
            self.run_every_job()
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assertEqual(self.count("mail.mail"), mails)
        self.assertEqual(self.count("mail.activity"), activities)
        self.assertFalse(self.mails())
        self.assertFalse(self.attempt_of(link))
        self.assertEqual(self.consent.state, "expired")
        self.assertIn("neutralized copy", self.account.consent_end_text)

    def test_no_secret_is_left(self):
        self.link_in_the_outbox()
        self.neutralize()
        left = self.env["open.banking.vault"]._anything_encrypted()
        self.assertFalse(left)
        attempts = self.env["open.banking.authorisation"].sudo().search([])
        self.assertTrue(attempts)
        self.assertFalse(any(attempts.mapped("link_hash")))
        self.assertFalse(any(attempts.mapped("state_hash")))
        company = self.company.sudo()
        self.assertFalse(company.open_banking_client_id)
        self.env.cr.execute(
            "SELECT count(*) FROM mail_message WHERE body LIKE '%/open_banking/cons%'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_nobody_reaches_the_real_mastercard_from_it(self):
        self.company.open_banking_environment = "production"
        self.neutralize()
        self.assertEqual(self.company.open_banking_environment, "sandbox")

    def test_it_can_be_tried_with_other_credentials(self):
        self.copied(database="production")
        self.neutralize()
        with self.assertRaises(UserError):
            self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        settings = self.env["res.config.settings"].with_company(self.company)
        settings.create(
            {
                "open_banking_client_id": "rehearsal-client",
                "open_banking_client_secret": "rehearsal-secret",
            }
        ).execute()
        consent = self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assertEqual(consent.state, "active")
        self.assertEqual(self.account.consent_id, consent)
        self.assert_books_equal_bank(self.account)
