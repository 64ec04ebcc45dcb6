"""What a piece of work wrote into the database: every row of every table."""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from odoo.tools import SQL

# These hold a text that is random by design, or made from ids: only its shape counts.
SHAPES = {("mail_message", "message_id"), ("account_move", "inalterable_hash")}
# Python's clock instead of the transaction's.
CLOCKS = {("mail_message", "date")}
# They end with the id of a statement line, in ten digits.
INDEXES = {"internal_index", "first_line_index"}
MENTION = re.compile(r'data-oe-model="([a-z._]+)" data-oe-id="(\d+)">(#\d+)?')
MATCHED = {"P": "account_partial_reconcile", "": "account_full_reconcile"}
# Where a model's name and an id stand side by side.
POINTERS = (("res_model", "res_id"), ("model", "res_id"))

COUNTERS = """
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del, n_tup_upd + n_tup_del
      FROM pg_stat_xact_user_tables
     WHERE schemaname = current_schema
"""
FOREIGN_KEYS = """
    SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text
      FROM pg_constraint c
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1
"""


def number(text):
    """Keep a number as it is written: its scale counts."""
    return int(text) if re.fullmatch(r"-?[1-9]\d*|0", text) else text


class Mark:
    """A moment in a transaction: what is written later has a higher number.

    Must be taken inside a savepoint: from there on PostgreSQL stamps each row with
    the savepoint's own number or a higher one.
    """

    def __init__(self, cr):
        self.cr = cr
        cr.execute("CREATE TEMP TABLE equality_mark AS SELECT 1")
        cr.execute("SELECT xmin::text::bigint FROM equality_mark")
        self.number = cr.fetchone()[0]
        self.counters = self._counters()

    def _counters(self):
        self.cr.execute(COUNTERS)
        return {name: counts for name, *counts in self.cr.fetchall()}

    def rows(self, everywhere=False):
        """Return the rows written since, as read from the database.

        :param bool everywhere: look into every table, and not only into those that
            PostgreSQL counted as touched
        :rtype: Rows
        """
        now = self._counters()
        tables, left = {}, {}
        for name, counts in now.items():
            before = self.counters.get(name, [0, 0])
            if everywhere or counts[0] != before[0]:
                if rows := self._rows_of(name):
                    tables[name] = rows
            if counts[1] != before[1]:
                left[name] = self._left_alone(name)
        return Rows(tables, left)

    def _rows_of(self, table):
        self.cr.execute(
            SQL(
                "SELECT to_json(t)::text FROM %s t WHERE xmin::text::bigint >= %s",
                SQL.identifier(table),
                self.number,
            )
        )
        read = [
            json.loads(text, parse_float=str, parse_int=number)
            for (text,) in self.cr.fetchall()
        ]
        return sorted(read, key=lambda row: (row.get("id", 0), json.dumps(row)))

    def _left_alone(self, table):
        """How many older rows stand as they stood: deleted ones are missing here."""
        self.cr.execute(
            SQL(
                "SELECT count(*) FROM %s WHERE xmin::text::bigint < %s",
                SQL.identifier(table),
                self.number,
            )
        )
        return self.cr.fetchone()[0]


@dataclass
class Rows:
    """Rows by table, and per changed table how many older rows were left alone."""

    tables: dict
    left_alone: dict


@dataclass
class Names:
    """Names for ids: what was made gets a number of its own, the others keep theirs."""

    foreign_keys: dict
    new: dict = field(default_factory=dict)

    @classmethod
    def of(cls, cr, records, *dumps):
        """Name the ids of these rows; to be called when they were rolled back.

        :param dict records: ids by table, also of rows that were deleted again
        """
        cr.execute(FOREIGN_KEYS)
        keys = defaultdict(dict)
        for table, column, target in cr.fetchall():
            keys[table][column] = target
        ids = defaultdict(set, {table: set(found) for table, found in records.items()})
        for dump in dumps:
            for table, rows in dump.tables.items():
                if "id" in rows[0]:
                    ids[table] |= {row["id"] for row in rows}
        names = cls(keys)
        for table, found in ids.items():
            names._name(cr, table, found)
        return names

    def _name(self, cr, table, ids):
        identifier = SQL.identifier(table)
        cr.execute(SQL("SELECT id FROM %s WHERE id = ANY(%s)", identifier, list(ids)))
        made = sorted(ids - {known for (known,) in cr.fetchall()})
        self.new[table] = {
            each: f"new {table} {place}" for place, each in enumerate(made)
        }

    def name(self, table, value):
        """Return the name of an id of a table."""
        return self.new.get(table, {}).get(value, value)

    def rows(self, dump):
        """Return rows as they compare."""
        named = {
            table: self._ordered([self._row(table, row) for row in rows])
            for table, rows in dump.tables.items()
        }
        left = [{"table": name, "left": n} for name, n in dump.left_alone.items()]
        named["older rows left alone"] = sorted(left, key=lambda row: row["table"])
        return named

    def _ordered(self, rows):
        """Rows with ids stand in their order; others have none."""
        if rows and "id" in rows[0]:
            return rows
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))

    def _row(self, table, row):
        named = {
            column: self.value(table, column, value) for column, value in row.items()
        }
        for model, pointer in POINTERS:
            if row.get(model) and pointer in row:
                named[pointer] = self.name(row[model].replace(".", "_"), row[pointer])
        return named

    def value(self, table, column, value):
        """Return what compares of a value."""
        if column == "id":
            return self.name(table, value)
        if target := self.foreign_keys[table].get(column):
            return self.name(target, value)
        if (table, column) in SHAPES:
            return value and re.sub(r"[0-9a-f]+", "#", value)
        if (table, column) in CLOCKS:
            return bool(value)
        if column in INDEXES and value:
            line = self.name("account_bank_statement_line", int(value[-10:]))
            return f"{value[:-10]} {line}"
        if column == "body" and value:
            return MENTION.sub(self._mention, value)
        if column == "matching_number" and value:
            kind, number = value.rstrip("0123456789"), value.lstrip("P")
            return f"{kind} {self.name(MATCHED[kind], int(number))}"
        return value

    def _mention(self, found):
        """The name of a record that a message speaks of."""
        model, each, _text = found.groups()
        return f"{self.name(model.replace('.', '_'), int(each))}>"


def differences(core, other):
    """Compare named rows of two makers, column by column.

    :return: one readable text per column that differs
    :rtype: list[str]
    """
    found = []
    for table in sorted(core.keys() | other.keys()):
        theirs, ours = core.get(table, []), other.get(table, [])
        if len(theirs) != len(ours):
            found.append(f"{table}: core {len(theirs)} rows, here {len(ours)}")
        found += _columns(table, theirs, ours)
    return found


def _columns(table, theirs, ours):
    counts, first = Counter(), {}
    for place, (core, here) in enumerate(zip(theirs, ours)):  # noqa: B905
        for column in core.keys() | here.keys():
            pair = core.get(column), here.get(column)
            if _differs(*pair):
                counts[column] += 1
                first.setdefault(column, (place, *pair))
    return [
        f"{table}.{column}: {counts[column]} of {len(theirs)} rows differ; row"
        f" {first[column][0]}: core {first[column][1]!r}, here {first[column][2]!r}"
        for column in sorted(counts)
    ]


def _differs(one, other):
    """1 and True are not the same here, nor are 0.0 and -0.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
    return repr(one) != repr(other)
