import select
from contextlib import contextmanager
from types import SimpleNamespace

from odoo import fields, sql_db
from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged

from ..models.open_banking_account_lanes import MOST_LANES, SLICE, Turns
from .common import OpenBankingCase
from .connections import TwoConnections


@tagged("post_install", "-at_install")
class TestTurns(TransactionCase):
    """Whose turn it is, without a database."""

    def account(self, number, company=1, consent=None):
        return SimpleNamespace(
            id=number,
            company_id=SimpleNamespace(id=company),
            consent_id=SimpleNamespace(id=consent or number),
        )

    def order(self, accounts, units=1):
        """Take turns until all are done; each account needs so many units."""
        turns, left, order = Turns(), {one.id: units for one in accounts}, []
        while due := [one for one in accounts if left[one.id]]:
            one = turns.next(due)
            left[one.id] -= 1
            turns.had(one, left[one.id] > 0)
            order.append(one.id)
        return order

    def test_the_one_that_waits_longest_is_first(self):
        self.assertEqual(self.order([self.account(3), self.account(1)]), [3, 1])

    def test_a_company_with_one_account_does_not_wait_for_one_with_many(self):
        many = [self.account(number) for number in range(1, 7)]
        order = self.order([*many, self.account(9, company=2)])
        self.assertEqual(order[:2], [1, 9])

    def test_accounts_of_a_company_take_turns(self):
        order = self.order([self.account(1), self.account(2)], units=3)
        self.assertEqual(order, [1, 2, 1, 2, 1, 2])


@tagged("post_install", "-at_install")
class TestLanes(TwoConnections, OpenBankingCase):
    """Import jobs that run side by side."""

    def settings(self, lanes):
        return self.env["res.config.settings"].create({"open_banking_lanes": lanes})

    def active(self):
        return len(self.env["open.banking.account"]._lanes().filtered("active"))

    def test_an_administrator_chooses_how_many(self):
        self.assertEqual(self.active(), 1)
        untouched = self.env["res.config.settings"].create({})
        self.assertEqual(untouched.open_banking_lanes, 1)
        self.settings(4).execute()
        self.assertEqual(self.active(), 4)
        self.settings(2).execute()
        self.assertEqual(self.active(), 2)

    def test_no_number_that_makes_no_sense(self):
        for wanted in (0, -1, MOST_LANES + 1):
            with self.subTest(wanted=wanted), self.assertRaises(ValidationError):
                self.settings(wanted).execute()

    def test_settings_are_saved_where_all_jobs_are_asleep(self):
        """As in a copy that was neutralized: other settings can still be changed."""
        self.env["open.banking.account"]._lanes().active = False
        self.settings(0).execute()
        self.assertEqual(self.active(), 0)

    def test_a_lane_without_time_leaves_coming_back_to_odoo(self):
        with self.two_connections() as (_consent, account, two):
            triggers = two["ir.cron.trigger"]
            of_lanes = [("cron_id", "in", account._lanes().ids)]
            before = triggers.search(of_lanes)
            two.cr.commit()
            with self.calls_heard() as calls:
                account.with_context(cron_end_time=1)._cron_fetch()
                account.env.cr.commit()
            two.cr.commit()
            self.assertFalse(triggers.search(of_lanes) - before)
            self.assertTrue(account.filtered_domain(account._due_domain()))
            self.assertIn(two.cr.dbname, calls, "it waits for the next minute")

    @contextmanager
    def calls_heard(self):
        """Yield a list; afterwards it names the databases whose workers were called."""
        calls = []
        with sql_db.db_connect("postgres").cursor() as ears:
            ears.execute("LISTEN cron_trigger")
            ears.commit()
            yield calls
            select.select([ears._cnx], [], [], 10)  # until it is heard
            ears._cnx.poll()
            calls += [call.payload for call in ears._cnx.notifies]

    def test_a_job_that_was_deleted_is_not_missed(self):
        self.env["open.banking.account"]._lanes()[1].unlink()
        self.settings(3).execute()
        self.assertEqual(self.active(), 3)
        self.env["open.banking.account"]._wake_up()

    def test_a_huge_import_lets_a_small_account_go_first(self):
        self.bank.control("settings", {"max_page_size": 1})
        for name, count in (("Stor", 3 * SLICE), ("Lille", 1)):
            self.bank.control(
                "accounts", {"name": name, "transactions": count, "days": 20}
            )
        accounts = self.map_all(self.connect(accounts=["Stor", "Lille"]))
        units = self.listen(accounts)
        self.run_jobs()
        small = accounts.filtered(lambda account: account.name == "Lille")
        large = accounts - small
        self.assertEqual(units[:SLICE], [large] * SLICE)
        first, last = units.index(small), len(units) - units[::-1].index(small)
        self.assertEqual(first, SLICE)
        self.assertIn(large, units[last:])
        for account in accounts:
            self.assert_books_equal_bank(account)

    def listen(self, accounts):
        """Return a list that grows by the account of each unit of work."""
        units = []
        model = type(accounts)
        work = model._work_safely

        def noted(account):
            units.append(accounts.browse(account.id))
            return work(account)

        self.patch(model, "_work_safely", noted)
        due = accounts.sorted(lambda account: account.name != "Stor")
        now = fields.Datetime.now()
        for place, account in enumerate(due):
            account.next_attempt = fields.Datetime.add(now, minutes=place - 10)
        return units

    def test_other_lanes_are_woken_for_other_consents_only(self):
        self.settings(3).execute()
        lanes = self.env["open.banking.account"]._lanes().filtered("active")
        first = self.import_one("Driftskonto")
        second = self.import_one("Anden konto", transactions=2)
        triggers = self.env["ir.cron.trigger"]
        for due, woken in (
            (first, []),
            (first | second, [lanes[1]]),
            (first | second, [lanes[1]]),  # once is enough
        ):
            first._wake_others(due)
            waiting = triggers.search([("cron_id", "in", lanes[1:].ids)])
            self.assertEqual(list(waiting.cron_id), woken)

    def test_a_lane_passes_by_a_consent_that_another_has(self):
        with self.two_connections() as (consent, account, two):
            self.assertTrue(consent.try_lock_for_update(allow_referencing=True))
            theirs, turns = account.with_env(two), Turns()
            self.assertIsNone(theirs._work_safely())
            turns.had(theirs, None)
            self.assertFalse(turns.free(theirs))
            self.assertFalse(turns.has_worked)
