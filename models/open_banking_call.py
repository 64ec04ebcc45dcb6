from odoo import api, fields, models

from ..const import CONCURRENT
from .open_banking_fetch import OPEN_STATES


class OpenBankingCall(models.Model):
    """Somebody wants an account to be read soon: a button, a message from the bank.

    A record of its own and not a field of the account: the worker that imports has
    the account locked, and who calls must neither wait for it nor meet an error.
    """

    _name = "open.banking.call"
    _description = "Call for a Fetch"

    account_id = fields.Many2one(
        "open.banking.account", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    user_id = fields.Many2one("res.users", help="Who pressed a button.")
    changed_from = fields.Date(help="The oldest day on which the bank says it changed.")
    is_due = fields.Boolean(help="The account is due; its open run began earlier.")


class OpenBankingAccount(models.Model):
    """Who wants to have an account read, and the worker that takes note of it."""

    _inherit = "open.banking.account"

    def _fetch_soon(self, **why):
        """Let the scheduled job read these accounts, without waiting for it.

        :param why: more values of the call
        """
        self.env["open.banking.call"].sudo().create(
            [{"account_id": account.id, **why} for account in self]
        )
        self._wake_up()

    @api.model
    def _is_called(self):
        """Whether there are calls that nobody has taken note of."""
        calls = self.env["open.banking.call"].sudo()
        return bool(calls.search_count([("is_due", "=", False)], limit=1))

    @api.model
    def _take_calls(self):
        """Make due what was called for. What another worker has locked waits."""
        calls = self.env["open.banking.call"].sudo()
        accounts = calls.search([("is_due", "=", False)]).account_id
        if not accounts:
            return
        # The lock comes first in a transaction: it must see what others committed.
        self.env["ir.cron"]._commit_progress()
        try:
            accounts = accounts.try_lock_for_update(allow_referencing=True)
            self.env.invalidate_all()
            accounts._answer_calls()
            self.env.flush_all()
        except CONCURRENT:
            accounts._start_anew()  # another worker took them just now

    def _answer_calls(self):
        """Make these locked accounts due. Where a run has begun to read, the call
        stays for its end: it does not see what came since."""
        mine = [("account_id", "in", self.ids)]
        begun = [*mine, ("state", "in", OPEN_STATES), ("pages", ">", 0)]
        reading = self.env["open.banking.fetch"].search(begun).account_id
        calls = self.env["open.banking.call"].search(mine)
        for call in calls.filtered(lambda call: not call.is_due):
            call.account_id._take_note_of(call)
        stay = calls.filtered(lambda call: call.account_id in reading)
        stay.is_due = True
        calls.account_id.next_attempt = fields.Datetime.now()
        (calls - stay).unlink()

    def _note_success(self):
        """Read again at once when somebody called while this run was at work."""
        result = super()._note_success()
        calls = self.env["open.banking.call"].sudo()
        calls = calls.search([("account_id", "=", self.id)])
        if calls:
            calls.unlink()
            self.next_attempt = fields.Datetime.now()
            self._wake_up()
        return result
