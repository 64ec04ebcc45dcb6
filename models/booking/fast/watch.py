"""Which code runs, and which tables are written, while core makes its probes."""

import sys
from contextlib import contextmanager

from odoo.tools import SQL

from .compared import COMPARED, OURS
from .doubt import NotProven
from .guards import TABLES

ADDONS = "odoo.addons."


@contextmanager
def watched(env):
    """Watch what runs inside.

    :raise NotProven: at its end, when code or a table had part in it whose equality
        was never compared
    """
    if sys.getprofile():
        raise NotProven("a profiler")  # there is room for one only
    before = _writes(env)
    seen = {}

    def note(frame, event, _argument):
        if event == "call":
            seen[frame.f_code] = frame.f_globals

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
    _check_tables(before, _writes(env))
    _check_code(scope.get("__name__") or _origin(code) for code, scope in seen.items())


def _origin(code):
    """Core makes small functions from text; other text may be a user's code."""
    return "odoo" if code.co_name == "<lambda>" else "text"


def _writes(env):
    """Rows written so far in this transaction, by table; also those taken back."""
    rows = env.execute_query(
        SQL(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del"
            " FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
    )
    return dict(rows)


def _check_tables(before, after):
    written = {table for table in after if after[table] != before.get(table, 0)}
    if others := written - set(TABLES):
        raise NotProven(f"core also writes {', '.join(sorted(others))}")


def _check_code(names):
    foreign = sorted(filter(None, map(_foreign_module, names)))
    if foreign:
        raise NotProven(f"code of {', '.join(dict.fromkeys(foreign))}")


def _foreign_module(name):
    """The add-on whose code it is, when its part was never compared."""
    if not name.startswith(ADDONS):
        return None
    module, _, rest = name.removeprefix(ADDONS).partition(".")
    is_test = module == OURS and rest.startswith("tests")
    return module if is_test or module not in COMPARED else None
