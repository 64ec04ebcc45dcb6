"""Where the time of work inside Odoo goes: functions, and statements of SQL."""

import contextlib
import cProfile
import pstats
import re
import time
from collections import defaultdict
from functools import wraps
from pathlib import Path

from odoo.sql_db import Cursor

# Values and lists of values: a statement is the same without them.
VALUES = re.compile(r"%s(\s*,\s*%s)+|(\(%s[^()]*\)(\s*,\s*)?)+|\b\d+\b")
SHOWN = 60


@contextlib.contextmanager
def profiled(path):
    """With a path: add a profile of the work to that file. It makes the work slower."""
    if not path:
        yield
        return
    statements, profile = defaultdict(lambda: [0, 0.0]), cProfile.Profile()
    with _statements_into(statements):
        profile.enable()
        try:
            yield
        finally:
            profile.disable()
    with Path(path).open("a") as file:
        _write_statements(statements, file)
        stats = pstats.Stats(profile, stream=file)
        for order in ("tottime", "cumulative"):
            stats.sort_stats(order).print_stats(SHOWN)
        stats.print_stats("account_mastercard_open_banking", SHOWN)


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
