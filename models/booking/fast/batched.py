"""The second way: core makes the lines, but does once what it does for each of them.

Three things cost core most: a write on each entry, the look-up of the numbering for
each entry, and that of analytic rules for each item. The hooks in `hooks.py` hand them
to the `Work` in the context, which does them once, and leave out two writes on each
line and item that change nothing. The rest is core's own code.
"""

from contextlib import contextmanager

from odoo.tools import frozendict

from .compared import COMPARED_IN_BATCHES
from .doubt import FEW_LINES, NotProven
from .guards import check_context
from .numbers import is_regular

WORK = "open_banking_batched"  # the key in the context

# What core writes on each entry after it made the lines.
LATE_WRITE = {"statement_line_id", "narration", "name"}
NUMBER = ("name", "sequence_prefix", "sequence_number")

HOOKED = {
    "account.bank.statement.line": ("create", "_synchronize_from_moves"),
    "account.move": (
        "write",
        "_compute_name",
        "_set_next_sequence",
        "_get_next_sequence_format",
        "_compute_split_sequence",
    ),
    "account.move.line": ("create", "_inverse_analytic_distribution"),
    "account.analytic.distribution.model": ("_get_distribution",),
}


def create_batched(lines, values_list):
    """Make statement lines by core, with its work per line done per batch.

    :param account.bank.statement.line lines: the model
    :raise NotProven: when another module has a part in what is done together
    """
    if len(values_list) < 2:
        raise NotProven(FEW_LINES)
    check_context(lines)
    _check_hooks(lines.env)
    if any(values.get("narration") for values in values_list):
        raise NotProven("a narration")
    work = Work()
    made = lines.with_context(**{WORK: work}).create(values_list)
    made.env.flush_all()
    return made.with_env(lines.env)


def _check_hooks(env):
    for model, names in HOOKED.items():
        for cls in type(env[model]).__mro__:
            module = getattr(cls, "_module", None)
            own = any(name in cls.__dict__ for name in names)
            if own and module and module not in COMPARED_IN_BATCHES:
                raise NotProven(f"code of {module}")


@contextmanager
def _written_together(records, names):
    """Let fields of records be written one by one, and be known as modified once."""
    stored = [records._fields[name] for name in names]
    with records.env.protecting(stored, records):
        yield
    records.modified(names)


class Work:
    """What is put off, or known already, while a batch is made."""

    def __init__(self):
        self._late = {}  # statement lines by entry
        self._formats = {}
        self._distributions = {}
        self._is_collecting = True

    # === THE WRITE ON EACH ENTRY === #

    def puts_off(self, move, values):
        """Take over core's late write on an entry, if this is it."""
        if not self._is_collecting or values.keys() != LATE_WRITE:
            return False
        self._late[move.id] = values["statement_line_id"]
        return True

    def catch_up(self, moves):
        """Do what was put off, on all entries together.

        :param account.move moves: the model
        """
        late, self._late = self._late, {}
        if not late:
            return
        self._is_collecting = False
        entries = moves.browse(late)
        with _written_together(entries, ("statement_line_id",)):
            for entry in entries:
                entry.statement_line_id = late[entry.id]
        narration_and_name = {"narration": False, "name": False}
        protected = entries._get_protected_vals(narration_and_name, entries)
        with entries.env.protecting(protected):
            entries.write(narration_and_name)

    # === NUMBERING === #

    def number(self, moves, compute):
        """Let core number entries; what depends on that is marked once for all.

        But not whether an entry makes a gap: core looks at that before the entry has
        its number, and never again.
        """
        with _written_together(moves, NUMBER):
            compute()
        moves.env.remove_to_compute(moves._fields["made_sequence_gap"], moves)

    def numbers(self, move):
        """Give an entry the next number of its period, if that is known.

        :return: whether it was
        """
        known = self._formats.get(move.journal_id)
        if not known:
            return False
        (first, until), text, values = known
        cache = move._get_sequence_cache()
        key = (text.format(**values, seq=0), move.journal_id)
        if not first <= move.date <= until or key not in cache:
            return False
        cache[key] += 1
        move.name = text.format(**values, seq=cache[key])
        move._compute_split_sequence()
        return True

    def format_of(self, move, ask):
        """Return the format of an entry's number, and keep it for its period.

        :param ask: core's function
        """
        journal = move.journal_id
        text, values = ask()
        if journal not in self._formats and not is_regular(move, journal):
            self._formats[journal] = None
        if self._formats.get(journal, True):
            name = text.format(**{**values, "seq": values["seq"] or 1})
            reset = move._deduce_sequence_number_reset(name)
            period = move._get_sequence_date_range(reset)[:2]
            fixed = {key: values[key] for key in values if key != "seq"}
            self._formats[journal] = (period, text, fixed)
        return text, values

    # === ANALYTIC RULES === #

    def distribution_of(self, arguments, ask):
        """Return core's answer to these arguments; asked once."""
        # Core appends to a list in its arguments: the key must not.
        key = frozendict(
            {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in arguments.items()
            }
        )
        if key not in self._distributions:
            self._distributions[key] = ask(arguments)
        return dict(self._distributions[key])
