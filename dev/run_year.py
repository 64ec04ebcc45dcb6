"""./dev/year: a year of consents that end and are renewed, in some minutes.

Twenty consents of six contacts at banks that go on for 90, for 180 and, without a
word, for 60 days. The clocks of Odoo and of the rehearsal bank are moved from day to
day; the contacts press the links in their mails at once, late, or never. Every mail
sent and every day with a dead feed is compared with what a small model reckons from
the rules alone. Ends with 0 when nothing differs.
"""

import argparse
import json
import sys
import time

import children
import cluster
import databases
import odoo_log
import odoo_run
import places
import run_demo
from say import run_main, say, tail


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/year", description=intro, epilog=rest)
    parser.add_argument("--days", type=int, default=365, metavar="N")
    parser.add_argument(
        "--fetch-every", type=int, default=15, metavar="DAYS", help="default: 15"
    )
    return parser.parse_args(arguments)


def play(name, bank_url, log, options):
    """Play the year in a process of its own; returns its exit code."""
    order = {
        "bank_url": bank_url,
        "days": options.days,
        "fetch_every": options.fetch_every,
    }
    with open(log, "wb") as file:
        return children.run(
            [sys.executable, places.DEV / "year_odoo.py", name, json.dumps(order)],
            timeout=3 * 3600,
            stderr=file,
            env=odoo_run.environment(),
            cwd="/",
        )


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    log = places.fresh_logs() / "year.log"
    with cluster.running() as server, databases.Run(server) as run:
        name = run.database("year")
        run_demo.prepare_database(server, name, fresh=True)
        started = time.monotonic()
        with run_demo.Servers() as servers:
            code = play(name, servers.bank(), log, options)
    bad = odoo_log.bad_entries(log)
    say(f"Time: {time.monotonic() - started:.0f} s, log: {log}")
    if code not in (0, 1):
        say(f"{tail(log)}The year did not come to its end.")
    for entry in bad:
        say(f"WRONG in the log: {entry}")
    return 1 if code or bad else 0


if __name__ == "__main__":
    run_main(main)
