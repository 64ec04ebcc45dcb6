from odoo import fields, models
from odoo.tools import SQL


class OpenBankingFetchMet(models.Model):
    """Rows of the feed that a page of a reading brought again, just as they were.

    They are noted here, all those of a page in one record, and not on the rows: most
    of what a reading brings is known, and a mark on each would be written anew every
    few hours, with all its indexes. Only the last reading of an account is kept.
    """

    _name = "open.banking.fetch.met"
    _description = "Transactions a Reading Met Unchanged"
    _log_access = False

    fetch_id = fields.Many2one(
        "open.banking.fetch", required=True, index=True, ondelete="cascade"
    )
    row_ids = fields.Json(required=True)


class OpenBankingFetch(models.Model):
    """Which rows of the feed a reading has met."""

    _inherit = "open.banking.fetch"

    def _met_ids(self):
        """Return the ids of the rows noted for these readings, as a query.

        :rtype: odoo.tools.SQL
        """
        return SQL(
            """
            (SELECT row_id::integer
               FROM open_banking_fetch_met met,
                    jsonb_array_elements_text(met.row_ids) AS row_id
              WHERE met.fetch_id = ANY(%s))
            """,
            self.ids,
            to_flush=self.env["open.banking.fetch.met"]._fields["row_ids"],
        )

    def _has_met(self, row_ids):
        """Return those of these rows that this reading has met on an earlier page.

        :param list[int] row_ids: of the feed
        :rtype: set[int]
        """
        if not (row_ids and self.pages):
            return set()
        query = SQL(
            """
            SELECT id FROM open_banking_transaction
             WHERE id = ANY(%s) AND (last_fetch_id = %s OR id IN %s)
            """,
            row_ids,
            self.id,
            self._met_ids(),
        )
        return {row_id for (row_id,) in self.env.execute_query(query)}

    def _met_domain(self):
        return ["|", ("last_fetch_id", "=", self.id), ("id", "in", self._met_ids())]

    def _not_met_domain(self):
        return [("last_fetch_id", "!=", self.id), ("id", "not in", self._met_ids())]
