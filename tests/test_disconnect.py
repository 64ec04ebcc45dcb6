from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..rehearsal_bank.customer import Customer
from .disconnect import DisconnectCase


@tagged("post_install", "-at_install")
class TestDisconnect(DisconnectCase):
    """A bookkeeper disconnects the bank: all of it stops, and nothing is lost."""

    def test_it_says_first_what_will_happen(self):
        accounts = self.import_all()
        before = accounts.consent_id.state, self.facts(accounts)
        for record in (accounts.consent_id, accounts[0], accounts[0].journal_id):
            wizard = self.wizard(record)
            self.assertEqual(wizard.consent_ids, accounts.consent_id)
            self.assertEqual(wizard.account_ids, accounts)
            self.assertIn("bookkeeper@nordlys.example", wizard.contacts)
            self.assertTrue(wizard.has_email and wizard.tell_customer)
            self.assertTrue(wizard.hub_url.startswith("https://"))
        self.assertEqual((accounts.consent_id.state, self.facts(accounts)), before)

    def test_all_of_it_stops_and_nothing_is_lost(self):
        accounts = self.import_all()
        consent, before = accounts.consent_id, self.facts(accounts)
        accounts.with_user(self.bookkeeper).action_fetch_now()
        consent.rate_limited_until = fields.Datetime.now()
        accounts[0].write({"failures": 2, "error_code": "timeout"})
        result = self.disconnect(accounts[0].journal_id, reason="Skifter bank")
        self.assertEqual(result["params"]["type"], "success")
        self.assertEqual(consent.state, "withdrawn")
        self.assertEqual(consent.error_code, "disconnected")
        self.assertEqual(consent.ended_by_id, self.bookkeeper)
        self.assertEqual(consent.end_note, "Skifter bank")
        self.assertTrue(consent.ended_on)
        self.assertFalse(consent.rate_limited_until)
        self.assert_no_tokens(consent)
        self.assertFalse(any(accounts.mapped("next_attempt")))
        self.assertFalse(any(accounts.mapped("error_code")))
        self.assertFalse(self.count("open.banking.call"))
        self.assertFalse(self.count("open.banking.disconnection"))
        self.assertEqual(self.facts(accounts), before)

    def test_no_call_to_the_bank_any_more(self):
        accounts = self.import_all()
        self.disconnect(accounts.consent_id)
        calls = len(self.bank.wire_calls())
        with self.assertRaisesRegex(UserError, "consent has ended"):
            accounts.with_user(self.bookkeeper).action_fetch_now()
        accounts.next_attempt = fields.Datetime.now()
        accounts._fetch_soon(user_id=self.bookkeeper.id)
        accounts._note_change(self.today)
        self.run_jobs()
        accounts.consent_id.tokens_issued_at = self.env.cr.now() - timedelta(days=3)
        with self.own_cursors():
            self.env.ref(
                "account_mastercard_open_banking.ir_cron_keep_alive"
            ).method_direct_trigger()
        self.assertEqual(len(self.bank.wire_calls()), calls)

    def test_the_customer_is_told_without_any_secret(self):
        accounts = self.import_all()
        consent = accounts.consent_id
        tokens = consent._access_token()
        self.disconnect(consent)
        mail = self.mails(consent)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.recipient_ids, self.bookkeeper.partner_id)
        self.assertIn(self.company.name, mail.subject)
        self.assertIn(consent.name, mail.body_html)
        self.assertIn(self.company.open_banking_hub_url, mail.body_html)
        self.assertTrue(tokens)
        self.assertNotIn(tokens, mail.body_html)

    def test_the_customer_is_not_told_when_the_user_does_not_want_it(self):
        consent = self.import_one("Driftskonto").consent_id
        self.disconnect(consent, tell_customer=False)
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))

    def test_mastercards_page_can_be_another_or_none(self):
        consent = self.import_one("Driftskonto").consent_id
        for address in ("http://hub.example/", "javascript:alert(1)"):
            with self.assertRaisesRegex(ValidationError, "https"):
                self.company.open_banking_hub_url = address
        self.company.open_banking_hub_url = "https://hub.example/"
        self.assertEqual(self.wizard(consent).hub_url, "https://hub.example/")
        self.company.open_banking_hub_url = False
        self.assertFalse(self.wizard(consent).hub_url)
        self.disconnect(consent)
        self.assertNotIn("href", self.mails(consent).body_html)

    def test_the_customer_reads_it_in_his_language(self):
        self.env["res.lang"]._activate_lang("da_DK")
        module = self.env["ir.module.module"].search(
            [("name", "=", "account_mastercard_open_banking")]
        )
        module._update_translations("da_DK")
        consent = self.import_one("Driftskonto").consent_id
        consent.partner_id.lang = "da_DK"
        self.disconnect(consent)
        mail = self.env["mail.mail"].search([("subject", "like", "læser ikke længere")])
        self.assertEqual(mail.res_id, consent.id)
        self.assertIn("har afbrudt forbindelsen til", mail.body_html)
        self.assertIn("bogføringsloven", mail.body_html)

    def test_a_contact_without_an_address(self):
        consent = self.import_one("Driftskonto").consent_id
        consent.partner_id.email = False
        wizard = self.wizard(consent)
        self.assertFalse(wizard.has_email)
        wizard.action_confirm()
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))

    def test_a_spoiled_template_keeps_no_consent_alive(self):
        consent = self.import_one("Driftskonto").consent_id
        template = self.env.ref(
            "account_mastercard_open_banking.mail_template_disconnect"
        )
        # Odoo tries a template when it is saved, on a consent that has not ended.
        template.body_html = "<t t-out='1 / 0 if object.ended_on else 1'/>"
        with mute_logger(
            "odoo.addons.account_mastercard_open_banking.models"
            ".open_banking_consent_end",
            "odoo.addons.mail.models.mail_render_mixin",
        ):
            self.disconnect(consent)
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))
        self.assertTrue(
            consent.message_ids.filtered(
                lambda m: "could not be made" in (m.body or "")
            )
        )

    def test_the_card_says_when_and_by_whom(self):
        account = self.import_one("Driftskonto")
        self.assertTrue(self.card(account)["disconnect"])
        self.disconnect(account)
        card = self.card(account)
        self.assertEqual((card["state"], card["connect"]), ("disconnected", True))
        self.assertFalse(card["disconnect"])
        self.assertIn(self.bookkeeper.name, card["text"])
        self.assertIn("Disconnected on", card["text"])
        self.assertEqual(account.consent_end_text, account.consent_id.end_text)

    def test_renewal_links_stop_and_others_stay(self):
        consent = self.import_one("Driftskonto").consent_id
        attempts = self.env["open.banking.authorisation"]
        renewal = attempts._make_link(self.company, renews=consent)
        fresh = attempts._make_link(self.company, self.journal, self.bookkeeper)
        self.disconnect(consent)
        self.assertFalse(attempts._from_link(renewal.rsplit("/", 1)[1]))
        self.assertTrue(attempts._from_link(fresh.rsplit("/", 1)[1]))
        ended = attempts.search([("renews_id", "=", consent.id)])
        self.assertEqual((ended.state, ended.error_code), ("withdrawn", "disconnected"))

    def test_what_odoo_asked_users_to_do_is_off_and_their_own_stays(self):
        consent = self.import_one("Driftskonto").consent_id
        consent._ask_for_renewal("consent_expired")
        own = consent.activity_schedule(summary="Ring til Karen", automated=False)
        self.disconnect(consent)
        self.assertEqual(consent.activity_ids, own)

    def test_a_second_press(self):
        consent = self.import_one("Driftskonto").consent_id
        wizards = self.wizard(consent), self.wizard(consent)
        for wizard in wizards:
            wizard.action_confirm()
        self.assertEqual(len(self.mails(consent)), 1)
        with self.assertRaisesRegex(UserError, "not connected"):
            self.wizard(consent)

    def test_connecting_again_goes_on_without_a_gap(self):
        accounts = self.import_all()
        consent, before = accounts.consent_id, self.facts(accounts)
        self.disconnect(consent)
        for account in accounts:
            self.add(account, amount="-11.00", text="I mellemtiden", date=-1)
        self.connect()
        self.assertEqual(
            [fact[:5] for fact in self.facts(accounts)], [fact[:5] for fact in before]
        )
        self.run_jobs()
        for account, (*_rest, lines, _rows) in zip(accounts, before, strict=True):
            self.assertLessEqual(set(lines), set(self.lines(account).ids))
            self.assertEqual(len(self.lines(account)), len(lines) + 1)
            self.assert_books_equal_bank(account, in_order=False)

    def test_the_same_consent_given_again(self):
        """Mastercard may know the customer's consent by the same name as before."""
        self.bank.control("settings", {"reuse_consent": True})
        accounts = self.import_all()
        consent = accounts.consent_id
        self.disconnect(consent, reason="En fejl")
        for account in accounts:
            self.add(account, amount="-11.00", text="I mellemtiden", date=-1)
        self.assertEqual(self.connect(), consent)
        self.assertEqual(consent.state, "active")
        self.assertFalse(consent.end_note or consent.ended_on or consent.end_text)
        self.assertEqual(len(consent.covered_ids), 6)
        self.run_jobs()
        for account in accounts:
            self.assert_books_equal_bank(account, in_order=False)

    def test_an_account_that_a_newer_consent_left_behind(self):
        accounts = self.import_all()
        first = accounts.consent_id
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect(accounts=["Driftskonto"])
        first._end("replaced", "replaced")
        left = first.account_ids
        self.assertEqual(len(left), 2)
        self.assertIn("does not cover this account", self.card(left[0])["text"])
        self.assertIn("does not cover", left[0].consent_end_text)
        self.assertEqual(first.end_text, "Renewed by a newer consent.")
