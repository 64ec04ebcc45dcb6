from datetime import datetime, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from lxml import etree
from odoo import fields
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..models.open_banking_transaction_shown import pretty
from .screens import LINE, MODULE, ScreensCase

NOON = datetime(2026, 3, 18, 11, 0)  # a Wednesday


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
                harmless = {"action_remedy", "action_print_proof"}
                self.assertFalse(shown - harmless, (name, kind))
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
