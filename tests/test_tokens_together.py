from datetime import datetime, timedelta

from odoo.tests import tagged

from ..bank_api import ConsentExpired, TokenSet
from .connections import TwoConnections
from .tokens import TokenCase


class Killed(BaseException):
    """The worker's end in the middle of a unit of work."""


@tagged("post_install", "-at_install")
class TestTokensTogether(TwoConnections, TokenCase):
    def kill_in(self, model, method):
        """Let the worker die in a method, once."""
        registry_class = type(self.env[model])
        accounts = type(self.env["open.banking.account"])
        work = accounts._work

        def deadly(records, *args):
            raise Killed

        def mortal(account):
            try:
                return work(account)
            except Killed:
                # What was not committed is gone with the worker's connection.
                account.env.cr.rollback()
                raise

        patches = [(accounts, "_work", mortal), (registry_class, method, deadly)]
        before = [(owner, name, getattr(owner, name)) for owner, name, _new in patches]
        for patch in patches:
            self.patch(*patch)
        try:  # assertRaises would roll back what was committed
            self.fetch_again(self.account)
        except Killed:
            for patch in before:
                setattr(*patch)
        else:
            self.fail("the worker was not killed")

    def test_new_tokens_are_stored_before_they_are_used(self):
        with self.later(hours=2):
            self.kill_in("open.banking.fetch", "_step")
            self.assertEqual(self.refreshes(), 1)
            self.run_jobs()
            self.assertEqual(self.refreshes(), 1)
            self.assert_books_equal_bank(self.account)

    def test_killed_before_the_new_tokens_are_stored(self):
        self.bank.control("settings", {"old_refresh_token_grace": 600})
        before = self.tokens()
        with self.later(hours=2):
            self.kill_in("open.banking.consent", "_store_tokens")
            self.assertEqual(self.tokens(), before)
            self.run_jobs()
            self.assertEqual(self.refreshes(), 2)
            self.assert_books_equal_bank(self.account)

    def test_a_second_worker_waits(self):
        with self.two_connections() as (consent, account, two):
            self.check_one_at_a_time(consent, account, two)

    def test_what_changed_since_a_worker_looked_is_left_alone(self):
        """PostgreSQL shows each worker the past; a lock on it must fail quietly."""
        with self.two_connections() as (consent, account, two):
            before = datetime.now() - timedelta(days=2)
            consent.tokens_issued_at = before
            consent.env.cr.commit()
            asked = self.nobody_asks_the_bank()
            theirs = consent.with_env(two)
            for act in (theirs._keep_alive, account.with_env(two)._work_safely):
                two.cr.rollback()
                self.assertTrue(theirs.external_id)  # their look at the past begins
                self.refresh_elsewhere(consent)
                with self.assertNoLogs(level="WARNING"):
                    self.assertFalse(act())
                two.cr.rollback()
                self.assertEqual(theirs.state, "active")
                self.assertFalse(theirs.error_code)
                self.assertFalse(account.with_env(two).error_code)
            self.assertIs(theirs._keep_alive(), True)  # fresh: nothing to do
            self.assertFalse(asked)

    def refresh_elsewhere(self, consent):
        consent._store_tokens(TokenSet("new", "new", 3600))
        consent.env.cr.commit()

    def nobody_asks_the_bank(self):
        asked = []

        def client(company):
            asked.append(company)
            raise Killed

        self.patch(type(self.env["res.company"]), "_open_banking_client", client)
        return asked

    def test_an_old_token_that_is_refused_does_not_end_a_new_one(self):
        old = self.tokens()[0]
        self.assertTrue(self.consent._renew_tokens())
        self.consent._access_token_refused(old)
        self.assertNotIn(self.consent._access_token(), (False, old))

    def test_two_new_tokens_that_are_refused_end_it_one_does_not(self):
        for slip in (True, True, False):
            self.assertTrue(self.consent._renew_tokens())
            self.consent._access_token_refused(self.consent._access_token())
            self.assertFalse(self.consent._access_token())
            self.assertTrue(self.consent._renew_tokens())
            if slip:
                self.consent._access_token_worked()
        with self.assertRaises(ConsentExpired):
            self.consent._access_token_refused(self.consent._access_token())

    def test_a_slip_of_the_bank_costs_no_consent(self):
        """A token renewed a moment ago is refused once."""
        self.assertTrue(self.consent._renew_tokens())
        for _time in range(2):
            fault = {"endpoint": "transactions", "status": 401}
            self.bank.control("faults", fault)
            self.fetch_again(self.account)
            self.assertEqual(self.consent.state, "active")
            self.assertFalse(self.account.error_code)

    def check_one_at_a_time(self, consent, account, two):
        theirs = consent.with_env(two)
        for record in (consent, account):
            self.assertTrue(record.try_lock_for_update(allow_referencing=True))
            self.assertFalse(account.with_env(two)._lock())
            two.cr.rollback()
            record.env.cr.rollback()
            self.assertTrue(account.with_env(two)._lock())
            two.cr.rollback()

        tried = self.nobody_asks_the_bank()
        self.assertTrue(consent.try_lock_for_update(allow_referencing=True))
        self.assertIs(theirs._renew_tokens(), False)
        self.assertFalse(tried)
        consent.env.cr.rollback()
        with self.assertRaises(Killed):
            theirs._renew_tokens()
        self.assertEqual(tried, [theirs.company_id])
