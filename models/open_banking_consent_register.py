from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

MODULE = "account_mastercard_open_banking"


class OpenBankingConsent(models.Model):
    """The register of consents: who, by which link, for what, when, until when."""

    _inherit = "open.banking.consent"

    covered_ids = fields.One2many(
        "open.banking.consent.account", "consent_id", "Accounts Covered", readonly=True
    )
    authorisation_id = fields.Many2one(
        "open.banking.authorisation",
        string="Given Through",
        compute="_compute_authorisations",
        help="The link through which this consent was given last.",
    )
    link_sent_on = fields.Datetime(compute="_compute_authorisations")
    asked_by_id = fields.Many2one("res.users", compute="_compute_authorisations")
    authorisation_count = fields.Integer(compute="_compute_authorisations")
    renewed_by_id = fields.Many2one(
        "open.banking.consent", compute="_compute_renewed_by"
    )
    account_count = fields.Integer(compute="_compute_counts")
    fetch_count = fields.Integer(compute="_compute_counts")
    line_count = fields.Integer(compute="_compute_counts")
    ends_soon = fields.Boolean(compute="_compute_ends_soon", search="_search_ends_soon")

    @api.depends("covered_ids.provider_name")
    def _compute_name(self):
        """The banks; also of a consent whose accounts are read under another now."""
        super()._compute_name()
        for consent in self.filtered(lambda consent: not consent.account_ids):
            banks = sorted(set(consent.covered_ids.mapped("provider_name")) - {False})
            consent.name = ", ".join(banks) or consent.name

    def _compute_authorisations(self):
        attempts = self.env["open.banking.authorisation"].search(
            self._domain_of_authorisations(), order="done_on desc, id desc"
        )
        for consent in self:
            mine = attempts.filtered(
                lambda attempt, consent=consent: (
                    consent in (attempt.consent_id, attempt.renews_id)
                )
            )
            given = mine.filtered(
                lambda attempt, consent=consent: attempt.consent_id == consent
            )[:1]
            consent.authorisation_count = len(mine)
            consent.authorisation_id = given
            consent.link_sent_on = given.sent_on
            consent.asked_by_id = given.user_id

    def _domain_of_authorisations(self):
        return ["|", ("consent_id", "in", self.ids), ("renews_id", "in", self.ids)]

    def _compute_renewed_by(self):
        newer = self.search([("renewed_from_id", "in", self.ids)], order="id")
        for consent in self:
            consent.renewed_by_id = newer.filtered(
                lambda each, consent=consent: each.renewed_from_id == consent
            )[:1]

    def _compute_counts(self):
        runs = self._count("open.banking.fetch", "consent_id")
        lines = self._count(
            "open.banking.transaction",
            "fetch_id.consent_id",
            [("booking_state", "=", "booked")],
        )
        for consent in self:
            consent.account_count = len(consent.account_ids)
            consent.fetch_count = runs(consent)
            consent.line_count = lines(consent)

    def _count(self, model, field, domain=()):
        """Return a function that counts the records of a consent."""
        records = self.env[model]
        if "." not in field:
            found = dict(
                records._read_group(
                    [(field, "in", self.ids), *domain], [field], ["__count"]
                )
            )
            return lambda consent: found.get(consent, 0)
        return lambda consent: records.search_count([(field, "=", consent.id), *domain])

    @api.depends("state", "expires_on")
    def _compute_ends_soon(self):
        soon = self._soon()
        for consent in self:
            ends = consent.expires_on
            consent.ends_soon = consent.state == "active" and ends and ends <= soon

    @api.model
    def _search_ends_soon(self, operator, value):
        if operator != "in" or list(value) != [True]:
            return NotImplemented
        return [("state", "=", "active"), ("expires_on", "<=", self._soon())]

    @api.model
    def _soon(self):
        return self.env["open.banking.fetch"]._bank_today() + timedelta(days=14)

    # === SEEN FROM A CONSENT === #

    def action_open_accounts(self):
        """Show the accounts that are read under this consent now."""
        return self._show("open_banking_account_action", [("consent_id", "=", self.id)])

    def action_open_runs(self):
        """Show the runs that read under this consent."""
        return self._show("open_banking_fetch_action", [("consent_id", "=", self.id)])

    def action_open_authorisations(self):
        """Show the links through which this consent was given or was to be renewed."""
        return self._show(
            "open_banking_authorisation_action", self._domain_of_authorisations()
        )

    def action_open_lines(self):
        """Show the statement lines that were read under this consent."""
        return self._show(
            "account_bank_statement_line_action",
            [("open_banking_transaction_id.fetch_id.consent_id", "=", self.id)],
        )

    def _show(self, action, domain):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(f"{MODULE}.{action}")
        return {**action, "domain": domain, "context": {}}

    # === DISCONNECT, CONNECT AGAIN === #

    def action_disconnect(self):
        """Say what disconnecting does, and ask."""
        self._check_bookkeeper()
        active = self.filtered(lambda consent: consent.state == "active")
        if not active:
            raise UserError(self.env._("The bank is not connected."))
        if len(active.company_id) > 1:
            raise UserError(self.env._("Choose consents of one company only."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"{MODULE}.open_banking_disconnect_action"
        )
        return {**action, "context": {"default_consent_ids": active.ids}}

    def action_connect_again(self):
        """Open the page from which the user goes to his bank, as on the dashboard."""
        self.ensure_one()
        self._check_bookkeeper()
        self.company_id._open_banking_client()  # says what is missing, if anything is
        address = self.env["open.banking.authorisation"]._make_link(
            self.company_id,
            self.account_ids.journal_id[:1],
            self.env.user,
            renews=self if self._is_renewable() else None,
        )
        return {"type": "ir.actions.act_url", "url": address, "target": "self"}

    def _check_bookkeeper(self):
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(
                self.env._("Only bookkeepers can connect and disconnect a bank.")
            )
        self.check_access("read")


class OpenBankingAccount(models.Model):
    _inherit = "open.banking.account"

    def action_connect_again(self):
        """Give the consent for this account again."""
        self.ensure_one()
        self.check_access("read")
        return self.consent_id.action_connect_again()

    def action_disconnect(self):
        """Disconnect the consents under which these accounts are read."""
        self.check_access("read")
        return self.consent_id.action_disconnect()
