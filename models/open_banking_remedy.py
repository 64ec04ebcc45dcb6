from odoo import api, fields, models
from odoo.exceptions import AccessError

from .error_words import may_use_remedy, remedy, who, words


class OpenBankingRemedy(models.AbstractModel):
    """The one button beside the sentence of what went wrong."""

    _name = "open.banking.remedy"
    _description = "What to Do About an Error"

    remedy_label = fields.Char(string="What to Do", compute="_compute_remedy")
    remedy_action = fields.Char(compute="_compute_remedy")
    remedy_who = fields.Char(string="Who Can Do It", compute="_compute_remedy")

    @api.depends_context("lang", "uid")
    def _compute_remedy(self):
        for record in self:
            code = record._remedy_code()
            button = remedy(self.env, code, *record._remedy_records())
            if button and not may_use_remedy(self.env, code):
                button = None
            record.remedy_label = button and button[0]
            record.remedy_action = button and button[1]
            record.remedy_who = who(self.env, code)

    def _remedy_code(self):
        """Return the error that is still to be settled, or False."""
        return self.error_code

    def _remedy_records(self):
        """Return the records whose methods may settle it, the nearest first."""
        return (self,)

    def action_remedy(self):
        """Do what the button beside the error says; its method checks the rights."""
        self.ensure_one()
        self.check_access("read")
        code = self._remedy_code()
        button = remedy(self.env, code, *self._remedy_records())
        if not button:
            return False  # it has settled itself in the meantime
        _label, method, record = button
        return getattr(record, method)()

    def action_open_settings(self):
        """Open the settings, where credentials are entered and tested."""
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only administrators can open the settings."))
        return self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_account_config"
        )


class OpenBankingAccount(models.Model):
    _name = "open.banking.account"
    _inherit = ["open.banking.account", "open.banking.remedy"]

    @api.depends("error_code", "consent_id.state", "is_orphaned")
    def _compute_remedy(self):
        return super()._compute_remedy()

    def _remedy_code(self):
        """Of an ended consent the form says itself how it ended and what to do."""
        if self.consent_id.state not in ("active", False):
            return False
        return self.error_code or (self.is_orphaned and "orphaned")

    def _remedy_records(self):
        return (self, self.consent_id)

    @api.depends("is_orphaned")
    def _compute_error_text(self):
        """An account that the bank no longer delivers fails without an error."""
        super()._compute_error_text()
        for account in self.filtered("is_orphaned"):
            account.error_text = account.error_text or words(self.env, "orphaned")


class OpenBankingConsent(models.Model):
    _name = "open.banking.consent"
    _inherit = ["open.banking.consent", "open.banking.remedy"]

    @api.depends("error_code", "state")
    def _compute_remedy(self):
        return super()._compute_remedy()

    def _remedy_code(self):
        return self.state == "active" and self.error_code

    def _remedy_records(self):
        return (self, self.account_ids.filtered("journal_id"))


class OpenBankingFetch(models.Model):
    _name = "open.banking.fetch"
    _inherit = ["open.banking.fetch", "open.banking.remedy"]

    @api.depends("error_code", "account_id.error_code", "account_id.consent_id.state")
    def _compute_remedy(self):
        return super()._compute_remedy()

    def _remedy_code(self):
        """What a run of last month met is not to be settled any more."""
        code = self.account_id._remedy_code()
        return code == self.error_code and code

    def _remedy_records(self):
        return self.account_id._remedy_records()
