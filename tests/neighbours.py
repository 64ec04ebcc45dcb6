"""Tests that need other people's add-ons: they run in databases where those are."""

from unittest import SkipTest

from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

RECONCILE = "account_reconcile_oca"
ONLINE = "account_statement_import_online"
NEIGHBOURS = (RECONCILE, "account_statement_base", ONLINE)


# OCA looks for the invoice of a new line; in tests only where it is told to.
AS_ALWAYS = {"_test_account_reconcile_oca": True}


class BesideNeighbours:
    """To stand before a class of tests: skips it where the neighbours are missing."""

    @classmethod
    def setUpClass(cls):
        missing = set(NEIGHBOURS) - Registry(get_db_name())._init_modules
        if missing:
            raise SkipTest(f"not installed: {', '.join(sorted(missing))}")
        super().setUpClass()


# Where OCA keeps ids in what it prepares for its screen, and of which table.
TABLES = {
    "id": "account_move_line",
    "counterpart_line_ids": "account_move_line",
    "counterparts": "account_move_line",
    "original_exchange_line_id": "account_move_line",
    "move_id": "account_move",
}
ITEM = "account.move.line;"


def with_names(names, data, key=None):
    """Return what OCA prepared for a line, with names in the place of ids.

    :param equality_rows.Names names: of this database
    """
    if isinstance(data, dict):
        return {name: with_names(names, value, name) for name, value in data.items()}
    if isinstance(data, list):
        return [with_names(names, value, key) for value in data]
    if isinstance(data, str) and data.startswith(ITEM):
        return f"{ITEM}{names.name('account_move_line', int(data[len(ITEM) :]))}"
    return names.name(TABLES[key], data) if key in TABLES else data
