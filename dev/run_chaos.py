"""./dev/chaos: the importing process is killed at random moments, again and again.

Several accounts, a bank that changes meanwhile, and a process that imports as a cron
worker of Odoo does and is ended by SIGKILL. In the end the feed must be the bank's
list and the books the feed: no duplicate, no gap. Then two workers, a button and a
webhook want the same accounts at once, and some processes the same new tokens (more
of that: ./dev/refresh). 200 kills take some ten minutes.
"""

import argparse
import secrets
import sys
import time
from functools import partial

import chaos_kills
import chaos_together
import children
import cluster
import databases
import demo_story
import odoo_log
import odoo_run
import places
import refresh_rush
import run_demo
from chaos_bank import NUMBERED, RestlessBank
from chaos_books import Books
from chaos_workers import Importer
from say import run_main, say

# Small pages, so that a reading has many; a token lost in a kill must not end the
# consent, since no client could help that.
BANK_SETTINGS = {"max_page_size": 20, "old_refresh_token_grace": -1}
EMPTY = "Ny konto"
RUSHES = 6
MORE_ACCOUNTS = ("Lønkonto", NUMBERED, EMPTY)


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/chaos", description=intro, epilog=rest)
    parser.add_argument(
        "--kills", type=int, default=200, metavar="N", help="default: 200"
    )
    parser.add_argument("--seed", type=int, help="default: one that is printed")
    parser.add_argument(
        "--small", action="store_true", help="accounts with a few transactions only"
    )
    return parser.parse_args(arguments)


def connect(odoo_url, bank_url, database, small):
    """Fill the bank, and connect it as the demonstration does."""
    # The story borrows the rehearsal bank's customer.
    sys.path.append(str(places.packages_link()))
    odoo = demo_story.Odoo(odoo_url, database)
    demo_story.control(bank_url, "reset", {"seed": "small"})
    for name in MORE_ACCOUNTS:
        account = {"name": name, "owner": demo_story.COMPANY, "days": 300}
        if name != EMPTY:
            account["transactions"] = 30 if small else 250
        demo_story.control(bank_url, "accounts", account)
    demo_story.make_company(odoo)
    demo_story.make_settings(odoo, odoo_url, bank_url)
    demo_story.control(bank_url, "settings", BANK_SETTINGS)
    demo_story.choose_journals(odoo, demo_story.connect(odoo, bank_url))


# Accounts with a few transactions only.
connect_small = partial(connect, small=True)


def prepare(server, name, servers, connect):
    """A database with a connected bank, and no Odoo that works on it.

    :param connect: connects it; takes Odoo's and the bank's address and the database
    """
    port = odoo_run.free_port()
    run_demo.set_parameter(server, name, "web.base.url", f"http://127.0.0.1:{port}")
    bank_url = servers.bank()
    odoo_url = servers.odoo(name, port, "--max-cron-threads=0")
    connect(odoo_url, bank_url, name)
    _name, odoo, _log = servers.started.pop()
    children.stop(odoo)
    return bank_url


def run(server, name, folder, kills, seed, small):
    """The whole chaos run on an installed database.

    :return: what is wrong, as sentences
    :rtype: list[str]
    """
    say(f"Seed: {seed}, logs: {folder}")
    started = time.monotonic()
    with run_demo.Servers() as servers:
        servers.logs = folder
        bank_url = prepare(server, name, servers, partial(connect, small=small))
        with Importer(name, folder) as importer:
            books = Books(server, name)
            try:
                problems = rampage(books, bank_url, importer, kills, seed)
            finally:
                books.close()
    say(f"Time: {time.monotonic() - started:.0f} s in all")
    return problems + odoo_log.bad_entries(importer.log)


def rampage(books, bank_url, importer, kills, seed):
    """Kill, compare, then let all come at once, and compare again."""
    bank = RestlessBank(bank_url, books.accounts(), seed)
    started = time.monotonic()
    killings = chaos_kills.Killings(books, bank, importer, seed)
    killings.run(kills)
    seconds = time.monotonic() - started
    report(killings, seconds)
    if killings.problems:
        return killings.problems
    problems = chaos_together.run(books, bank, importer)
    return problems or refresh_rush.run(books, bank_url, importer, RUSHES, seed)


def report(killings, seconds):
    """Say in figures what happened."""
    outcome, books = killings.outcome, killings.books
    say(f"Kills at work: {killings.kills} in {seconds:.0f} s")
    for moment, count in killings.moments.most_common():
        say(f"  {count:>4}  {moment}")
    say(f"Kills that came late: {killings.came_late}, not counted")
    made = ", ".join(f"{name} {n}" for name, n in sorted(killings.bank.made.items()))
    say(f"Changes at the bank: {made}")
    states = books.rows(
        "SELECT state || COALESCE(' ' || error_code, ''), COUNT(*)"
        " FROM open_banking_fetch GROUP BY 1 ORDER BY 1"
    )
    say(f"Runs: {', '.join(f'{state} {count}' for state, count in states)}")
    say(f"Accounts: {len(books.accounts())}, rows: {outcome.rows}")
    say(
        f"Lines: {outcome.lines}, of transactions taken back later:"
        f" {outcome.withdrawn_lines}"
    )
    say(f"Held or left out: {dict(outcome.held) or 'none'}")
    say(f"Wrong: {len(killings.problems) or 'nothing'}")


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    with cluster.running() as server, databases.Run(server) as database_run:
        name = database_run.database("chaos")
        run_demo.prepare_database(server, name, fresh=True)
        problems = run(
            server, name, places.fresh_logs(), options.kills, seed, options.small
        )
    for problem in problems:
        say(f"WRONG {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_main(main)
