from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class OpenBankingAccountMap(models.TransientModel):
    """Which of the shared bank accounts feeds which journal, and from when."""

    _name = "open.banking.account.map"
    _description = "Choose Journals for Bank Accounts"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    line_ids = fields.One2many("open.banking.account.map.line", "map_id")
    changes_use = fields.Boolean(compute="_compute_changes_use")
    note = fields.Char(help="Why; it is kept with the account.")

    @api.depends("line_ids.action", "line_ids.journal_id")
    def _compute_changes_use(self):
        for wizard in self:
            wizard.changes_use = any(line._changes_use() for line in wizard.line_ids)

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Choose journals")

    @api.model
    def _for_accounts(self, accounts, asked_from=None):
        """Open the wizard with a suggestion for each account.

        :param open.banking.account accounts: of one company
        :param account.journal asked_from: where the user pressed the button
        :rtype: open.banking.account.map
        """
        company = accounts.company_id
        company.ensure_one()
        lines, taken = [], self.env["account.journal"]
        for account in accounts.with_company(company):
            journal = account.journal_id or account._suggest_journal(
                asked_from if asked_from and asked_from not in taken else None
            )
            journal -= taken
            taken |= journal
            lines.append(self._line(account, journal))
        return self.create(
            {"company_id": company.id, "line_ids": [Command.create(v) for v in lines]}
        )

    @api.model
    def _line(self, account, journal):
        action = "journal" if journal else "new"
        return {
            "account_id": account.id,
            "action": "leave_out" if account.left_out else action,
            "journal_id": journal.id,
            "start_date": account._suggest_start_date(journal),
        }

    @api.model
    def _for_authorisation(self, authorisation):
        """Return the address of the wizard for what an attempt has brought."""
        accounts = self.env["open.banking.account"].browse(
            authorisation.consent_id.account_ids.ids
        )
        actions = "/odoo/action-account_mastercard_open_banking."
        if not accounts:
            return f"{actions}open_banking_account_action"
        wizard = self._for_accounts(accounts, authorisation.journal_id.sudo(False))
        return f"{actions}open_banking_account_map_action/{wizard.id}"

    def action_confirm(self):
        """Do as chosen, line by line, and go to the dashboard."""
        self.ensure_one()
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can connect a bank."))
        self._check_journals()
        self._check_changes()
        for line in self.line_ids:
            line._apply()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.open_account_journal_dashboard_kanban"
        )
        return {**action, "target": "main"}

    def _check_changes(self):
        """Another journal for an account in use is for those who answer for the books,
        and they say why."""
        if not self.changes_use:
            return
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(
                self.env._(
                    "An account that is in use already gets another journal, or is "
                    "left out, by an accounting administrator only."
                )
            )
        if not (self.note or "").strip():
            raise UserError(
                self.env._("Say in the note why the journal of an account is changed.")
            )

    def _check_journals(self):
        chosen = self.line_ids.filtered(lambda line: line.action == "journal")
        missing = chosen.filtered(lambda line: not line.journal_id)
        if missing:
            raise UserError(
                self.env._(
                    "Choose a journal for %(account)s, or another use of it.",
                    account=missing[0].account_id.display_name,
                )
            )
        if len(chosen.journal_id) != len(chosen):
            raise UserError(
                self.env._("Each journal can be fed by one bank account only.")
            )
        for line in chosen:
            if line.journal_id not in line.free_ids:
                raise UserError(
                    self.env._(
                        "The journal %(journal)s cannot be used for %(account)s: it "
                        "has another currency, is no bank journal, or is fed already.",
                        journal=line.journal_id.display_name,
                        account=line.account_id.display_name,
                    )
                )


class OpenBankingAccountMapLine(models.TransientModel):
    _name = "open.banking.account.map.line"
    _description = "Journal of a Bank Account"
    _check_company_auto = True

    map_id = fields.Many2one(
        "open.banking.account.map", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="map_id.company_id")
    account_id = fields.Many2one(
        "open.banking.account",
        string="Bank Account",
        required=True,
        readonly=True,
        check_company=True,
        ondelete="cascade",
    )
    # Without sudo: a forged line must not show the account of another company.
    provider_name = fields.Char(related="account_id.provider_name", related_sudo=False)
    holder = fields.Char(related="account_id.holder", related_sudo=False)
    account_name = fields.Char(related="account_id.name", related_sudo=False)
    number = fields.Char(related="account_id.number", related_sudo=False)
    currency_id = fields.Many2one(related="account_id.currency_id", related_sudo=False)
    booked_balance = fields.Monetary(
        related="account_id.booked_balance", related_sudo=False
    )
    fit = fields.Selection(related="account_id.fit", related_sudo=False)
    fit_text = fields.Text(related="account_id.fit_text", related_sudo=False)
    action = fields.Selection(
        [
            ("journal", "Existing journal"),
            ("new", "New journal"),
            ("leave_out", "Leave out"),
        ],
        string="Use",
        required=True,
    )
    journal_id = fields.Many2one(
        "account.journal", check_company=True, domain="[('id', 'in', free_ids)]"
    )
    free_ids = fields.Many2many("account.journal", compute="_compute_free_ids")
    start_date = fields.Date(string="Import From", required=True)

    @api.depends("account_id")
    def _compute_free_ids(self):
        for line in self:
            line.free_ids = line.account_id._free_journals()

    def action_leave_out(self):
        """Choose to leave these accounts out; nothing happens before the import."""
        self.write({"action": "leave_out", "journal_id": False})

    def _changes_use(self):
        """Whether an account in use gets another journal, or none.

        :rtype: bool
        """
        now = self.account_id.journal_id
        return bool(now) and (self.action != "journal" or self.journal_id != now)

    def _note_change(self):
        """Keep the change with its reason on the account: since when, by whom."""
        self.account_id.sudo().message_post(
            author_id=self.env.user.partner_id.id,
            body=self.env._(
                "%(user)s took the account out of the journal %(journal)s: %(note)s",
                user=self.env.user.name,
                journal=self.account_id.journal_id.display_name,
                note=self.map_id.note,
            ),
        )

    def _apply(self):
        """Map the account, make its journal first if so chosen, or leave it out."""
        self.account_id.check_access("read")
        if self.account_id.company_id != self.company_id:
            raise UserError(self.env._("The account belongs to another company."))
        if self._changes_use():
            self._note_change()
        if self.action == "leave_out":
            self.account_id._leave_out()
            return
        self._check_start_date()
        journal = self.journal_id if self.action == "journal" else self._new_journal()
        self.account_id._map(journal, self.start_date)

    def _check_start_date(self):
        if self.start_date > fields.Date.context_today(self):
            raise UserError(self.env._("The import cannot start in the future."))

    def _new_journal(self):
        """Make a journal in the account's currency; `_map` gives it the number.

        A card's books are a debt to the bank: core keeps them in a liability account.
        """
        account, company = self.account_id, self.company_id
        own = account.currency_id == company.currency_id
        if not account.currency_id.active:
            account.currency_id.sudo().active = True
        return self.env["account.journal"].create(
            {
                "name": account.name,
                "type": "credit" if account._is_card() else "bank",
                "company_id": company.id,
                "currency_id": False if own else account.currency_id.id,
            }
        )
