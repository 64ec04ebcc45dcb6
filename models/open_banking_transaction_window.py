from odoo import api, models
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
    """What a reading does to rows that the feed has already."""

    _inherit = "open.banking.transaction"

    @api.model
    def _known_rows(self, run, bank_rows):
        """Look up the feed's rows that these rows may be, in one query.

        :return: the feed's rows for `match`, and which of them this very reading has
            brought on an earlier page
        """
        rows = self.search_fetch(
            [
                ("account_id", "=", run.account_id.id),
                ("family", "in", list(families(bank_rows))),
            ],
            MATCH_FIELDS,
        )
        earlier = rows.filtered(lambda row: row.last_fetch_id == run)
        seen = Seen.of((row.key, row._as_bank_row()) for row in earlier)
        return [row._known_row() for row in rows], seen

    @api.model
    def _read_rows(self, account, transactions, first_position, asked=None):
        """Return what the bank sent, for matching and as values of feed rows.

        :param iterable transactions: as Mastercard sent them
        :param int first_position: the place of the first of them in the list
        :param tuple asked: the days a user asked for, whatever the start date
        :return: the rows for `match`, and the values by their place in the list
        :rtype: tuple[list[BankRow], dict[int, dict]]
        """
        currencies = account._currencies(
            transaction.original_amount.currency
            for transaction in transactions
            if transaction.original_amount
        )
        bank_rows, said = [], {}
        for position, transaction in enumerate(transactions, first_position):
            values = self._values(account, transaction, currencies, asked)
            said[position] = values
            bank_rows.append(
                self._bank_row(transaction, position, values["content_hash"])
            )
        return bank_rows, said

    @api.model
    def _take_in_asked(self, run, found, said):
        """Let rows that were left out be booked when a user asked for their days.

        :param feed.Match found: which rows of the feed a page brought again
        :param dict said: the values of its rows by their place in the list
        """
        if not run.is_asked:
            return
        for pair in (*found.known, *found.changed, *found.booked):
            values = said.get(pair.row.position, {})
            if not pair.row.is_deleted and pair.known.ref._is_wanted(values):
                pair.known.ref._take_in(values)

    def _seen_in(self, run):
        """Note that a reading has met these rows again.

        One statement in SQL: the ORM takes a hundred rows at a time.
        """
        if not self:
            return
        self.flush_recordset(["last_fetch_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE open_banking_transaction SET last_fetch_id = %s"
                " WHERE id = ANY(%s)",
                run.id,
                list(self.ids),
            )
        )
        self.invalidate_recordset(["last_fetch_id"], flush=False)

    def _is_wanted(self, values):
        """Tell whether a row was left out for its date only, and is so no longer."""
        left_out = self.booking_state == "left_out"
        before_start = left_out and self.reason_code == "before_start"
        return before_start and values["booking_state"] != "left_out"

    def _take_in(self, values):
        names = ("booking_state", "reason_code")
        self.write({name: values[name] for name in names})

    def _become(self, run, fresh, key):
        """Also a row whose id the bank changed was asked for."""
        values = {
            "booking_state": fresh.booking_state,
            "reason_code": fresh.reason_code,
        }
        wanted = run.is_asked and self._is_wanted(values)
        super()._become(run, fresh, key)
        if wanted:
            self._take_in(values)
