import base64
from datetime import timedelta

import vobject
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.open_banking_authorisation_renewal import RENEWAL_LINK_DAYS
from .reminders import ReminderCase


@tagged("post_install", "-at_install")
class TestRenewalMails(ReminderCase):
    """What is in the mail, and its links."""

    def calendar(self, mail):
        [attachment] = mail.attachment_ids
        self.assertEqual(attachment.name, "renewal.ics")
        return vobject.readOne(base64.b64decode(attachment.datas).decode())

    def remind_on(self, number):
        """Run the job on a day; returns the newest mail."""
        with self.day(number):
            self.remind()
        return self.mails()[-1:]

    def test_the_mail(self):
        self.company.phone = "+45 70 20 30 40"
        consent = self.given()
        mail = self.remind_on(76)
        for words in (
            "Karen Holm",
            consent.name,
            self.company.name,
            "14 more days",
            "MitID",
            "Nothing is lost",
            "+45 70 20 30 40",
            self.bookkeeper.name,
        ):
            self.assertIn(words, mail.body_html)
        self.assertIn(self.company.name, mail.subject)
        self.assertIn("bookkeeper@nordlys.example", mail.email_from)
        self.assertEqual(mail.recipient_ids, self.karen)
        self.assertTrue(mail.auto_delete)
        self.assertEqual(mail.state, "outgoing")

    def test_nobody_reads_a_link_in_odoo(self):
        consent = self.given()
        mails = self.remind_on(76) | self.remind_on(83)
        said = str(consent.message_ids.mapped("body"))
        self.assertIn("Karen Holm was asked by e-mail to renew", said)
        self.assertFalse(mails.mapped("model") != [False, False])
        self.env.flush_all()
        for table in ("authorisation", "authorisation_earlier", "reminder"):
            self.env.cr.execute(f"SELECT * FROM open_banking_{table}")
            rows = str(self.env.cr.fetchall())
            for mail in mails:
                self.assertNotIn(self.links(mail)[0].rsplit("/", 1)[1], rows)

    def test_in_the_language_of_the_contact(self):
        self.env["res.lang"]._activate_lang("da_DK")
        self.karen.lang = "da_DK"
        module = self.env["ir.module.module"].search(
            [("name", "=", "account_mastercard_open_banking")]
        )
        module._update_translations("da_DK")
        consent = self.given()
        with self.day(76):
            self.remind()
        mail = self.env["mail.mail"].search([("body_html", "like", "Forny samtykket")])
        self.assertIn("Forny venligst dit banksamtykke", mail.subject)
        self.assertIn("14 dage endnu", mail.body_html)
        self.assertIn("Forny banksamtykket", self.calendar(mail).vevent.summary.value)
        months = "januar februar marts april maj juni juli august september oktober"
        month = [*months.split(), "november", "december"][consent.expires_on.month - 1]
        self.assertIn(f"{consent.expires_on.day}. {month}", mail.body_html)
        self.assertEqual(self.attempt_of(self.links(mail)[0]).lang, "da_DK")

    def test_the_calendar_entry(self):
        consent = self.given()
        consent.account_ids.provider_name = "Havn, Bølge; og Klit"
        event = self.calendar(self.remind_on(76)).vevent
        self.assertEqual(event.dtstart.value, consent.expires_on)
        self.assertIn("Havn, Bølge; og Klit", event.summary.value)
        self.assertIn(self.company.name, event.summary.value)
        self.assertNotIn("/open_banking/", event.serialize())
        again = self.calendar(self.remind_on(83)).vevent
        self.assertEqual(again.uid.value, event.uid.value)
        self.assertFalse(self.remind_on(97).attachment_ids)

    def test_a_calendar_entry_for_each_consent(self):
        consents = self.given() | self.given_elsewhere()
        events = self.calendar(self.remind_on(76)).vevent_list
        self.assertEqual(len({event.uid.value for event in events}), 2)
        self.assertEqual(len(events), len(consents))

    # === LINKS === #

    def test_one_attempt_whose_links_all_work(self):
        consent = self.given()
        mails = [self.remind_on(number) for number in (76, 83, 97)]
        with self.day(100):
            attempts = [self.attempt_of(self.links(mail)[0]) for mail in mails]
            self.assertEqual(len({attempt.id for attempt in attempts}), 1)
            self.assertEqual(attempts[0].renews_id, consent)
            self.assertEqual(attempts[0].purpose, "renew")
            self.assertEqual(attempts[0].state, "sent")
            self.renew(self.links(mails[0])[0])
            for mail in mails:
                self.assertFalse(self.attempt_of(self.links(mail)[0]))

    def test_the_oldest_link_works_long_after_the_last_mail(self):
        self.given()
        first = self.remind_on(76)
        self.remind_on(118)
        with self.day(118 + RENEWAL_LINK_DAYS - 1):
            self.env["open.banking.authorisation"]._cron_expire()
            self.assertTrue(self.attempt_of(self.links(first)[0]))
        with self.day(118 + RENEWAL_LINK_DAYS + 1):
            self.assertFalse(self.attempt_of(self.links(first)[0]))

    def test_a_customer_at_his_bank_is_not_disturbed(self):
        self.given()
        link = self.links(self.remind_on(76))[0]
        with self.day(83):
            attempt = self.attempt_of(link)
            _address, state = attempt._go_to_bank("da_DK")
            self.remind()
            self.assertEqual(attempt.state, "at_bank")
            self.assertEqual(attempt._from_state(state), attempt)
        self.assertEqual(len(self.mails()), 2)

    def test_a_customer_who_backed_out_gets_the_next_mail(self):
        consent = self.given()
        link = self.links(self.remind_on(76))[0]
        with self.day(77):
            attempt = self.attempt_of(link)
            attempt._go_to_bank("da_DK")
            with self.own_cursors():
                attempt._come_back("", "")
            self.env.invalidate_all()
            self.assertEqual(attempt.state, "cancelled")
            self.assertEqual(consent.state, "active")
        self.remind_on(83)
        self.assertEqual((attempt.state, attempt.error_code), ("sent", False))

    def test_sent_again_the_older_links_stop(self):
        consent = self.given()
        old = [self.links(self.remind_on(number))[0] for number in (76, 83)]
        with self.day(84):
            attempt = self.attempt_of(old[0]).with_user(self.bookkeeper)
            attempt.action_resend()
            [new] = self.links(self.mails()[-1])
            self.assertEqual(self.attempt_of(new), attempt)
            self.assertFalse(any(self.attempt_of(link) for link in old))
            self.assertIn("6 more days", self.mails()[-1].body_html)
            action = attempt.action_copy_link()
            copied = action["context"]["open_banking_link"]
            self.assertEqual(self.attempt_of(copied), attempt)
            self.assertFalse(self.attempt_of(new))
        self.assertEqual(len(consent.reminder_ids), 3)

    def test_a_withdrawn_link_is_not_sent_again_by_itself(self):
        consent = self.given()
        link = self.links(self.remind_on(76))[0]
        with self.day(77):
            self.attempt_of(link).with_user(self.bookkeeper).action_withdraw()
            self.assertFalse(self.attempt_of(link))
        self.assertEqual(self.mail_days((78, 92)), [])
        with self.day(92):
            self.assertTrue(self.asked(consent))
            consent.with_user(self.bookkeeper).action_send_renewal()
        self.assertEqual(self.mail_days((92, 98)), [97])

    def test_who_says_not_me_gets_no_more_mails(self):
        consent = self.given()
        link = self.links(self.remind_on(76))[0]
        with self.day(76, hour=9):
            self.attempt_of(link)._not_me()
        self.assertEqual(self.mail_days((76, 92)), [])
        consent.partner_id = self.karen.copy({"email": "right@nordlys.example"})
        self.assertEqual(self.mail_days((92, 98)), [92, 97])

    # === BY HAND === #

    def send(self, records, name="action_send_renewal"):
        return getattr(records.with_user(self.bookkeeper), name)()

    def test_a_request_by_hand_long_before_the_end(self):
        consent = self.given()
        with self.day(10):
            action = self.send(consent)
        self.assertIn("karen@nordlys.example", action["params"]["message"])
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(consent.reminder_ids.user_id, self.bookkeeper)
        said = str(consent.message_ids.mapped("body"))
        self.assertIn("bookkeeper", said)
        with self.day(10):
            self.assertEqual(
                self.renew(self.links(self.mails())[0]).account_ids.journal_id,
                self.journal,
            )

    def test_from_the_account_and_from_the_journal(self):
        consent = self.given()
        with self.day(10):
            self.send(consent.account_ids)
            self.send(self.journal, "action_open_banking_send_renewal")
        self.assertEqual(len(self.mails()), 2)

    def test_a_request_counts_as_the_mail_of_the_day(self):
        consent = self.given()
        with self.day(76):
            self.send(consent)
            self.remind()
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(self.mail_days((77, 84)), [83])

    def test_one_mail_per_contact_and_who_has_no_address(self):
        ole = self.karen.copy({"name": "Ole", "email": False})
        first, second = self.given(), self.given_elsewhere()
        third = self.env["open.banking.consent"].create(
            {"external_id": "x", "company_id": self.company.id, "partner_id": ole.id}
        )
        self.bookkeeper.company_ids += second.company_id
        consents = (first | second | third).with_context(
            allowed_company_ids=self.bookkeeper.company_ids.ids
        )
        action = self.send(consents)
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(len(self.links(self.mails())), 2)
        self.assertIn("Ole has no e-mail", action["params"]["message"])
        self.assertEqual(action["params"]["type"], "warning")
        with self.assertRaisesRegex(UserError, "Ole has no e-mail"):
            self.send(third)
        third.partner_id = False
        with self.assertRaisesRegex(UserError, "no contact"):
            self.send(third)

    def test_what_cannot_be_renewed(self):
        consent = self.given()
        self.assertFalse(consent.may_be_renewed)
        consent._mark_expired()
        self.assertTrue(consent.may_be_renewed)
        self.assertTrue(self.send(consent))
        self.connect(accounts=["Driftskonto"])
        self.assertFalse(consent.may_be_renewed)
        with self.assertRaisesRegex(UserError, "nothing to renew"):
            self.send(consent)
        self.assertFalse(self.asked(consent))

    def test_what_the_card_offers(self):
        consent = self.given()
        journal = self.journal.with_user(self.bookkeeper)
        self.assertTrue(journal._open_banking_cards()[journal]["renew"])
        consent._end("withdrawn", "disconnected")
        self.assertFalse(journal._open_banking_cards()[journal]["renew"])

    def test_it_may_be_renewed_when_it_ends_soon(self):
        consent = self.given()
        consent._learn_expiry(self.today + timedelta(days=14))
        self.assertTrue(consent.may_be_renewed)
        consent._learn_expiry(self.today + timedelta(days=15))
        self.assertFalse(consent.may_be_renewed)
        consent._ask_for_renewal("login_needed")
        self.assertTrue(consent.may_be_renewed)
