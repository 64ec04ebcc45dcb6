"""Odoo's own quality checks (module test_lint), told apart by add-on.

They walk over every add-on on the path, so also over Odoo's own. Only what
they say about this add-on counts here.
"""

import databases
import odoo_log
import places

CHECKS = (
    "ManifestLinter",
    "RoutesLinter",
    "TestDunderinit",
    "TestIndex",
    "TestNaming",
    "TestTestHoles",
)


def run(bench, database):
    """Run the checks on a database with the add-on installed."""
    log = bench.logs / "lint.log"
    tags = ",".join(f"/test_lint:{name}" for name in CHECKS)
    arguments = ["-d", database, "-i", "test_lint", "--test-tags", tags]
    databases.call_odoo([*arguments, "--stop-after-init"], log)
    text = log.read_text(errors="replace")
    bad = odoo_log.bad_entries(log)
    for check in CHECKS:
        if f": Starting {check}." not in text:
            bench.fail(f"lint {check}", f"did not run; log: {log}")
        else:
            ours = [entry for entry in bad if check in entry and is_ours(entry)]
            bench.check(f"lint {check}", ours)


def is_ours(entry):
    """Does a finding speak of this add-on? By name, by path or by model."""
    return places.ADDON in entry or "open.banking" in entry
