from odoo import api, models


class OpenBankingTransaction(models.Model):
    """What a reading does to rows that the feed has already."""

    _inherit = "open.banking.transaction"

    @api.model
    def _read_rows(self, account, transactions, asked=None):
        """Return what the bank sent, for matching and as values of feed rows.

        :param dict transactions: as Mastercard sent them, by their place in the list
        :param tuple asked: the days a user asked for, whatever the start date
        :return: the rows for `match`, and the values by their place in the list
        :rtype: tuple[list[BankRow], dict[int, dict]]
        """
        currencies = account._currencies(
            transaction.original_amount.currency
            for transaction in transactions.values()
            if transaction.original_amount
        )
        bank_rows, said = [], {}
        for position, transaction in transactions.items():
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
