from odoo import models

from ..feed.days import coverage


class OpenBankingAccount(models.Model):
    """Which day was fetched by which run, and under which consent."""

    _inherit = "open.banking.account"

    def _coverage(self, first, last):
        """Say for each day which completed run covered it last, hence which consent.

        A run that failed covers nothing, whatever it had read until then.

        :param date first: the first day asked about
        :param date last: the last one
        :return: spans of days with their run, oldest first, and the gaps between them
        :rtype: tuple[list[tuple[date, date, open.banking.fetch]], list[tuple]]
        """
        self.ensure_one()
        runs = self.env["open.banking.fetch"].search(
            [
                ("account_id", "=", self.id),
                ("state", "=", "done"),
                ("window_from", "<=", last),
                ("window_to", ">=", first),
            ],
            order="finished_on, id",
        )
        return coverage(
            first, last, [(run.window_from, run.window_to, run) for run in runs]
        )
