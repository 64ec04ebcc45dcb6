"""./dev/soak: a large account, imported under Odoo's default limits.

A real Odoo in prefork mode (workers, time and memory limits as Odoo ships them) reads
an account page by page and books it across runs of the scheduled job, while the
memory of every Odoo process is watched. Takes some ten minutes.
"""

import argparse
import re
import sys
import threading
import time
from collections import defaultdict

import psutil

import children
import cluster
import databases
import odoo_run
import run_demo
from say import run_main, say

MEGABYTE = 1024 * 1024
# What Odoo writes when a limit ends a worker or the memory limit is passed.
LIMIT = re.compile(r"time limit|timeout after|virtual memory limit|Worker .* killed")
JOB_RUN = re.compile(r"Job 'Open Banking: fetch.* (fully|partially) done")


class MemoryWatch(threading.Thread):
    """Keeps the largest resident memory of each process below one."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.parent = psutil.Process(pid)
        self.peaks = defaultdict(int)
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.25):
            for process in [self.parent, *self.parent.children(recursive=True)]:
                try:
                    resident = process.memory_info().rss // MEGABYTE
                except psutil.Error:
                    continue
                self.peaks[process.pid] = max(self.peaks[process.pid], resident)


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/soak", description=intro, epilog=rest)
    parser.add_argument("--transactions", type=int, default=9500, metavar="N")
    parser.add_argument("--memory", type=int, default=300, metavar="MB")
    parser.set_defaults(once=True, keep=False, fresh=True)
    return parser.parse_args(arguments)


def soak(server, name, options):
    """Import the account; returns the exit code."""
    run_demo.prepare_database(server, name, fresh=True)
    port = odoo_run.free_port()
    run_demo.set_parameter(server, name, "web.base.url", f"http://127.0.0.1:{port}")
    run_demo.set_parameter(server, name, "web.base.url.freeze", "True")
    with run_demo.Servers() as servers:
        bank_url = servers.bank()
        odoo_url = servers.odoo(name, port, "--workers=2", "--max-cron-threads=1")
        _name, odoo, log = servers.started[-1]
        watch = MemoryWatch(odoo.pid)
        watch.start()
        started = time.monotonic()
        told = run_demo.tell_story(odoo_url, bank_url, name, options)
        watch.ended.set()
        written = log.read_text(errors="replace")
    peak, limits = max(watch.peaks.values()), LIMIT.findall(written)
    say(f"Time: {time.monotonic() - started:.0f} s, both runs and the report")
    say(f"Runs of the scheduled job: {len(JOB_RUN.findall(written))}")
    say(f"Largest Odoo process: {peak} MB of {options.memory} MB allowed")
    say(f"Limits of Odoo that struck: {len(limits)}")
    return 0 if told and peak < options.memory and not limits else 1


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    with cluster.running() as server, databases.Run(server) as run:
        return soak(server, run.database("soak"), options)


if __name__ == "__main__":
    run_main(main)
