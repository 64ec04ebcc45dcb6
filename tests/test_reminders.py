from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .reminders import ReminderCase

MODELS = f"{__package__.rsplit('.', 1)[0]}.models"


@tagged("post_install", "-at_install")
class TestReminders(ReminderCase):
    """Who is told when that a consent ends."""

    def test_the_days(self):
        consent = self.given()
        told = self.mail_days((70, 135))
        self.assertEqual(told, [76, 83, 87, 89, 90, 97, 104, 111, 118])
        lines = consent.reminder_ids.sorted("id")
        self.assertEqual(lines.mapped("days_left"), [14, 7, 3, 1, 0, -7, -14, -21, -28])
        self.assertEqual(set(lines.mapped("kind")), {"mail"})
        self.assertEqual(self.mails().recipient_ids, self.karen)

    def test_other_days_by_the_companys_settings(self):
        self.company.write(
            {"open_banking_notices": "30 2", "open_banking_reminder_weeks": 1}
        )
        self.given()
        self.assertEqual(self.mail_days((50, 110)), [60, 88, 97])

    def test_settings_that_cannot_be_read(self):
        for wrong in ("soon", "14; -1", "99", "1,2,3,4,5,6,7,8,9,10,11"):
            with self.assertRaisesRegex(ValidationError, "whole numbers"):
                self.company.open_banking_notices = wrong
        for wrong in (-1, 5):
            with self.assertRaisesRegex(ValidationError, "weekly"):
                self.company.open_banking_reminder_weeks = wrong
        self.company.open_banking_notices = False
        self.assertEqual(self.company._open_banking_notice_days()[0], 14)

    def test_a_second_run_on_a_day_sends_nothing(self):
        self.given()
        for _run in range(3):
            with self.day(76):
                self.remind()
        self.assertEqual(len(self.mails()), 1)

    def test_another_worker_has_sent_the_mail_of_the_day(self):
        consent = self.given()
        reminders = self.env["open.banking.reminder"]
        with self.day(76):
            self.assertTrue(reminders._open(self.karen, None))
            self.assertFalse(reminders._open(self.karen, None))
            self.assertFalse(reminders._send(self.karen, {consent: "http://x"}))
            self.assertTrue(reminders._open(self.karen, self.bookkeeper))
        self.assertFalse(self.mails() or consent.reminder_ids)

    def test_days_without_a_server_give_one_mail(self):
        self.given()
        with self.day(76):
            self.remind()
        with self.day(88):
            self.remind()
        self.assertEqual(len(self.mails()), 2)
        self.assertEqual(self.mail_days((88, 92)), [89, 90])

    def test_a_server_that_was_off_for_months_does_not_begin_to_remind(self):
        self.given()
        self.assertEqual(self.mail_days((125, 140)), [])

    def test_it_stops_when_renewed(self):
        consent = self.given()
        with self.day(76):
            self.remind()
            consent._ask_user(consent._words_of_end)
            new = self.renew(self.links(self.mails())[0])
        self.assertEqual(consent.state, "replaced")
        self.assertFalse(self.asked(consent))
        self.assertEqual(new.account_ids.journal_id, self.journal)
        self.assertEqual(self.mail_days((77, 150)), [])

    def test_it_stops_when_the_same_consent_is_given_again(self):
        self.bank.control("settings", {"reuse_consent": True})
        consent = self.given()
        with self.day(76):
            self.remind()
            link = self.links(self.mails())[0]
            self.assertEqual(self.renew(link), consent)
            self.assertFalse(self.attempt_of(link))
        self.assertEqual(self.mail_days((77, 159)), [76 + 90 - 14])

    def test_it_stops_when_another_consent_takes_the_accounts(self):
        consent = self.given()
        with self.day(76):
            self.remind()
            link = self.links(self.mails())[0]
            consent._mark_expired()
            self.assertTrue(self.asked(consent))
            self.connect(accounts=["Driftskonto"])
            self.assertFalse(self.attempt_of(link))
        self.assertFalse(self.asked(consent) or consent.renewal_needed_on)
        self.assertEqual(self.mail_days((77, 150)), [])

    def test_what_is_not_in_use_is_not_reminded_of(self):
        consent = self.given()
        for change in (
            lambda: consent.account_ids._leave_out(),
            lambda: consent._end("withdrawn", "disconnected"),
        ):
            with self.subTest(change):
                change()
                self.assertEqual(self.mail_days((76, 98)), [])

    def test_one_mail_for_two_companies(self):
        first = self.given()
        second = self.given_elsewhere()
        second._learn_expiry(first.expires_on + timedelta(days=3))
        self.assertEqual(self.mail_days((70, 90)), [76, 79, 83, 86, 87, 89])
        alone, both, *_others = self.mails()
        self.assertEqual(len(self.links(alone)), 1)
        self.assertEqual(len(self.links(both)), 2)
        for company in (first.company_id, second.company_id):
            self.assertIn(company.name, both.body_html)
            self.assertIn(company.name, both.subject)
        renews = [self.attempt_of(link).renews_id for link in self.links(both)]
        self.assertEqual(set(renews), {first, second})

    def test_two_contacts_get_a_mail_each(self):
        ole = self.karen.copy({"name": "Ole", "email": "ole@sydlys.example"})
        self.given()
        self.given_elsewhere(partner=ole)
        self.assertEqual(self.mail_days((76, 77)), [76, 76])
        self.assertEqual(self.mails().recipient_ids, self.karen | ole)

    def test_an_end_that_moves_away_is_told_again_in_its_time(self):
        consent = self.given()
        self.assertEqual(self.mail_days((75, 78)), [76])
        consent._learn_expiry(self.today + timedelta(days=180))
        self.assertEqual(self.mail_days((78, 175), every=1), [166, 173])

    def test_an_end_that_comes_nearer(self):
        consent = self.given()
        self.assertEqual(self.mail_days((75, 78)), [76])
        consent._learn_expiry(self.today + timedelta(days=88))
        self.assertEqual(self.mail_days((78, 90)), [81, 85, 87, 88])

    # === THE END === #

    def test_a_consent_that_dies_by_itself_is_told_at_once(self):
        consent = self.given()
        with self.day(40):
            consent._mark_expired()
            self.remind()
            self.remind()
        self.assertEqual(len(self.mails()), 1)
        self.assertIn("it ended on", self.mails().body_html)
        self.assertEqual(self.asked(consent).user_id, self.bookkeeper)
        self.assertEqual(self.mail_days((41, 90)), [47, 54, 61, 68])

    def test_the_death_of_a_refresh_token_is_told_at_once(self):
        consent = self.given()
        self.bank.control("consents/expire", {"mode": "tokens"})
        trigger = self.env["ir.cron.trigger"]
        job = self.env.ref("account_mastercard_open_banking.ir_cron_remind")
        trigger.search([("cron_id", "=", job.id)]).unlink()
        with self.day(2):
            self.run_job("ir_cron_keep_alive")
            self.assertEqual(consent.state, "expired")
            self.assertEqual(len(self.asked(consent)), 1)
            [woken] = trigger.search([("cron_id", "=", job.id)])
            self.assertLessEqual(woken.call_at, fields.Datetime.now())
            self.remind()
        self.assertEqual(len(self.mails()), 1)

    def test_a_death_on_the_day_of_a_mail_waits_for_the_next_day(self):
        consent = self.given()
        with self.day(83):
            self.remind()
            consent._mark_expired()
            self.remind()
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(self.mail_days((83, 92)), [84, 90])

    def test_all_that_die_at_once_are_in_one_mail(self):
        consents = self.given() | self.given_elsewhere()
        with self.day(50):
            consents._mark_expired()
            self.remind()
        self.assertEqual(len(self.links(self.mails())), 2)
        self.assertEqual(self.mail_days((51, 80)), [57, 64, 71, 78])

    def test_a_login_that_is_needed_now(self):
        consent = self.given()
        with self.day(30):
            consent._ask_for_renewal("login_needed")
            self.remind()
        self.assertEqual(self.mail_days((31, 100)), [37, 44, 51, 58])
        self.assertIn("it was good until", self.mails()[1].body_html)
        consent._learn_expiry(self.today + timedelta(days=150))
        self.assertFalse(consent.renewal_needed_on or self.asked(consent))
        self.assertEqual(self.mail_days((130, 137)), [136])

    # === THE RESPONSIBLE USER === #

    def test_the_user_is_asked_at_three_days_and_at_the_end(self):
        consent = self.given()
        with self.day(86):
            self.remind()
            self.assertFalse(self.asked(consent))
        with self.day(87):
            self.remind()
            activity = self.asked(consent)
            self.assertEqual(activity.user_id, self.bookkeeper)
            self.assertIn("has not been renewed", activity.note)
        activity.action_done()
        with self.day(88):
            self.remind()
            self.assertFalse(self.asked(consent))
        with self.day(90):
            self.remind()
            activity = self.asked(consent)
            self.assertIn("was good until", activity.note)
            consent._mark_expired()
            self.assertEqual(self.asked(consent), activity)
            self.assertIn("has ended", activity.note)

    def test_a_note_of_the_users_own_stays(self):
        consent = self.given()
        own = consent.activity_schedule("mail.mail_activity_data_todo", automated=False)
        with self.day(87):
            self.remind()
            self.assertEqual(len(consent.activity_ids), 2)
            self.renew(self.links(self.mails())[0])
        self.assertEqual(consent.activity_ids, own)

    def test_without_an_address_the_user_is_asked(self):
        consent = self.given()
        for contact, words in (
            ({"email": False}, "Karen Holm has no e-mail address"),
            ({"email": "karen@nordlys.example", "active": False}, "no e-mail address"),
        ):
            self.karen.write(contact)
            consent._forget_renewal()
            consent.reminder_ids.unlink()
            with self.day(76):
                self.remind()
                self.remind()
            self.assertFalse(self.mails())
            self.assertEqual(consent.reminder_ids.kind, "activity")
            self.assertIn(words, self.asked(consent).note)
        self.karen.active = True
        self.assertEqual(self.mail_days((77, 85)), [83])

    def test_without_a_contact_the_user_is_asked(self):
        consent = self.given()
        consent.partner_id = False
        self.assertEqual(self.mail_days((76, 85)), [])
        self.assertIn("no contact", self.asked(consent).note)
        self.assertEqual(consent.reminder_ids.mapped("days_left"), [7, 14])

    def test_somebody_looks_after_a_consent_of_nobody(self):
        consent = self.given()
        manager = self.bookkeeper.copy({"login": "chief", "active": True})
        self.bookkeeper.active = False
        with self.day(87):
            self.remind()
        self.assertEqual(self.asked(consent).user_id, manager)

    # === WHAT GOES WRONG === #

    @mute_logger(f"{MODELS}.open_banking_reminder_job")
    def test_a_spoiled_template(self):
        consent = self.given()
        template = self.env["open.banking.reminder"]._template()
        template.with_context(lang=None).body_html = '<t t-out="object.nothing"/>'
        with self.day(76):
            self.remind()
        self.assertFalse(self.mails() or self.env["open.banking.reminder"].search([]))
        self.assertIn("template", self.asked(consent).note)
        template.unlink()
        with self.day(83):
            self.remind()
        self.assertEqual(set(consent.reminder_ids.mapped("kind")), {"activity"})

    @mute_logger(f"{MODELS}.open_banking_reminder_job")
    def test_an_error_with_one_contact_keeps_nobody_else_back(self):
        ole = self.karen.copy({"name": "Ole", "email": "ole@sydlys.example"})
        first, second = self.given(), self.given_elsewhere(partner=ole)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_company SET open_banking_notices = 'x' WHERE id = %s",
            [first.company_id.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.mail_days((76, 77)), [76])
        self.assertEqual(self.mails().recipient_ids, ole)
        self.assertTrue(second.reminder_ids and not first.reminder_ids)
