from odoo import api, fields, models
from odoo.tools import SQL

from ..const import BUSY, CONCURRENT

# More than anybody presses in a minute; the job comes again while any are left.
AT_ONCE = 100


class OpenBankingDisconnection(models.Model):
    """Somebody wants a consent to end. Gone when it has ended.

    A record of its own, as a call is: while a worker reads under the consent it has
    the consent locked, and who disconnects must neither wait nor meet an error.
    """

    _name = "open.banking.disconnection"
    _description = "Request to Disconnect"

    consent_id = fields.Many2one(
        "open.banking.consent", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="consent_id.company_id", store=True)
    user_id = fields.Many2one("res.users")
    reason = fields.Char()
    error_code = fields.Char(default="disconnected", required=True)
    tells_customer = fields.Boolean()

    def _carry_out(self):
        """End the consents of these requests, which the caller has locked."""
        for request in self:
            consent = request.consent_id
            if consent.state == "active":
                consent._end("withdrawn", request.error_code, request.user_id)
                consent.end_note = request.reason
                if request.tells_customer:
                    consent._tell_customer_of_end()
        self.unlink()


class OpenBankingAccount(models.Model):
    """The worker that reads is also the one that stops. See `_lock` as well."""

    _inherit = "open.banking.account"

    @api.model
    def _take_calls(self):
        result = super()._take_calls()
        self.env["open.banking.consent"]._take_disconnections()
        return result


class OpenBankingConsent(models.Model):
    """How a user's word to disconnect reaches the consent."""

    _inherit = "open.banking.consent"

    end_note = fields.Char(string="Reason", readonly=True)
    is_ending = fields.Boolean(compute="_compute_is_ending", compute_sudo=True)

    def _compute_is_ending(self):
        requests = self.env["open.banking.disconnection"]
        ending = requests.search([("consent_id", "in", self.ids)]).consent_id
        for consent in self:
            consent.is_ending = consent in ending

    def _store(self, company, external_id, tokens, partner=None, user=None):
        """Who gives the consent anew takes an older word back that nobody acted on."""
        consent = super()._store(company, external_id, tokens, partner, user)
        requests = self.env["open.banking.disconnection"].sudo()
        requests.search([("consent_id", "=", consent.id)]).unlink()
        return consent

    def _disconnect(self, user, reason=False, tells_customer=False, **why):
        """End these consents by somebody's word: now, or as soon as nobody reads.

        :param res.users user: whose word it is; nobody's when it came from the bank
        :param str reason: in his words
        :param bool tells_customer: whether the contact gets a mail about it
        :param why: `error_code`, when it is not a user who disconnects
        """
        requests = self.env["open.banking.disconnection"].sudo()
        active = self.sudo().filtered(lambda consent: consent.state == "active")
        requests.create(
            [
                {
                    "consent_id": consent.id,
                    "user_id": user.id,
                    "reason": reason,
                    "tells_customer": tells_customer,
                    **why,
                }
                for consent in active
                if not consent.is_ending
            ]
        )
        active.invalidate_recordset(["is_ending"])
        self.env["open.banking.account"]._wake_up()
        for consent in active:
            consent._try_to_end()

    def _try_to_end(self):
        """End this consent if no worker has it; else the worker will."""
        try:
            with self.env.cr.savepoint():
                if self._lock_with_accounts():
                    self._carry_out_disconnections()
        except CONCURRENT:
            self.env.invalidate_all()  # a worker was at it just now

    def _lock_with_accounts(self):
        """Lock this consent and its accounts without waiting.

        In SQL: the ORM's own way writes an error into the log when a worker has
        committed meanwhile, which here is no error.

        :return: whether all of them are locked
        :rtype: bool
        """
        wanted = [("open_banking_consent", self.ids)]
        wanted.append(("open_banking_account", self.sudo().account_ids.ids))
        return all(self._lock_quietly(table, ids) == len(ids) for table, ids in wanted)

    def _lock_quietly(self, table, ids):
        query = SQL(
            "SELECT id FROM %s WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED",
            SQL.identifier(table),
            list(ids),
        )
        self.env.cr.execute(query, log_exceptions=False)
        return len(self.env.cr.fetchall())

    def _carry_out_disconnections(self):
        """Do what was asked for, if anything was; the caller has the lock."""
        requests = self.env["open.banking.disconnection"].sudo()
        requests = requests.search([("consent_id", "in", self.ids)])
        requests._carry_out()

    @api.model
    def _take_disconnections(self):
        """End what was asked for, except what another worker has locked."""
        requests = self.env["open.banking.disconnection"].sudo()
        consents = requests.search([], limit=AT_ONCE).consent_id
        commit = self.env["ir.cron"]._commit_progress
        for consent in consents:
            # The lock comes first in a transaction: it must see what others committed.
            commit()
            self.env.invalidate_all()
            consent._try_to_end()
        if consents:
            commit()
        if requests.search_count([], limit=1):
            self.env["open.banking.account"]._wake_up(fields.Datetime.now() + BUSY)
