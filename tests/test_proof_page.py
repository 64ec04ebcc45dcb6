from datetime import date, timedelta
from decimal import Decimal

from lxml import html
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import OpenBankingCase
from .translations import Languages

REPORT = "account_mastercard_open_banking.open_banking_proof_report"


@tagged("post_install", "-at_install")
class TestProofPage(Languages, OpenBankingCase):
    """The page for the auditor: what it says is what the bank and the books say."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.EUR").active = True

    def day(self, days):
        return self.today + timedelta(days=days)

    def wizard(self, accounts, first, last, user=None):
        return (
            self.env["open.banking.proof"]
            .with_user(user or self.bookkeeper)
            .create(
                {
                    "account_ids": [Command.set(accounts.ids)],
                    "period": "own",
                    "date_from": first,
                    "date_to": last,
                }
            )
        )

    def printed(self, accounts, first, last, user=None):
        """Return the page as Odoo renders it for a user."""
        self.env.flush_all()
        self.env.invalidate_all()
        wizard = self.wizard(accounts, first, last, user)
        user = user or self.bookkeeper
        reports = self.env["ir.actions.report"].with_user(user)
        reports = reports.with_context(lang=user.lang)
        content, kind = reports._render_qweb_html(REPORT, wizard.ids)
        self.assertEqual(kind, "html")
        return html.fromstring(content)

    def said(self, page, name):
        found = page.xpath(f"//*[@name='{name}']")
        return " ".join(" ".join(each.text_content() for each in found).split())

    def balances(self, page):
        """Return the table of balances: texts of the cells by the row's name."""
        rows = page.xpath("//table[@name='balances']//tr")[1:]
        cells = [[" ".join(c.text_content().split()) for c in row] for row in rows]
        return {name: values for name, *values in cells}

    def text(self, account, amount):
        return " ".join(account._amount_text(Decimal(amount)).split())

    def marks(self, page):
        return [
            cell.text_content().strip()
            for cell in page.xpath("//table[@name='strip']//td[not(@class='none')]")
        ]

    # === WHAT IT SAYS === #

    def test_opening_movements_and_closing_of_both_sides(self):
        account = self.import_one("Driftskonto")
        lines = self.lines(account)
        first = lines[4].date
        page = self.printed(account, first, self.today)
        mine = lines.filtered(lambda line: line.date >= first)
        before = (lines - mine)[-1].running_balance
        table = self.balances(page)
        for name, values in (
            ("Opening balance", None),
            ("Money in", mine.filtered(lambda line: line.amount > 0)),
            ("Money out", mine.filtered(lambda line: line.amount < 0)),
            ("Closing balance", None),
        ):
            bank_count, bank, books_count, books, difference = table[name]
            self.assertEqual((bank_count, bank), (books_count, books), name)
            self.assertEqual(difference, self.text(account, "0.00"))
            if values is not None:
                self.assertEqual(books_count, str(len(values)))
                total = sum(account._exact(line.amount) for line in values)
                self.assertEqual(books, self.text(account, total))
        self.assertEqual(
            table["Opening balance"][3], self.text(account, account._exact(before))
        )
        self.assertEqual(
            table["Closing balance"][1],
            self.text(account, self.bank.balance(account.iban)),
        )
        self.assertIn("The balance agrees since", self.said(page, "agreement"))
        self.assertIn("No expected day is missing.", self.said(page, "no_gaps"))
        text = page.text_content()
        for told in (
            self.company.name,
            account.provider_name,
            account.number,
            account.holder,
            account.journal_id.display_name,
            account._span_text(first, self.today),
        ):
            self.assertIn(told, text)
        self.assertIn(self.bookkeeper.name, self.said(page, "printed"))
        self.assertEqual(len(page.xpath("//div[contains(@class, 'ob_proof')]")), 1)

    def test_in_the_language_of_the_user(self):
        self.load("da_DK")
        self.bookkeeper.lang = "da_DK"
        account = self.import_one("EUR-konto", since=self.day(-60))
        table = self.balances(self.printed(account, self.day(-700), self.day(-690)))
        self.assertEqual(
            list(table), ["Åbningssaldo", "Indbetalinger", "Udbetalinger", "Slutsaldo"]
        )
        self.assertEqual(table["Slutsaldo"][1], "ikke oplyst")
        self.assertEqual(table["Slutsaldo"][3:], ["kendes ikke", "kendes ikke"])

    def test_a_period_in_which_the_books_begin(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        page = self.printed(account, self.day(-90), self.today)
        table = self.balances(page)
        opening = account._exact(account.opening_statement_id.balance_start)
        self.assertEqual(
            table["Opening balance"],
            ["", self.text(account, opening), "", self.text(account, opening)]
            + [self.text(account, 0)],
        )
        moved = account.transaction_ids.filtered(lambda row: row.state == "booked")
        self.assertEqual(
            int(table["Money in"][0]) + int(table["Money out"][0]), len(moved)
        )
        coverage = self.said(page, "coverage")
        self.assertIn("61 of 61 expected days", coverage)
        self.assertIn("the period has 91 days", coverage)
        marks = self.marks(page)
        self.assertEqual(len(marks), 91)
        self.assertEqual(marks.count(""), 30)
        self.assertEqual(marks.count("!"), 0)

    def test_a_gap_and_two_consents(self):
        account = self.import_one("EUR-konto", since=self.day(-60))
        old = account.consent_id
        account.fetch_ids.window_to = account.synced_until = self.day(-30)
        self.bank.control("faults", {"endpoint": "transactions_query", "status": 500})
        self.fetch_again(account)
        account.fetch_ids[0]._close("failed", "interrupted")
        old._mark_expired()
        self.bank.control("faults", method="DELETE")
        self.connect(accounts=["EUR-konto"])
        page = self.printed(account, self.day(-60), self.today)
        gap = account._span_text(self.day(-29), self.day(-1))
        self.assertEqual(self.said(page, "gaps"), f"Not covered: {gap}.")
        coverage = self.said(page, "coverage")
        self.assertIn("31 of 60 expected days", coverage)
        self.assertIn("1 completed; in the period 1 failed", coverage)
        self.assertIn("not read yet", page.text_content())
        self.assertEqual(self.marks(page).count("!"), 29)
        consents = page.xpath("//table[@name='consents']//tr")[1:]
        self.assertEqual(len(consents), 2)
        new, ended = (" ".join(row.text_content().split()) for row in consents)
        self.assertIn(f"#{account.consent_id.id}", new)
        self.assertIn("Active", new)
        self.assertIn(f"#{old.id}", ended)
        self.assertIn("Ended", ended)
        self.assertIn(account.consent_id.partner_id.name, new)

    def test_the_first_day_that_parts(self):
        account = self.import_one("Driftskonto")
        day = self.lines(account)[5].date
        lines = self.env["account.bank.statement.line"]
        lines.create(
            {
                "journal_id": account.journal_id.id,
                "date": day,
                "payment_ref": "By hand",
                "amount": 120,
            }
        )
        page = self.printed(account, day - timedelta(days=3), self.today)
        said = self.said(page, "agreement")
        days = (self.today - day).days + 1
        self.assertIn(
            f"balances part: {account._day_text(day)} ({days} days in all)", said
        )
        self.assertEqual(self.marks(page).count("≠"), days)
        table = self.balances(page)
        self.assertEqual(table["Opening balance"][4], self.text(account, 0))
        self.assertEqual(table["Money in"][4], self.text(account, -120))
        self.assertEqual(table["Closing balance"][4], self.text(account, -120))
        # A period that ends before says nothing of it.
        page = self.printed(account, self.day(-60), day - timedelta(days=1))
        self.assertNotIn("part", self.said(page, "agreement"))

    def test_what_is_held_and_an_opening_that_parts(self):
        account = self.import_one("EUR-konto", since=self.day(-6))
        self.company.fiscalyear_lock_date = self.day(-4)
        self.add(account, amount="-17.05", date=-4)
        self.fetch_again(account)
        page = self.printed(account, self.day(-6), self.today)
        self.assertIn("not in the books: 1.", self.said(page, "held"))
        self.assertEqual(
            self.balances(page)["Closing balance"][4], self.text(account, "-17.05")
        )
        self.assertIn(account._day_text(self.day(-4)), self.said(page, "agreement"))

    def test_a_page_for_each_account(self):
        accounts = self.import_all()
        page = self.printed(accounts, self.day(-30), self.today)
        self.assertEqual(len(page.xpath("//div[contains(@class, 'ob_proof')]")), 3)

    # === WHICH PERIOD === #

    def test_the_periods_that_are_offered(self):
        account = self.import_one("EUR-konto")
        self.company.write({"fiscalyear_last_month": "6", "fiscalyear_last_day": 30})
        action = account.with_user(self.bookkeeper).action_print_proof()
        wizards = self.env["open.banking.proof"].with_user(self.bookkeeper)
        form = Form(wizards.with_context(**action["context"]))
        first = self.today.replace(day=1)
        last = first - timedelta(days=1)
        self.assertEqual((form.date_from, form.date_to), (last.replace(day=1), last))
        form.period = "year"
        year = self.today.year - (self.today.month < 7)
        begin = date(year, 7, 1)
        self.assertEqual((form.date_from, form.date_to), (begin, self.today))
        form.period = "last_year"
        self.assertEqual(
            (form.date_from, form.date_to), (date(year - 1, 7, 1), date(year, 6, 30))
        )
        form.period = "own"
        form.date_from, form.date_to = self.day(-3), self.today
        wizard = form.save()
        self.assertEqual(wizard.date_from, self.day(-3))
        printed = wizard.action_print()
        self.assertEqual(printed["type"], "ir.actions.report")
        self.assertEqual(printed["context"]["active_ids"], wizard.ids)
        self.assertIn(account.number, wizard._file_name())

    def test_a_period_that_cannot_be_printed(self):
        account = self.import_one("EUR-konto")
        for first, last in (
            (self.today, self.day(-1)),
            (self.day(-800), self.today),
            (False, self.today),
        ):
            with self.subTest(f"{first} {last}"), self.assertRaises(UserError):
                wizard = self.wizard(account, self.today, self.today)
                wizard.write({"date_from": first, "date_to": last})
                wizard.action_print()

    # === WHO MAY PRINT IT === #

    def test_who_may_print(self):
        account = self.import_one("EUR-konto")
        for groups, may in (
            ("account.group_account_readonly", True),
            ("account.group_account_basic", True),
            ("account.group_account_manager", True),
            ("account.group_account_invoice", False),
            ("base.group_user", False),
        ):
            with self.subTest(groups):
                user = new_test_user(
                    self.env,
                    login=groups,
                    groups=groups,
                    company_id=self.company.id,
                    company_ids=[(6, 0, self.company.ids)],
                )
                if may:
                    page = self.printed(account, self.day(-9), self.today, user)
                    self.assertIn(user.name, self.said(page, "printed"))
                    journal = account.journal_id.with_user(user)
                    action = journal.action_open_banking_proof()
                    context = {"default_account_ids": account.ids}
                    self.assertEqual(action["context"], context)
                    continue
                with self.assertRaises(AccessError):
                    self.printed(account, self.day(-9), self.today, user)
                with self.assertRaises(AccessError):
                    account.with_user(user).action_print_proof()

    def test_another_companys_account_is_not_printed(self):
        account = self.import_one("EUR-konto")
        other = self.make_company("Sydlys Handel ApS")
        wizard = self.wizard(account, self.day(-9), self.today)
        self.bookkeeper.write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            wizard.with_context(allowed_company_ids=other.ids)._pages()
