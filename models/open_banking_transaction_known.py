from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL

from ..feed import Seen, families

# What recognising a row of the feed needs, in one query.
MATCH_FIELDS = (
    "key",
    "external_id",
    "content_hash",
    "date",
    "bank_amount",
    "bank_currency",
    "text",
    "original_text",
    "state",
    "booking_state",
    "bank_change",
    "reason_code",
    "balance",
    "has_balance",
    "currency_id",
    "last_fetch_id",
)


class OpenBankingTransaction(models.Model):
    """Recognising what the feed has already, with as little work as can be."""

    _inherit = "open.banking.transaction"

    met_in_id = fields.Many2one(
        "open.banking.fetch",
        string="Met in",
        compute="_compute_met_in_id",
        search="_search_met_in_id",
    )

    @api.model
    def _pass_by_unchanged(self, run, entries):
        """Leave out what the bank sent before, letter by letter.

        :param open.banking.fetch run: the reading
        :param tuple[bank_api.Entry] entries: of one page
        :return: the other entries, by their place in the bank's list; and the families
            of which the feed is known to have no row
        :rtype: tuple[dict[int, bank_api.Entry], set[str]]
        """
        asked, found = self._unchanged(run, entries)
        left = {
            place: entry
            for place, entry in enumerate(entries, run.received_count)
            if not found.get(entry.id)
        }
        return left, asked - found.keys()

    @api.model
    def _unchanged(self, run, entries):
        """Find the rows for which matching would find nothing to do, and note that the
        reading has met them; what earlier readings have met is forgotten.

        Only where no other row can be meant: the id is alone on its page and in the
        feed. A row that waits for being booked still takes its place in the list.
        In SQL, in one statement: the ORM would make a record of each.

        :return: the families looked for, and of those found whether they are such rows
        :rtype: tuple[set[str], dict[str, bool]]
        """
        count = Counter(entry.id for entry in entries)
        digests = {
            entry.id: entry.digest
            for entry in entries
            if entry.id and entry.digest and count[entry.id] == 1
        }
        if not digests:
            return set(), {}
        self.flush_model(["wire_hash", "state", "booking_state", "bank_change"])
        query = SQL(
            """
            WITH found AS (
                SELECT family, MIN(id) AS id, MIN(wire_hash) AS wire_hash,
                       COUNT(*) = 1
                       AND bool_and(state <> 'withdrawn'
                            AND booking_state <> 'to_book'
                            AND (bank_change IS NULL OR bank_change = 'changed')
                            AND NOT (%(is_asked)s AND booking_state = 'left_out'))
                       AS is_settled
                  FROM open_banking_transaction
                 WHERE account_id = %(account)s AND family = ANY(%(families)s)
              GROUP BY family
            ), same AS (
                SELECT found.family, found.id
                  FROM found
                  JOIN unnest(%(families)s, %(digests)s) AS said(family, wire_hash)
                    ON said.family = found.family AND said.wire_hash = found.wire_hash
                 WHERE found.is_settled
            ), forgotten AS (
                DELETE FROM open_banking_fetch_met met
                      USING open_banking_fetch run
                      WHERE run.id = met.fetch_id AND run.account_id = %(account)s
                        AND run.id <> %(run)s
            ), noted AS (
                INSERT INTO open_banking_fetch_met (fetch_id, row_ids)
                     SELECT %(run)s, jsonb_agg(id) FROM same HAVING COUNT(*) > 0
            )
            SELECT found.family, same.id IS NOT NULL
              FROM found LEFT JOIN same ON same.family = found.family
            """,
            account=run.account_id.id,
            run=run.id,
            families=list(digests),
            digests=list(digests.values()),
            is_asked=run.is_asked,
        )
        return set(digests), dict(self.env.execute_query(query))

    @api.model
    def _known_rows(self, run, bank_rows, absent):
        """Look up the feed's rows that these rows may be.

        :param set[str] absent: families that need not be looked for
        :return: the feed's rows for `match`, and which of them this very reading has
            met already
        """
        wanted = families(bank_rows) - absent
        if not wanted:
            return [], Seen()
        rows = self.search_fetch(
            [("account_id", "=", run.account_id.id), ("family", "in", list(wanted))],
            MATCH_FIELDS,
        )
        earlier = rows.browse(run._has_met(rows.ids))
        seen = Seen.of((row.key, row._as_bank_row()) for row in earlier)
        return [row._known_row() for row in rows], seen

    @api.model
    def _meet_again(self, run, found, said):
        """Note that a reading has met rows again that the bank left as they are, but
        for their running balance: a late booking moves it under every later row.

        In one statement of SQL: it may be every row of the page.

        :param feed.Match found: which rows of the feed a page brought again
        :param dict said: the values of its rows by their place in the list
        """
        known = [
            (pair.known.ref, not pair.row.is_deleted and said[pair.row.position])
            for pair in (*found.known, *found.withdrawn)
        ]
        if not known:
            return
        rows = self.browse([row.id for row, _values in known])
        names = ["last_fetch_id", "wire_hash", "balance", "has_balance"]
        rows.flush_recordset(names)
        balances = [
            each["balance"] if each and each["has_balance"] else None
            for _row, each in known
        ]
        self.env.cr.execute(
            SQL(
                """
                UPDATE open_banking_transaction AS feed
                   SET last_fetch_id = %s,
                       wire_hash = COALESCE(met.wire_hash, feed.wire_hash),
                       balance = COALESCE(met.balance, feed.balance),
                       has_balance = feed.has_balance OR met.balance IS NOT NULL
                  FROM unnest(%s, %s::varchar[], %s::numeric[])
                       AS met(id, wire_hash, balance)
                 WHERE feed.id = met.id
                """,
                run.id,
                rows.ids,
                [(each and each["wire_hash"]) or None for _row, each in known],
                [
                    self._stored_money(balance, row.currency_id)
                    for (row, _each), balance in zip(known, balances, strict=True)
                ],
            )
        )
        rows.invalidate_recordset(names, flush=False)
        rows.modified(names)

    @api.depends("last_fetch_id")
    def _compute_met_in_id(self):
        for row in self:
            row.met_in_id = row.last_fetch_id

    @api.model
    def _search_met_in_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        runs = self.env["open.banking.fetch"].browse(filter(None, value))
        return [
            *("|", ("fetch_id", "in", runs.ids)),
            *("|", ("last_fetch_id", "in", runs.ids)),
            ("id", "in", runs._met_ids()),
        ]
