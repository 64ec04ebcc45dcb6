from lxml import etree
from odoo.tests import tagged

from . import test_tour
from .neighbours import NEIGHBOURS, ONLINE, RECONCILE, BesideNeighbours
from .screens import LINE, MODULE, ScreensCase

BASE = "account_statement_base"
# With what the neighbours stand on.
THEIRS = {*NEIGHBOURS, "account_statement_import_base"}
# Core's methods that both extend, each calling the one before.
EXTENDED = {
    *("create", "write", "unlink", "open_action"),
    "_AccountJournal__get_bank_statements_available_sources",
}


@tagged("post_install", "-at_install")
class TestNeighbourScreens(BesideNeighbours, ScreensCase):
    """Screens, fields and jobs of both are there, and neither stands in the other's."""

    def shown(self, action):
        """The views of an action as the web client gets them, by kind."""
        action = self.env.ref(action)
        model = self.env[action.res_model].with_user(self.bookkeeper)
        views = [(view or False, kind) for view, kind in action.views]
        return model.get_views(views)["views"]

    def test_each_action_shows_its_own_views(self):
        for action, view, kind in (
            (f"{MODULE}.account_bank_statement_line_action", None, "list"),
            (f"{MODULE}.account_bank_statement_line_action", None, "form"),
            (f"{MODULE}.account_bank_statement_line_action", None, "kanban"),
            (f"{BASE}.account_bank_statement_line_action", "tree", "list"),
            (f"{BASE}.account_bank_statement_line_action", "form", "form"),
            (f"{RECONCILE}.action_bank_statement_line_reconcile", "tree", "list"),
        ):
            owner = MODULE if view is None else BASE
            name = f"view_{kind}" if view is None else view
            own = self.env.ref(f"{owner}.account_bank_statement_line_{name}")
            with self.subTest(action=action, kind=kind):
                self.assertEqual(self.shown(action)[kind]["id"], own.id)

    def test_views_that_both_extend_hold_what_both_add(self):
        for ref, kind, marks in (
            (
                "account.account_journal_dashboard_kanban_view",
                "kanban",
                ("open_banking_facts", "number_to_reconcile"),
            ),
            (
                "account.view_account_journal_form",
                "form",
                ("action_open_banking_connect", "online_bank_statement_provider"),
            ),
        ):
            view = self.env.ref(ref)
            model = self.env[view.model].with_user(self.bookkeeper)
            arch = model.get_view(view.id, kind)["arch"]
            for mark in marks:
                with self.subTest(view=ref, mark=mark):
                    self.assertIn(mark, arch)

    def test_a_fed_journal_opens_our_lines_another_one_theirs(self):
        self.import_one("Driftskonto")
        for journal, module in (
            (self.journal, MODULE),
            (self.journal.copy({"bank_statements_source": "undefined"}), RECONCILE),
        ):
            action = journal.with_user(self.bookkeeper).open_action()
            xml_id = self.env["ir.actions.act_window"].browse(action["id"]).xml_id
            self.assertEqual(xml_id.split(".")[0], module)

    def test_a_journal_of_the_other_feed_offers_no_bank(self):
        """Neither on its card nor on its form."""
        journal = self.journal.copy({"bank_statements_source": "online"})
        card = journal.with_user(self.bookkeeper)._open_banking_cards()[journal]
        self.assertFalse(card["connect"])
        self.assertTrue(journal.open_banking_has_other_feed)
        model = journal.with_user(self.bookkeeper)
        view = self.env.ref("account.view_account_journal_form")
        form = etree.fromstring(model.get_view(view.id, "form")["arch"])
        for name in ("connect", "send_link"):
            [button] = form.xpath(f"//button[@name='action_open_banking_{name}']")
            self.assertIn("open_banking_has_other_feed", button.get("invisible"))

    def test_no_field_is_defined_twice(self):
        twice = [
            f"{name}.{field.name}"
            for name, model in self.env.registry.items()
            for field in model._fields.values()
            if MODULE in field._modules and THEIRS & set(field._modules)
        ]
        self.assertFalse(twice)

    def test_no_method_is_defined_twice(self):
        """But for those of core that each hands on to the next."""
        for name, model in self.env.registry.items():
            ours = self.methods(model, {MODULE})
            theirs = self.methods(model, THEIRS)
            self.assertFalse(ours & theirs - EXTENDED, name)

    def methods(self, model, modules):
        """The names of the methods that some modules define for a model."""
        return {
            name
            for cls in model.__mro__
            if getattr(cls, "_module", None) in modules
            for name, value in vars(cls).items()
            if callable(value)
        }

    def test_jobs_of_both_run(self):
        ours = self.env["open.banking.health"]._jobs()
        theirs = self.env.ref(f"{ONLINE}.ir_cron_account_pull_online_bank_statements")
        jobs = ours.filtered("active") | theirs
        names = self.env["ir.cron"].search([]).mapped("name")
        for job in jobs:
            with self.subTest(job=job.name):
                self.assertEqual(names.count(job.name), 1)
                self.env.flush_all()
                with self.own_cursors():
                    self.assertIsInstance(job.method_direct_trigger(), bool)
                self.env.invalidate_all()

    def test_their_screen_shows_our_lines(self):
        lines = self.lines(self.import_one("Driftskonto"))
        view = self.shown(f"{RECONCILE}.action_bank_statement_line_reconcile")["kanban"]
        names = set(etree.fromstring(view["arch"]).xpath("//field/@name"))
        self.assertIn("payment_ref", names)
        rows = (
            self.env[LINE]
            .with_user(self.bookkeeper)
            .web_search_read(
                [("journal_id", "=", self.journal.id)], dict.fromkeys(names, {})
            )
        )
        self.assertEqual(rows["length"], len(lines))


@tagged("post_install", "-at_install")
class TestNeighbourTour(BesideNeighbours, test_tour.TestTour):
    """A real browser beside the neighbours: dashboard, bank, mapping, lines."""
