"""Where core's own code lets the batched way in; without it nothing changes."""

from odoo import api, models

from .batched import WORK


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        """Put off what core writes on each entry of a batch."""
        work = self.env.context.get(WORK)
        if work and work.puts_off(self, vals):
            return True
        return super().write(vals)

    def _compute_name(self):
        work = self.env.context.get(WORK)
        compute = super()._compute_name
        return work.number(self, compute) if work else compute()

    def _set_next_sequence(self):
        work = self.env.context.get(WORK)
        if not work or not work.numbers(self):
            super()._set_next_sequence()

    def _get_next_sequence_format(self):
        work = self.env.context.get(WORK)
        ask = super()._get_next_sequence_format
        return work.format_of(self, ask) if work else ask()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Do first what was put off: the items come after it."""
        if work := self.env.context.get(WORK):
            work.catch_up(self.env["account.move"])
        return super().create(vals_list)


class AccountAnalyticDistributionModel(models.Model):
    _inherit = "account.analytic.distribution.model"

    @api.model
    def _get_distribution(self, vals):
        work = self.env.context.get(WORK)
        ask = super()._get_distribution
        return work.distribution_of(vals, ask) if work else ask(vals)
