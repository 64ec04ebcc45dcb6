from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..bank_api.errors import CODES
from ..models import open_banking_fetch
from ..models.booking import open_banking_fetch as booking_fetch
from ..models.error_table import MATTERS
from .common import OpenBankingCase

OUR_LOGGER = "odoo.addons.account_mastercard_open_banking"

# What goes wrong at an endpoint, and the code of the words for it.
FAULTS = {
    "server": ({"status": 500}, "server_error"),
    "busy": ({"status": 409}, "conflict"),
    "limit": ({"status": 429}, "rate_limited"),
    "limit with a time": (
        {"status": 429, "headers": {"Retry-After": "7200"}},
        "rate_limited",
    ),
    "forbidden": ({"status": 403}, "forbidden"),
    "unknown": ({"status": 404}, "not_found"),
    "refused": ({"status": 400}, "rejected"),
    "moved": ({"status": 302, "headers": {"Location": "/"}}, "redirected"),
    "cut": ({"cut_after_bytes": 40}, "cut_short"),
    "short": ({"truncate": 40}, "malformed"),
    "page of a proxy": ({"body": "<html>Sorry</html>"}, "malformed"),
    "other JSON": ({"wrong_json": ["Sorry"]}, "malformed"),
    "nothing": ({"wrong_json": {}}, "malformed"),
}


class Killed(BaseException):
    """The worker's end in the middle of a unit of work."""


@tagged("post_install", "-at_install")
class TestFailures(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.env["res.currency"].with_context(active_test=False).search(
            [("name", "in", ("EUR", "NOK"))]
        ).active = True

    def import_two(self):
        """Import two accounts, and let the bank have news in both of them."""
        accounts = self.map_all(self.connect(accounts=["EUR-konto", "NOK-konto"]))
        self.run_jobs()
        return accounts

    def some_pages(self, size=10):
        """Small pages and chunks, and rows that only the bank's order sorts."""
        self.patch(open_banking_fetch, "PAGE_SIZE", size)
        self.patch(booking_fetch, "SET_SIZE", size)
        self.bank.control("settings", {"running_balances": False})
        return {"transactions": 35, "days": 9}

    def fault(self, endpoint, account=None, times=None, **what):
        ident = {"account": account.external_id} if account else {}
        self.bank.control(
            "faults", {"endpoint": endpoint, "times": times, **ident, **what}
        )

    def all_is_well(self, accounts):
        """The fault is gone and time has passed: run again, all must be there."""
        self.bank.control("faults", method="DELETE")
        accounts.consent_id.rate_limited_until = False
        self.fetch_again(accounts)
        for account in accounts:
            self.assert_books_equal_bank(account)
            self.assertFalse(account.failures)
            self.assertFalse(account.error_since)
            self.assertEqual(account.synced_until, account.fetch_ids[0].window_to)

    def check_failed(self, account, code, watermark):
        self.assertEqual(account.error_code, code)
        self.assertEqual(account.error_text, MATTERS[code].sentence._translate("en_US"))
        self.assertTrue(account.error_since)
        self.assertGreater(account.next_attempt, fields.Datetime.now())
        self.assertEqual(account.synced_until, watermark)
        run = account.fetch_ids[0]
        self.assertEqual((run.error_code, run.error_text), (code, account.error_text))

    def check_faults_at(self, endpoint):
        accounts = self.import_two()
        spoiled, other = accounts
        for title, (fault, code) in FAULTS.items():
            with self.subTest(title):
                for account in accounts:
                    self.add(account, amount="-1.00", text=title)
                watermark = self.today - timedelta(days=3)
                accounts.synced_until = watermark
                count = len(self.lines(spoiled))
                self.fault(endpoint, spoiled, **fault)
                self.fetch_again(accounts)
                self.check_failed(spoiled, code, watermark)
                if "wrong_json" not in fault:
                    self.assertTrue(spoiled.fetch_ids[0].correlation_id)
                self.assertEqual(len(self.lines(spoiled)), count)
                if code != "rate_limited":  # that one stops the whole consent
                    self.assert_books_equal_bank(other)
                self.all_is_well(accounts)

    def test_every_code_has_words(self):
        self.assertFalse(set(CODES) - set(MATTERS))

    def test_faults_while_reading_the_account(self):
        self.check_faults_at("account")

    def test_faults_while_reading_transactions(self):
        self.check_faults_at("transactions_query")

    def test_faults_while_renewing_tokens(self):
        accounts = self.import_two()
        # A bank that kills the old token although its answer was lost ends the
        # consent. That, and a refusal, are with the tests of tokens.
        self.bank.control("settings", {"old_refresh_token_grace": -1})
        dead = {"refused"}
        for title in sorted(FAULTS.keys() - dead):
            fault, code = FAULTS[title]
            with self.subTest(title):
                watermark = self.today - timedelta(days=3)
                accounts.synced_until = watermark
                accounts.consent_id.sudo().access_token_until = False
                self.fault("token", **fault)
                self.fetch_again(accounts)
                self.check_failed(accounts[0], code, watermark)
                self.assertEqual(accounts.consent_id.state, "active")
                self.all_is_well(accounts)

    def test_first_reading_fails(self):
        since = self.today - timedelta(days=300)
        for endpoint in ("account", "transactions_query"):
            with self.subTest(endpoint):
                self.fault(endpoint, status=500, times=2)
                accounts = self.map_all(
                    self.connect(accounts=["EUR-konto", "NOK-konto"]), since
                )
                self.run_jobs()
                self.check_failed(accounts[0], "server_error", False)
                self.assertFalse(accounts.transaction_ids)
                self.all_is_well(accounts)
                for account in accounts:
                    run = account.fetch_ids[0]
                    self.assertEqual(run.window_from, since)
                accounts.transaction_ids.statement_line_ids.unlink()
                accounts.transaction_ids.unlink()
                accounts.unlink()

    # === WHEN TO TRY AGAIN === #

    def test_waiting_grows_with_each_failure(self):
        account = self.import_one("EUR-konto")
        self.fault("account", status=500)
        for minutes in (5, 15, 60, 180, 360, 360):
            self.fetch_again(account)
            wait = account.next_attempt - fields.Datetime.now()
            self.assertAlmostEqual(wait.total_seconds(), minutes * 60, delta=20)
        self.assertEqual(account.failures, 6)
        self.all_is_well(account)

    def test_the_first_moment_of_a_failure_stays(self):
        account = self.import_one("EUR-konto")
        self.fault("account", status=500)
        self.fetch_again(account)
        account.error_since = since = fields.Datetime.now() - timedelta(days=2)
        self.fetch_again(account)
        self.assertEqual(account.error_since, since.replace(microsecond=0))

    def test_a_limit_is_kept_for_the_whole_consent(self):
        accounts = self.import_two()
        other = self.connect_other_bank()
        self.fault("account", accounts[0], status=429, headers={"Retry-After": "7200"})
        for account in accounts | other:
            self.add(account, amount="-1.00")
        self.fetch_again(accounts | other)
        until = accounts.consent_id.rate_limited_until
        wait = (until - fields.Datetime.now()).total_seconds()
        self.assertAlmostEqual(wait, 7200, delta=20)
        self.assertEqual(accounts[0].next_attempt, until)
        calls = len(self.bank.wire_calls())
        with self.assertRaisesRegex(UserError, "few readings a day"):
            self.fetch_again(accounts)
        accounts.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assert_books_equal_bank(other)
        self.all_is_well(accounts)

    def connect_other_bank(self):
        self.bank.control(
            "accounts", {"bank": "DK_Klitkassen", "name": "Ny", "transactions": 3}
        )
        self.bank_id = "DK_Klitkassen"
        account = self.map_all(self.connect(accounts=["Ny"]))
        self.run_jobs()
        return account

    # === IN THE MIDDLE OF A LIST === #

    def test_failure_on_the_second_page(self):
        options = self.some_pages()
        self.fault("transactions_query", after=1, times=1, status=500)
        account = self.import_one("Prøvekonto", **options)
        self.assertEqual(account.error_code, "server_error")
        self.assertEqual(len(account.transaction_ids), 10)
        self.assertFalse(self.lines(account))
        self.assertFalse(account.synced_until)
        # By itself: after a call of a user Odoo would read once more.
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        # Taken up where it stopped: four pages and the one that failed.
        self.assertEqual(len(self.bank.wire_calls("/transactions")), 5)
        self.assertEqual(len(account.fetch_ids), 1)
        self.all_is_well(account)

    def test_lost_place_in_the_list(self):
        options = self.some_pages()
        self.fault("transactions_query", after=2, times=1, status=400)
        account = self.import_one("Prøvekonto", **options)
        self.assert_books_equal_bank(account)
        done, failed = account.fetch_ids
        self.assertEqual((failed.state, failed.pages), ("failed", 2))
        self.assertEqual(failed.error_code, "paging_token_rejected")
        self.assertEqual((done.state, done.pages), ("done", 4))
        self.assertFalse(account.failures)

    def test_place_that_is_lost_again_and_again(self):
        options = self.some_pages()
        self.fault("transactions_query", after=1, times=1, status=400)
        self.fault("transactions_query", after=2, times=1, status=400)
        account = self.import_one("Prøvekonto", **options)
        self.assertEqual(account.error_code, "paging_token_rejected")
        self.assertGreater(account.next_attempt, fields.Datetime.now())
        self.assertFalse(self.lines(account))
        self.assertEqual(len(self.bank.wire_calls("/transactions")), 4)
        self.all_is_well(account)

    def test_place_lost_after_another_failure(self):
        options = self.some_pages()
        self.fault("transactions_query", after=1, times=1, status=500)
        account = self.import_one("Prøvekonto", **options)
        self.assertEqual(account.error_code, "server_error")
        # The row that the next page would have followed is gone, and its place with it.
        last = self.bank.truth(account.iban)[-10]
        body = {"account": account.iban, "line": last["line"], "hard": True}
        self.bank.control("transactions/withdraw", body)
        self.fetch_again(account)
        self.assertEqual(account.error_code, "paging_token_rejected")
        self.all_is_well(account)
        self.assertEqual(len(self.lines(account)), 34)

    def test_rows_that_arrive_while_the_list_is_read(self):
        options = self.some_pages()
        self.fault("transactions_query", after=1, times=1, status=500)
        account = self.import_one("Prøvekonto", **options)
        self.add(account, amount="-1.00", copies=2)
        self.fetch_again(account)
        # The open run goes on; what it cannot have seen comes with the next one.
        self.assertEqual(len(self.lines(account)), 37)
        self.all_is_well(account)

    def test_a_paging_token_that_repeats(self):
        options = self.some_pages()
        self.fault("transactions_query", repeat_paging_token=True)
        account = self.import_one("Prøvekonto", **options)
        self.assertEqual(account.error_code, "malformed")
        self.assertFalse(account.synced_until)
        self.assertLess(len(self.bank.wire_calls("/transactions")), 4)
        self.all_is_well(account)

    # === A WORKER'S END === #

    def kill_at(self, model, line):
        """Let the worker die while the `line`-th record of a model is created."""
        registry_class = type(self.env[model])
        create, made = registry_class.create, []

        def deadly(records, vals_list):
            made.extend([vals_list] if isinstance(vals_list, dict) else vals_list)
            if len(made) >= line:
                raise Killed
            return create(records, vals_list)

        accounts = type(self.env["open.banking.account"])
        work = accounts._work

        def mortal(account):
            try:
                return work(account)
            except Killed:
                # What was not committed is gone with the worker's connection.
                account.env.cr.rollback()
                raise

        self.patch(accounts, "_work", mortal)
        self.patch(registry_class, "create", deadly)
        return lambda: setattr(registry_class, "create", create)

    def check_killed(self, model, line, lines, rows):
        options = self.some_pages()
        alive = self.kill_at(model, line)
        try:  # assertRaises would roll back what was committed
            self.import_one("Prøvekonto", **options)
        except Killed:
            alive()
        else:
            self.fail("the worker was not killed")
        account = self.env["open.banking.account"].search([])
        self.assertEqual(len(self.lines(account)), lines)
        self.assertEqual(len(account.transaction_ids), rows)
        self.assertFalse(account.error_code)
        self.run_jobs()
        self.assert_books_equal_bank(account)
        self.assertEqual(len(account.fetch_ids), 1)
        self.assertEqual(account.fetch_ids.booked_count, 35)

    def test_killed_while_reading(self):
        self.check_killed("open.banking.transaction", 15, 0, 10)

    def test_killed_while_booking(self):
        self.check_killed("account.bank.statement.line", 25, 20, 35)

    def test_killed_while_anchoring_the_balance(self):
        self.check_killed("account.bank.statement", 1, 0, 35)

    def test_what_nobody_foresaw_stays_on_one_account(self):
        accounts = self.import_two()
        spoiled, other = accounts
        for account in accounts:
            self.add(account, amount="-1.00", text="Hemmelig tekst")
        lines = type(self.env["account.bank.statement.line"])
        create = lines.create

        def broken(records, vals_list):
            if vals_list[0]["journal_id"] == spoiled.journal_id.id:
                raise RuntimeError(vals_list[0]["payment_ref"])
            return create(records, vals_list)

        self.patch(lines, "create", broken)
        with self.assertLogs(OUR_LOGGER, "DEBUG") as logs:
            self.fetch_again(accounts)
        self.assert_books_equal_bank(other)
        self.check_failed(spoiled, "unknown", self.today)
        self.assertIn("RuntimeError", "".join(logs.output))
        self.assertIn(f"Account {spoiled.id} ", "".join(logs.output))
        self.assertNotIn("Hemmelig", "".join(logs.output))
        lines.create = create
        self.all_is_well(accounts)

    def test_logs_of_a_good_run_hold_no_bank_data(self):
        with self.assertLogs(OUR_LOGGER, "DEBUG") as logs:
            account = self.import_one("EUR-konto")
        text = "".join(logs.output)
        self.assertTrue(text)
        row = account.transaction_ids[0]
        for secret in (
            *account.transaction_ids.mapped("text"),
            account.iban,
            account.external_id,
            account.holder,
            row.external_id,
            account.consent_id.sudo()._access_token(),
        ):
            self.assertNotIn(secret, text)
