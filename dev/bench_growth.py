"""Part c of ./dev/bench: does a line cost more where there are many already?"""

import contextlib

import bench_fill
from bench_figures import costs, mark, remarks, spread_from
from say import long_step, say

NOTES = (
    "The same new transactions of one bank account, read by copies of one database "
    "whose journal holds so many lines and feed rows; whole way, as in part a.",
    "Known: the usual window of ten days once more, in which the new ones lie.",
)
# The import that is multiplied.
BEGINNING = 250


def measure(scene):
    """Import into journals of several sizes; the outcome for the JSON."""
    options = scene.options
    name = scene.bank_account("Vækstkonto", BEGINNING)
    base = scene.database("growth_0")
    with scene.inside(base) as odoo:
        made = odoo.order("connect", bank=scene.bank, user="karen", accounts=[name])
        odoo.order("fetch", accounts=made["accounts"])
    databases = {}
    for number, rows in enumerate(options.journal_lines, 1):
        if not rows:
            databases[rows] = base
            continue
        databases[rows] = scene.copy(base, f"growth_{number}")
        with long_step(f"Filling a journal with {rows:,} lines", f"{rows // 6000} s"):
            bench_fill.fill(scene, databases[rows], made["journals"][0], rows)
    measured = _measured(scene, databases, name, made["accounts"])
    scene.drop(*databases.values())
    return {
        "notes": NOTES,
        "lines": options.growth_lines,
        "sizes": {rows: _told(found) for rows, found in measured.items()},
    }


def _measured(scene, databases, name, accounts):
    rows = scene.options.growth_lines
    measured = {size: [] for size in databases}
    with contextlib.ExitStack() as stack:
        odoos = {
            size: stack.enter_context(scene.inside(database))
            for size, database in databases.items()
        }
        turns = scene.options.rounds + 1
        for turn in range(turns):
            count = {"count": rows, "first": turn * rows}
            scene.control("transactions/generate", {"account": name, **count})
            for size, odoo in odoos.items():
                pair = [odoo.order("fetch", accounts=accounts) for _time in range(2)]
                for each in pair:
                    each["lines"] = max(each["counts"]["received"], 1)
                pair[0]["lines"] = rows
                if turn:  # the first one warms up
                    measured[size].append(pair)
                say(
                    f"  {size:,} lines there: {pair[0]['wall']:.1f} s new,"
                    f" {pair[1]['wall']:.1f} s known"
                    f" {', '.join(pair[0]['wrong'] + pair[0]['reasons'])}"
                )
    return measured


def _told(found):
    kinds = zip(("new", "known"), zip(*found, strict=True), strict=True)
    return {kind: {**costs(each), **remarks(each)} for kind, each in kinds}


def tables(found):
    """The table of part c."""
    head = [
        "lines in the journal",
        "kind",
        "wall ms/line",
        "x 0",
        "CPU ms",
        "x 0",
        "SQL",
    ]
    rows = []
    first = next(iter(found["sizes"].values()))
    for kind in ("new", "known"):
        for size, told in found["sizes"].items():
            cells = [f"{int(size):,}", kind]
            for name in ("wall_ms_per_line", "cpu_ms_per_line"):
                ratio = told[kind][name]["median"] / first[kind][name]["median"]
                cells += [spread_from(told[kind][name]).text(), f"{ratio:.2f}"]
            cells.append(spread_from(told[kind]["sql_per_line"]).text())
            cells[0] += mark(told[kind])
            rows.append(cells)
    yield f"{found['lines']:,} lines more", head, rows
