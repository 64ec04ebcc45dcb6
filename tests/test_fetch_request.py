from datetime import timedelta

from dateutil.relativedelta import relativedelta
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..models import open_banking_transaction_preview
from .common import BOOKKEEPER_GROUPS
from .fetch_requests import RequestCase


@tagged("post_install", "-at_install")
class TestFetchRequest(RequestCase):
    """A bookkeeper chooses the days to fetch."""

    def test_the_card_opens_the_wizard_with_the_usual_days(self):
        account = self.an_account()
        account.synced_until = self.days_ago(3)
        journal = account.journal_id.with_user(self.bookkeeper)
        action = journal.action_open_banking_fetch_request()
        self.assertEqual(action["target"], "new")
        wizards = journal.env[action["res_model"]].with_context(**action["context"])
        wizard = Form(wizards).save()
        self.assertEqual(wizard.account_ids, account)
        self.assertEqual(wizard.date_from, self.days_ago(13))
        self.assertEqual(wizard.date_to, self.today)

    def test_the_user_who_pressed_stands_in_the_log(self):
        account = self.import_one("EUR-konto")
        self.assertEqual(account.fetch_ids.trigger, "first")
        self.assertFalse(account.fetch_ids.user_id)
        self.fetch_again(account)
        run = account.fetch_ids[0]
        self.assertEqual((run.trigger, run.user_id), ("button", self.bookkeeper))
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        run = account.fetch_ids[0]
        self.assertEqual((run.trigger, run.user_id.id), ("schedule", False))

    # === WHICH DAYS === #

    def test_days_that_cannot_be_asked_for(self):
        account = self.import_one("EUR-konto")
        old = self.today - relativedelta(years=2)
        tomorrow = self.today + timedelta(days=1)
        self.refused("in the future", account, self.today, tomorrow)
        self.refused("after the last day", account, self.today, self.days_ago(1))
        self.refused("two years", account, old - timedelta(days=1), self.today)
        self.assertEqual(len(account.fetch_ids), 1)
        self.ask(account, old, self.today)
        self.assertEqual(account.fetch_ids[0].state, "waiting")

    def test_when_the_bank_cannot_be_read(self):
        account = self.import_one("EUR-konto")
        account.consent_id.rate_limited_until = "2100-01-01 00:00:00"
        self.refused("used up", account, self.start, self.today)
        account.consent_id._mark_expired()
        self.refused("consent has ended", account, self.start, self.today)

    def test_only_bookkeepers_and_only_their_companies(self):
        account = self.import_one("EUR-konto")
        wizard = self.request(account, self.start, self.today)
        other = self.make_company("Sydlys Handel ApS")
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups=BOOKKEEPER_GROUPS,
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        reader = new_test_user(
            self.env, login="reader", groups="account.group_account_readonly"
        )
        with self.assertRaises(AccessError):
            wizard.with_user(stranger).create({"account_ids": account.ids})
        for button in ("action_fetch", "action_preview"):
            with self.assertRaises(AccessError):
                getattr(wizard.with_user(stranger), button)()
        window = (self.start, self.today)
        with self.assertRaises(AccessError):
            account.with_user(stranger)._ask_for(window)
        for method in ("_ask_for", "_preview"):
            with self.assertRaisesRegex(UserError, "Only bookkeepers"):
                getattr(account.with_user(reader), method)(window)
        self.assertEqual(len(account.fetch_ids), 1)

    # === WHAT IS READ AND BOOKED === #

    def test_older_days_are_booked_though_before_the_start_date(self):
        account = self.an_account()
        calls = len(self.bank.wire_calls("/transactions"))
        self.ask(account, self.days_ago(50), self.days_ago(21))
        self.assertEqual(len(self.bank.wire_calls("/transactions")), calls)
        self.assertEqual(account.fetch_ids[0].state, "waiting")
        self.run_jobs()
        run = account.fetch_ids.filtered("is_asked")
        self.assertEqual((run.trigger, run.user_id), ("button", self.bookkeeper))
        self.assertEqual(
            (run.state, run.window_from, run.window_to),
            ("done", self.days_ago(50), self.days_ago(21)),
        )
        self.assertEqual(run.booked_count, 30)
        dates = self.lines(account).mapped("date")
        self.assertEqual(len(dates), 50)
        self.assertEqual(dates[:2], [self.days_ago(50), self.days_ago(49)])
        self.assertEqual(account.start_date, self.start)
        self.assertEqual(account.proof_state, "equal")
        # What the bank sent beside the asked days stays left out.
        beside = account.transaction_ids.filtered(
            lambda row: row.date == self.days_ago(51)
        )
        self.assertEqual(beside.reason_code, "before_start")

    def test_known_rows_from_before_the_start_date_are_booked(self):
        account = self.an_account()
        self.ask(account, self.days_ago(50), self.days_ago(41))
        self.run_jobs()
        known = account.transaction_ids.filtered(
            lambda row: row.reason_code == "before_start"
        )
        self.assertIn(self.days_ago(40), known.mapped("date"))
        self.fetch_again(account)  # an ordinary run leaves them out
        self.assertEqual(len(self.lines(account)), 30)
        self.ask(account, self.days_ago(40), self.days_ago(40))
        self.run_jobs()
        run = account.fetch_ids.filtered("is_asked")[0]
        self.assertEqual(run.booked_count, 1)
        self.assertEqual(len(self.lines(account)), 31)
        row = account.transaction_ids.filtered(lambda r: r.date == self.days_ago(40))
        self.assertEqual((row.booking_state, row.reason_code), ("booked", False))

    def test_rows_with_new_ids_are_booked_once(self):
        account = self.an_account()
        self.ask(account, self.days_ago(50), self.days_ago(41))
        self.run_jobs()
        body = {"account": account.iban, "keep_old": False}
        self.bank.control("transactions/new-ids", body)
        self.ask(account, self.days_ago(60), self.days_ago(30))
        self.run_jobs()
        dates = self.lines(account).mapped("date")
        self.assertEqual(len(dates), len(set(dates)))
        self.assertEqual(len(dates), 20 + 31)

    def test_what_the_user_deleted_stays_deleted(self):
        account = self.an_account()
        self.lines(account)[0].unlink()
        self.ask(account, self.days_ago(30), self.today)
        self.run_jobs()
        self.assertNotIn(self.start, self.lines(account).mapped("date"))
        self.assertEqual(len(self.lines(account)), 29)

    # === THE WATERMARK === #

    def test_an_older_window_does_not_move_the_watermark(self):
        account = self.an_account()
        watermark = self.days_ago(5)
        for window in ((50, 41), (50, 4), (3, 0), (14, 1)):
            with self.subTest(window):
                account.synced_until = watermark
                self.ask(account, *map(self.days_ago, window))
                account.next_attempt = fields.Datetime.now()
                while account._work():
                    pass
                run = account.fetch_ids.filtered("is_asked")[0]
                self.assertEqual(run.state, "done")
                self.assertEqual(account.synced_until, watermark)
                # The newest transactions keep the hour they had.
                account.last_fetch_on = fields.Datetime.now() - timedelta(hours=7)

    def test_a_window_that_joins_up_moves_it_forward(self):
        account = self.an_account()
        account.synced_until = self.days_ago(5)
        self.ask(account, self.days_ago(15), self.today)
        self.run_jobs()
        self.assertEqual(account.synced_until, self.today)
        self.assertEqual(len(account.fetch_ids), 2)

    def test_the_newest_are_not_late_for_an_older_window(self):
        account = self.an_account()
        account.last_fetch_on = fields.Datetime.now() - timedelta(hours=5)
        self.ask(account, self.days_ago(50), self.days_ago(41))
        self.run_jobs()
        wait = account.next_attempt - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 3600, delta=60)
        self.assertEqual(account.synced_until, self.today)

    def test_an_older_window_without_transactions_is_no_failure(self):
        account = self.an_account()
        self.add(account, amount="-1.00")
        self.ask(account, self.days_ago(300), self.days_ago(200))
        self.run_jobs()
        run = account.fetch_ids.filtered("is_asked")
        self.assertEqual((run.state, run.received_count), ("done", 0))
        self.assertFalse(account.error_code)

    # === WHAT WAITS === #

    def test_a_wish_waits_for_the_run_that_is_open(self):
        account = self.an_account()
        account.next_attempt = fields.Datetime.now()
        account._work()
        open_run = account.fetch_ids[0]
        self.assertEqual(open_run.state, "booking")
        other = new_test_user(
            self.env,
            login="second",
            groups=BOOKKEEPER_GROUPS,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.ask(account, self.days_ago(60), self.days_ago(55))
        self.ask(account, self.days_ago(60), self.days_ago(55))  # pressed twice
        self.ask(account, self.days_ago(30), self.days_ago(25), other)
        self.run_jobs()
        self.assertEqual(open_run.state, "done")
        second, first = account.fetch_ids.filtered("is_asked")
        self.assertEqual((first.user_id, second.user_id), (self.bookkeeper, other))
        self.assertEqual(len(self.lines(account)), 20 + 6 + 6)
        self.assertNotIn("waiting", account.fetch_ids.mapped("state"))

    def test_a_wish_survives_failures(self):
        account = self.an_account()
        self.patch(open_banking_transaction_preview, "PAGE_SIZE", 5)
        self.ask(account, self.days_ago(50), self.days_ago(41))
        fault = {"endpoint": "transactions_query", "status": 500, "times": None}
        self.bank.control("faults", fault)
        self.run_jobs()
        self.assertEqual(account.error_code, "server_error")
        wish = account.fetch_ids.filtered("is_asked")
        self.assertEqual(wish.state, "waiting")
        self.bank.control("faults", method="DELETE")
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), 30)

    def test_a_wish_that_was_begun_and_broke_off_is_asked_again(self):
        account = self.an_account()
        self.ask(account, self.days_ago(50), self.days_ago(41))
        run = self.env["open.banking.fetch"]._open_run(account)
        self.assertTrue(run.is_asked)
        run.started_on = fields.Datetime.now() - timedelta(hours=13)
        self.run_jobs()
        self.assertEqual((run.state, run.error_code), ("failed", "interrupted"))
        self.assertEqual(len(self.lines(account)), 30)

    def test_a_wish_that_always_fails_does_not_stop_the_newest(self):
        account = self.an_account()
        self.ask(account, self.days_ago(50), self.days_ago(41))
        account.failures = 3
        self.add(account, amount="-1.00", text="News")
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), 31)
        self.assertEqual(
            account.fetch_ids.sorted("id").mapped("is_asked"), [False, False, True]
        )
