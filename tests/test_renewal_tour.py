from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .phone import PhoneCase
from .test_renewal import RenewalCase


@tagged("post_install", "-at_install")
class TestRenewalTour(PhoneCase, RenewalCase):
    """Renewals as the customer lives through them: a mail, his phone, his bank."""

    def setUp(self):
        super().setUp()
        self.consent.partner_id = self.karen
        self.consent.authorised_on -= timedelta(days=80)

    def remind(self):
        """Run the daily job; returns the link in the mail it wrote."""
        job = self.env.ref("account_mastercard_open_banking.ir_cron_remind")
        self.env.flush_all()
        self.assertIs(job.method_direct_trigger(), True)
        self.env.invalidate_all()
        mail = self.mails()[0]
        self.assertEqual(mail.recipient_ids, self.karen)
        return self.link_in(mail)

    def ends_in(self, days):
        self.consent.expires_on = fields.Date.today() + timedelta(days=days)

    def test_before_the_end(self):
        self.ends_in(7)
        self.follow(self.remind(), "What you share")
        self.assertEqual(self.last_attempt().state, "done")
        self.assertEqual(self.consent.state, "replaced")
        self.assertEqual(self.accounts.consent_id.renewed_from_id, self.consent)
        self.assert_all_goes_on()

    def test_after_the_end_with_dead_tokens_and_all_new_account_ids(self):
        self.lapse()
        ids = set(self.accounts.mapped("external_id"))
        link = self.remind()
        self.follow(
            link, "What you share", **{"karen@nordlys.example": "ole@nordlys.example"}
        )
        self.assertEqual(self.last_attempt().state, "done")
        self.assertFalse(ids & set(self.accounts.mapped("external_id")))
        self.assertEqual(self.accounts.consent_id.state, "active")
        self.assert_all_goes_on()

    def test_backing_out(self):
        self.ends_in(3)
        press = 'accept: () => press("accept")'
        self.follow(
            self.remind(),
            "The bank is not connected",
            **{press: 'accept: () => press("cancel")'},
        )
        self.assertEqual(self.last_attempt().state, "cancelled")
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.accounts.consent_id, self.consent)
        self.assert_all_goes_on()

    def test_a_login_is_enough(self):
        self.bank.control("consents/expire", {"mode": "login"})
        self.consent._ask_for_renewal("login_needed")
        self.follow(self.remind(), "What you share")
        self.assertEqual(self.last_attempt().state, "done")
        self.assertEqual(self.accounts.consent_id, self.consent)
        self.assertFalse(self.consent.activity_ids)
        self.assert_all_goes_on()
