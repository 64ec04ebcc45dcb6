"""The add-on beside those that customers of Odoo Community have as well."""

import oca
import odoo_log
import odoo_run
import places
import test_steps

# With what they stand on; Denmark's l10n_dk is in every database of the tests.
MODULES = (
    "account_reconcile_oca",
    "account_statement_base",
    "account_statement_import_online",
)
TESTS = "test_neighbour_*.py"


def neighbours(bench):
    """beside OCA's bank feed and reconciliation: books, screens, jobs, a browser"""
    name = bench.copy_of_installed("neighbours")
    if not name:
        return
    addons = oca.argument(MODULES)
    install = ["-d", name, "-i", ",".join(MODULES), "--stop-after-init", addons]
    if bench.odoo("install of the neighbours", install):
        _run_tests(bench, name, addons)


def _run_tests(bench, name, addons):
    links = places.addons_link()
    addon = links / places.ADDON
    log = bench.logs / "neighbours-tests.log"
    every = [f"tests/{path.name}" for path in sorted((addon / "tests").glob(TESTS))]
    arguments = test_steps.odoo_arguments(name, log)
    arguments.append(f"--odoo-{addons.removeprefix('--')}")
    arguments += test_steps.selected(bench.pytest_arguments, addon, every, ("tests",))
    environment = odoo_run.environment()
    test_steps.run_pytest(bench, "neighbours", arguments, links, environment)
    bench.check("log of the tests beside the neighbours", odoo_log.bad_entries(log))
