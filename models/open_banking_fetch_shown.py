from odoo import api, fields, models

from .error_words import codes_said


class OpenBankingFetch(models.Model):
    """What the bank log's lists and charts need beside the facts."""

    _inherit = "open.banking.fetch"

    provider_name = fields.Char(related="account_id.provider_name", string="Bank")
    duration_text = fields.Char(string="Took", compute="_compute_duration_text")
    failed_count = fields.Integer(
        string="Failures", compute="_compute_failed_count", store=True
    )
    error_text = fields.Char(search="_search_error_text")

    @api.depends("duration", "finished_on")
    @api.depends_context("lang")
    def _compute_duration_text(self):
        for run in self:
            seconds = max(run.duration, 0)
            if not run.finished_on:
                run.duration_text = False
            elif seconds < 60:
                run.duration_text = self.env._("%(seconds)s s", seconds=seconds)
            elif seconds < 3600:
                run.duration_text = self.env._(
                    "%(minutes)s min %(seconds)s s",
                    minutes=seconds // 60,
                    seconds=seconds % 60,
                )
            else:
                run.duration_text = self.env._(
                    "%(hours)s h %(minutes)s min",
                    hours=seconds // 3600,
                    minutes=seconds % 3600 // 60,
                )

    @api.depends("state")
    def _compute_failed_count(self):
        for run in self:
            run.failed_count = run.state == "failed"

    @api.model
    def _search_error_text(self, operator, value):
        """Find runs by the words of their error, as the user reads them."""
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        return [("error_code", "in", codes_said(self.env, value))]
