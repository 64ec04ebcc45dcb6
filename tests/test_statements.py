from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.booking import statements as module
from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestStatements(OpenBankingCase):
    """Bank statements per day, week or month, valid in core's own sense."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.EUR").active = True

    def day(self, days):
        return self.today + timedelta(days=days)

    def import_with(self, period, **options):
        options = {"transactions": 60, "days": 75, **options}
        account = self.import_one("Prøvekonto", **options)
        self.choose(account, period)
        self.run_jobs()
        return account

    def choose(self, account, period):
        account.with_user(self.bookkeeper).with_context(
            statement_period=period
        ).action_set_statement_period()
        self.env.invalidate_all()

    def statements(self, account):
        return self.env["account.bank.statement"].search(
            [("journal_id", "=", account.journal_id.id)], order="first_line_index"
        )

    def named(self, account, name):
        return self.statements(account).filtered(lambda each: each.name == name)

    def period_of(self, line, kind):
        day = line.date
        year, week, _weekday = day.isocalendar()
        return {
            "day": day.isoformat(),
            "week": f"{year}-W{week:02}",
            "month": f"{day:%Y-%m}",
        }[kind]

    def check(self, account, kind, proof="equal", same_days=True):
        """All lines stand in the statement of their period, and core is content."""
        self.env.invalidate_all()
        statements, lines = self.statements(account), self.lines(account)
        self.assertEqual(
            [line.statement_id.name for line in lines],
            [self.period_of(line, kind) for line in lines],
        )
        names = [self.period_of(line, kind) for line in lines]
        self.assertEqual(statements.mapped("name"), list(dict.fromkeys(names)))
        self.check_chain(account)
        self.assertEqual(account.opening_statement_id, statements[0])
        self.assertEqual(account.proof_state, proof)
        if proof == "equal" and same_days:
            self.assert_books_equal_bank(account, in_order=False)

    def check_chain(self, account):
        statements = self.statements(account)
        for statement in statements:
            self.assertTrue(statement.is_valid, statement.name)
            self.assertTrue(statement.is_complete, statement.name)
        self.assertFalse(statements._get_invalid_statement_ids())
        for earlier, later in zip(statements, statements[1:], strict=False):
            self.assertEqual(
                f"{earlier.balance_end_real:.2f}", f"{later.balance_start:.2f}"
            )
            last = earlier.line_ids.sorted("internal_index")[-1]
            self.assertEqual(
                f"{earlier.balance_end_real:.2f}", f"{last.running_balance:.2f}"
            )

    def count_writes(self):
        """Say how many statements were made, changed or taken away."""
        touched = []
        registry_class = type(self.env["account.bank.statement"])
        for name in ("create", "write", "unlink"):
            old = getattr(registry_class, name)

            def noting(records, *args, old=old):
                touched.append(records)
                return old(records, *args)

            self.patch(registry_class, name, noting)
        return touched

    # === MAKING THEM === #

    def test_none_is_the_default(self):
        account = self.import_one("EUR-konto")
        self.assertEqual(account.statement_period, "none")
        statement = self.statements(account)
        self.assertEqual(statement, account.opening_statement_id)
        self.assertEqual(len(statement.line_ids), 1)

    def test_per_month_week_and_day(self):
        account = self.import_with("month")
        balance = account.opening_statement_id.balance_start
        for kind in ("month", "week", "day", "month"):
            with self.subTest(kind):
                self.choose(account, kind)
                self.fetch_again(account)
                self.check(account, kind)
                self.assertEqual(account.opening_statement_id.balance_start, balance)

    def test_chosen_before_the_first_fetch(self):
        self.bank.control("accounts", {"name": "Ny", "transactions": 30, "days": 60})
        account = self.map_all(self.connect(accounts=["Ny"]))
        self.choose(account, "week")
        self.run_jobs()
        self.check(account, "week")

    def test_more_than_one_unit_of_work(self):
        self.patch(module, "STATEMENTS_AT_ONCE", 3)
        account = self.import_with("day")
        self.check(account, "day")
        first = self.lines(account)[0]
        first.amount += 1
        self.fetch_again(account)
        self.check(account, "day", proof="differs")

    def test_new_lines(self):
        account = self.import_with("day")
        count = len(self.statements(account))
        self.add(account, amount="-1.00", date=1)
        self.fetch_again(account)
        self.check(account, "day")
        self.assertEqual(len(self.statements(account)), count + 1)

    def test_a_run_that_brings_nothing_touches_no_statement(self):
        account = self.import_with("week")
        touched = self.count_writes()
        self.fetch_again(account)
        self.assertFalse(touched)
        self.check(account, "week")

    def test_a_late_line_joins_its_period(self):
        account = self.import_with("day")
        day = (
            self.lines(account).filtered(lambda line: line.date > self.day(-8))[0].date
        )
        before = self.statements(account).filtered(lambda each: each.date < day)
        touched = self.count_writes()
        self.add(account, amount="-17.05", text="Late", date=day.isoformat())
        self.fetch_again(account)
        self.check(account, "day")
        self.assertIn(
            "Late", self.named(account, day.isoformat()).line_ids.mapped("payment_ref")
        )
        self.assertGreater(len(before), 20)
        # What lies before the first touched period costs nothing.
        for records in touched:
            self.assertFalse(records & before)

    def test_older_history(self):
        account = self.import_with("month", since=self.day(-20))
        account.write({"start_date": self.day(-100), "synced_until": False})
        account.transaction_ids.filtered(
            lambda row: row.reason_code == "before_start"
        ).write({"booking_state": "to_book", "reason_code": False})
        account.next_attempt = fields.Datetime.now()
        self.run_jobs()
        self.assertEqual(len(self.lines(account)), 60)
        self.check(account, "month")

    def test_a_locked_period_does_not_stand_in_the_way(self):
        account = self.import_one("Prøvekonto", transactions=60, days=75)
        # Core closes no period with lines that are not reconciled; do as if they were.
        self.patch(type(self.company), "_validate_locks", lambda *args: None)
        self.company.fiscalyear_lock_date = self.day(-10)
        self.choose(account, "week")
        self.run_jobs()
        self.check(account, "week")

    def test_without_any_balance(self):
        self.bank.control(
            "settings", {"account_balances": False, "running_balances": False}
        )
        account = self.import_with("month")
        self.assertFalse(account.opening_statement_id)
        self.check_chain(account)
        self.assertFalse(self.lines(account).filtered(lambda one: not one.statement_id))
        self.assertEqual(self.statements(account)[0].balance_start, 0)

    def test_a_journal_that_had_lines_of_its_own(self):
        own = self.env["account.bank.statement.line"].create(
            [
                {
                    "journal_id": self.journal.id,
                    "date": self.day(days),
                    "payment_ref": "By hand",
                    "amount": amount,
                }
                for days, amount in ((-95, 90_000), (-90, 10_000))
            ]
        )
        account = self.import_one("Driftskonto")
        self.choose(account, "month")
        self.run_jobs()
        self.assertFalse(own.statement_id)
        self.check_chain(account)
        fed = self.lines(account) - own
        self.assertTrue(all(line.statement_id for line in fed))
        self.assertEqual(account.proof_state, "equal")
        self.choose(account, "none")
        self.assertFalse(self.statements(account))

    # === WHAT THE USER DOES === #

    def test_a_line_is_deleted(self):
        account = self.import_with("week")
        line = self.lines(account)[20]
        day = line.date
        line.with_user(self.bookkeeper).unlink()
        self.fetch_again(account)
        self.check(account, "week", proof="differs")
        self.assertEqual(account.differs_from, day)

    def test_all_lines_of_a_period_are_deleted(self):
        account = self.import_with("week")
        for place in (0, 3):
            gone = self.statements(account)[place].line_ids
            gone.with_user(self.bookkeeper).unlink()
            self.fetch_again(account)
            self.check(account, "week", proof="differs")

    def test_a_line_is_moved_to_another_day(self):
        account = self.import_with("day")
        line = self.lines(account)[20]
        for days in (9, -15):
            line.move_id.button_draft()
            line.move_id.date = line.date + timedelta(days=days)
            line.move_id.action_post()
            self.fetch_again(account)
            self.check(account, "day", same_days=False)

    def test_a_line_is_added_by_hand(self):
        account = self.import_with("week")
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": self.day(-30),
                "payment_ref": "By hand",
                "amount": 120,
            }
        )
        self.fetch_again(account)
        self.check(account, "week", proof="differs")

    def users_statement(self, lines, **values):
        statements = self.env["account.bank.statement"].with_user(self.bookkeeper)
        statement = statements.create(
            {"name": "Mine", "line_ids": [(6, 0, lines.ids)], **values}
        )
        self.env.invalidate_all()
        return statement.sudo()

    def test_statements_of_the_user_are_left_alone(self):
        account = self.import_with("month", transactions=90, days=75)
        lines = self.lines(account)
        start = lines[39].running_balance
        mine = self.users_statement(lines[40:45], balance_start=start)
        said = mine.read(["name", "balance_start", "balance_end_real", "line_ids"])
        self.fetch_again(account)
        self.env.invalidate_all()
        self.assertEqual(
            mine.read(["name", "balance_start", "balance_end_real", "line_ids"]), said
        )
        self.check_chain(account)
        self.assertTrue(all(line.statement_id for line in lines))
        around = (lines[39].statement_id, lines[45].statement_id)
        self.assertNotEqual(*around)
        self.assertEqual(account.proof_state, "equal")
        mine.with_user(self.bookkeeper).unlink()
        self.fetch_again(account)
        self.check(account, "month")

    def test_a_statement_that_the_user_changed_is_his(self):
        account = self.import_with("week")
        changed = self.statements(account)[3]
        changed.with_user(self.bookkeeper).name = "Checked by Karen"
        self.fetch_again(account)
        self.check_chain(account)
        self.choose(account, "none")
        self.assertEqual(
            self.statements(account), account.opening_statement_id | changed
        )

    def test_a_user_may_attach_the_banks_paper_to_ours(self):
        account = self.import_with("week")
        papers = self.env["ir.attachment"].with_user(self.bookkeeper)
        paper = papers.create({"name": "W12.pdf", "raw": b"%PDF"})
        statement = self.statements(account)[3]
        statement.with_user(self.bookkeeper).attachment_ids = paper
        self.assertEqual(statement.open_banking_account_id, account)

    # === THE CHOICE === #

    def test_back_to_none_leaves_the_opening(self):
        account = self.import_with("week")
        balances = self.lines(account).mapped("running_balance")
        self.choose(account, "none")
        statement = self.statements(account)
        self.assertEqual(statement, account.opening_statement_id)
        self.assertEqual(statement.line_ids, self.lines(account)[0])
        self.assertEqual(self.lines(account).mapped("running_balance"), balances)
        self.fetch_again(account)
        self.assertEqual(self.statements(account), statement)
        self.assert_books_equal_bank(account)

    def test_only_the_administrator_chooses(self):
        account = self.import_one("EUR-konto")
        self.bookkeeper.group_ids -= self.env.ref("account.group_account_manager")
        with self.assertRaisesRegex(UserError, "administrator"):
            self.choose(account, "week")
        self.assertEqual(account.statement_period, "none")

    def test_nobody_writes_the_field_itself(self):
        account = self.import_one("EUR-konto")
        with self.assertRaises(AccessError):
            account.with_user(self.bookkeeper).statement_period = "week"
        with self.assertRaisesRegex(UserError, "none, day, week or month"):
            self.choose(account, "year")

    def test_another_companys_account(self):
        account = self.import_one("EUR-konto")
        self.bookkeeper.write(
            {
                "company_ids": [(6, 0, self.env.company.ids)],
                "company_id": self.env.company.id,
            }
        )
        with self.assertRaises(AccessError):
            self.choose(account, "week")
