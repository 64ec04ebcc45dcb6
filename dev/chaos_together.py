"""Two workers, a button and a webhook want the same accounts, all at once."""

import time

import chaos_check
from chaos_workers import until
from say import say

NEW_ROWS = 40  # per account
CALLS = 8  # of the button, and of the webhook
ENDS_WITHIN = 120
# A call waits for the unit of work in hand, never for the whole import.
LONGEST_WAIT = 10.0


def run(books, bank, importer):
    """Let them all come at once; returns what is wrong."""
    lane = importer.start("second_lane").result()["outcome"]
    jobs = [books.job, lane]
    last_run = books.rows("SELECT MAX(id) FROM open_banking_fetch")[0][0]
    for account in bank.accounts:
        bank.add_many(account["iban"], NEW_ROWS)
    books.make_due(*jobs)
    started = time.monotonic()
    workers = [importer.start("work", jobs=[job]) for job in jobs]
    try:
        told = _call(books, importer, jobs)
        ended = until(lambda: _is_done(books), ENDS_WITHIN)
    finally:
        for worker in workers:
            worker.kill()
    seconds = time.monotonic() - started
    waits = [each["seconds"] for each in told]
    say(
        f"All at once: {len(told)} calls, the longest took {max(waits):.1f} s;"
        f" {NEW_ROWS} new transactions in each account after {seconds:.0f} s"
    )
    problems = [each["error"] for each in told if each["error"]]
    if not ended:
        problems.append(f"not at its end after {ENDS_WITHIN} s")
    if max(waits) > LONGEST_WAIT:
        problems.append(f"a call took {max(waits):.1f} s")
    failed = books.rows(
        "SELECT error_code, COUNT(*) FROM open_banking_fetch"
        " WHERE id > %s AND (state = 'failed' OR error_code IS NOT NULL) GROUP BY 1",
        last_run,
    )
    problems += [f"{count} runs failed: {code}" for code, count in failed]
    return problems + chaos_check.compare(books, bank.url).problems


def _call(books, importer, jobs):
    """Press the button and send the webhook while the workers work."""
    calls = []
    for _turn in range(CALLS):
        calls += [importer.start("press"), importer.start("tell")]
        books.trigger(*jobs)
        time.sleep(0.4)
    return [call.result() for call in calls]


def _is_done(books):
    return not books.waiting() and not books.unfinished()
