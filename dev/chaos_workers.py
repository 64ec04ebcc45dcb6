"""The importing processes of the chaos run, seen from outside: start, look, kill."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time

import children
import odoo_run
import places
from say import Stop, tail

STARTS_WITHIN = 120


class Worker:
    """A process that is not our child: known by a handle that no other can get."""

    def __init__(self, pid, told=None):
        self.handle = os.pidfd_open(pid)
        self.told = told

    def kill(self):
        """SIGKILL, and wait until it is gone; it may have ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self.wait(30)
        os.close(self.handle)

    def time_is_up(self):
        """What the kernel sends when Odoo's limit of CPU time is passed."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGXCPU)

    def wait(self, seconds):
        """Whether it ended within so many seconds."""
        return bool(select.select([self.handle], [], [], seconds)[0])

    def result(self, seconds=120):
        """What the process had to tell: seconds, error, outcome."""
        if not self.wait(seconds):
            self.kill()
            return {"seconds": seconds, "error": "did not end", "outcome": None}
        os.close(self.handle)
        return json.loads(self.told.read_text())


class Importer:
    """The warm process, and its forks. Ends with everything it started."""

    def __init__(self, database, folder):
        self.folder = folder
        self.log = folder / "chaos-importer.log"
        self.orders = 0
        with open(self.log, "wb") as log:
            self.process = children.start(
                [sys.executable, places.DEV / "chaos_importer.py", database],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=odoo_run.environment(),
                cwd="/",
            )
        self._answer(STARTS_WITHIN)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        children.stop(self.process)

    def start(self, do, **order):
        """Fork a process with an order of chaos_importer.py; returns it at once."""
        self.orders += 1
        told = self.folder / f"chaos-told-{os.getpid()}-{self.orders}.json"
        line = json.dumps({"do": do, "told": str(told), **order})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return Worker(self._answer(30)["pid"], told)

    def _answer(self, seconds):
        pipe = self.process.stdout
        line = pipe.readline() if select.select([pipe], [], [], seconds)[0] else ""
        if not line:
            raise Stop(f"{tail(self.log)}The importer ended (log: {self.log}).")
        return json.loads(line)


def until(condition, seconds):
    """Wait until a condition holds; whether it did in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
