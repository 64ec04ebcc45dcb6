"""A process inside which Odoo works on orders; seen from ./dev/bench."""

import json
import subprocess
import sys

import children
import odoo_run
import places
from say import Stop, tail


class Inside:
    """Odoo on one database; bench_inside.py runs in it. Ends with its block."""

    def __init__(self, database, folder, *arguments, key):
        self.log = folder / f"{database}.log"
        with open(self.log, "ab") as log:
            self.process = children.start(
                [sys.executable, places.DEV / "bench_inside.py", database, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**odoo_run.environment(), "OPEN_BANKING_KEY": key},
                cwd="/",
            )
        self._answer("start")

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        children.stop(self.process)

    def order(self, do, **details):
        """Let it carry out an order of bench_inside.py; what it has to tell."""
        self.process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self.process.stdin.flush()
        return self._answer(do)

    def _answer(self, do):
        line = self.process.stdout.readline()
        if not line:
            raise Stop(f"{tail(self.log)}Odoo ended (log: {self.log}).")
        answer = json.loads(line)
        if "error" in answer:
            raise Stop(
                f"{tail(self.log)}The order {do} failed: {answer['error']}"
                f" (log: {self.log})."
            )
        return answer["outcome"]
