from datetime import datetime

from freezegun import freeze_time
from lxml import etree
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .screens import LINE, MODULE, ScreensCase

NOON = datetime(2026, 3, 18, 11, 0)


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
