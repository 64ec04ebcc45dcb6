"""Part d of ./dev/bench: one very large account, from its first byte to its proof.

A prefork Odoo under the limits that Odoo ships with, as in production; its memory is
watched, and the moments of the chunks are read from the database afterwards.
"""

import statistics
import time

from bench_figures import mark, number, percentile
from chaos_books import Books
from run_soak import JOB_RUN, LIMIT, MemoryWatch
from say import Stop, say

NOTES = (
    "A prefork Odoo under Odoo's default limits, one cron worker; the account is read "
    "from the rehearsal bank's first byte on, booked, and proven by its balance.",
    "Time per chunk: from the beginning of its transaction to that of the next one; "
    "the first and the last tenth of them, medians.",
)
PATIENCE = 1200  # seconds without any progress
# When the transactions began that made these rows, and how many each made.
CHUNKS = """
    SELECT extract(epoch FROM made.create_date), COUNT(*)
      FROM {table} made
     WHERE made.create_date IS NOT NULL {more}
  GROUP BY made.create_date ORDER BY made.create_date
"""
LINES = ("account_bank_statement_line", "")
FEED = ("open_banking_transaction", "")


def measure(scene):
    """Import the account; the outcome for the JSON."""
    rows = scene.options.long_rows
    name = scene.bank_account("Storkonto", rows)
    database = scene.database("long")
    with scene.inside(database) as odoo:
        odoo.order("connect", bank=scene.bank, user="karen", accounts=[name])
    say(f"An account of {rows:,} transactions under Odoo's default limits")
    began = time.monotonic()
    with scene.prefork(database, "--max-cron-threads=1") as (_address, odoo, log):
        watch = MemoryWatch(odoo.pid)
        watch.start()
        books = Books(scene.server, database)
        try:
            _wait(books, rows)
            seconds = time.monotonic() - began
            told = _told(books)
        finally:
            books.close()
            watch.ended.set()
        written = log.read_text(errors="replace")
    scene.drop(database)
    return {
        "notes": NOTES,
        "rows": rows,
        "seconds": round(seconds, 1),
        "peak_mb": max(watch.peaks.values()),
        "passes": len(JOB_RUN.findall(written)),
        "limits": LIMIT.findall(written),
        **told,
    }


def _wait(books, rows):
    """Wait until the run has ended; say how far it is now and then."""
    shown, moved = None, time.monotonic()
    while True:
        read = books.count(FEED[0])
        lines = books.count(LINES[0])
        done = books.count("open_banking_fetch", "state = 'done'")
        failed = books.rows("SELECT error_code FROM open_banking_fetch WHERE true")
        errors = [code for (code,) in failed if code]
        if errors:
            raise Stop(f"The import of the large account failed: {errors[0]}.")
        if done and not books.unfinished():
            return
        if (read, lines) != shown:
            if shown is None or (read + lines) // 10_000 != sum(shown) // 10_000:
                say(f"  {read:,} of {rows:,} read, {lines:,} booked")
            shown, moved = (read, lines), time.monotonic()
        if time.monotonic() - moved > PATIENCE:
            raise Stop("The import of the large account stands still.")
        time.sleep(1)


def _told(books):
    """What the database says of the run."""
    [(proof, booked, pages, reason)] = books.rows(
        "SELECT account.proof_state, run.booked_count, run.pages,"
        "       to_jsonb(run) ->> 'way_reason'"
        " FROM open_banking_account account"
        " JOIN open_banking_fetch run ON run.account_id = account.id"
        " WHERE run.state = 'done'"
    )
    wrong = [] if proof == "equal" else [f"the balance is {proof}"]
    if booked != books.count(LINES[0]):
        wrong.append("not all lines are there")
    return {
        "wrong": wrong,
        "reasons": [reason] if reason else [],
        "booked": booked,
        "pages": pages,
        "reading": _pace(books, *FEED),
        "booking": _pace(books, *LINES),
    }


def _pace(books, table, more):
    """How long the chunks took, in milliseconds per row."""
    chunks = books.rows(CHUNKS.format(table=table, more=more))
    return pace([(float(moment), count) for moment, count in chunks])


def pace(chunks):
    """The time per row of the first and the last tenth of the chunks, and their ratio.

    :param chunks: (second in which it began, rows it made), in order of time; the last
        has no end
    """
    steps = [
        (after - before) / count * 1000
        for (before, count), (after, _count) in zip(chunks, chunks[1:], strict=False)
    ]
    if not steps:
        return {}
    tenth = max(1, len(steps) // 10)
    first = statistics.median(steps[:tenth])
    last = statistics.median(steps[-tenth:])
    return {
        "chunks": len(chunks),
        "rows_per_chunk": statistics.median(count for _moment, count in chunks),
        "first_ms_per_row": first,
        "last_ms_per_row": last,
        "ratio": last / first,
        "median_ms_per_row": statistics.median(steps),
        "p95_ms_per_row": percentile(steps, 0.95),
        "seconds": chunks[-1][0] - chunks[0][0],
    }


def tables(found):
    """The table of part d."""
    rows = [
        ["first byte to proof, s", number(found["seconds"])],
        ["largest Odoo process, MB", number(found["peak_mb"])],
        ["passes of the scheduled job", found["passes"]],
        ["limits of Odoo that struck", len(found["limits"])],
    ]
    for kind in ("reading", "booking"):
        told = found[kind]
        if not told:  # all in one chunk, as in a quick run
            continue
        rows += [
            [f"{kind}: seconds", number(told["seconds"])],
            [f"{kind}: chunks", f"{told['chunks']:,}"],
            [f"{kind}: first tenth, ms a row", number(told["first_ms_per_row"])],
            [f"{kind}: last tenth, ms a row", number(told["last_ms_per_row"])],
            [f"{kind}: last / first", f"{told['ratio']:.2f}"],
        ]
    title = f"One account of {found['rows']:,} transactions"
    yield title + mark(found), ["", ""], rows
