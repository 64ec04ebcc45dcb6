from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# Of a row nobody has put into the books: the amount, the day and the keys stay, by
# which it is known again. Of a row in the books the line has the texts anyway.
TEXTS = (
    "text",
    "original_text",
    "message",
    "exchange_rate",
    "counterpart_name",
    "counterpart_account",
    "bank_type",
    "references",
    "reason_detail",
    # A later consent may bring the texts again: the row then counts as changed.
    "content_hash",
    "wire_hash",
)
BALANCES = ("booked_balance", "available_balance", "synced_balance")


class OpenBankingConsent(models.Model):
    """Erasure: what nobody needs any more goes, what bookkeeping law asks for stays."""

    _inherit = "open.banking.consent"

    erased_on = fields.Datetime(string="Bank Data Erased", readonly=True)
    erased_by_id = fields.Many2one("res.users", readonly=True)

    def action_erase(self):
        """Say what erasing does, and ask."""
        self._check_erasable()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_erasure_action"
        )
        return {**action, "context": {"default_consent_ids": self.ids}}

    def _check_erasable(self):
        """Say why the data under these consents cannot be erased, if that is so."""
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(self.env._("Only accounting managers can erase bank data."))
        self.check_access("read")
        active = self.filtered(lambda consent: consent.state == "active")
        if active:
            raise UserError(
                self.env._(
                    "The consent %(consent)s is active: its data is being read and "
                    "used. Disconnect the bank first.",
                    consent=active[0].display_name,
                )
            )

    def _to_erase(self):
        """Return the accounts whose data goes: those that no other consent reads."""
        return self.sudo().account_ids

    def _erase(self):
        """Erase the bank data under these consents. It cannot be undone."""
        self._check_erasable()
        accounts = self._to_erase()
        working = [("account_id", "in", accounts.ids), ("state", "=", "booking")]
        busy = self.env["open.banking.fetch"].sudo().search_count(working, limit=1)
        mine = accounts.try_lock_for_update(allow_referencing=True)
        if busy or mine != accounts:
            raise UserError(
                self.env._(
                    "Transactions of these accounts are still being put into the "
                    "books. Please try again in a moment."
                )
            )
        deleted, cleared = accounts._erase_feed()
        accounts._erase_facts()
        self.sudo()._erase_consents()
        for consent in self.sudo():
            consent.message_post(
                body=self.env._(
                    "%(user)s erased the bank data: %(deleted)s transactions deleted, "
                    "the texts or raw data of %(cleared)s removed.",
                    user=self.env.user.name,
                    deleted=deleted,
                    cleared=cleared,
                )
            )

    def _erase_consents(self):
        tokens = ("access_token", "refresh_token")
        self.write(
            {
                **{f"{token}_encrypted": False for token in tokens},
                **{f"{token}_until": False for token in tokens},
                "erased_on": fields.Datetime.now(),
                "erased_by_id": self.env.uid,
            }
        )
        self.covered_ids.holder = False
        attempts = self.env["open.banking.authorisation"].search(
            [("consent_id", "in", self.ids)]
        )
        attempts.write({"state_hash": False, "correlation_id": False})


class OpenBankingAccount(models.Model):
    """What is erased of an account."""

    _inherit = "open.banking.account"

    def _rows_by_fate(self):
        """Count the rows of these accounts by what erasing does to them.

        :return: how many are deleted, lose their texts, lose their raw data only
        :rtype: tuple[int, int, int]
        """
        counts = dict(
            self.env["open.banking.transaction"]
            .sudo()
            ._read_group(
                [("account_id", "in", self.ids)], ["booking_state"], ["__count"]
            )
        )
        booked, left_out = counts.pop("booked", 0), counts.pop("left_out", 0)
        return sum(counts.values()), left_out, booked

    def _erase_feed(self):
        """Erase the feed of these accounts, but not what tells a double.

        :return: how many rows were deleted, and how many lost texts or raw data
        :rtype: tuple[int, int]
        """
        rows = self.env["open.banking.transaction"].sudo()
        rows.flush_model()
        undecided = rows.search(
            [
                ("account_id", "in", self.ids),
                ("booking_state", "not in", ("booked", "left_out")),
            ]
        )
        for account in self:
            account._read_again_from(
                undecided.filtered(lambda row, of=account: row.account_id == of)
            )
        deleted = len(undecided)
        undecided.unlink()
        return deleted, self._clear_rows()

    def _read_again_from(self, rows):
        """What is deleted undecided is no loss to the books: should the account be
        connected again, the first reading goes back as far as that."""
        days = [row.date for row in rows if row.date]
        if days and self.synced_until:
            self.oldest_change = min(filter(None, [self.oldest_change, *days]))

    def _clear_rows(self):
        """In SQL: a feed may hold a hundred thousand rows, and all of them change.

        :return: how many rows were cleared
        :rtype: int
        """
        kept = SQL("booking_state = 'booked'")
        texts = SQL(", ").join(
            SQL("%(name)s = CASE WHEN %(kept)s THEN %(name)s END", name=name, kept=kept)
            for name in map(SQL.identifier, TEXTS)
        )
        done = self.env.execute_query(
            SQL(
                """
                UPDATE open_banking_transaction
                   SET raw = NULL, previous_raw = NULL, %s
                 WHERE account_id = ANY(%s)
             RETURNING id
                """,
                texts,
                list(self.ids),
            )
        )
        self.env["open.banking.transaction"].invalidate_model()
        return len(done)

    def _erase_facts(self):
        """Remove who holds the accounts and what stands on them; the numbers stay."""
        self.sudo().write(
            {
                **dict.fromkeys(BALANCES, 0),
                "has_booked_balance": False,
                "has_synced_balance": False,
                "holder": False,
            }
        )
