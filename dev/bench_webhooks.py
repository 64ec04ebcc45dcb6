"""Part g of ./dev/bench: how soon a message of Mastercard is answered."""

import statistics

import demo_story
import run_webhooks
from bench_figures import number, percentile
from chaos_books import Books
from chaos_workers import until
from say import Stop, say

NOTES = (
    "Messages at a prefork Odoo of three workers, one after the other, signed as the "
    "bank signs them: while nothing else is done, and while an import runs.",
)


def measure(scene):
    """Time the answers; the outcome for the JSON."""
    name = scene.bank_account("Webhookkonto", 50)
    database = scene.database("webhooks")
    with scene.inside(database) as odoo:
        made = odoo.order("connect", bank=scene.bank, user="karen", accounts=[name])
        odoo.order("fetch", accounts=made["accounts"])
    with scene.prefork(database, "--workers=3", "--max-cron-threads=2") as started:
        books = Books(scene.server, database)
        try:
            odoo = demo_story.Odoo(started[0], database)
            found = _timed(run_webhooks.Scene(odoo, scene.bank, books), scene.options)
        finally:
            books.close()
    scene.drop(database)
    return {"notes": NOTES, **found}


def _timed(play, options):
    half = options.deliveries
    made = [play.signed("SyncDone", {"part": part}) for part in range(half * 2)]
    idle = run_webhooks.timed(play, made[:half])
    until(play.quiet, 120)
    if not play.begin_import(options.webhook_rows):
        raise Stop("The import of part g does not begin.")
    busy = []
    for delivery in made[half:]:
        busy += run_webhooks.timed(play, [delivery])
        if not play.books.unfinished():
            break
    say(f"  {len(busy)} messages while {options.webhook_rows:,} rows were imported")
    until(play.quiet, 900)
    return {
        "rows": options.webhook_rows,
        "idle": _told(idle),
        "busy": _told(busy),
        "wrong": play.problems,
    }


def _told(times):
    return {
        "messages": len(times),
        "median_ms": statistics.median(times),
        "p99_ms": percentile(times, 0.99),
        "longest_ms": max(times),
    }


def tables(found):
    """The table of part g."""
    head = ["", "messages", "median ms", "99 % ms", "longest ms"]
    names = ("messages", "median_ms", "p99_ms", "longest_ms")
    kinds = {"idle": "idle", "busy": "while an import runs"}
    rows = [
        [text, *(number(found[kind][name]) for name in names)]
        for kind, text in kinds.items()
    ]
    yield "Answer to a message" + (" WRONG" if found["wrong"] else ""), head, rows
