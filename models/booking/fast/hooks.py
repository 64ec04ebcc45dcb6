"""Where core's own code lets the batched way in; without it nothing changes."""

from odoo import api, models
from odoo.tools import ormcache

from .batched import WORK
from .guards import MODELS

# Core's models with stored values of items that are reconciled, paid or in a statement.
# No line is when it is made.
LATER = {
    "account.analytic.line",
    "account.bank.statement",
    "account.partial.reconcile",
    "account.payment",
}


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

    def _inverse_analytic_distribution(self):
        """Where new items have no distribution, core writes that on each of them."""
        if self.env.context.get(WORK) and not any(self.mapped("analytic_distribution")):
            return
        super()._inverse_analytic_distribution()


class AccountAnalyticDistributionModel(models.Model):
    _inherit = "account.analytic.distribution.model"

    @api.model
    def _get_distribution(self, vals):
        work = self.env.context.get(WORK)
        ask = super()._get_distribution
        return work.distribution_of(vals, ask) if work else ask(vals)


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def _synchronize_from_moves(self, changed_fields):
        """Where the items of an entry did not change, core writes nothing on each."""
        if self.env.context.get(WORK) and "line_ids" not in changed_fields:
            return
        super()._synchronize_from_moves(changed_fields)

    @api.model
    @ormcache()
    def _open_banking_are_others_concerned(self):
        """Whether stored values of other models depend on lines just made.

        The answer changes with the modules that are installed.
        """
        models_concerned = {
            dependent.model_name
            for name in MODELS
            for field in self.env[name]._fields.values()
            if field.store
            for dependent in self.pool.get_dependent_fields(field)
            if dependent.store and dependent.compute
        }
        return bool(models_concerned - LATER - set(MODELS))
