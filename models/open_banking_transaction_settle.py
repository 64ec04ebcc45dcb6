from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..feed import booking_order, settled_window


class Position(NamedTuple):
    """What the bank's order within a day is found from."""

    id: int
    date: date | None
    amount: Decimal | None
    balance: Decimal | None
    position: int


class OpenBankingTransaction(models.Model):
    """The end of a reading: what only a complete list tells."""

    _inherit = "open.banking.transaction"

    @api.model
    def _settle(self, run):
        """Draw the conclusions that only a complete list allows.

        :return: the counters of the run that grow or shrink, and by how much
        :rtype: dict[str, int]
        """
        counts = self._join_renamed(run)
        self._drop_vanished(run)
        self._mind_sign(run)
        self._set_bank_order(run)
        self._release_unlocked(run.account_id)
        counts["held_count"] += self._hold_doubtful(run)
        return counts

    @api.model
    def _covered_domain(self, run):
        """Rows of the days that a reading covered completely, a day more at both ends
        as the client asks. Not the oldest days, where the bank itself deletes.

        A row without a date that is in no books belongs to every reading: it came of an
        answer that was damaged, or the bank sends it always. Nothing is covered when an
        entry of the list was no record: it may be the one that is missing.
        """
        if run.unreadable:
            return [("id", "in", [])]
        day = timedelta(days=1)
        window = (run.window_from - day, run.window_to + day)
        first, last = settled_window(run.window_to, window)
        return [
            *("|", "&", ("date", ">=", first), ("date", "<=", last)),
            *("&", ("date", "=", False), ("booking_state", "!=", "booked")),
        ]

    @api.model
    def _drop_vanished(self, run):
        """What is pending, or stands in days that were read completely, is gone when
        a complete reading does not meet it."""
        self.search(
            [
                ("account_id", "=", run.account_id.id),
                ("state", "!=", "withdrawn"),
                *run._not_met_domain(),
                *("|", ("state", "=", "pending"), *self._covered_domain(run)),
            ]
        )._withdraw("vanished")

    @api.model
    def _positions(self, run):
        """Return where the rows that a reading brought stand in the bank's list.

        In SQL: a first reading brings thousands of rows.

        :rtype: list[Position]
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT id, date, amount::text,
                       CASE WHEN has_balance THEN balance::text END, -bank_order
                  FROM open_banking_transaction
                 WHERE account_id = %s AND last_fetch_id = %s
                   AND (fetch_id = %s OR booking_state = 'to_book')
                """,
                run.account_id.id,
                run.id,
                run.id,
            )
        )
        # A part at a time: both forms of a hundred thousand rows take much memory.
        return [
            Position(row[0], row[1], *(v and Decimal(v) for v in row[2:4]), row[4])
            for part in iter(lambda: self.env.cr.fetchmany(1000), [])
            for row in part
        ]

    @api.model
    def _set_bank_order(self, run):
        """Give the rows that a reading brought the bank's order within their day.

        They stand as if the newest came first. Where that is wrong, the rows of a day
        change places. In SQL: it may be every row of a first reading.
        """
        places = [
            place
            for _day, rows in groupby(
                booking_order(self._positions(run)), key=lambda row: row.date
            )
            for place in _changes_of_place(list(rows))
        ]
        if not places:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE open_banking_transaction AS feed SET bank_order = place.rank
                  FROM unnest(%s, %s) AS place(id, rank)
                 WHERE feed.id = place.id
                """,
                *map(list, zip(*places, strict=True)),
            )
        )
        self.invalidate_model(["bank_order"], flush=False)


def _changes_of_place(day):
    """The ids of rows of a day that stand in another's place, with their own.

    :param list[Position] day: oldest first
    """
    ranks = sorted(-row.position for row in day)
    pairs = zip(day, ranks, strict=True)
    return [(row.id, rank) for row, rank in pairs if -row.position != rank]
