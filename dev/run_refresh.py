"""./dev/refresh: many processes refresh one consent in the same moment.

Two to eight processes of Odoo at a time: some keep the consent alive, some fetch, some
look at an older state of the database. The rehearsal bank lets the old refresh token
die at once. Each round must end with one refresh at the bank, an active consent, and
nothing in Odoo's log. 50 rounds take some two minutes.
"""

import argparse
import secrets
import sys

import children
import cluster
import databases
import odoo_log
import places
import refresh_rush
import run_chaos
import run_demo
from chaos_books import Books
from chaos_workers import Importer
from say import run_main, say


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="./dev/refresh", description=intro, epilog=rest
    )
    parser.add_argument(
        "--rounds", type=int, default=50, metavar="N", help="default: 50"
    )
    parser.add_argument("--seed", type=int, help="default: one that is printed")
    return parser.parse_args(arguments)


def run(server, name, folder, rounds, seed):
    """The whole run on an installed database; what is wrong, as sentences."""
    say(f"Seed: {seed}, logs: {folder}")
    with run_demo.Servers() as servers:
        servers.logs = folder
        bank_url = run_chaos.prepare(server, name, servers, run_chaos.connect_small)
        with Importer(name, folder) as importer:
            books = Books(server, name)
            try:
                problems = refresh_rush.run(books, bank_url, importer, rounds, seed)
            finally:
                books.close()
    return problems + odoo_log.bad_entries(importer.log)


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    with cluster.running() as server, databases.Run(server) as database_run:
        name = database_run.database("refresh")
        run_demo.prepare_database(server, name, fresh=True)
        problems = run(server, name, places.fresh_logs(), options.rounds, seed)
    for problem in problems:
        say(f"WRONG {problem}")
    say(f"Wrong: {len(problems) or 'nothing'}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_main(main)
