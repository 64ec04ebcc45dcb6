"""Where the time of work inside Odoo goes: functions, and statements of SQL."""

import contextlib
import re
import signal
import time
from collections import Counter, defaultdict
from functools import wraps
from pathlib import Path

from odoo.sql_db import Cursor

# Values and lists of values: a statement is the same without them.
VALUES = re.compile(r"%s(\s*,\s*%s)+|(\(%s[^()]*\)(\s*,\s*)?)+|\b\d+\b")
SHOWN = 60
STEP = 0.002  # seconds of processor time between two looks


@contextlib.contextmanager
def profiled(path):
    """With a path: add a profile of the work to that file. It makes the work slower."""
    if not path:
        yield
        return
    statements, samples = defaultdict(lambda: [0, 0.0]), Samples()
    with _statements_into(statements), samples:
        yield
    with Path(path).open("a") as file:
        _write_statements(statements, file)
        samples.write(file)


class Samples:
    """Which functions are at work, looked at again and again.

    Python's own profilers would be seen by booking, which then proves nothing.
    """

    def __init__(self):
        self.count, self.own, self.all = 0, Counter(), Counter()

    def __enter__(self):
        self._before = signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, STEP, STEP)
        return self

    def __exit__(self, *_error):
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._before)

    def _look(self, _signal, frame):
        self.count += 1
        self.own[_name(frame)] += 1
        stack = set()
        while frame:
            stack.add(_name(frame))
            frame = frame.f_back
        self.all.update(stack)

    def write(self, file):
        """Write the functions that work longest, by themselves and with all below."""
        file.write(f"{self.count * STEP:.2f} s of processor time in Python\n")
        for title, found in (("by themselves", self.own), ("with calls", self.all)):
            file.write(f"\n{title}\n")
            for name, times in found.most_common(SHOWN * 2):
                share = 100 * times / self.count
                file.write(f"{times * STEP:>9.3f} s {share:>5.1f} %  {name}\n")
        file.write("\n")


def _name(frame):
    code = frame.f_code
    where = "/".join(Path(code.co_filename).parts[-3:])
    return f"{where}:{code.co_firstlineno} {getattr(code, 'co_qualname', code.co_name)}"


@contextlib.contextmanager
def _statements_into(statements):
    true_execute = Cursor.execute

    @wraps(true_execute)
    def execute(cursor, query, *args, **kwargs):
        began = time.perf_counter()
        try:
            return true_execute(cursor, query, *args, **kwargs)
        finally:
            seen = statements[_same(getattr(query, "code", query))]
            seen[0] += 1
            seen[1] += time.perf_counter() - began

    Cursor.execute = execute
    try:
        yield
    finally:
        Cursor.execute = true_execute


def _same(query):
    """A statement without its values and white space."""
    if isinstance(query, bytes):
        query = query.decode(errors="replace")
    return " ".join(VALUES.sub("?", str(query)).split())[:300]


def _write_statements(statements, file):
    ordered = sorted(statements.items(), key=lambda item: -item[1][1])
    count = sum(seen[0] for seen in statements.values())
    seconds = sum(seen[1] for seen in statements.values())
    file.write(f"{count} statements of SQL, {seconds:.2f} s in all\n")
    for text, (times, spent) in ordered[:SHOWN]:
        file.write(f"{times:>8} x {spent:>9.3f} s  {text}\n")
    file.write("\n")
