from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .webhooks import SECRET, WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookReactions(WebhookCase):
    """What Odoo does about each event of Mastercard's table."""

    def setUp(self):
        super().setUp()
        self.accounts = self.import_all()
        self.consent = self.accounts.consent_id

    def ids(self, accounts):
        return accounts.mapped("external_id")

    def test_a_new_transaction_is_fetched(self):
        account = self.accounts[0]
        self.add(account, amount="-12.50", text="Kaffe")
        event = self.hear("AccountsUpdated")
        self.assertEqual((event.state, event.outcome_code), ("done", "acted"))
        self.assertEqual(event.consent_id, self.consent)
        self.run_jobs()
        self.assert_books_equal_bank(account)

    def test_an_old_change_is_seen(self):
        account = self.accounts[0]
        row = self.bank.booked(account.iban)[0]
        self.bank.control(
            "transactions/withdraw", {"account": account.iban, "line": row["line"]}
        )
        self.hear("AccountsUpdated")
        self.assertEqual(
            self.env["open.banking.call"].search([]).changed_from.isoformat(),
            row["date"],
        )
        self.run_jobs()
        self.assertEqual(account.question_count, 1)

    def test_only_the_balance_changed(self):
        changed = {"accountId": self.accounts[1].external_id}
        data = {"changedAccounts": [{**changed, "transactionsChanged": False}]}
        self.tell("AccountsUpdated", self.consent.external_id, data)
        call = self.env["open.banking.call"].search([])
        self.assertEqual(call.account_id, self.accounts[1])
        self.assertFalse(call.changed_from)

    def test_the_bank_has_been_read(self):
        data = {"syncedAccountIds": self.ids(self.accounts[:2])}
        self.tell("SyncDone", self.consent.external_id, data)
        self.assertEqual(self.calls(), self.accounts[:2])

    def test_ids_that_are_not_known_mean_all(self):
        for data in ({"syncedAccountIds": ["a-guid"]}, None, {"syncedAccountIds": "x"}):
            with self.subTest(data):
                self.env["open.banking.call"].search([]).unlink()
                self.tell("SyncDone", self.consent.external_id, data)
                self.assertEqual(self.calls(), self.accounts)

    def test_accounts_without_a_journal_are_left(self):
        self.accounts[0].journal_id = False
        self.tell("SyncDone", self.consent.external_id)
        self.assertEqual(self.calls(), self.accounts[1:])

    def test_the_bank_says_until_when(self):
        self.bank.control("consents/warn", {"days": 9})
        self.hear("ConnectionUpdateRequired")
        self.assertEqual(self.consent.expiry_source, "bank")
        left = self.consent.expires_on - fields.Date.today()
        self.assertIn(left.days, (8, 9, 10))
        self.assertFalse(self.consent.activity_ids)

    def test_the_customer_must_log_in(self):
        self.bank.control("consents/expire", {"mode": "login"})
        self.hear("ConnectionUpdateRequired")
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(len(self.consent.activity_ids), 1)
        self.assertIn("log in again", self.activities(self.consent)[0])
        self.tell("ConnectionUpdateRequired", self.consent.external_id)
        self.assertEqual(len(self.consent.activity_ids), 1)

    def test_the_bank_pauses(self):
        until = fields.Datetime.now() + timedelta(hours=5)
        self.bank.control("consents/rate-limit", {"until": until.isoformat() + "Z"})
        self.hear("ConnectionRateLimited")
        self.assertEqual(self.consent.rate_limited_until, until.replace(microsecond=0))
        calls = len(self.bank.wire_calls())
        self.accounts.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(len(self.bank.wire_calls()), calls)

    def test_a_pause_without_end_or_without_reason(self):
        now = fields.Datetime.now()
        for until, hours in (("2999-01-01T00:00:00Z", 48), (None, 6), ("soon", 6)):
            with self.subTest(until):
                data = {"rateLimitedUntil": until}
                self.tell("ConnectionRateLimited", self.consent.external_id, data)
                wait = self.consent.rate_limited_until - now
                self.assertAlmostEqual(wait.total_seconds() / 3600, hours, delta=0.1)
        self.consent.rate_limited_until = False
        data = {"rateLimitedUntil": "2020-01-01T00:00:00Z"}
        self.tell("ConnectionRateLimited", self.consent.external_id, data)
        self.assertFalse(self.consent.rate_limited_until)

    def test_one_bank_of_several_is_removed(self):
        gone, kept = self.accounts[0], self.accounts[1]
        data = {"accountIds": self.ids(gone)}
        self.tell("ConnectionRemoved", self.consent.external_id, data)
        self.assertEqual(self.consent.state, "active")
        self.assertIn("removed at Mastercard", gone.error_text)
        self.assertFalse(kept.error_code)
        self.assertTrue(self.consent.activity_ids)

    def test_the_only_bank_is_removed(self):
        self.bank.control("consents/remove-connection", {})
        self.hear("ConnectionRemoved")
        self.assertEqual(self.consent.state, "expired")
        self.assertEqual(self.consent.error_code, "connection_removed")
        self.assertFalse(self.consent.refresh_token_encrypted)

    def test_the_consent_must_be_confirmed(self):
        self.bank.control("consents/needs-update", {"refuse": False})
        self.hear("ConsentNeedsUpdate")
        self.assertEqual(self.consent.state, "active")
        self.assertIn("confirm the consent", self.activities(self.consent)[0])

    def test_the_consent_is_withdrawn(self):
        lines = [self.lines(account).ids for account in self.accounts]
        self.bank.control("consents/revoke", {})
        self.hear("ConsentRevoked")
        self.assertEqual(self.consent.state, "withdrawn")
        self.assertEqual(self.consent.error_code, "consent_revoked")
        self.assertFalse(self.consent.refresh_token_encrypted)
        self.assertEqual(len(self.consent.activity_ids), 1)
        self.assertEqual([self.lines(a).ids for a in self.accounts], lines)
        self.assertEqual(
            self.tell("SyncDone", self.consent.external_id).outcome_code, "not_active"
        )

    def test_an_account_vanishes_and_comes_back(self):
        iban = self.accounts[2].iban
        self.bank.control("accounts/orphan", {"account": iban})
        self.hear("AccountsOrphaned")
        self.assertEqual(self.accounts.filtered("is_orphaned"), self.accounts[2])
        self.bank.control("accounts/unorphan", {"account": iban})
        self.hear("AccountsUnorphaned")
        self.assertFalse(self.accounts.filtered("is_orphaned"))

    def test_what_does_not_concern_odoo(self):
        for name in (
            "SyncProgressUpdate",
            "AccountVerifiedForPayments",
            "PaymentUpdated",
            "PaymentAuthorizationPaymentsUpdated",
            "SomethingNew",
            "_cron_react",
        ):
            with self.subTest(name):
                event = self.tell(name, self.consent.external_id)
                self.assertEqual(event.outcome_code, "no_concern")
        self.assertFalse(self.calls())

    # === WHOSE CONSENT === #

    def test_an_event_before_its_consent(self):
        """H7: Mastercard is quicker than the customer's browser."""
        self.consent.external_id = "another"
        known = self.bank.control("consents")["consents"][0]["id"]
        event = self.tell("SyncDone", known)
        self.assertEqual((event.state, event.consent_id.id), ("waiting", False))
        self.assertGreater(event.next_try, fields.Datetime.now())
        self.consent.external_id = known
        self.consent.authorised_on = fields.Datetime.now()
        self.react()
        self.assertEqual((event.state, event.outcome_code), ("done", "acted"))
        self.assertEqual(self.calls(), self.accounts)

    def test_a_consent_that_never_comes(self):
        event = self.tell("SyncDone", "nobody-knows-it")
        self.assertEqual(event.state, "waiting")
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            self.react()
        self.assertEqual(event.outcome_code, "unknown_consent")
        event = self.tell("SyncDone", None)
        self.assertEqual(event.outcome_code, "unknown_consent")

    def test_a_consent_of_another_company(self):
        other = self.make_company("Sydlys Handel ApS")
        other.open_banking_client_id = "another agreement"
        other.open_banking_webhook_secret_encrypted = self.env[
            "open.banking.vault"
        ]._encrypt(SECRET)
        delivery = self.make("ConsentRevoked", self.consent.external_id)
        path = other._open_banking_webhook_path()
        self.assertEqual(self.post(delivery, path=path).status_code, 200)
        self.react()
        self.assertEqual(self.consent.state, "active")
        self.assertFalse(self.events()[:1].consent_id)
        # Two companies under one agreement have one address at Mastercard.
        other.open_banking_client_id = self.company.open_banking_client_id
        self.events().next_try = fields.Datetime.now()
        self.react()
        self.assertEqual(self.consent.state, "withdrawn")

    # === LATE, AGAIN, AT THE WRONG MOMENT === #

    def test_a_revocation_from_before_the_consent_was_given_again(self):
        delivery = self.make("ConsentRevoked", self.consent.external_id)
        later = fields.Datetime.now() + timedelta(hours=1)
        self.consent.authorised_on = later
        with freeze_time(later):
            self.post(delivery)
            self.react()
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.events()[:1].outcome_code, "asked_bank")
        self.assertEqual(self.calls(), self.accounts)

    def test_a_revocation_without_a_time_that_comes_again(self):
        self.settings(signature_schemes="viia")
        delivery = self.make("ConsentRevoked", self.consent.external_id)
        self.post(delivery)
        self.react()
        self.assertEqual(self.consent.state, "withdrawn")
        self.consent.state = "active"
        with freeze_time(fields.Datetime.now() + timedelta(minutes=30)):
            self.post(delivery)
            self.react()
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.events()[:1].outcome_code, "asked_bank")

    def test_no_message_ever_comes(self):
        self.add(self.accounts[0], amount="-8.00", text="Ingen besked")
        with freeze_time(fields.Datetime.now() + timedelta(hours=7)):
            self.bank.control("clock", {"advance_seconds": 7 * 3600})
            self.run_jobs()
        self.bank.control("clock", {"real": True})
        self.assert_books_equal_bank(self.accounts[0])
        self.assertFalse(self.events())

    @mute_logger(f"{__package__.rsplit('.', 1)[0]}.models.open_banking_event_reaction")
    def test_one_event_that_fails_keeps_no_other_back(self):
        self.post(self.make("AccountsUpdated", self.consent.external_id))
        broken = self.events()
        broken.accounts = [["x"]]
        self.post(self.make("SyncDone", self.consent.external_id))
        self.react()
        self.assertEqual(self.calls(), self.accounts)
        self.assertEqual((broken.state, broken.failures), ("waiting", 1))
        for hours in range(1, 6):
            with freeze_time(fields.Datetime.now() + timedelta(hours=hours)):
                self.react()
        self.assertEqual((broken.state, broken.failures), ("failed", 5))
        self.assertTrue(broken.outcome)
