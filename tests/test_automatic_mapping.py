from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..const import FEED_SOURCE
from .common import OpenBankingCase


class Killed(BaseException):
    """The process ends here: nothing after this is done, nothing catches it."""


class AutomaticCase(OpenBankingCase):
    """What happens to accounts that a customer shares without a bookkeeper at hand."""

    def attempt(self, sent=True, renews=None, user=None):
        """A link under way; `sent` is what mailing and copying it note."""
        attempts = self.env["open.banking.authorisation"]
        link = attempts._make_link(
            self.company,
            self.journal,
            user or self.bookkeeper,
            renews,
            sent_on=sent and fields.Datetime.now(),
        )
        return attempts._from_link(link.rsplit("/", 1)[1])

    def arrive(self, accounts=None, **options):
        """Walk the bank's pages as one without a login; returns the consent."""
        attempt = self.attempt(**options)
        self.come_back(attempt, accounts)
        self.assertEqual(attempt.state, "done", attempt.error_text)
        return attempt.consent_id

    def come_back(self, attempt, accounts=None):
        public = attempt.with_user(self.env.ref("base.public_user")).sudo()
        address, _state = public._go_to_bank("da_DK")
        back = self.customer.walk(address, bank=self.bank_id, accounts=accounts)
        brought = self.query_of(back)
        self.env.flush_all()
        with self.own_cursors():
            public._come_back(brought["code"], brought.get("consentId", ""))
        self.env.invalidate_all()

    def ask_again(self):
        """Let the job that asks for missing accounts run once."""
        job = self.env.ref("account_mastercard_open_banking.ir_cron_read_accounts")
        self.env.flush_all()
        with self.own_cursors():
            self.assertIsInstance(job.method_direct_trigger(), bool)
        self.env.invalidate_all()

    def number(self, name):
        """Return the number of one of the bank's accounts."""
        return next(each["iban"] for each in self.bank_accounts if each["name"] == name)

    def new_journal(self, name, number=None, currency=None):
        return self.env["account.journal"].create(
            {
                "name": name,
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": currency and self.env.ref(f"base.{currency}").id,
                "bank_acc_number": number,
            }
        )

    def account(self, name):
        return self.env["open.banking.account"].search([("name", "=", name)])

    def activities(self, consent):
        return consent.activity_ids.filtered(
            lambda each: "journal" in (each.summary or "")
        )


@tagged("post_install", "-at_install")
class TestAutomaticMapping(AutomaticCase):
    # === WHAT IS MAPPED === #

    def test_an_account_without_doubt_is_mapped_and_read(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        self.arrive(["Driftskonto"])
        account = self.account("Driftskonto")
        self.assertEqual(account.journal_id, self.journal)
        self.assertEqual(self.journal.bank_statements_source, FEED_SOURCE)
        self.assertFalse(account.consent_id.activity_ids)
        said = str(account.message_ids.mapped("body"))
        self.assertIn("by itself", said)
        authors = account.message_ids.filtered("tracking_value_ids").author_id
        self.assertEqual(authors, self.env.ref("base.partner_root"))
        account.start_date = self.today - timedelta(days=725)
        self.run_jobs()
        self.assert_books_equal_bank(account)
        self.assertTrue(account.synced_until)

    def test_the_start_is_the_one_the_wizard_suggests(self):
        self.new_journal("Other")
        for scene in ("nothing", "a line", "locked"):
            with self.subTest(scene), self.env.cr.savepoint() as savepoint:
                if scene == "a line":
                    self.env["account.bank.statement.line"].create(
                        {
                            "journal_id": self.journal.id,
                            "date": self.today - timedelta(days=40),
                            "amount": 1,
                            "payment_ref": "-",
                        }
                    )
                if scene == "locked":
                    self.company.fiscalyear_lock_date = self.today - timedelta(days=3)
                self.connect(accounts=["Driftskonto"])
                account = self.account("Driftskonto")
                self.journal.set_bank_account(account.iban)
                wizard = self.env["open.banking.account.map"].with_user(self.bookkeeper)
                wizard = wizard._for_accounts(account.with_user(self.bookkeeper))
                suggested = wizard.line_ids.start_date
                self.assertFalse(account.journal_id)
                self.arrive(["Driftskonto"])
                self.assertEqual(account.journal_id, self.journal)
                self.assertEqual(account.start_date, suggested)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_users_exception_from_the_lock_does_not_count(self):
        """Nobody with a login is there; Odoo books under the plain lock."""
        self.journal.set_bank_account(self.number("Driftskonto"))
        locked = self.today - timedelta(days=1)
        self.company.fiscalyear_lock_date = locked
        self.env["account.lock_exception"].create(
            {
                "company_id": self.company.id,
                "user_id": self.env.ref("base.public_user").id,
                "fiscalyear_lock_date": False,
            }
        )
        self.arrive(["Driftskonto"])
        self.assertGreater(self.account("Driftskonto").start_date, locked)

    def test_on_the_spot_the_wizard_decides(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        consent = self.arrive(sent=False)
        self.assertFalse(consent.account_ids.journal_id)
        self.assertFalse(consent.activity_ids)

    def test_a_renewal_maps_what_is_new(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        old = self.arrive(["EUR-konto"], sent=False)
        new = self.arrive(["EUR-konto", "Driftskonto"], sent=False, renews=old)
        self.assertEqual(self.account("Driftskonto").journal_id, self.journal)
        self.assertIn("1 bank account", self.activities(new).summary)

    def test_what_is_left_out_stays_so(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        self.connect(accounts=["Driftskonto"])
        self.account("Driftskonto")._leave_out()
        consent = self.arrive(["Driftskonto"])
        self.assertEqual(self.account("Driftskonto").mapping, "left_out")
        self.assertFalse(consent.activity_ids)

    # === DOUBTS === #

    def test_a_doubt_waits_for_the_bookkeeper(self):
        number = self.number("Driftskonto")
        self.assertFalse(self.journal.bank_acc_number)
        doubts = {
            "no number": lambda: None,
            "another number": lambda: self.new_journal("Other", "0099-0000000001"),
            "two journals": lambda: [
                self.new_journal(name, number) for name in ("One", "Two")
            ],
            "currency": lambda: self.new_journal("Euro", number, "EUR"),
            "another feed": lambda: self.other_feed(number),
        }
        for doubt, make in doubts.items():
            with self.subTest(doubt), self.env.cr.savepoint() as savepoint:
                make()
                consent = self.arrive(["Driftskonto"])
                account = self.account("Driftskonto")
                self.assertEqual(account.mapping, "unmapped")
                activity = self.activities(consent)
                self.assertEqual(activity.user_id, self.bookkeeper)
                savepoint.rollback()
                self.env.invalidate_all()

    def other_feed(self, number):
        """A journal that another add-on's feed fills."""
        journal = self.new_journal("Fed by another", number)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_journal SET bank_statements_source = 'online_sync' "
            "WHERE id = %s",
            [journal.id],
        )
        self.env.invalidate_all()

    def test_a_private_account_is_never_mapped_by_itself(self):
        private = {"name": "Lønkonto", "owner": "Karen Holm", "transactions": 3}
        iban = self.bank.control("accounts", private)["iban"]
        self.new_journal("Looks right", iban)
        consent = self.arrive(["Lønkonto"])
        account = self.account("Lønkonto")
        self.assertEqual(account.mapping, "unmapped")
        self.assertIn("Karen Holm", account.fit_text)
        self.run_jobs()
        self.assertFalse(account.transaction_ids)
        account.with_user(self.bookkeeper).action_leave_out()
        self.assertEqual(account.mapping, "left_out")
        self.assertFalse(self.activities(consent))
        self.run_jobs()
        self.assertFalse(self.bank.wire_calls("transactions"))

    # === THE ACTIVITY === #

    def test_one_activity_that_counts_down_and_closes(self):
        consent = self.arrive()
        activity = self.activities(consent)
        self.assertEqual(len(activity), 1)
        self.assertIn("3 bank accounts", activity.summary)
        first, second, third = consent.account_ids
        first.with_user(self.bookkeeper).action_leave_out()
        self.assertIn("2 bank accounts", activity.summary)
        second._map(self.new_journal("New", None, second.currency_id.name), self.today)
        self.assertIn("1 bank account", activity.summary)
        third.with_user(self.bookkeeper).action_leave_out()
        self.assertFalse(activity.exists())
        self.assertFalse(self.activities(consent))

    def test_the_same_consent_brought_again_asks_once(self):
        consent = self.arrive()
        again = self.arrive()
        asked = self.activities(consent | again)
        self.assertEqual(len(asked), 1)
        self.assertEqual(asked.res_id, self.account("Driftskonto").consent_id.id)

    def test_accounts_that_move_to_another_consent_take_the_question_along(self):
        old = self.arrive()
        self.customer.email = "another@nordlys.example"
        new = self.arrive(sent=False)
        self.assertNotEqual(old, new)
        self.assertFalse(self.activities(old))

    def test_when_the_consent_ends_nobody_is_asked(self):
        consent = self.arrive()
        consent._mark_expired()
        self.assertFalse(self.activities(consent))

    def test_a_user_who_has_left_is_not_asked(self):
        attempt = self.attempt()
        self.bookkeeper.active = False
        self.come_back(attempt)
        asked = self.activities(attempt.consent_id)
        self.assertNotEqual(asked.user_id, self.bookkeeper)
        self.assertIn(self.company, asked.user_id.company_ids)

    def test_a_user_who_lost_the_company_is_not_asked(self):
        attempt = self.attempt()
        main = self.env.ref("base.main_company")
        self.bookkeeper.write(
            {"company_id": main.id, "company_ids": [(6, 0, main.ids)]}
        )
        self.come_back(attempt)
        asked = self.activities(attempt.consent_id)
        self.assertEqual(asked.user_id, self.env.ref("base.user_root"))

    # === WHAT GOES WRONG === #

    def test_one_that_cannot_be_mapped_does_not_cost_the_others(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        euro = self.new_journal("Euro", self.number("EUR-konto"), "EUR")
        euro.active = True
        accounts = type(self.env["open.banking.account"])
        plain = accounts._map

        def refuse(account, journal, start):
            result = plain(account, journal, start)
            if journal == euro:
                raise UserError(account.env._("Another add-on refuses"))
            return result

        with patch.object(accounts, "_map", refuse):
            consent = self.arrive()
        self.assertEqual(self.account("Driftskonto").journal_id, self.journal)
        self.assertEqual(self.account("EUR-konto").mapping, "unmapped")
        self.assertEqual(euro.bank_statements_source, "undefined")
        self.assertIn("2 bank accounts", self.activities(consent).summary)

    def test_a_journal_that_was_taken_meanwhile(self):
        self.bank.control("accounts", {"name": "Anden"})
        self.connect(accounts=["Anden"])
        self.account("Anden")._map(self.journal, self.today)
        accounts = type(self.env["open.banking.account"])
        seen_free = patch.object(accounts, "_free_journals", lambda _a: self.journal)
        self.journal.bank_account_id.acc_number = self.number("Driftskonto")
        with seen_free:
            consent = self.arrive(["Driftskonto"])
        self.assertEqual(self.account("Driftskonto").mapping, "unmapped")
        self.assertEqual(self.account("Anden").journal_id, self.journal)
        self.assertIn("1 bank account", self.activities(consent).summary)

    def test_accounts_that_arrive_later_are_mapped_by_the_schedule(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        fault = {"endpoint": "accounts", "status": 503, "times": 0}
        self.bank.control("faults", fault)
        attempt = self.attempt()
        self.come_back(attempt)
        consent = attempt.consent_id
        self.assertEqual((attempt.state, consent.state), ("done", "active"))
        self.assertFalse(consent.account_ids)
        self.assertTrue(attempt.accounts_due)
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertFalse(consent.account_ids)
        self.assertGreater(attempt.accounts_due, fields.Datetime.now())
        self.bank.control("faults", method="DELETE")
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertEqual(len(consent.account_ids), 3)
        self.assertEqual(self.account("Driftskonto").journal_id, self.journal)
        self.assertIn("2 bank accounts", self.activities(consent).summary)
        self.assertFalse(attempt.accounts_due)
        calls = len(self.bank.wire_calls())
        self.ask_again()
        self.assertEqual(len(self.bank.wire_calls()), calls)

    def test_killed_before_the_accounts_are_stored(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        attempts = type(self.env["open.banking.authorisation"])
        attempt = self.attempt()
        killed = patch.object(attempts, "_store_accounts", side_effect=Killed)
        with killed, suppress(Killed):
            self.come_back(attempt)
        self.env.invalidate_all()
        self.assertEqual(attempt.state, "done")
        self.ask_again()
        self.assertFalse(self.account("Driftskonto"))  # somebody may still be at it
        attempt.accounts_due -= timedelta(minutes=3)
        self.ask_again()
        self.assertEqual(self.account("Driftskonto").journal_id, self.journal)

    def test_killed_while_mapping_leaves_nothing_half_done(self):
        self.journal.set_bank_account(self.number("Driftskonto"))
        attempt = self.attempt()
        consents = type(self.env["open.banking.consent"])
        killed = patch.object(consents, "_ask_for_journals", side_effect=Killed)
        with killed, suppress(Killed):
            self.come_back(attempt)
        self.env.invalidate_all()
        self.assertEqual(attempt.state, "done")
        self.assertFalse(self.account("Driftskonto"))
        self.assertEqual(self.journal.bank_statements_source, "undefined")
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertEqual(self.account("Driftskonto").journal_id, self.journal)

    def test_the_schedule_renews_old_tokens_and_knows_a_dead_consent(self):
        attempt = self.attempt()
        self.bank.control("faults", {"endpoint": "accounts", "status": 503, "times": 1})
        self.come_back(attempt)
        consent = attempt.consent_id.sudo()
        consent.access_token_until = fields.Datetime.now()
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertEqual(len(consent.account_ids), 3)
        self.bank.control("consents/revoke", {"consent": consent.external_id})
        consent.access_token_until = fields.Datetime.now()
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertEqual(consent.state, "expired")
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertFalse(attempt.accounts_due)

    def test_accounts_late_on_the_spot_ask_the_bookkeeper(self):
        self.bank.control("faults", {"endpoint": "accounts", "status": 503, "times": 1})
        attempt = self.attempt(sent=False)
        self.come_back(attempt)
        attempt.accounts_due = fields.Datetime.now()
        self.ask_again()
        self.assertFalse(attempt.consent_id.account_ids.journal_id)
        self.assertIn("3 bank accounts", self.activities(attempt.consent_id).summary)
