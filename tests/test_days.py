import json
from datetime import date, timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestDays(OpenBankingCase):
    """The strip of days: covered by which run, and where bank and books part."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.EUR").active = True

    def day(self, days):
        return self.today + timedelta(days=days)

    def strip(self, account, two_years=False):
        """Return what the bookkeeper's browser gets, with the days by their date."""
        self.env.flush_all()
        self.env.invalidate_all()
        seen = account.with_user(self.bookkeeper).read_days(two_years=two_years)
        self.assertEqual(json.loads(json.dumps(seen)), seen)
        seen["by_day"] = {
            fields.Date.to_date(each["date"]): each for each in seen["days"]
        }
        return seen

    def texts(self, seen):
        return [said["text"] for said in seen["summary"]]

    def text_of_day(self, day):
        return f"{day:%B} {day.day}, {day.year}"

    def outage(self, account, days=30):
        """Let the last success lie back, and the bank be down since."""
        run = account.fetch_ids[0]
        run.window_to = account.synced_until = self.day(-days)
        self.bank.control("faults", {"endpoint": "transactions_query", "status": 500})
        self.fetch_again(account)
        self.assertEqual(account.fetch_ids[0].error_code, "server_error")

    # === COVERED, AND THE BALANCE AGREES === #

    def test_every_day_says_its_run_its_lines_and_both_balances(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        run, lines = account.fetch_ids, self.lines(account)
        seen = self.strip(account)
        self.assertEqual(len(seen["days"]), 90)
        self.assertEqual(seen["days"][-1]["date"], self.today.isoformat())
        ends = {line.date: line.running_balance for line in lines}
        self.assertGreater(len(ends), 3)
        for day, end in ends.items():
            fact = seen["by_day"][day]
            mine = lines.filtered(lambda line, day=day: line.date == day)
            self.assertEqual(fact["count"], len(mine))
            total = sum(account._exact(line.amount) for line in mine)
            self.assertEqual(fact["total"], account._amount_text(total))
            text = account._amount_text(account._exact(end))
            self.assertEqual((fact["bank"], fact["books"]), (text, text))
            self.assertEqual((fact["balance"], fact["coverage"]), ("agrees", "covered"))
            self.assertEqual(fact["run"], run.id)
        said = seen["runs"][str(run.id)]
        self.assertEqual((said["name"], said["trigger"]), (f"#{run.id}", "First fetch"))
        self.assertEqual(said["consent_id"], account.consent_id.id)
        self.assertEqual(
            self.texts(seen),
            [
                f"All 61 days since {self.text_of_day(self.day(-60))} are covered.",
                f"The balance agrees since {self.text_of_day(lines[0].date)}.",
            ],
        )

    def test_a_quiet_day_has_the_balance_of_the_day_before(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        days = self.lines(account).mapped("date")
        quiet = next(day for day in map(self.day, range(-20, 0)) if day not in days)
        before = self.strip(account)["by_day"][quiet - timedelta(days=1)]
        fact = self.strip(account)["by_day"][quiet]
        self.assertEqual(fact["count"], 0)
        self.assertTrue(fact["bank"])
        self.assertEqual(fact["bank"], before["bank"])
        self.assertEqual(fact["balance"], "agrees")

    def test_days_before_the_start_are_not_expected(self):
        account = self.import_one("EUR-konto", since=self.day(-20))
        by_day = self.strip(account)["by_day"]
        self.assertEqual(by_day[self.day(-21)]["coverage"], "before")
        self.assertEqual(by_day[self.day(-21)]["balance"], "unknown")
        self.assertEqual(by_day[self.day(-20)]["coverage"], "covered")

    def test_today_waits_for_its_first_run(self):
        account = self.import_one("EUR-konto", since=self.day(-20))
        account.fetch_ids.window_to = self.day(-1)
        seen = self.strip(account)
        self.assertEqual(seen["by_day"][self.today]["coverage"], "waiting")
        self.assertIn("All 20 days", self.texts(seen)[0])
        self.assertIn("agrees since", self.texts(seen)[1])

    def test_two_years(self):
        account = self.import_one("EUR-konto")
        seen = self.strip(account, two_years=True)
        first = self.today.replace(year=self.today.year - 2)
        self.assertEqual(fields.Date.to_date(seen["first"]), first + timedelta(days=1))
        self.assertIn(len(seen["days"]), (730, 731))

    def test_without_a_journal_nothing_is_expected(self):
        self.connect(accounts=["EUR-konto"])
        account = self.env["open.banking.account"].search([], limit=1)
        seen = self.strip(account)
        self.assertEqual({each["coverage"] for each in seen["days"]}, {"before"})
        self.assertIn("Choose a journal first.", self.texts(seen)[0])
        self.assertEqual(len(seen["summary"]), 1)

    # === GAPS === #

    def test_an_outage_is_a_gap_until_it_is_read(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        first = account.fetch_ids
        self.outage(account)
        seen = self.strip(account)
        gaps = [each for each in seen["days"] if each["coverage"] == "gap"]
        self.assertEqual(len(gaps), 29)
        self.assertEqual(gaps[0]["date"], self.day(-29).isoformat())
        self.assertFalse(any(each["run"] for each in gaps))
        self.assertEqual(seen["by_day"][self.today]["coverage"], "waiting")
        text = self.texts(seen)[0]
        span = f"{self.text_of_day(self.day(-29))} to {self.text_of_day(self.day(-1))}"
        self.assertIn(f"29 days are not covered: {span}.", text)
        self.assertIn(account.error_text, text)
        self.bank.control("faults", method="DELETE")
        self.fetch_again(account)
        seen = self.strip(account)
        self.assertIn("All 61 days", self.texts(seen)[0])
        runs = {each["run"] for each in seen["days"] if each["run"]}
        self.assertEqual(runs, {first.id, account.fetch_ids[0].id})

    def test_nothing_is_known_of_the_bank_in_a_gap(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        days = set(self.lines(account).mapped("date"))
        quiet = next(
            day
            for day in map(self.day, range(-25, -1))
            if not {day, day + timedelta(days=1)} & days
        )
        run = account.fetch_ids
        run.copy({"window_from": quiet + timedelta(days=1), "state": "done"})
        run.window_to = quiet - timedelta(days=1)
        by_day = self.strip(account)["by_day"]
        self.assertEqual(by_day[quiet]["coverage"], "gap")
        # Also on the next day: it was read, but what came in the gap is not known.
        for day in (quiet, quiet + timedelta(days=1)):
            self.assertFalse(by_day[day]["bank"])
            self.assertEqual(by_day[day]["balance"], "unknown")
        told = min(day for day in days if day > quiet)
        self.assertEqual(by_day[told]["balance"], "agrees")

    def test_after_a_lapse_another_consent_covers(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        old = account.consent_id
        account.fetch_ids.window_to = account.synced_until = self.day(-30)
        old._mark_expired()
        text = self.texts(self.strip(account))[0]
        self.assertIn("29 days are not covered", text)
        self.assertIn("Connect the bank again", text)
        self.connect(accounts=["EUR-konto"])
        self.run_jobs()
        new = account.consent_id
        self.assertNotEqual(new, old)
        seen = self.strip(account)
        by_day, runs = seen["by_day"], seen["runs"]
        for day, consent in ((-45, old), (-29, new), (0, new)):
            run = runs[str(by_day[self.day(day)]["run"])]
            self.assertEqual(run["consent_id"], consent.id)
        self.assertIn("All 61 days", self.texts(seen)[0])

    # === WHERE THEY PART === #

    def test_a_line_added_by_hand_parts_that_day(self):
        account = self.import_one("Driftskonto")
        day = self.lines(account)[5].date
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": day,
                "payment_ref": "By hand",
                "amount": 120,
            }
        )
        self.fetch_again(account)
        seen = self.strip(account)
        fact = seen["by_day"][day]
        self.assertEqual(fact["balance"], "parts")
        self.assertEqual(fact["difference"], account._amount_text(Decimal(-120)))
        self.assertEqual(seen["by_day"][self.today]["balance"], "parts")
        before = seen["by_day"][day - timedelta(days=1)]
        self.assertEqual(before["balance"], "agrees")
        self.assertEqual(account.differs_from, day)
        self.assertIn(f"parts since {self.text_of_day(day)}", self.texts(seen)[1])
        self.assertIn("120.00", self.texts(seen)[1])

    def test_a_line_on_a_quiet_day_parts_that_day(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        days = self.lines(account).mapped("date")
        quiet = next(day for day in map(self.day, range(-20, 0)) if day not in days)
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": quiet,
                "payment_ref": "By hand",
                "amount": 5,
            }
        )
        seen = self.strip(account)
        self.assertEqual(seen["by_day"][quiet]["balance"], "parts")
        self.assertIn(f"parts since {self.text_of_day(quiet)}", self.texts(seen)[1])

    def test_a_hole_in_the_banks_list(self):
        self.bank.control(
            "faults",
            {"endpoint": "transactions_query", "remove": ["transactions.3"]},
        )
        account = self.import_one("Driftskonto")
        seen = self.strip(account)
        self.assertEqual(account.proof_state, "differs")
        self.assertEqual(
            next(each["date"] for each in seen["days"] if each["balance"] == "parts"),
            account.differs_from.isoformat(),
        )

    def test_without_running_balances_what_runs_have_read_tells(self):
        self.bank.control("settings", {"running_balances": False})
        account = self.import_one("Driftskonto")
        seen = self.strip(account)
        self.assertEqual(seen["by_day"][self.today]["balance"], "agrees")
        self.assertEqual(seen["by_day"][self.day(-1)]["balance"], "unknown")
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": self.day(-8),
                "payment_ref": "By hand",
                "amount": 70,
            }
        )
        self.fetch_again(account)
        seen = self.strip(account)
        self.assertEqual(seen["by_day"][self.today]["balance"], "parts")
        self.assertEqual(
            seen["by_day"][self.today]["difference"], account._amount_text(Decimal(-70))
        )

    def test_without_any_balance_nothing_is_claimed(self):
        self.bank.control(
            "settings", {"account_balances": False, "running_balances": False}
        )
        account = self.import_one("Driftskonto")
        seen = self.strip(account)
        self.assertEqual({each["balance"] for each in seen["days"]}, {"unknown"})
        self.assertIn("told no balance", self.texts(seen)[1])

    def test_a_held_row_in_a_locked_period(self):
        account = self.import_one("EUR-konto", since=self.day(-6))
        self.company.fiscalyear_lock_date = self.day(-4)
        self.add(account, amount="-17.05", date=-4)
        self.fetch_again(account)
        by_day = self.strip(account)["by_day"]
        fact = by_day[self.day(-4)]
        self.assertEqual((fact["held"], fact["locked"]), (1, True))
        self.assertEqual(fact["balance"], "parts")
        self.assertEqual(fact["difference"], account._amount_text(Decimal("-17.05")))
        after = by_day[self.day(-3)]
        self.assertEqual((after["held"], after["locked"]), (0, False))

    # === WHAT A CLICK OPENS === #

    def test_a_day_opens_its_lines_or_its_run(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        user = account.with_user(self.bookkeeper)
        lines = self.lines(account)
        day = lines[0].date
        action = user.action_open_day(day.isoformat())
        opened = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(opened, lines.filtered(lambda line: line.date == day))
        days = lines.mapped("date")
        quiet = next(day for day in map(self.day, range(-20, 0)) if day not in days)
        action = user.action_open_day(quiet.isoformat())
        self.assertEqual(
            (action["res_model"], action["res_id"]),
            ("open.banking.fetch", account.fetch_ids.id),
        )
        for wrong in ("", "tomorrow", self.day(-400).isoformat()):
            with self.assertRaises(UserError):
                user.action_open_day(wrong)

    # === COST === #

    def test_the_number_of_queries_is_that_of_ten_days(self):
        account = self.import_one("Prøvekonto", transactions=400, days=700)
        self.assertGreater(len(self.lines(account)), 390)
        account._days(self.day(-9), self.today)

        def queries(days):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = account._days(self.day(1 - days), self.today)
            self.assertEqual(len(found.facts), days)
            return self.env.cr.sql_log_count - before

        few = queries(10)
        self.assertEqual(few, queries(700))
        self.assertLessEqual(few, 16)

    # === WHO MAY SEE IT === #

    def test_another_companys_days_are_not_shown(self):
        account = self.import_one("EUR-konto")
        other = self.make_company("Sydlys Handel ApS")
        self.bookkeeper.write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        mine = account.with_user(self.bookkeeper).with_context(
            allowed_company_ids=other.ids
        )
        today = date.today().isoformat()
        for method, args in (("read_days", []), ("action_open_day", [today])):
            with self.assertRaises(AccessError):
                getattr(mine, method)(*args)
