"""./dev/storm: a bank that fails in a fifth of all calls, and many accounts.

The rehearsal bank fails in all the ways it knows, in random order, and its list
changes all the while. When the storm is over, the feed must be the bank's list and
the books the feed; whatever went wrong meanwhile must have its sentence for the
bookkeeper. 30 accounts and 500 runs take some ten minutes.
"""

import argparse
import secrets
import sys
import time
from functools import partial

import chaos_check
import children
import cluster
import databases
import demo_story
import odoo_log
import places
import run_chaos
import run_demo
import storm_faults
from chaos_bank import RestlessBank
from chaos_books import Books
from chaos_workers import Importer, until
from say import run_main, say

ROUND_ENDS_WITHIN = 180
# What waits for the bank's limit is let go on at once: the storm has its own clock.
NO_LIMIT = """
    UPDATE open_banking_consent SET rate_limited_until = NULL
     WHERE rate_limited_until IS NOT NULL RETURNING id
"""
REFUSED_EVERY = 70  # seconds


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/storm", description=intro, epilog=rest)
    parser.add_argument("--accounts", type=int, default=30, metavar="N")
    parser.add_argument("--runs", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, help="default: one that is printed")
    return parser.parse_args(arguments)


class Storm:
    """Rounds of change and import, while the bank fails."""

    def __init__(self, books, bank, importer):
        self.books, self.bank, self.importer = books, bank, importer
        self.refused_at = 0.0

    def blow(self, runs):
        """Import until so many runs are in the log; whether each round ended."""
        self._control("faults", {"faults": storm_faults.planned()})
        while self.books.count("open_banking_fetch") < runs:
            self.bank.change(20)
            self.books.wear_tokens_out()
            self._refuse_now_and_then()
            if not self._round():
                return False
        self._calm_down()
        return True

    def settle(self):
        """Two rounds without faults: the first may only end what has begun."""
        return self._round() and self._round() and not self._errors()

    def _round(self):
        self.books.make_due_at_work()
        return until(self._is_done, ROUND_ENDS_WITHIN)

    def _is_done(self):
        """Nothing is due, whatever became of it."""
        if self.books.rows(NO_LIMIT):
            self.books.trigger()
        return not self.books.waiting()

    def _errors(self):
        return self.books.count("open_banking_account", "error_code IS NOT NULL")

    def _refuse_now_and_then(self):
        if time.monotonic() - self.refused_at > REFUSED_EVERY:
            self.refused_at = time.monotonic()
            self._control("faults", {"faults": storm_faults.refused_once()})

    def _calm_down(self):
        struck = self._control("faults")["faults"]
        calls = self._control("requests")["requests"]
        self.struck = sum(fault["used"] for fault in struck)
        self.kinds = sum(bool(fault["used"]) for fault in struck)
        self.planned = len(struck)
        self.calls = len(calls)
        self._delete("faults")

    def _control(self, name, body=None):
        return demo_story.control(self.bank.url, name, body)

    def _delete(self, name):
        demo_story.control(self.bank.url, name, method="DELETE")


def connect(odoo_url, bank_url, database, count):
    """Fill the bank with accounts, and connect them all."""
    sys.path.append(str(places.packages_link()))
    odoo = demo_story.Odoo(odoo_url, database)
    demo_story.control(bank_url, "reset", {"seed": "empty"})
    for number in range(1, count + 1):
        account = {"name": f"Konto {number:02}", "owner": demo_story.COMPANY}
        account |= {"days": 60, "transactions": 25}
        demo_story.control(bank_url, "accounts", account)
    demo_story.make_company(odoo)
    demo_story.make_settings(odoo, odoo_url, bank_url)
    demo_story.control(bank_url, "settings", run_chaos.BANK_SETTINGS)
    demo_story.choose_journals(odoo, demo_story.connect(odoo, bank_url))


def run(server, name, folder, options, seed):
    """The whole storm; returns what is wrong, as sentences."""
    say(f"Seed: {seed}, logs: {folder}")
    with run_demo.Servers() as servers:
        servers.logs = folder
        bank_url = run_chaos.prepare(
            server, name, servers, partial(connect, count=options.accounts)
        )
        with Importer(name, folder) as importer:
            books = Books(server, name)
            try:
                problems = storm(books, bank_url, importer, options, seed)
            finally:
                books.close()
    return problems + odoo_log.bad_entries(importer.log)


def storm(books, bank_url, importer, options, seed):
    """Let it blow, let it settle, and compare."""
    started = time.monotonic()
    bank = RestlessBank(bank_url, books.accounts(), seed)
    weather = Storm(books, bank, importer)
    worker = importer.start("work", jobs=[books.job])
    try:
        if not weather.blow(options.runs):
            return [f"a round did not end within {ROUND_ENDS_WITHIN} s", *state(books)]
        problems = [] if weather.settle() else ["an error is left after the storm"]
    finally:
        worker.kill()
    outcome = chaos_check.compare(books, bank_url)
    problems += outcome.problems + wordless(books, importer)
    report(books, weather, outcome, time.monotonic() - started)
    return problems


def state(books):
    """Where it stands still: the consents, and the accounts that wait."""
    consents = books.rows("SELECT state, error_code FROM open_banking_consent")
    waiting = books.rows(
        "SELECT name, error_code FROM open_banking_account"
        " WHERE next_attempt <= now() AT TIME ZONE 'UTC'"
    )
    return [f"consents: {consents}", f"waiting: {waiting}"]


def codes_seen(books):
    """Every error of a run, and how often it came."""
    return books.rows(
        "SELECT error_code, COUNT(*) FROM open_banking_fetch"
        " WHERE error_code IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
    )


def wordless(books, importer):
    """Errors without a sentence of their own, and those that nobody foresaw."""
    codes = [code for code, _count in codes_seen(books)]
    without = importer.start("wordless", codes=codes).result()["outcome"]
    return [f"{without} errors have no sentence"] if without else []


def report(books, weather, outcome, seconds):
    """Say in figures what happened."""
    say(f"Calls of the API: {weather.calls}, of which failed: {weather.struck}")
    say(f"Faults planned: {weather.planned}, that struck: {weather.kinds}")
    runs = books.rows("SELECT state, COUNT(*) FROM open_banking_fetch GROUP BY 1")
    say(f"Runs: {', '.join(f'{state} {count}' for state, count in sorted(runs))}")
    seen = ", ".join(f"{code} {count}" for code, count in codes_seen(books))
    say(f"Errors seen: {seen}")
    say(f"Accounts: {len(books.accounts())}, rows: {outcome.rows}")
    say(f"Lines: {outcome.lines}, held or left out: {dict(outcome.held) or 'none'}")
    say(f"Time: {seconds:.0f} s")


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    with cluster.running() as server, databases.Run(server) as database_run:
        name = database_run.database("storm")
        run_demo.prepare_database(server, name, fresh=True)
        problems = run(server, name, places.fresh_logs(), options, seed)
    for problem in problems:
        say(f"WRONG {problem}")
    say(f"Wrong: {len(problems) or 'nothing'}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_main(main)
