"""Tests that need other people's add-ons: they run in databases where those are."""

from unittest import SkipTest

from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

RECONCILE = "account_reconcile_oca"
ONLINE = "account_statement_import_online"
NEIGHBOURS = (RECONCILE, "account_statement_base", ONLINE)


class BesideNeighbours:
    """To stand before a class of tests: skips it where the neighbours are missing."""

    @classmethod
    def setUpClass(cls):
        missing = set(NEIGHBOURS) - Registry(get_db_name())._init_modules
        if missing:
            raise SkipTest(f"not installed: {', '.join(sorted(missing))}")
        super().setUpClass()
