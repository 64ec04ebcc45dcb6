from datetime import timedelta

from odoo.tests import tagged

from .reminders import ReminderCase


@tagged("post_install", "-at_install")
class TestExpiry(ReminderCase):
    """Until when a consent lasts, and how that is known."""

    def facts(self, consent):
        """Return the life that is expected, in days, and how it is known."""
        return (consent.expires_on - self.today).days, consent.expiry_source

    def died(self, after, error_code="consent_expired", **where):
        """Let a consent be given and die after some days."""
        consent = self.given(**where)
        self.bank.control("clock", {"advance_seconds": 0})
        with self.day(after, hour=23):
            consent.refresh_token_until = consent.authorised_on + timedelta(days=999)
            consent._mark_expired(error_code)
        return consent

    def test_the_companys_days(self):
        self.company.open_banking_consent_days = 30
        self.assertEqual(self.facts(self.given()), (30, "default"))

    def test_without_the_companys_days(self):
        self.company.open_banking_consent_days = 0
        self.assertEqual(self.facts(self.given()), (90, "default"))

    def test_learned_from_the_shortest_life_of_the_bank(self):
        for days in (70, 60, 65):
            self.died(days)
        self.assertEqual(self.facts(self.given()), (60, "learned"))

    def test_a_long_life_is_learned_as_well(self):
        self.died(180)
        self.assertEqual(self.facts(self.given()), (180, "learned"))

    def test_living_consents_learn_at_the_next_look(self):
        self.died(60)
        other = self.given_elsewhere()
        self.env["open.banking.life"].search([]).days = 50
        self.assertEqual(self.facts(other), (60, "learned"))
        self.remind()
        self.assertEqual(self.facts(other), (50, "learned"))

    def test_other_banks_learn_nothing_from_it(self):
        self.died(60)
        self.bank.control("accounts", {"name": "K", "bank": "DK_Klitkassen"})
        self.bank_id = "DK_Klitkassen"
        self.assertEqual(self.facts(self.connect()), (90, "default"))

    def test_another_service_learns_nothing_from_it(self):
        self.died(60)
        self.env["open.banking.life"].search([]).service = "https://sandbox.example"
        self.assertEqual(self.facts(self.given()), (90, "default"))

    def test_what_is_no_life_of_the_bank(self):
        lives = self.env["open.banking.life"]
        self.died(60, "connection_removed")
        consent = self.given()
        consent._disconnect(self.bookkeeper)
        self.assertEqual(consent.state, "withdrawn")
        consent = self.given()
        consent._disconnect(self.env["res.users"], error_code="consent_revoked")
        self.given()._end("replaced", "replaced")
        self.given()._mark_expired()  # not a day old
        self.assertFalse(lives.search([]))

    def test_our_own_neglect_teaches_nothing(self):
        consent = self.given()
        with self.day(15):
            consent._mark_expired()  # nobody refreshed the token for two weeks
        consent = self.given()
        consent.write(
            {
                "refresh_token_encrypted": False,
                "refresh_token_until": self.today + timedelta(days=99),
            }
        )
        with self.day(15):
            consent._mark_expired()  # a neutralized copy
        self.assertFalse(self.env["open.banking.life"].search([]))

    def test_of_several_banks_nobody_knows_which_one_ended_it(self):
        consent = self.connect()
        consent.account_ids[0].provider_id = "another"
        with self.day(10):
            consent._mark_expired()
        self.assertFalse(self.env["open.banking.life"].search([]))

    def test_what_was_learned_survives_the_same_consent_given_again(self):
        self.bank.control("settings", {"reuse_consent": True})
        consent = self.died(60)
        self.assertEqual(self.given(), consent)
        self.assertEqual(self.facts(consent), (60, "learned"))

    # === THE BANK'S WORD === #

    def say(self, consent, days, accounts=None):
        consent._learn_expiry(self.today + timedelta(days=days), accounts)

    def test_the_banks_word_comes_first(self):
        self.died(60)
        consent = self.given()
        self.say(consent, 120)
        self.assertEqual(self.facts(consent), (120, "bank"))
        consent._read_accounts()
        self.remind()
        self.assertEqual(self.facts(consent), (120, "bank"))
        self.say(consent, 118)
        self.assertEqual(self.facts(consent), (118, "bank"))

    def test_the_word_before_the_accounts_are_known(self):
        consent = self.connect()
        consent.account_ids.unlink()
        self.say(consent, 44)
        consent._estimate_expiry()
        self.assertEqual(self.facts(consent), (44, "bank"))

    def test_the_first_of_several_banks_counts(self):
        self.died(60)
        consent = self.connect()
        other = consent.account_ids[0]
        other.provider_id = "another"
        self.say(consent, 170, other)
        self.assertEqual(self.facts(consent), (60, "learned"))
        self.say(consent, 180, consent.account_ids - other)
        self.assertEqual(self.facts(consent), (170, "bank"))
        self.say(consent, 50, other)
        self.assertEqual(self.facts(consent), (50, "bank"))

    def test_one_account_speaks_for_its_bank(self):
        consent = self.connect()
        self.say(consent, 120, consent.account_ids[0])
        self.assertEqual(self.facts(consent), (120, "bank"))

    def test_a_new_consent_knows_no_word_of_the_old_one(self):
        consent = self.connect()
        self.say(consent, 20)
        self.assertEqual(self.facts(self.connect()), (90, "default"))
        self.bank.control("settings", {"reuse_consent": True})
        consent = self.connect()
        self.say(consent, 20)
        self.assertEqual(self.connect(), consent)
        self.assertEqual(self.facts(consent), (90, "default"))
