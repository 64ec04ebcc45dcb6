"""./dev/disasters: the machine below fails in the middle of an import.

PostgreSQL killed with SIGKILL, a full disk, all its connections taken, workers ended
by Odoo's time limit, rows changed under a worker's hands: after each, the next run
must end in the right books. On a database server of its own. Some ten minutes.
"""

import argparse
import os
import random
import secrets
import sys
import time
from functools import partial

import chaos_check
import children
import cluster
import databases
import places
import run_chaos
import run_demo
from chaos_bank import RestlessBank
from chaos_books import Books
from chaos_workers import Importer, until
from disasters_server import SmallDisk, Victim
from say import run_main, say

ENDS_WITHIN = 240
DISTURB = (
    "UPDATE open_banking_account SET name = name WHERE id ="
    " (SELECT id FROM open_banking_account ORDER BY random() LIMIT 1)",
    "UPDATE open_banking_consent SET name = name",
)
TROUBLE = "SELECT COUNT(*) FROM open_banking_account WHERE error_code = 'database'"


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="./dev/disasters", description=intro, epilog=rest
    )
    parser.add_argument("--rounds", type=int, default=8, metavar="N", help="of each")
    parser.add_argument("--seed", type=int, help="default: one that is printed")
    return parser.parse_args(arguments)


class Scene:
    """A connected bank, a warm importer and a server that is about to suffer."""

    def __init__(self, victim, name, bank_url, importer, seed):
        self.victim, self.name, self.bank_url = victim, name, bank_url
        self.importer = importer
        self.dice = random.Random(f"disasters {seed}")
        self.look()
        self.bank = RestlessBank(bank_url, self.books.accounts(), seed)

    def look(self):
        """A connection of our own; the one before may have died."""
        self.books = Books(self.victim.server, self.name)

    def new_work(self):
        """The bank has news in every account, and they are due."""
        for account in self.bank.accounts:
            self.bank.add_many(account["iban"], self.dice.randint(20, 60))
        self.bank.change(3)
        self.books.wear_tokens_out()
        self.books.make_due()

    def worker(self):
        return self.importer.start("work", jobs=[self.books.job])

    def moment(self):
        time.sleep(self.dice.uniform(0.1, 3.0))

    def settle(self):
        """The next run, with nothing in its way; what is wrong afterwards."""
        worker = self.worker()
        try:
            done = self._ends() and self._ends()
        finally:
            worker.kill()
        problems = [] if done else ["the next run does not come to its end"]
        return problems + chaos_check.compare(self.books, self.bank_url).problems

    def _ends(self):
        self.books.make_due()
        return until(
            lambda: not self.books.waiting() and not self.books.unfinished(),
            ENDS_WITHIN,
        )


def server_killed(scene):
    """PostgreSQL is killed while a worker imports."""
    worker = scene.worker()
    scene.moment()
    scene.books.close()
    scene.victim.kill()
    scene.moment()
    worker.kill()
    scene.look()


def connections_taken(scene):
    """Workers find no connection, or lose the race for the last ones."""
    worker = scene.worker()
    with scene.victim.crowded(scene.name):
        late = scene.worker()
        scene.moment()
        late.kill()
    scene.moment()
    worker.kill()


def disk_full(scene, table):
    """No room for more rows of a table."""
    with SmallDisk(scene.victim, scene.name, table, places.state()) as disk:
        disk.fill()
        worker = scene.worker()
        told = until(lambda: scene.books.rows(TROUBLE)[0][0], 60)
        worker.kill()
        disk.clear()
    return [] if told else ["a full disk is not told on the account"]


def time_limit(scene):
    """Odoo ends workers that took too much time."""
    for _time in range(5):
        worker = scene.worker()
        scene.moment()
        worker.time_is_up()
        worker.wait(20)
        worker.kill()
        scene.books.make_due()


def rows_changed(scene):
    """Another session writes to the same rows, again and again."""
    worker = scene.worker()
    end = time.monotonic() + 6
    while time.monotonic() < end:
        scene.books.rows(scene.dice.choice(DISTURB))
        time.sleep(0.02)
    worker.kill()


DISASTERS = {
    "PostgreSQL killed": server_killed,
    "connections taken": connections_taken,
    "disk full, feed": partial(disk_full, table="open_banking_transaction"),
    "disk full, lines": partial(disk_full, table="account_bank_statement_line"),
    "time limit": time_limit,
    "rows changed": rows_changed,
}


def run(server, name, folder, options, seed):
    """All disasters in turn; what is wrong, as sentences."""
    say(f"Seed: {seed}, logs: {folder}")
    problems = []
    with run_demo.Servers() as servers:
        servers.logs = folder
        bank_url = run_chaos.prepare(server, name, servers, run_chaos.connect_small)
        with Importer(name, folder) as importer:
            scene = Scene(Victim(server), name, bank_url, importer, seed)
            problems += scene.settle()
            for title, disaster in DISASTERS.items():
                for _round in range(1 if "disk" in title else options.rounds):
                    scene.new_work()
                    wrong = (disaster(scene) or []) + scene.settle()
                    problems += [f"{title}: {each}" for each in wrong]
                lines = scene.books.count("account_bank_statement_line")
                say(f"{title}: {lines} lines, wrong: {len(problems) or 'nothing'}")
            scene.books.close()
    return problems


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    os.environ[places.OTHER_STATE] = "disasters"
    with cluster.running() as server, databases.Run(server) as database_run:
        name = database_run.database("disasters")
        run_demo.prepare_database(server, name, fresh=True)
        problems = run(server, name, places.fresh_logs(), options, seed)
    for problem in problems:
        say(f"WRONG {problem}")
    say(f"Wrong: {len(problems) or 'nothing'}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_main(main)
