"""Numbering a whole batch as core numbers one entry after the other."""

import re

import psycopg2
from odoo.tools import SQL

from .doubt import NotProven

# Of more lines core numbers the last thousand first, since the ORM takes a thousand at
# a time. So many are made in one call.
AT_ONCE = 1000

NUMBERED_BY = {"year": "year", "month": "month", "year_end": "year_end"}


def numbering_order(lines):
    """Return the places of lines in the order in which core numbers them.

    :param list lines: with a date each; references there are none
    """
    return sorted(
        range(len(lines)),
        key=lambda place: (place // AT_ONCE, lines[place].date, place),
    )


class Numbering:
    """The numbers of a journal, taken period by period.

    A number is locked as core does it: by the entry of the unique index that its first
    bearer occupies. Until the transaction ends the next numbers are ours, too.
    """

    def __init__(self, moves, batch):
        self.moves = moves
        self.journal = batch.journal
        self.company = batch.company
        self._first = self._last_day = None  # of the period
        self._text = self._values = self._key = None
        self._last = 0

    def begin(self, day):
        """Ask core for the numbering of the period of a day.

        :raise NotProven: when numbers have more behind them
        """
        entry = self.moves.new(
            {
                "journal_id": self.journal.id,
                "company_id": self.company.id,
                "date": day,
                "move_type": "entry",
                "state": "posted",
                "posted_before": True,
            }
        )
        self._text, self._values = entry._get_next_sequence_format()
        self._last = self._values.pop("seq")
        if self._values.get("suffix"):
            raise NotProven("numbers with a suffix")
        self._key = (self._name(0), self.journal)
        reset = self.moves._deduce_sequence_number_reset(self._name(self._last + 1))
        self._first, self._last_day = entry._get_sequence_date_range(reset)[:2]

    def covers(self, day):
        """Whether a day lies in the period."""
        return self._first <= day <= self._last_day

    def lock(self, place, insert):
        """Insert the first line of the period, under the first number that is free.

        :param insert: a function that inserts a list of places
        :return: the place with its number
        """
        cache = self.moves._get_sequence_cache()
        if self._key in cache:
            self._last = cache[self._key]
        while True:
            numbered = self.next(place)
            try:
                with self.moves.env.cr.savepoint(flush=False):
                    insert([numbered])
            except psycopg2.errors.UniqueViolation as error:
                if error.diag.table_name != self.moves._table:
                    raise
            else:
                return numbered

    def next(self, place):
        """Give a line the next number of the period."""
        self._last += 1
        self.moves._get_sequence_cache()[self._key] = self._last
        name = self._name(self._last)
        prefix, number = self._split(name)
        return place._replace(name=name, number=number, prefix=prefix)

    def _name(self, number):
        return self._text.format(**self._values, seq=number)

    def _split(self, name):
        """Return the prefix and number that core stores beside a name."""
        fixed = self.moves._sequence_fixed_regex.replace("?P<seq>", "")
        found = re.match(self.moves._make_regex_non_capturing(fixed), name)
        return name[: found.start(1)], int(found.group(1) or 0)


def is_regular(moves, journal):
    """Whether all entries of a journal are numbered in one way.

    Then core's answer for the first entry of a period holds for all of them.
    """
    moves.flush_model(["sequence_prefix", "origin_payment_id", "journal_id"])
    return len({_shape(moves, prefix) for prefix in _prefixes(journal)}) < 2


def _shape(moves, prefix):
    """What is left of a prefix without its year and month."""
    text, values = moves._get_sequence_format_param(f"{prefix}1")
    fixed = {
        name: value
        for name, value in values.items()
        if name not in ("seq", "seq_length", *NUMBERED_BY)
    }
    return text, tuple(sorted(fixed.items()))


def _prefixes(journal):
    """Return the prefixes of the journal's numbers, payments of their own left out.

    In SQL, jumping from one to the next along core's index: a journal may hold
    millions of entries, but only some prefixes.
    """
    rows = journal.env.execute_query(
        SQL(
            """
            WITH RECURSIVE prefixes AS (
                (SELECT sequence_prefix FROM account_move
                  WHERE journal_id = %(journal)s AND sequence_prefix IS NOT NULL
                  ORDER BY sequence_prefix DESC LIMIT 1)
                UNION ALL
                SELECT (SELECT sequence_prefix FROM account_move
                         WHERE journal_id = %(journal)s
                           AND sequence_prefix < prefixes.sequence_prefix
                         ORDER BY sequence_prefix DESC LIMIT 1)
                  FROM prefixes WHERE prefixes.sequence_prefix IS NOT NULL
            )
            SELECT sequence_prefix FROM prefixes
             WHERE sequence_prefix IS NOT NULL AND sequence_prefix <> ''
               AND EXISTS (SELECT FROM account_move
                            WHERE journal_id = %(journal)s
                              AND sequence_prefix = prefixes.sequence_prefix
                              AND (origin_payment_id IS NULL OR NOT %(own)s))
            """,
            journal=journal.id,
            own=bool(journal.payment_sequence),
        )
    )
    return [prefix for (prefix,) in rows]
