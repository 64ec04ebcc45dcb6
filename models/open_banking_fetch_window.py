from odoo import api, fields, models

from ..bank_api import BankApiError

# After so many failures in a row the newest transactions go before a window that the
# user asked for: it must not keep them away for ever.
FAILURES_OF_A_WISH = 3


class OpenBankingFetch(models.Model):
    """Which days a run reads, and what its end proves.

    A window that a user asked for waits as a run of the state "waiting", also while
    another run is open. The run that reads it takes its place.
    """

    _inherit = "open.banking.fetch"

    user_id = fields.Many2one("res.users", string="Asked by")
    is_asked = fields.Boolean(help="The days were chosen by a user.")
    moves_watermark = fields.Boolean(
        help="This run reads all the days that Odoo would read by itself."
    )
    has_bank_balance = fields.Boolean()
    # How many changes the bank had named when this run began.
    changes_noted = fields.Integer()

    # === OPENING A RUN === #

    @api.model
    def _ask(self, account, window, user):
        """Let a window of days wait for the background job."""
        wish = {
            "account_id": account.id,
            "trigger": "button",
            "state": "waiting",
            "is_asked": True,
            "user_id": user.id,
            "window_from": window[0],
            "window_to": window[1],
        }
        same = [(name, "=", wish[name]) for name in wish if name != "user_id"]
        if not self.search_count(same, limit=1):
            self.create(wish)

    @api.model
    def _start(self, account, waiting=None):
        """Start a run: of the days a user asked for, else of the usual ones.

        :param open.banking.fetch waiting: what users asked for, oldest first
        """
        waiting = (waiting or self.browse())[:1]
        if account.failures >= FAILURES_OF_A_WISH:
            waiting = self.browse()
        run = self.create(
            {**self._start_values(account), **self._window_values(account, waiting)}
        )
        waiting.unlink()
        if account.pressed_by_id:
            account.pressed_by_id = False
        return run

    @api.model
    def _window_values(self, account, waiting):
        first, last = usual = account._usual_window()
        values = {}
        if waiting:
            first, last = waiting.window_from, waiting.window_to
            values = {
                "is_asked": True,
                "trigger": "button",
                "user_id": waiting.user_id.id,
            }
        moves = first <= usual[0] and last >= usual[1]
        return {
            **values,
            "window_from": first,
            "window_to": last,
            "moves_watermark": moves,
            "changes_noted": account.changes_noted if moves else 0,
        }

    @api.model
    def _start_values(self, account):
        values = super()._start_values(account)
        if account.pressed_by_id:
            values |= {"trigger": "button", "user_id": account.pressed_by_id.id}
        elif account.synced_until and account.oldest_change:
            values["trigger"] = "webhook"
        return values

    def _asked_days(self):
        """Return the days a user asked for, or None: also those before the start date.

        :rtype: tuple[date, date] | None
        """
        return (self.window_from, self.window_to) if self.is_asked else None

    # === CLOSING A RUN === #

    def _close(self, state, error_code=False):
        """Close the run. Days that were asked for and not read are asked for again."""
        result = super()._close(state, error_code)
        if state == "failed" and self.is_asked:
            window = (self.window_from, self.window_to)
            self._ask(self.account_id, window, self.user_id)
        return result

    def _read_balance(self, client, token):
        result = super()._read_balance(client, token)
        self.has_bank_balance = self.account_id.has_booked_balance
        return result

    def _reading_done(self):
        """The window was read to its end, unless the bank's answer is not credible."""
        if not self._is_empty_answer():
            return super()._reading_done()
        error = BankApiError("empty_answer", "no rows, but the balance has moved")
        self.account_id._note_failure(error)
        return self._close("failed", error.code)

    def _is_empty_answer(self):
        """After a limit, some banks answer with an empty list instead of an error."""
        account = self.account_id
        if self.received_count or self.unreadable or not self.moves_watermark:
            return False
        if not (self.has_bank_balance and account.has_synced_balance):
            return False
        return bool(
            account.currency_id.compare_amounts(
                self.bank_balance, account.synced_balance
            )
        )

    def _note_window_read(self):
        """Move the watermark: a complete window is read and stored.

        It is not complete when an entry of the list was no record: all is read again.
        """
        account = self.account_id
        not_yet = not self.received_count and account._waits_for_first_data()
        if not self.moves_watermark or self.unreadable or not_yet:
            return
        values = {
            "synced_until": max(filter(None, [account.synced_until, self.window_to])),
            "has_synced_balance": self.has_bank_balance,
            "synced_balance": self.bank_balance,
        }
        # A change that was named while this run read may lie on a page it had passed.
        if account.changes_noted == self.changes_noted:
            values["oldest_change"] = False
        account.write(values)
