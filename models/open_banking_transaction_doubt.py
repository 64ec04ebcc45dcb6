from datetime import timedelta
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..feed import BookedRow, sign_of, suspects

# How far a transaction that replaces another one may stand from it.
REPLACES_WITHIN = timedelta(days=5)


class OpenBankingTransaction(models.Model):
    """What the import must not decide alone: found here, shown to the user."""

    _inherit = "open.banking.transaction"

    # === WHAT THE BANK DID AFTER BOOKING === #

    def _money_facts(self):
        """What makes a booked line right or wrong. Not the texts: details may come a
        day later (Mastercard's page "Data synchronisation"), and texts are cleaned."""
        original = (self.original_currency_id, self.original_amount)
        return (self.date, self.bank_amount, self.bank_currency, *original)

    def _note_change(self, before):
        """After new content was stored: ask the user if the line is wrong now.

        :param tuple before: the `_money_facts` before that
        """
        if self.booking_state != "booked":
            return
        if before != self._money_facts() and not self._equals_line():
            self.bank_change = "changed"
        elif self.bank_change and (
            self.bank_change != "changed" or self._equals_line()
        ):
            self.bank_change = False

    def _equals_line(self):
        line = self.statement_line_ids[:1]
        same_money = not self.currency_id.compare_amounts(line.amount, self.amount)
        return line.date == (self.booking_date or self.date) and same_money

    def _is_listed_again(self):
        """The bank's list has these rows: what had vanished is back."""
        back = self.filtered(lambda row: row.bank_change in ("withdrawn", "vanished"))
        back.bank_change = False

    # === WHAT MAY BE THE SAME === #

    @api.model
    def _hold_doubtful(self, run):
        """Hold new rows that may be a transaction the feed has already.

        :return: how many are held by it
        :rtype: int
        """
        replacing = self._replacing(run)
        doubles = self._duplicates(run, self.union(*replacing))
        for reason, pairs in (("replaces", replacing), ("possible_duplicate", doubles)):
            for row, other in pairs.items():
                row.similar_id = other
                row._hold(reason)
        return len(replacing) + len(doubles)

    @api.model
    def _replacing(self, run):
        """Find new rows in whose favour the bank may have dropped booked ones: the
        same id, or the same text or amount on a near day.

        :return: the dropped row by new row
        :rtype: dict
        """
        dropped = self.search(
            [
                ("account_id", "=", run.account_id.id),
                ("bank_change", "in", ("withdrawn", "vanished")),
            ]
        )
        fresh = dropped and self._fresh_like(run, dropped)
        found = {}
        for old in dropped:
            for row in fresh:
                if row not in found and old._may_be_replaced_by(row):
                    found[row] = old
                    break
        return found

    @api.model
    def _fresh_like(self, run, dropped):
        """Return the new rows among which those for dropped rows can be."""
        days = dropped.mapped("date")
        return self.search(
            [
                ("account_id", "=", run.account_id.id),
                ("fetch_id", "=", run.id),
                ("booking_state", "=", "to_book"),
                *("|", ("family", "in", dropped.mapped("family"))),
                *("&", ("date", ">=", min(days) - REPLACES_WITHIN)),
                ("date", "<=", max(days) + REPLACES_WITHIN),
            ]
        )

    def _may_be_replaced_by(self, row):
        if (self.amount < 0) != (row.amount < 0):
            return False
        near = abs(self.date - row.date) <= REPLACES_WITHIN
        alike = self.amount == row.amount or self.original_text == row.original_text
        return self.family == row.family or (near and alike)

    @api.model
    def _duplicates(self, run, replacing):
        """Find new rows that the bank sent before with a slightly other text.

        :param open.banking.transaction replacing: new rows that are in doubt already
        :return: the earlier row by new row
        :rtype: dict
        """
        fresh, others = [], []
        for is_fresh, row in self._rows_of_equal_money(run):
            others.append(row)
            if is_fresh and row.ref not in replacing._ids:
                fresh.append(row)
        pairs = suspects(fresh, others)
        return {self.browse(new.ref): self.browse(old.ref) for new, old in pairs}

    @api.model
    def _rows_of_equal_money(self, run):
        """Return booked rows of the same day and amount, where one of them is new.

        In SQL: a first reading brings thousands of rows, few of which are alike.

        :return: whether it is new, and the row with its id as ref
        :rtype: list[tuple[bool, BookedRow]]
        """
        self.flush_model()
        query = SQL(
            """
            WITH same_days AS (
                SELECT id, key, date, bank_amount,
                       COALESCE(bank_currency, '') AS currency,
                       COALESCE(NULLIF(original_text, ''), text, '') AS said,
                       CASE WHEN has_balance THEN balance::text END AS rest,
                       fetch_id = %(run)s AND booking_state = 'to_book' AS is_new
                  FROM open_banking_transaction
                 WHERE account_id = %(account)s
                   AND state = 'booked' AND bank_amount IS NOT NULL
                   AND date IN (SELECT date FROM open_banking_transaction
                                 WHERE account_id = %(account)s
                                   AND fetch_id = %(run)s AND booking_state = 'to_book')
            ), counted AS (
                SELECT *, COUNT(*) OVER alike AS size, bool_or(is_new) OVER alike AS new
                  FROM same_days
                WINDOW alike AS (
                       PARTITION BY date, bank_amount::numeric, upper(currency))
            )
            SELECT is_new, id, key, date, bank_amount, currency, said, rest
              FROM counted
             WHERE size > 1 AND new
            """,
            run=run.id,
            account=run.account_id.id,
        )
        found = self.env.execute_query(query)
        return [
            (bool(new), BookedRow(key, day, Decimal(amount), *text, balance, row_id))
            for new, row_id, key, day, amount, *text, rest in found
            for balance in [rest and Decimal(rest)]
        ]

    def _for_suspicion(self):
        identity = self._identity()
        del identity["state"]
        balance = self._balance_or_none()
        return BookedRow(key=self.key, ref=self, balance=balance, **identity)

    # === WHICH SIGN === #

    @api.model
    def _mind_sign(self, run):
        """See at the first reading whether the bank writes money out as positive.

        Some card accounts do (balance before - amount = balance after). Nothing is in
        the books yet, so the rows can simply be turned.
        """
        account = run.account_id
        if run.trigger != "first" or account.inverted_sign:
            return
        positions = self._positions(run)
        if sign_of(positions) >= 0:
            return
        # Where most amounts are negative already, it is the balance that is written
        # the other way (a debt as a positive one): that is for a person to see.
        moves = [position.amount for position in positions if position.amount]
        spoken = account.company_id._open_banking_spoken().env
        if sum(amount > 0 for amount in moves) * 2 > len(moves):
            account._turn_sign()
            account.message_post(
                body=spoken._(
                    "The bank's running balances show that this account writes money "
                    "out as positive amounts. Odoo turns the sign of each amount."
                )
            )
        else:
            account.message_post(
                body=spoken._(
                    "The bank's running balances do not follow the amounts of this "
                    "account. Compare a few lines with your bank before you use them; "
                    "the sign of the amounts can be turned here."
                )
            )

    # === WHAT CAN BE BOOKED NOW === #

    @api.model
    def _release_unlocked(self, account):
        """Try rows again whose period has been opened."""
        held = self.search(
            [
                ("account_id", "=", account.id),
                ("booking_state", "=", "held"),
                ("reason_code", "=", "locked_period"),
            ]
        )
        if held:
            open_now = held - held._locked()
            open_now.write({"booking_state": "to_book", "reason_code": False})
