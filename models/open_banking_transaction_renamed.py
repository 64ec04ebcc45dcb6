from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..feed import KnownRow, family_of, join
from .open_banking_transaction_insert import SAID

# What the bank says is taken over under another id; what became of the row is not.
TAKEN_OVER = tuple(SAID.keys() - {"booking_state", "reason_code", "key", "family"})


class OpenBankingTransaction(models.Model):
    """Rows that are not new: the bank only gave them another id.

    Some banks do so at every new consent, and then with all they have.
    """

    _inherit = "open.banking.transaction"

    @api.model
    def _join_renamed(self, run):
        """Find the rows that are not new: the bank only changed their ids, or booked
        what was pending. Rows of a reading that broke off count as new too."""
        missing = self._known_rows_of(
            [
                ("account_id", "=", run.account_id.id),
                *("|", ("state", "=", "withdrawn"), "&", *run._not_met_domain()),
                *("|", ("state", "=", "pending"), *self._covered_domain(run)),
            ]
        )
        fresh = missing and self._known_rows_of(
            [
                ("account_id", "=", run.account_id.id),
                ("booking_state", "!=", "booked"),
                ("state", "!=", "withdrawn"),
                *run._met_domain(),
                *("|", ("fetch_id", "=", run.id), ("fetch_id.state", "=", "failed")),
            ]
        )
        are_fresh = {row.ref for row in fresh}
        pairs = join(fresh, [row for row in missing if row.ref not in are_fresh])
        held = self.browse([pair.row.ref for pair in pairs])
        held = held.filtered(lambda row: row.booking_state == "held")
        counts = {
            "new_count": -len(pairs),
            "changed_count": len(pairs),
            "held_count": -len(held),
        }
        for pair in self._rename_in_books(run, pairs):
            fresh, known = self.browse(pair.row.ref), self.browse(pair.known.ref)
            known._become(run, fresh, pair.key)
        return counts

    @api.model
    def _known_rows_of(self, domain):
        """Return rows of the feed for `join`, with their ids as ref.

        In SQL: when all ids have changed it is every row of the window, twice.

        :rtype: list[KnownRow]
        """
        self.flush_model()
        query = self._search(domain)
        columns = SQL(
            """
            key, date, bank_amount, COALESCE(bank_currency, ''),
            COALESCE(NULLIF(original_text, ''), text, ''), state,
            COALESCE(content_hash, ''), id
            """
        )
        sql = SQL(
            "SELECT %s FROM open_banking_transaction WHERE id IN %s",
            columns,
            query.subselect(),
        )
        return [
            KnownRow(key, day, amount and Decimal(amount), *others)
            for key, day, amount, *others in self.env.execute_query(sql)
        ]

    def _become(self, run, fresh, key):
        """Take over the content and the key of what was taken for a new row."""
        names = (*TAKEN_OVER, "booking_state", "reason_code")
        copied = fresh.copy_data()[0]
        values = {name: copied[name] for name in names if name in copied}
        values["state"] = fresh.state
        fresh.unlink()
        self._change(run, {**values, "key": key, "family": family_of(key)})

    @api.model
    def _rename_in_books(self, run, pairs):
        """Give rows that are in the books their new ids, where nothing else is new.

        In SQL, all together: it may be every row of the window.

        :param list[feed.Pair] pairs: rows that are one, with their ids as ref
        :return: the other pairs
        :rtype: list[feed.Pair]
        """
        if not pairs or not self._has_ours_only():
            return pairs
        self.flush_model()
        names = [SQL.identifier(name) for name in TAKEN_OVER]
        query = SQL(
            """
            WITH renamed AS (
                DELETE FROM open_banking_transaction fresh
                      USING open_banking_transaction known,
                            unnest(%(known)s, %(fresh)s, %(keys)s, %(families)s)
                            AS pair(known_id, fresh_id, new_key, new_family)
                      WHERE fresh.id = pair.fresh_id AND known.id = pair.known_id
                        AND known.booking_state = 'booked' AND known.state = 'booked'
                        AND known.bank_change IS NULL AND fresh.state = 'booked'
                        AND (known.date, known.bank_amount, known.bank_currency)
                          = (fresh.date, fresh.bank_amount, fresh.bank_currency)
                        AND (known.original_currency_id, known.original_amount)
                            IS NOT DISTINCT FROM
                            (fresh.original_currency_id, fresh.original_amount)
                  RETURNING fresh.*, known_id, new_key, new_family
            )
            UPDATE open_banking_transaction known
               SET (%(names)s) = ROW(%(values)s),
                   key = renamed.new_key, family = renamed.new_family,
                   previous_raw = known.raw, last_fetch_id = %(run)s
              FROM renamed
             WHERE known.id = renamed.known_id
         RETURNING known.id
            """,
            known=[pair.known.ref for pair in pairs],
            fresh=[pair.row.ref for pair in pairs],
            keys=[pair.key for pair in pairs],
            families=[family_of(pair.key) for pair in pairs],
            names=SQL(", ").join(names),
            values=SQL(", ").join(SQL("renamed.%s", name) for name in names),
            run=run.id,
        )
        done = {row_id for (row_id,) in self.env.execute_query(query)}
        self.invalidate_model(flush=False)
        run.account_id.invalidate_recordset(["transaction_ids"], flush=False)
        return [pair for pair in pairs if pair.known.ref not in done]
