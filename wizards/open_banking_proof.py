from datetime import timedelta

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError

# What fits on one page.
LONGEST = relativedelta(years=2)

REPORT = "account_mastercard_open_banking.open_banking_proof_report"


class OpenBankingProof(models.TransientModel):
    """Which period of which accounts is proven on paper."""

    _name = "open.banking.proof"
    _description = "Proof of Bank Accounts"

    account_ids = fields.Many2many(
        "open.banking.account", string="Accounts", required=True
    )
    period = fields.Selection(
        [
            ("month", "Last full month"),
            ("year", "Fiscal year so far"),
            ("last_year", "Last fiscal year"),
            ("own", "Other days"),
        ],
        default="month",
        required=True,
    )
    date_from = fields.Date(
        string="From", compute="_compute_days", store=True, readonly=False
    )
    date_to = fields.Date(
        string="To", compute="_compute_days", store=True, readonly=False
    )

    @api.depends("period", "account_ids")
    def _compute_days(self):
        for wizard in self:
            if wizard.period == "own" and wizard.date_from and wizard.date_to:
                continue
            wizard.date_from, wizard.date_to = wizard._days_of_period()

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Print proof")

    def _days_of_period(self):
        """Return first and last day of the period that was chosen.

        :rtype: tuple[date, date]
        """
        today = self.env["open.banking.fetch"]._bank_today()
        if self.period not in ("year", "last_year"):
            last = today.replace(day=1) - timedelta(days=1)
            return last.replace(day=1), last
        company = self.account_ids.company_id[:1] or self.env.company
        year = company.compute_fiscalyear_dates(today)
        if self.period == "year":
            return year["date_from"], today
        last = year["date_from"] - timedelta(days=1)
        return company.compute_fiscalyear_dates(last)["date_from"], last

    def action_print(self):
        """Print a page for each account."""
        self.ensure_one()
        self._check_days()
        report = self.env.ref(REPORT)
        return report.report_action(self, config=False)

    def _check_days(self):
        if not self.account_ids:
            raise UserError(self.env._("Choose an account first."))
        if not (self.date_from and self.date_to):
            raise UserError(self.env._("Choose the first and the last day."))
        if self.date_from > self.date_to:
            raise UserError(self.env._("The first day lies after the last day."))
        if self.date_to >= self.date_from + LONGEST:
            raise UserError(
                self.env._("One page holds two years at most. Choose a shorter time.")
            )

    def _pages(self):
        """Return the facts of each page, for the report.

        :rtype: list[dict]
        """
        self._check_days()
        accounts = self.account_ids
        accounts.check_access("read")
        return [
            account._proof_page(self.date_from, self.date_to) for account in accounts
        ]

    def _file_name(self):
        accounts = self.account_ids
        name = accounts.number if len(accounts) == 1 else self.env._("Bank accounts")
        return f"{name} {self.date_from} {self.date_to}"
