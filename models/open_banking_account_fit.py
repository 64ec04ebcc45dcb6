from odoo import api, fields, models
from odoo.exceptions import UserError

from ..feed import same_holder


class OpenBankingAccount(models.Model):
    """Does a shared account look like one of the company's? If not, say why."""

    _inherit = "open.banking.account"

    fit = fields.Selection(
        [
            ("fits", "Fits"),
            ("holder", "Another holder"),
            ("currency", "No journal in its currency"),
        ],
        compute="_compute_fit",
    )
    fit_text = fields.Text(compute="_compute_fit", string="Does It Fit?")

    @api.depends("holder", "currency_id", "mapping", "company_id.name")
    @api.depends_context("lang")
    def _compute_fit(self):
        kept = self._currencies_kept()
        none = self.env["res.currency"]
        for account in self:
            currencies = kept.get(account.company_id, none)
            no_journal = (
                account.mapping == "unmapped" and account.currency_id not in currencies
            )
            other = account.mapping != "left_out" and not account._is_holder_ours()
            account.fit = "holder" if other else "currency" if no_journal else "fits"
            reasons = [
                other and account._holder_text(),
                no_journal and account._currency_text(),
            ]
            account.fit_text = " ".join(filter(None, reasons))

    def _currencies_kept(self):
        """Return the currencies in which each company of these accounts keeps a bank
        journal.

        :rtype: dict[res.company, res.currency]
        """
        companies = self.company_id
        journals = self.env["account.journal"].search(
            [("company_id", "in", companies.ids), ("type", "in", ("bank", "credit"))]
        )
        kept = dict.fromkeys(companies, self.env["res.currency"])
        for journal in journals:
            kept[journal.company_id] |= self._journal_currency(journal)
        return kept

    def _is_holder_ours(self):
        return same_holder(self.holder, self.company_id.name)

    def _holder_text(self):
        names = {"holder": self.holder, "company": self.company_id.name}
        if self.mapping == "mapped":
            return self.env._("The holder is %(holder)s, not %(company)s.", **names)
        return self.env._(
            "The holder is %(holder)s, not %(company)s. If shared by mistake, leave "
            "it out unread.",
            **names,
        )

    def _currency_text(self):
        return self.env._(
            "No bank journal is kept in %(currency)s yet.",
            currency=self.currency_id.name,
        )

    def action_send_link(self):
        """Send the customer a link, for the journal from which the list was opened, or
        for the company's first bank journal. No account need be ticked, or exist."""
        self.check_access("read")
        journals = self.env["account.journal"]
        journal = journals.browse(self.env.context.get("open_banking_journal_id"))
        if not journal.exists():
            own = [("company_id", "=", self.env.company.id), ("type", "=", "bank")]
            journal = journals.search(own, limit=1)
        if not journal:
            raise UserError(self.env._("The company has no bank journal yet."))
        return journal.action_open_banking_send_link()

    def action_leave_out(self):
        """Leave out those of these accounts that wait for a journal."""
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can choose journals."))
        self.check_access("read")
        waiting = self.filtered(lambda account: account.mapping == "unmapped")
        if not waiting:
            raise UserError(
                self.env._(
                    "The account is in use or left out already. Press Choose Journals "
                    "to change its use."
                )
            )
        waiting._leave_out()
        return True
