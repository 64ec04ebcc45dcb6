from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

from .error_words import words
from .notification import RELOAD, notification

# A row that the wire itself makes unbookable stays held, whatever a user decides.
UNBOOKABLE = (
    "date_missing",
    "date_invalid",
    "amount_missing",
    "amount_not_a_number",
    "amount_precision",
    "amount_too_large",
    "currency_missing",
    "currency_differs",
)

# Above this, rows a user decides on are booked by the scheduled job.
AT_ONCE = 200


class OpenBankingTransaction(models.Model):
    """What a person decides about rows that the import leaves to him."""

    _inherit = "open.banking.transaction"

    # === BOOK, LEAVE OUT === #

    def action_book(self):
        """Book these rows: those held, and those that were left out or undone."""
        rows = self._decide(
            lambda row: (
                row.state == "booked" and row.booking_state in ("held", "left_out")
            )
        )
        impossible = rows.filtered(lambda row: row.reason_code in UNBOOKABLE)
        if impossible:
            raise UserError(impossible[0].reason)
        rows.write(
            {
                "booking_state": "to_book",
                "reason_code": False,
                "reason_detail": False,
                "approved": True,
            }
        )
        return rows._book_now()

    def action_book_on_open_day(self):
        """Book rows of a locked period on the first day that is open."""
        rows = self._decide(lambda row: row.reason_code == "locked_period")
        for row in rows:
            row.booking_date = row._first_open_day()
        return rows.action_book()

    def action_leave_out(self):
        """Never book these rows; they can be brought back."""
        rows = self._decide(lambda row: row.booking_state in ("held", "to_book"))
        rows.write(
            {
                "booking_state": "left_out",
                "reason_code": "left_out_by_user",
                "reason_detail": False,
            }
        )
        rows.account_id._prove()

    # === THE SAME AS SOMETHING IN THE BOOKS === #

    def action_adopt(self):
        """Take the lines that are in the journal already for these transactions."""
        rows = self._decide(lambda row: row.reason_code == "looks_like_line")
        for row in rows:
            line = row.similar_line_id
            if not line or line.open_banking_transaction_id:
                raise UserError(
                    self.env._(
                        "The line that %(row)s resembles is gone. Book it instead.",
                        row=row.display_name,
                    )
                )
            row._adopt(line)
        rows.account_id._prove()

    def action_replace(self):
        """Put these transactions in the place of the lines they resemble."""
        rows = self._decide(lambda row: row.reason_code == "replaces")
        rows.similar_id._remove_lines("withdrawn")
        return rows.action_book()

    # === WHAT THE BANK DID AFTER BOOKING === #

    def action_keep_line(self):
        """Leave the lines as they are, although the bank thinks otherwise now."""
        self._decide(lambda row: row.bank_change).bank_change = False

    def action_follow_bank(self):
        """Do in the books what the bank did: remove the line, or book it anew."""
        rows = self._decide(lambda row: row.bank_change)
        gone = rows.filtered(lambda row: row.bank_change != "changed")
        gone._remove_lines("withdrawn")
        changed = rows - gone
        changed._remove_lines(False)
        if changed:
            return changed.action_book()
        rows.account_id._prove()
        return None

    # === HOW === #

    def _decide(self, fits):
        """Return those of these rows that an action is for, locked, to be written.

        :raise UserError: without the right, when no row fits, or while the import
            works on one of the accounts
        """
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can decide on transactions."))
        self.check_access("read")
        rows = self.sudo().filtered(fits)
        if not rows:
            raise UserError(self.env._("There is nothing to do for these rows."))
        accounts = rows.account_id
        if accounts.try_lock_for_update(allow_referencing=True) != accounts:
            raise UserError(
                self.env._(
                    "Transactions of this account are being imported just now. Please "
                    "try again in a moment."
                )
            )
        rows.invalidate_recordset()
        return rows.filtered(fits)

    def _book_now(self):
        """Book approved rows in this request; say which could not be."""
        if len(self) > AT_ONCE:
            self.account_id.next_attempt = fields.Datetime.now()
            return self.account_id._wake_up()
        for account in self.account_id:
            rows = self.filtered(lambda row, account=account: row.account_id == account)
            if not account.journal_id:
                raise UserError(words(self.env, "no_journal"))
            rows.sorted(lambda row: (row.date, row.bank_order))._book()
        self.account_id._prove()
        held = self.filtered(lambda row: row.booking_state == "held")
        if not held:
            return None
        return notification("warning", held[0].reason, RELOAD, sticky=True)

    def _first_open_day(self):
        company, journal = self.company_id, self.account_id.journal_id
        day = self.date
        while locks := company._get_violated_lock_dates(day, False, journal):
            day = fields.Date.add(max(lock for lock, _kind in locks), days=1)
        return day

    def _adopt(self, line):
        """Link a row to a line that is in the books without it."""
        line.sudo().open_banking_transaction_id = self
        self.write(
            {
                "booking_state": "booked",
                "reason_code": False,
                "reason_detail": False,
                "similar_line_id": False,
            }
        )

    def _remove_lines(self, reason):
        """Delete the lines of these rows, unless something hangs on them.

        :param str reason: why the rows are left out now
        """
        lines = self.statement_line_ids.sudo()
        reconciled = lines.filtered("is_reconciled")
        if reconciled:
            raise UserError(
                self.env._(
                    "The line %(line)s is reconciled. Undo that first, then try again.",
                    line=reconciled[0].display_name,
                )
            )
        lines.unlink()
        self.write(
            {
                "booking_state": "left_out",
                "reason_code": reason,
                "bank_change": False,
            }
        )

    # === BEFORE AND AFTER === #

    @api.depends("statement_line_ids", "similar_line_id", "bank_change")
    @api.depends_context("lang")
    def _compute_difference(self):
        for row in self:
            line = row.statement_line_ids[:1] or row.similar_line_id
            row.difference = bool(line) and "\n".join(
                f"{label}: {self._shown(old)} → {self._shown(new)}"
                for label, old, new in row._compared(line)
                if old != new
            )

    def _compared(self, line):
        """What the line says and what the bank says now, field by field."""
        money = {"currency_obj": self.currency_id}
        return (
            (
                self.env._("Date"),
                format_date(self.env, line.date),
                format_date(self.env, self.booking_date or self.date),
            ),
            (
                self.env._("Amount"),
                formatLang(self.env, line.amount, **money),
                formatLang(self.env, self.amount, **money),
            ),
            (
                self.env._("Text"),
                line.payment_ref,
                self._label(),
            ),
            (
                self.env._("Counterpart"),
                line.partner_name or "",
                self.counterpart_name or "",
            ),
            (
                self.env._("Counterpart's account"),
                line.account_number or "",
                self.counterpart_account or "",
            ),
        )

    @api.model
    def _shown(self, text):
        return text or "–"
