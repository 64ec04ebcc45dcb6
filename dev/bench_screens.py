"""Part f of ./dev/bench: queries of the dashboard and the board, by their size."""

import bench_fill
from say import say

NOTES = (
    "Queries to show the cards of so many connected journals on the accounting "
    "dashboard, all of them or those that core alone makes for as many journals, and "
    "to show the board of connections. The caches are warm.",
    "Rows: how many transactions one of the accounts has.",
)


def measure(scene):
    """Count the queries; the outcome for the JSON."""
    sizes = scene.options.connected
    found = []
    database = scene.database("screens")
    core = scene.database("screens_core", "")
    names = [scene.bank_account(f"Skærm {n}", 2, days=30) for n in range(max(sizes))]
    journals, plain = [], []
    with scene.inside(database) as odoo, scene.inside(core) as bare:
        for size in sizes:
            more = names[len(journals) : size]
            made = odoo.order("connect", bank=scene.bank, user="karen", accounts=more)
            odoo.order("fetch", accounts=made["accounts"])
            journals += made["journals"]
            plain += [bare.order("new_journal") for _name in more]
            found.append(_look(odoo, journals, 0, bare, plain))
        bench_fill.fill(scene, database, journals[0], scene.options.board_rows)
        rows = scene.options.board_rows
        found.append(_look(odoo, journals, rows, bare, plain))
    scene.drop(database, core)
    return {"notes": NOTES, "looks": found}


def _look(odoo, journals, rows, bare, plain):
    told = {
        "journals": len(journals),
        "rows": rows,
        "dashboard": odoo.order("dashboard", journals=journals)["sql"],
        "core": bare.order("dashboard", journals=plain)["sql"],
        "board": odoo.order("board")["sql"],
    }
    say(f"  {told}")
    return told


def tables(found):
    """The table of part f."""
    head = ["connected journals", "rows", "dashboard SQL", "core's own", "board SQL"]
    names = ("journals", "rows", "dashboard", "core", "board")
    rows = [[f"{look[name]:,}" for name in names] for look in found["looks"]]
    yield "Queries to show a page", head, rows
