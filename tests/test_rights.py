from odoo.tests import tagged
from odoo.tools import mute_logger

from .rights import RightsCase, table
from .rights_deciding import Deciding
from .rights_doing import Doing
from .rights_seeing import Seeing


@tagged("post_install", "-at_install")
class TestRights(Seeing, Doing, Deciding, RightsCase):
    """The README says who may do what; each cell of its table is tried."""

    def setUp(self):
        super().setUp()
        self.accounts = self.import_all()
        self.consent = self.accounts.consent_id
        self.account = self.accounts.filtered(lambda a: a.journal_id == self.journal)
        self.free_account = (self.accounts - self.account)[:1]

    def test_each_row_of_the_readme_is_tried(self):
        self.assertEqual(sorted(table()), sorted(self.probes()))

    @mute_logger("odoo.models", "odoo.addons.base.models.ir_rule", "odoo.http")
    def test_who_may_do_what(self):
        probes, tried = self.probes(), 0
        for name, cells in table().items():
            # A row that says the same of everybody could not be wrong.
            self.assertEqual(set(cells.values()), {True, False}, name)
            for kind, may in cells.items():
                with self.subTest(row=name, user=kind):
                    found = self.try_cell(probes[name], self.users[kind])
                    self.assertEqual(found, may)
                tried += 1
        self.assertGreaterEqual(tried, 400)
