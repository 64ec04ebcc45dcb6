from odoo import SUPERUSER_ID, api, fields, models

from ..const import BANK_TIMEZONE


class OpenBankingConsent(models.Model):
    """What is done with the accounts a consent has brought, and who is asked."""

    _inherit = "open.banking.consent"

    waiting_activity_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    waiting_count = fields.Integer(compute="_compute_unused")
    unused_count = fields.Integer(
        compute="_compute_unused",
        help="Accounts that the consent offers and no journal uses.",
    )

    @api.depends("account_ids.mapping")
    def _compute_unused(self):
        for consent in self:
            uses = consent.account_ids.mapped("mapping")
            consent.waiting_count = uses.count("unmapped")
            consent.unused_count = len(uses) - uses.count("mapped")

    def _read_accounts(self):
        """Map what arrives through a link or a renewal, in the same transaction."""
        accounts = super()._read_accounts()
        consent = self.sudo()
        if consent._maps_by_itself():
            consent._as_odoo()._map_accounts()
        # Accounts may have come from other consents.
        asked = [("waiting_activity_id", "!=", False)]
        mine = [("company_id", "=", consent.company_id.id)]
        consent.search(asked + mine)._tend_waiting_activity()
        return accounts

    def _end(self, state, error_code, user=None):
        result = super()._end(state, error_code, user)
        self._tend_waiting_activity()
        return result

    def _maps_by_itself(self):
        """Whether no bookkeeper sits before the choice of journals: the consent came
        through a link that was sent, or renews another."""
        attempt = self.env["open.banking.authorisation"].search(
            [("consent_id", "=", self.id)], order="done_on desc, id desc", limit=1
        )
        return bool(attempt.sent_on or attempt.purpose == "renew")

    def _as_odoo(self):
        """Return this consent as Odoo itself sees it: the customer who brought it has
        no login, no time zone and no say over locked periods."""
        user = self.user_id
        company = self.company_id
        return self.with_user(SUPERUSER_ID).with_context(
            allowed_company_ids=company.ids,
            lang=user.lang or company.partner_id.lang or self.env.lang,
            tz=user.tz or BANK_TIMEZONE,
        )

    def _map_accounts(self):
        self.account_ids._map_without_doubt()
        self._ask_for_journals()

    def _waiting_accounts(self):
        return self.account_ids.filtered(lambda each: each.mapping == "unmapped")

    # === ONE ACTIVITY FOR ALL THAT WAITS === #

    def _ask_for_journals(self):
        """Ask the one who looks after the connection to choose journals, once."""
        count = len(self._waiting_accounts())
        if not count:
            return
        summary = self._waiting_summary(count)
        if self.waiting_activity_id.active:
            self.waiting_activity_id.summary = summary
            return
        self.waiting_activity_id = self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            note=self.env._(
                "Their number, currency or holder fits no journal without doubt. "
                "Press Choose Journals here; what you leave out is not read."
            ),
            user_id=self._responsible().id,
        )

    def _waiting_summary(self, count):
        if count == 1:
            return self.env._("Choose a journal for 1 bank account")
        return self.env._("Choose journals for %(count)s bank accounts", count=count)

    def _tend_waiting_activity(self):
        """Bring the activity up to date; it closes when nothing waits any more."""
        for consent in self.sudo().filtered("waiting_activity_id.active"):
            waiting = consent._waiting_accounts()
            activity = consent.waiting_activity_id
            if not waiting or consent.state != "active":
                activity.unlink()
            else:
                activity.summary = consent._as_odoo()._waiting_summary(len(waiting))

    def action_open_unused(self):
        """Show the accounts that this consent offers and no journal uses."""
        return self._show(
            "open_banking_account_action",
            [("consent_id", "=", self.id), ("mapping", "!=", "mapped")],
        )

    def action_choose_journals(self):
        """Choose the journals of the accounts that wait for one."""
        self.ensure_one()
        self.check_access("read")
        accounts = self._waiting_accounts() or self.account_ids
        return accounts.action_choose_journals()
