from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ..const import FETCH_INTERVAL_HOURS
from ..feed import fetch_window
from ..feed.windows import HISTORY

# Mastercard begins to read the bank when the consent is given.
FIRST_DATA_WITHIN = timedelta(days=1)
FIRST_DATA_SOON = timedelta(minutes=10)


class OpenBankingAccount(models.Model):
    """Which days are to be read next, and why."""

    _inherit = "open.banking.account"

    oldest_change = fields.Date(
        readonly=True, help="The oldest day on which the bank has changed something."
    )
    changes_noted = fields.Integer(readonly=True)
    pressed_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        help="Who asked for the newest transactions, until the run for it begins.",
    )
    # The bank's balance when everything up to `synced_until` was read.
    synced_balance = fields.Monetary(readonly=True)
    has_synced_balance = fields.Boolean(readonly=True)

    def _usual_window(self):
        """Return the days that Odoo reads by itself.

        :rtype: tuple[date, date]
        """
        return fetch_window(
            self.env["open.banking.fetch"]._bank_today(),
            self.start_date or None,
            self.synced_until or None,
            self.oldest_change or None,
        )

    def _note_change(self, day=None):
        """The bank has changed something: read again from that day on, and soon.

        :param date day: the oldest day it named; today when it named none
        """
        day = day or self.env["open.banking.fetch"]._bank_today()
        self._fetch_soon(changed_from=day)

    def _take_note_of(self, call):
        """Keep what a call says on the account, which the caller has locked."""
        if call.changed_from:
            days = [self.oldest_change, call.changed_from]
            self.oldest_change = min(filter(None, days))
            self.changes_noted += 1
        if call.user_id:
            self.pressed_by_id = call.user_id

    def _note_success(self):
        """Plan the next run: at once when a change or a user's wish is waiting."""
        before = self.last_fetch_on
        result = super()._note_success()
        runs = self.env["open.banking.fetch"]
        mine = [("account_id", "=", self.id)]
        last = runs.search([*mine, ("state", "=", "done")], limit=1)
        now = fields.Datetime.now()
        if last.is_asked and not last.moves_watermark:
            # The newest transactions were not read: they keep their hour.
            self.last_fetch_on = before
            usual = timedelta(hours=FETCH_INTERVAL_HOURS)
            self.next_attempt = before + usual if before else now
        waiting = [*mine, ("state", "=", "waiting")]
        if self.oldest_change or runs.search_count(waiting, limit=1):
            self.next_attempt = now
        elif self._waits_for_first_data():
            self.next_attempt = now + FIRST_DATA_SOON
        if self.next_attempt <= now:
            self._wake_up()
        return result

    def _waits_for_first_data(self):
        """Whether Mastercard has not yet read this account at the bank.

        After a consent the data arrives by and by (its page "Data synchronisation"):
        an empty list proves nothing then. A day later it is what there is.
        """
        begun = self.consent_id.authorised_on
        is_new = begun and fields.Datetime.now() - begun < FIRST_DATA_WITHIN
        return bool(is_new and not self.bank_synchronized_on and not self.synced_until)

    @api.model
    def _currencies(self, codes):
        """Find currencies, also those not in use, without asking the database.

        :rtype: dict[str, res.currency]
        """
        ids = self._currency_ids()
        found = self.env["res.currency"].with_context(active_test=False)
        return {code: found.browse(ids[code]) for code in set(codes) if code in ids}

    @api.model
    @ormcache(cache="stable")  # core clears it when a currency changes
    def _currency_ids(self):
        currencies = self.env["res.currency"].with_context(active_test=False)
        return {currency.name: currency.id for currency in currencies.search([])}

    # === WHAT A USER ASKS FOR === #

    def action_fetch_request(self):
        """Open the wizard in which a user chooses the days to fetch."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_fetch_request_action"
        )
        accounts = self.filtered("journal_id")
        return {**action, "context": {"default_account_ids": accounts.ids}}

    def _check_window(self, window):
        """Say what is wrong with days that a user chose.

        :param tuple[date, date] window: first and last day
        """
        first, last = window
        today = self.env["open.banking.fetch"]._bank_today()
        if first > last:
            raise UserError(self.env._("The first day lies after the last day."))
        if last > today:
            raise UserError(
                self.env._("The last day lies in the future. Today is %s.", today)
            )
        if first < today - HISTORY:
            raise UserError(
                self.env._(
                    "Mastercard keeps transactions for two years. The first day can "
                    "be %s at the earliest.",
                    today - HISTORY,
                )
            )

    def _check_may_ask(self, window):
        """Check that the user may read these days of these accounts now."""
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can fetch transactions."))
        self.check_access("read")
        if not self or not all(account.journal_id for account in self):
            raise UserError(self.env._("Choose a journal for the account first."))
        self._check_window(window)
        self._check_readable()

    def _ask_for(self, window):
        """Let the scheduled job read these days.

        :param tuple[date, date] window: first and last day, both included
        """
        self._check_may_ask(window)
        for account in self.sudo():
            self.env["open.banking.fetch"].sudo()._ask(account, window, self.env.user)
        self._fetch_soon()
