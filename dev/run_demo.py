"""./dev/demo: the add-on at work in a real Odoo 19, with a rehearsal bank.

It starts a rehearsal bank and Odoo on this machine, lets demo_story.py connect
a bank and import transactions through the pages a customer uses, and leaves
both open for you to explore until Ctrl-C.
"""

import argparse
import importlib
import importlib.util
import socket
import sys
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

import children
import cluster
import databases
import locks
import odoo_run
import places
from say import Stop, long_step, run_main, say, tail

BANK_READY = "rehearsal bank ready on "
# Written into the database once the story was told, so that it can be reused.
TOLD = "account_mastercard_open_banking.demo_told"


def parse(arguments):
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/demo", description=intro, epilog=rest)
    parser.add_argument(
        "--once",
        action="store_true",
        help="tell the story on a fresh database, then end: 0 when all went well",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="with --once: use and keep the database of the plain demo",
    )
    parser.add_argument(
        "--transactions",
        type=int,
        metavar="N",
        help="how many transactions the bank has (default: the story's own number)",
    )
    parser.add_argument(
        "--port", type=int, default=8069, help="Odoo's port (default 8069)"
    )
    return parser.parse_args(arguments)


def choose_port(wanted):
    """The wanted port, or a free one with a word about it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
            return wanted
        except (OSError, OverflowError):
            port = odoo_run.free_port()
    say(f"Port {wanted} cannot be used, taking {port}.")
    return port


def prepare_database(server, name, fresh):
    """Make the demo database; with fresh=False reuse the one of a told story.

    Returns whether it is a new one.
    """
    log = places.made(places.cache() / "logs") / "demo-set-up.log"
    reuse = not fresh and databases.exists(server, name) and was_told(server, name)
    if not reuse:
        databases.copy(server, databases.template(server), name)
    what = "-u" if reuse else "-i"
    with long_step("Installing the add-on", "10 s"):
        arguments = ["-d", name, what, places.ADDON, "--stop-after-init"]
        if databases.call_odoo(arguments, log) != 0:
            raise Stop(f"{tail(log)}The add-on could not be installed (log: {log}).")
    return not reuse


def was_told(server, name):
    query = f"SELECT 1 FROM ir_config_parameter WHERE key = '{TOLD}'"
    return bool(server.sql(query, name))


def set_parameter(server, name, key, value):
    """Write a system parameter of a database whose Odoo is not running."""
    server.sql(
        "INSERT INTO ir_config_parameter (key, value, create_date, write_date)"
        f" VALUES ('{key}', '{value}', now(), now())"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        name,
    )


class Servers:
    """The rehearsal bank and Odoo, ended in every case."""

    def __init__(self):
        self.logs = places.made(places.cache() / "logs")
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        for _name, child, _log in reversed(self.started):
            children.stop(child)

    def _start(self, name, command, **options):
        log = self.logs / f"demo-{name}.log"
        with open(log, "wb") as file:
            child = children.start(command, stdout=file, stderr=file, **options)
        self.started.append((name, child, log))
        return log

    def check(self):
        """Stop with a sentence when one of the servers has ended."""
        for name, child, log in self.started:
            if child.poll() is not None:
                raise Stop(f"{tail(log)}The {name} server ended (log: {log}).")

    def bank(self):
        """Start the rehearsal bank; its address."""
        folder = places.packages_link()
        if not (folder / "rehearsal_bank" / "__main__.py").exists():
            raise Stop("The program rehearsal_bank is missing in this repository.")
        command = [sys.executable, "-u", "-m", "rehearsal_bank", "--port", "0"]
        log = self._start("bank", [*command, "--seed", "demo"], cwd=folder)
        return self._until(lambda: bank_address(log), "rehearsal bank", 30)

    def odoo(self, database, port, *more, environment=()):
        """Start Odoo on a database, with more arguments if need be; its address."""
        command, _port = odoo_run.command(
            [
                *("-d", database, f"--db-filter=^{database}$", f"--http-port={port}"),
                *(f"--gevent-port={odoo_run.free_port()}", "--max-cron-threads=2"),
                *more,
            ]
        )
        variables = {**odoo_run.environment(), **dict(environment)}
        self._start("Odoo", command, env=variables, cwd="/")
        address = f"http://127.0.0.1:{port}"
        return self._until(lambda: answering(address), "Odoo", 180)

    def _until(self, ready, name, seconds):
        """Wait until ready() gives an address."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            if address := ready():
                return address
            time.sleep(0.2)
        raise Stop(f"The {name} did not answer within {seconds} s.")

    def watch(self):
        """Stay until Ctrl-C, or until one of the servers ends."""
        while True:
            self.check()
            time.sleep(1)


def bank_address(log):
    for line in Path(log).read_text(errors="replace").splitlines():
        if line.startswith(BANK_READY):
            return line.removeprefix(BANK_READY).strip()
    return None


def answering(address):
    """The address once Odoo shows its log-in page there, else None."""
    try:
        with urllib.request.urlopen(f"{address}/web/login", timeout=60) as page:
            return address if page.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None


def tell_story(odoo_url, bank_url, database, options):
    """Call demo_story.tell(); False when it fails or is missing."""
    if not importlib.util.find_spec("demo_story"):
        say("dev/demo_story.py is missing: the servers run, but no story is told.")
        return False
    # The story borrows the rehearsal bank's customer.
    sys.path.append(str(places.packages_link()))
    try:
        story = importlib.import_module("demo_story")
        return bool(story.tell(odoo_url, bank_url, database, options))
    except Exception:
        traceback.print_exc()
        say(f"The story stopped (logs of the servers: {places.cache() / 'logs'}).")
        return False


def show(server, database, options):
    """Start both servers, tell the story, stay or end; the exit code."""
    port = odoo_run.free_port() if options.once else choose_port(options.port)
    set_parameter(server, database, "web.base.url", f"http://127.0.0.1:{port}")
    set_parameter(server, database, "web.base.url.freeze", "True")
    with Servers() as servers:
        with long_step("Starting the rehearsal bank and Odoo", "10 s"):
            bank_url = servers.bank()
            odoo_url = servers.odoo(database, port)
        told = tell_story(odoo_url, bank_url, database, options)
        if told:
            set_parameter(server, database, TOLD, "1")
        if not options.once:
            say(f"\nOdoo:           {odoo_url}   (log in as admin, password admin)")
            say(f"Rehearsal bank: {bank_url}\nCtrl-C ends both.")
            servers.watch()
    return 0 if told else 1


def main():
    options = parse(sys.argv[1:])
    with cluster.running() as server:
        if options.once and not options.keep:
            with databases.Run(server) as run:
                name = run.database("demo")
                options.fresh = prepare_database(server, name, fresh=True)
                return show(server, name, options)
        name = f"demo_{places.short_hash(places.ROOT)}"
        lock = places.state() / f"{name}.lock"
        with locks.exclusive(lock, "showing the demo; end it to start here"):
            options.fresh = prepare_database(server, name, fresh=False)
            return show(server, name, options)


if __name__ == "__main__":
    run_main(main)
