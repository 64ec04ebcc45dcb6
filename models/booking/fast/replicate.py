"""The first way: core makes a few lines, all are inserted as copies of them."""

from contextlib import closing
from functools import partial
from itertools import takewhile

import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, split_every

from ....const import SET_SIZE
from .batch import read_batch
from .chatter import copy_chatter
from .copies import ITEM, LINE, MOVE, Place, insert_copies
from .doubt import FEW_LINES, NotProven
from .guards import check_batch, check_model
from .numbers import Numbering, is_regular, numbering_order
from .partners import COLUMNS, by_pattern, partner_values
from .statistics import renew_statistics
from .stored import difference, read_stored
from .watch import watched

FEWEST = 40  # fewer lines are not worth the probes
PART = 2000  # so many in one statement of SQL: its text holds all their values

NO_PARTNER = (None,) * len(COLUMNS)


def create_replicated(lines, values_list):
    """Make statement lines as copies of what core makes.

    :param account.bank.statement.line lines: the model
    :raise NotProven: when they might differ from core's
    """
    if not FEWEST <= len(values_list) <= SET_SIZE:
        raise NotProven(FEW_LINES if len(values_list) < FEWEST else "many lines")
    try:
        check_model(lines)
        batch = read_batch(lines, values_list)
        check_batch(batch)
        if not is_regular(lines.env["account.move"], batch.journal):
            raise NotProven("numbers of different shapes")
    except (AccessError, UserError) as error:
        # Core says it in its own words.
        raise NotProven(type(error).__name__) from error
    renew_statistics(lines.env)
    of_partner = partner_values(lines.env["account.move"], batch)
    batch = by_pattern(batch, of_partner)
    probes = _choose_probes(batch)
    expected = _made_by_core(lines, [values_list[place] for place in probes])
    templates = _Templates(batch, probes, expected, of_partner)
    _check_copies(lines, batch, templates, probes, expected)
    made = _insert(lines, batch, templates)
    _check_rights(made)
    _tell_the_orm(made)
    return made


# === PROBES === #


def _choose_probes(batch):
    """Return the places of the lines core makes: of each kind the first and largest."""
    kinds = {}
    for place, line in enumerate(batch.lines):
        kinds.setdefault(line.kind, []).append(place)
    probes = []
    for places in kinds.values():
        first = min(places, key=lambda place: batch.lines[place].date)
        largest = max(places, key=lambda place: abs(batch.lines[place].amount))
        probes += dict.fromkeys((first, largest))
    if len(probes) > max(12, len(batch.lines) // 4):
        raise NotProven("many kinds of lines")
    return probes


def _made_by_core(lines, values_list):
    """Let core make lines, read what it stored, and take it back."""
    env = lines.env
    with closing(env.cr.savepoint()):
        try:
            with watched(env):
                made = lines.create([dict(values) for values in values_list])
                env.flush_all()
        except (AccessError, UserError, psycopg2.IntegrityError) as error:
            raise NotProven(type(error).__name__) from error
        stored = read_stored(made)
    for row in stored:
        is_usual = row.move["state"] == "posted" and row.move["name"]
        if len(row.items) != 2 or not is_usual or row.move["inalterable_hash"]:
            raise NotProven("entries of another form")
        if row.line["sequence"] != 1:
            raise NotProven("lines with a sequence")
    return stored


class _Templates:
    """Core's rows, which of them each line is a copy of, and what partners give."""

    def __init__(self, batch, probes, stored, of_partner):
        self.of_partner = of_partner
        self.rows = []
        self.of_kind = {}
        for place, row in zip(probes, stored, strict=True):
            kind = batch.lines[place].kind
            if kind not in self.of_kind:
                self.rows.append(row)
                self.of_kind[kind] = len(self.rows)


def _check_copies(lines, batch, templates, probes, expected):
    """Make the probes once more, as copies: they must equal core's."""
    few = batch._replace(lines=[batch.lines[place] for place in probes])
    with closing(lines.env.cr.savepoint()):
        found = read_stored(_insert(lines, few, templates))
    if where := difference(expected, found):
        raise NotProven(f"probes differ in {where}")


# === ALL LINES === #


def _insert(lines, batch, templates):
    """Insert all lines of a batch; returns them in its order."""
    env = lines.env
    env.flush_all()
    count = len(batch.lines)
    line_ids = _next_ids(env, LINE, count)
    ids = list(
        zip(
            _next_ids(env, MOVE, count),
            line_ids,
            _pairs(_next_ids(env, ITEM, 2 * count)),
            strict=True,
        )
    )
    numbering = Numbering(env["account.move"], batch)
    order = numbering_order(batch.lines)
    places = []
    while order:
        numbering.begin(batch.lines[order[0]].date)
        period = list(takewhile(lambda p: numbering.covers(batch.lines[p].date), order))
        order = order[len(period) :]
        new = [_place(batch.lines[p], templates, ids[p]) for p in period]
        new[0] = numbering.lock(new[0], partial(insert_copies, env, templates.rows))
        new[1:] = [numbering.next(place) for place in new[1:]]
        for part in split_every(PART, new[1:]):
            insert_copies(env, templates.rows, part)
        places += new
    copy_chatter(env, templates.rows, places)
    env.invalidate_all(flush=False)  # flushed above; nothing was written through it
    return lines.browse(line_ids)


def _next_ids(env, table, count):
    """Take ids as core would, in rising order."""
    sequence = f"{table}_id_seq"
    query = SQL("SELECT nextval(%s) FROM generate_series(1, %s)", sequence, count)
    return sorted(row[0] for row in env.execute_query(query))


def _pairs(ids):
    return zip(ids[::2], ids[1::2], strict=True)


def _place(line, templates, ids):
    move_id, line_id, item_ids = ids
    template = templates.of_kind[line.kind]
    of_partner = templates.of_partner.get(line.partner_id, NO_PARTNER)
    return Place(line, template, move_id, line_id, item_ids, of_partner)


def _tell_the_orm(lines):
    """Let stored values of other models that depend on the lines be computed.

    What stands in the lines themselves is core's own word already.
    """
    env = lines.env
    if not lines._open_banking_are_others_concerned():
        return
    made = _all_made(lines)
    computed = [
        ([field for field in records._fields.values() if field.compute], records)
        for records in made
    ]
    with env.protecting(computed):
        for records in made:
            stored = [name for name, field in records._fields.items() if field.store]
            records.modified(stored, create=True)


def _check_rights(lines):
    """Check the record rules, as core does after it made each of the records."""
    if not lines.env.su:
        for records in _all_made(lines):
            records.check_access("create")


def _all_made(lines):
    """The lines with their entries and items, also those that a rule would hide."""
    moves = lines.sudo().move_id
    made = (moves, moves.line_ids, lines)
    return [records.with_env(lines.env) for records in made]
