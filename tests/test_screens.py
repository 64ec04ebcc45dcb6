from datetime import datetime, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from lxml import etree
from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ..models.open_banking_transaction_shown import pretty
from .common import OpenBankingCase

MODULE = "account_mastercard_open_banking"
LINE = "account.bank.statement.line"
NOON = datetime(2026, 3, 18, 11, 0)  # a Wednesday


class ScreensCase(OpenBankingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
        }
        cls.reader = new_test_user(
            cls.env, "reader", groups="account.group_account_readonly", **company
        )
        cls.invoicer = new_test_user(
            cls.env, "invoicer", groups="account.group_account_invoice", **company
        )

    def view(self, name, kind, user=None):
        """Return a view as a user gets it."""
        ref = self.env.ref(f"{MODULE}.{name}")
        model = self.env[ref.model].with_user(user or self.bookkeeper)
        return etree.fromstring(model.get_view(ref.id, kind)["arch"])

    def found(self, view, filter_name, among, user=None):
        """Return those of some records that a filter of a search view lets through."""
        arch = self.view(view, "search", user)
        node = arch.find(f".//filter[@name='{filter_name}']")
        self.assertIsNotNone(node, filter_name)
        domain = safe_eval(node.get("domain"), {"uid": self.bookkeeper.id})
        model = among.with_user(user or self.bookkeeper)
        return model.search([*domain, ("id", "in", among.ids)])


@tagged("post_install", "-at_install")
class TestLineScreens(ScreensCase):
    """Statement lines, for daily work."""

    VIEW = "account_bank_statement_line_view_search"

    def line(self, date, **values):
        return self.env[LINE].create(
            {
                "journal_id": self.journal.id,
                "date": date,
                "payment_ref": "Husleje",
                "amount": 10,
                **values,
            }
        )

    @freeze_time(NOON)
    def test_months_and_years(self):
        days = (
            "2024-12-31",
            "2025-01-01",
            "2026-01-01",
            "2026-02-01",
            "2026-02-28",
            "2026-03-01",
            "2026-03-31",
            "2026-04-01",
        )
        lines = self.env[LINE].concat(*(self.line(day) for day in days))
        for name, expected in (
            ("this_month", days[5:7]),
            ("last_month", days[3:5]),
            ("this_year", days[2:]),
        ):
            dates = self.found(self.VIEW, name, lines).mapped("date")
            self.assertEqual(sorted(map(str, dates)), list(expected), name)

    def test_the_other_filters(self):
        fed = self.lines(self.import_one("Driftskonto"))
        typed = self.line(self.today)
        done = self.line(self.today, amount=-10, partner_id=self.company.partner_id.id)
        done.move_id.line_ids.filtered(
            lambda item: item.account_id == self.journal.suspense_account_id
        ).account_id = self.journal.company_id.transfer_account_id
        unchecked = self.line(self.today)
        unchecked.move_id.checked = False
        lines = fed | typed | done | unchecked
        for name, expected in (
            ("from_feed", fed),
            ("not_from_feed", typed | done | unchecked),
            ("to_check", unchecked),
            ("money_in", lines.filtered(lambda line: line.amount > 0)),
            ("money_out", lines.filtered(lambda line: line.amount < 0)),
            ("no_partner", lines.filtered(lambda line: not line.partner_id)),
            ("reconciled", lines.filtered("is_reconciled")),
            ("unreconciled", lines.filtered(lambda line: not line.is_reconciled)),
        ):
            self.assertEqual(self.found(self.VIEW, name, lines), expected.sorted())
        self.assertIn(done, lines.filtered("is_reconciled"))
        self.assertIn(typed, lines.filtered(lambda line: not line.is_reconciled))

    def test_groups_and_the_default(self):
        arch = self.view(self.VIEW, "search")
        groups = arch.xpath("//filter[starts-with(@name, 'group_')]/@context")
        by = [safe_eval(each)["group_by"] for each in groups]
        self.assertEqual(by, ["date:month", "partner_id", "journal_id", "statement_id"])
        self.line(self.today)
        for each in by:
            model = self.env[LINE].with_user(self.bookkeeper)
            self.assertTrue(model.formatted_read_group([], [each], ["amount:sum"]))
        action = self.env.ref(f"{MODULE}.account_bank_statement_line_action")
        for name in safe_eval(action.context):
            default = name.removeprefix("search_default_")
            self.assertIsNotNone(arch.find(f".//filter[@name='{default}']"))

    def test_the_banks_text_in_full_and_its_details(self):
        account = self.import_one("Driftskonto")
        self.add(
            account,
            amount="-17.05",
            text="Leje <marts>",
            message="Lejemål 4711, 2. sal",
            counterpart={"name": "Udlejer", "iban": "DK5000400440116243"},
        )
        self.fetch_again(account)
        line = self.lines(account)[-1].with_user(self.bookkeeper)
        self.assertIn("Lejemål 4711, 2. sal", line.open_banking_text)
        self.assertEqual(line.open_banking_text.split("\n")[0], line.payment_ref)
        details = str(line.open_banking_details)
        self.assertIn("Lejemål 4711, 2. sal", details)
        self.assertIn(">Message<", details)
        self.assertNotIn("<marts>", details)
        self.assertNotIn("{", details)

    def test_details_that_another_import_has_left(self):
        for details in (None, "text", ["a"], {"x": {"y": "<b>"}}):
            line = self.line(self.today, transaction_details=details)
            self.assertEqual(line.open_banking_text, "Husleje")
            self.assertNotIn("<b>", str(line.open_banking_details))

    def test_from_the_line_to_what_the_bank_said(self):
        line = self.lines(self.import_one("Driftskonto"))[-1]
        for user in (self.bookkeeper, self.reader):
            action = line.with_user(user).action_open_feed_row()
            self.assertEqual(action["res_id"], line.open_banking_transaction_id.id)
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            line.with_user(self.invoicer).action_open_feed_row()

    def test_the_partner_can_be_set_and_nothing_else(self):
        line = self.line(self.today)
        for kind in ("list", "form"):
            name = f"account_bank_statement_line_view_{kind}"
            for field in self.view(name, kind).iter("field"):
                if field.get("name") == "partner_id":
                    self.assertEqual(field.get("readonly"), "is_reconciled")
                elif not (field.get("invisible") or field.get("column_invisible")):
                    self.assertIn(field.get("readonly"), ("1", "True"), field.attrib)
        partner = self.company.partner_id
        line.with_user(self.bookkeeper).write({"partner_id": partner.id})
        self.assertEqual(line.move_id.line_ids.partner_id, partner)
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            line.with_user(self.reader).write({"partner_id": False})

    def test_who_invoices_only_sees_lines_and_no_feed(self):
        self.lines(self.import_one("Driftskonto"))
        for kind in ("list", "form", "search"):
            name = f"account_bank_statement_line_view_{kind}"
            text = etree.tostring(self.view(name, kind, self.invoicer)).decode()
            self.assertNotIn("action_open_feed_row", text)
            self.assertNotIn("open_banking_fetch_id", text)
        model = self.env[LINE].with_user(self.invoicer)
        fields_ = ["payment_ref", "open_banking_text", "open_banking_details"]
        self.assertTrue(call_kw(model, "search_read", [[], fields_], {"limit": 1}))

    def test_a_page_of_lines_costs_the_same_few_queries(self):
        lines = self.lines(self.import_one("Driftskonto"))
        self.assertGreater(len(lines), 6)
        names = self.view("account_bank_statement_line_view_list", "list")
        wanted = {field.get("name"): {} for field in names.iter("field")}
        model = self.env[LINE].with_user(self.bookkeeper)

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            model.web_search_read([], wanted, limit=count)
            return self.env.cr.sql_log_count - before

        queries(3)
        self.assertLessEqual(queries(len(lines)), queries(3) + 2)


@tagged("post_install", "-at_install")
class TestFeedScreens(ScreensCase):
    """Bank log and feed: finding things, and what support needs."""

    RUNS = "open_banking_fetch_view_search"
    ROWS = "open_banking_transaction_view_search"

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Driftskonto")

    def run_of(self, **values):
        return self.env["open.banking.fetch"].create(
            {"account_id": self.account.id, "state": "done", **values}
        )

    @freeze_time(NOON)
    def test_filters_of_the_bank_log(self):
        now = NOON
        plain = self.run_of(started_on=now - timedelta(days=400))
        failed = self.run_of(
            started_on=now - timedelta(hours=2), state="failed", error_code="timeout"
        )
        held = self.run_of(started_on=now - timedelta(days=2), held_count=2)
        resumed = self.run_of(
            started_on=now - timedelta(days=10), error_code="server_error", new_count=1
        )
        pressed = self.run_of(
            started_on=now - timedelta(days=40), user_id=self.bookkeeper.id
        )
        runs = plain | failed | held | resumed | pressed
        for name, expected in (
            ("failed", failed),
            ("with_error", failed | resumed),
            ("with_held", held),
            ("with_new", resumed),
            ("by_user", pressed),
            ("today", failed),
            ("this_week", failed | held),
            ("this_month", failed | held | resumed),
        ):
            self.assertEqual(set(self.found(self.RUNS, name, runs)), set(expected))
        self.assertEqual(failed.failed_count, 1)
        self.assertEqual((runs - failed).mapped("failed_count"), [0] * 4)

    def test_errors_are_found_by_their_words(self):
        run = self.run_of(state="failed", error_code="timeout")
        runs = self.env["open.banking.fetch"].with_user(self.reader)
        self.assertEqual(runs.search([("error_text", "ilike", "answer in time")]), run)
        self.assertFalse(runs.search([("error_text", "ilike", "no such words")]))

    def test_how_long_a_run_took(self):
        start = fields.Datetime.now()
        for seconds, text in ((0, "0 s"), (59, "59 s"), (61, "1 min 1 s")):
            run = self.run_of(
                started_on=start, finished_on=start + timedelta(seconds=seconds)
            )
            self.assertEqual(run.duration_text, text)
        run = self.run_of(started_on=start, finished_on=start + timedelta(hours=2))
        self.assertEqual(run.duration_text, "2 h 0 min")
        self.assertFalse(self.run_of(started_on=start).duration_text)

    def test_charts_of_the_bank_log(self):
        model = self.env["open.banking.fetch"].with_user(self.reader)
        for kind in ("graph", "pivot"):
            arch = self.view(f"open_banking_fetch_view_{kind}", kind, self.reader)
            names = arch.xpath("//field[@type='measure']/@name")
            groups = [
                f"{node.get('name')}:{node.get('interval')}"
                if node.get("interval")
                else node.get("name")
                for node in arch.xpath("//field[not(@type='measure')]")
                if node.get("name") in ("started_on", "account_id")
            ]
            sums = [f"{name}:sum" for name in names]
            rows = model.formatted_read_group([], groups, sums)
            total = sum(row["booked_count:sum"] for row in rows)
            self.assertEqual(total, len(self.lines(self.account)))

    def test_filters_of_the_feed(self):
        rows = self.account.transaction_ids
        month = self.today.replace(day=1)
        rows[0].date = month
        rows[1].date = month - relativedelta(months=1)
        rows[2].date = month - timedelta(days=400)
        rows[0].booking_state = "held"
        in_month = rows.filtered(
            lambda row: month <= row.date < month + relativedelta(months=1)
        )
        with freeze_time(datetime.combine(self.today, NOON.time())):
            for name, expected, unexpected in (
                ("this_month", rows[0], rows[1] | rows[2]),
                ("last_month", rows[1], rows[0] | rows[2]),
                ("held", rows[0], rows - rows[0]),
                ("in_books", rows[1], rows[0]),
            ):
                found = self.found(self.ROWS, name, rows)
                self.assertLessEqual(expected, found, name)
                self.assertFalse(found & unexpected, name)
            self.assertEqual(self.found(self.ROWS, "this_month", rows), in_month)
        self.assertEqual(self.found(self.ROWS, "arrived_today", rows), rows)

    def test_every_filter_of_every_search_can_be_used(self):
        views = self.env["ir.model.data"].search(
            [("module", "=", MODULE), ("model", "=", "ir.ui.view")]
        )
        views = self.env["ir.ui.view"].browse(views.mapped("res_id")).exists()
        views = views.filtered(lambda view: view.type == "search")
        self.assertGreater(len(views), 5)
        for view in views:
            model = self.env[view.model].with_user(self.bookkeeper)
            arch = etree.fromstring(model.get_view(view.id, "search")["arch"])
            for node in arch.iter("filter"):
                with self.subTest(f"{view.name} {node.get('name')}"):
                    if node.get("domain"):
                        model.search_count(
                            safe_eval(node.get("domain"), {"uid": self.env.uid})
                        )
            for node in arch.iter("field"):
                with self.subTest(f"{view.name} {node.get('name')}"):
                    self.search_by(model, node)

    def search_by(self, model, node):
        """Search as the search field does when somebody types."""
        name, domain = node.get("name"), node.get("filter_domain")
        kind = model._fields[name].type
        if domain:
            model.search_count(safe_eval(domain, {"self": "x"}))
        elif kind in ("char", "text", "many2one"):
            model.search_count([(name, "ilike", "x")])
        elif kind == "monetary":
            model.search_count([(name, "=", 1.5)])

    # === FOR SUPPORT === #

    def test_raw_data_stays_digit_by_digit(self):
        text = '{"b":1.10,"a":[{"x":"æ\\n"},[],{}],"c":123456789012345678901.05}'
        shown = self.env["open.banking.transaction"]._pretty(text)
        self.assertIn("1.10", shown)
        self.assertIn("123456789012345678901.05", shown)
        self.assertIn('"æ\\n"', shown)
        self.assertEqual(shown.count("\n"), 10, shown)
        self.assertEqual(pretty({"a": Decimal("1.0")}), '{\n  "a": 1.0\n}')

    def test_raw_data_that_is_none(self):
        row = self.account.transaction_ids[0]
        for text, shown in (("{", "{"), (False, False)):
            row.raw = text
            self.assertEqual(row.raw_pretty, shown)

    def test_raw_data_is_behind_developer_mode(self):
        for user in (self.reader, self.bookkeeper):
            for view, name in (
                ("transaction", "raw_pretty"),
                ("transaction", "external_id"),
                ("fetch", "correlation_id"),
            ):
                arch = self.view(f"open_banking_{view}_view_form", "form", user)
                self.assertTrue(self.is_hidden(arch, name))
                self.assertFalse(self.is_hidden(arch, "account_id"))

    def is_hidden(self, arch, name):
        """Whether a field is out of sight, as all of developer mode is without it."""
        nodes = arch.xpath(f"//field[@name='{name}']/ancestor-or-self::*/@invisible")
        return "1" in nodes or "True" in nodes

    # === READ-ONLY ACCOUNTANTS === #

    def test_readers_see_facts_and_no_decisions(self):
        for name, kinds in (
            ("open_banking_transaction_view", ("list", "form", "search")),
            ("open_banking_fetch_view", ("list", "form", "search", "graph", "pivot")),
            ("open_banking_account_view", ("list", "form", "search")),
            ("open_banking_consent_view", ("list", "form", "search")),
        ):
            for kind in kinds:
                arch = self.view(f"{name}_{kind}", kind, self.reader)
                self.assertTrue(len(arch))
                buttons = set(arch.xpath("//button/@name"))
                shown = {each for each in buttons if not each.startswith("action_open")}
                self.assertFalse(shown - {"action_remedy"}, (name, kind))
        self.account.error_code = "timeout"
        self.assertFalse(self.account.with_user(self.reader).remedy_label)

    def test_readers_read_all_that_the_screens_show(self):
        for model, view in (
            ("open.banking.transaction", "open_banking_transaction_view"),
            ("open.banking.fetch", "open_banking_fetch_view"),
            (LINE, "account_bank_statement_line_view"),
        ):
            for kind in ("list", "form"):
                arch = self.view(f"{view}_{kind}", kind, self.reader)
                names = {node.get("name"): {} for node in arch.iter("field")}
                records = self.env[model].with_user(self.reader)
                self.assertTrue(records.web_search_read([], names)["length"])
