from odoo import api, models


class OpenBankingTransaction(models.Model):
    """What a reading that broke off has left in the feed."""

    _inherit = "open.banking.transaction"

    # This file comes after the one it extends, also in the alphabet.

    @api.model
    def _settle(self, run):
        if self._broken_off(run):
            self._drop_leftovers(run)
            self._confirm_leftovers(run)
        return super()._settle(run)

    @api.model
    def _drop_leftovers(self, run):
        """Forget what only a reading that broke off met, and this complete one did
        not. Where the bank gives new ids at every reading such a row would pass for
        the old name of a new one, and the row in the books would be left without:
        the transaction would be booked again."""
        self.search(
            [
                *self._leftover_domain(run),
                *run._not_met_domain(),
                ("state", "!=", "withdrawn"),
                *("|", ("state", "=", "pending"), *self._covered_domain(run)),
            ]
        ).unlink()

    @api.model
    def _confirm_leftovers(self, run):
        """What this complete reading met as well is no leftover any more."""
        met = [*self._leftover_domain(run), *run._met_domain()]
        self.search(met).fetch_id = run

    @api.model
    def _leftover_domain(self, run):
        return [
            ("account_id", "=", run.account_id.id),
            ("fetch_id", "in", self._broken_off(run).ids),
            ("booking_state", "in", ("to_book", "held", "none")),
        ]

    @api.model
    def _broken_off(self, run):
        """Return the readings that broke off and have left anything."""
        return run.search(
            [
                ("account_id", "=", run.account_id.id),
                ("state", "=", "failed"),
                ("new_count", ">", 0),
            ]
        )
