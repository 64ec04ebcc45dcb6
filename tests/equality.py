"""Do two makers of bank statement lines leave the same books?

A maker takes the model and the values, as core's `create` does, and returns the lines.
Each works from the same state inside a savepoint of its own. Compared are every row
it wrote in any table, what Odoo says of the lines through its cache, the rows after
everything was computed anew, and the errors.
"""

import re
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from odoo.tools import mute_logger

from .equality_rows import Mark, Names, differences
from .equality_views import named, recompute, records_of, seen

QUIET = ("odoo.sql_db", "odoo.registry", "odoo.addons.account.models.account_move")


@dataclass
class Outcome:
    """What one maker left behind."""

    error: str = ""
    is_deep: bool = True  # whether it was read again, and computed anew
    order: list = field(default_factory=list)
    told: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)
    cached: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)
    recomputed: dict = field(default_factory=dict)

    def parts(self):
        """Return what was looked at, by a word for it."""
        found = {
            "order of the lines": {"lines": [{"place": n} for n in self.order]},
            "told afterwards": {"place": self.told},
            "rows": self.rows,
            "cache": self.cached,
        }
        if self.is_deep:
            found |= {"read again": self.read, "computed anew": self.recomputed}
        return found


def core(model, values):
    """The maker that all others are measured by: core's, in a savepoint as in booking.

    Its end writes all and runs what waits for that, as for messages of changes.
    """
    with model.env.cr.savepoint():
        lines = model.create(values)
    return lines


def outcome(model, values, maker, after=None, is_deep=True):
    """Let a maker work, look at everything, and undo it.

    :param model: `account.bank.statement.line` in the caller's environment
    :param list[dict] values: as for `create`; a maker gets a copy of its own
    :param after: what is done with the lines in the same transaction, before anything
        is written for good; it may return rows of what it was told
    :param bool is_deep: whether to read all again, and to compute it anew
    :rtype: Outcome
    """
    env = model.env
    with as_caller(env), closing(env.cr.savepoint()), mute_logger(*QUIET):
        mark = Mark(env.cr)
        try:
            looked = _look(mark, model, deepcopy(values), maker, after, is_deep)
        except Exception as error:
            return Outcome(error=_words(error))
    order, ids, cached, told, rows, read, again = looked
    names = Names.of(env.cr, ids, rows, again)
    return Outcome(
        order=[names.name(model._table, each) for each in order],
        is_deep=is_deep,
        told=told,
        cached=named(cached, names),
        rows=names.rows(rows),
        read=named(read, names),
        recomputed=names.rows(again),
    )


@contextmanager
def as_caller(env):
    """Let what is computed at the end be written by the one who calls, as in a request.

    In a test it would be the superuser.
    """
    transaction, before = env.transaction, env.transaction.default_env
    env.flush_all()
    transaction.default_env = env
    try:
        yield
    finally:
        transaction.default_env = before


def _look(mark, model, values, maker, after, is_deep):
    lines = maker(model, values)
    order = lines.ids
    checked = lines.sudo()
    ids = {records._table: records.ids for records in records_of(checked)}
    cached = seen(checked)
    told = after(lines) if after else None
    # Only now all is written, and the messages of the changes are.
    mark.cr.flush()
    rows = mark.rows()
    if not is_deep:
        return order, ids, cached, told or [], rows, {}, rows
    model.env.invalidate_all()
    checked = checked.exists()
    read = seen(checked)
    recompute(checked)
    return order, ids, cached, told or [], rows, read, mark.rows()


def _words(error):
    """The error as it reads, without ids that differ by design."""
    text = re.sub(r"\d+", "#", str(error))
    return f"{type(error).__name__}: {text}"


def compare(theirs, ours):
    """Return what differs between two outcomes, in words.

    :rtype: list[str]
    """
    if theirs.error != ours.error:
        return [f"error: core {theirs.error!r}, here {ours.error!r}"]
    found = []
    here = ours.parts()
    for part, rows in theirs.parts().items():
        if part in here:
            found += [f"{part}: {text}" for text in differences(rows, here[part])]
    return found
