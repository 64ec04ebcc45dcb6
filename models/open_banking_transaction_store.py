import hashlib
from decimal import Decimal

from odoo import api, models

from ..bank_api import PENDING, raw_json
from ..feed import BankRow, KnownRow, content_hash, match

# Above this a PostgreSQL numeric still counts exactly, but Odoo's floats do not.
LARGEST_AMOUNT = Decimal(10) ** 13

# An id longer than this cannot stand in an index; its digest can.
LONGEST_ID = 200


class OpenBankingTransaction(models.Model):
    """From a page of the bank's list to the feed."""

    _inherit = "open.banking.transaction"

    @api.model
    def _store_page(self, run, page):
        """Match a page of the bank's list against the feed, and store what is new.

        :param open.banking.fetch run: the reading this page belongs to
        :param bank_api.TransactionPage page: as Mastercard sent it
        :return: the counters of the run that grow, and by how much
        :rtype: dict[str, int]
        """
        entries, absent = self._pass_by_unchanged(run, page.entries)
        transactions = {place: entry.parse() for place, entry in entries.items()}
        bank_rows, said = self._read_rows(
            run.account_id, transactions, run._asked_days()
        )
        known, seen = self._known_rows(run, bank_rows, absent)
        found = match(bank_rows, known, seen=seen, join_later=True)
        self._create_rows(run, found.new, said)
        for pair in (*found.changed, *found.booked):
            pair.known.ref._change(run, said[pair.row.position])
        self._take_in_asked(run, found, said)
        for pair in (*found.known, *found.changed, *found.booked):
            if pair.known.ref.booking_state == "to_book":
                pair.known.ref.bank_order = -pair.row.position
        self._refs(found.withdrawn)._withdraw()
        self._meet_again(run, found, said)
        self._refs(found.known)._is_listed_again()
        return {
            "new_count": len(found.new),
            "known_count": len(page.entries)
            - len(entries)
            + len(found.known)
            + len(found.ignored),
            "changed_count": len(found.changed) + len(found.booked),
            "withdrawn_count": len(found.withdrawn),
            "held_count": sum(
                said[pair.row.position]["booking_state"] == "held" for pair in found.new
            ),
        }

    @api.model
    def _refs(self, pairs):
        return self.union(*(pair.known.ref for pair in pairs))

    def _known_row(self):
        return KnownRow(
            key=self.key,
            payload_hash=self.content_hash or "",
            ref=self,
            **self._identity(),
        )

    def _as_bank_row(self):
        return BankRow(
            key_id=self.external_id or "",
            balance=self._balance_or_none(),
            **self._identity(),
        )

    def _balance_or_none(self):
        return self._exact(self.balance) if self.has_balance else None

    def _identity(self):
        """What makes this row this transaction and no other, as the bank said it."""
        return {
            "date": self.date or None,
            "amount": Decimal(self.bank_amount) if self.bank_amount else None,
            "currency": self.bank_currency or "",
            "text": self.original_text or self.text or "",
            "state": self.state,
        }

    @api.model
    def _bank_row(self, transaction, position, payload_hash):
        external_id = transaction.id
        if len(external_id) > LONGEST_ID:
            external_id = hashlib.sha256(external_id.encode()).hexdigest()
        return BankRow(
            key_id=external_id,
            date=transaction.date,
            amount=transaction.amount,
            currency=transaction.currency,
            text=transaction.original_text or transaction.text,
            state=transaction.state,
            is_deleted=transaction.is_deleted,
            balance=transaction.balance,
            position=position,
            payload_hash=payload_hash,
        )

    @api.model
    def _values(self, account, transaction, currencies, asked=None):
        """Return the field values of a feed row for what the bank sent.

        :param dict currencies: those of the original amounts, by code
        :param tuple asked: the days a user asked for, whatever the start date
        """
        original = transaction.original_amount
        content = {
            "date": transaction.date or False,
            "value_date": transaction.value_date or False,
            "amount": transaction.amount or Decimal(0),
            "bank_amount": transaction.amount is not None and f"{transaction.amount:f}",
            "bank_currency": transaction.currency,
            "original_currency_id": bool(original)
            and currencies.get(original.currency, account.currency_id.browse()).id,
            "original_amount": original.value if original else Decimal(0),
            "text": transaction.text,
            "original_text": transaction.original_text,
            "message": transaction.message,
            "exchange_rate": transaction.exchange_rate is not None
            and f"{transaction.exchange_rate:f}",
            "counterpart_name": transaction.counterpart_name,
            "counterpart_account": transaction.counterpart_account,
            "bank_type": transaction.type,
            "references": dict(transaction.references),
            "state": transaction.state,
        }
        problem = self._problem(account, transaction)
        return {
            **content,
            "amount": account._signed(content["amount"]),
            # Not the running balance: a late booking moves it under every later row.
            "content_hash": content_hash({**content, "problem": problem}),
            "balance": transaction.balance or Decimal(0),
            "has_balance": transaction.balance is not None,
            "raw": transaction.wire or raw_json(transaction.raw),
            "wire_hash": transaction.digest or False,
            **self._booking_values(account, transaction, problem, asked),
        }

    @api.model
    def _problem(self, account, transaction):
        """Return the code of what keeps a row from being booked, or False."""
        if transaction.problems:
            return transaction.problems[0]
        currency = account.currency_id
        if transaction.currency != currency.name:
            return "currency_differs"
        if abs(transaction.amount) >= LARGEST_AMOUNT:
            return "amount_too_large"
        if transaction.amount != round(transaction.amount, currency.decimal_places):
            return "amount_precision"
        return False

    @api.model
    def _booking_values(self, account, transaction, problem, asked=None):
        if transaction.state == PENDING:
            return {"booking_state": "none", "reason_code": False}
        if problem:
            return {"booking_state": "held", "reason_code": problem}
        is_asked = asked and asked[0] <= transaction.date <= asked[1]
        starts = account.start_date
        if starts and transaction.date < starts and not is_asked:
            return {"booking_state": "left_out", "reason_code": "before_start"}
        return {"booking_state": "to_book", "reason_code": False}

    def _change(self, run, values):
        """Take over what the bank changed. What is in the books stays as it is."""
        settled = self.booking_state in ("booked", "left_out")
        if settled and self.reason_code != "withdrawn":
            values = {
                name: value
                for name, value in values.items()
                if name not in ("booking_state", "reason_code")
            }
        before = self._money_facts()
        self.write({**values, "previous_raw": self.raw, "last_fetch_id": run.id})
        self._note_change(before)

    def _withdraw(self, how="withdrawn"):
        """The bank took these rows back; what is in the books stays there, and the
        user is asked.

        :param str how: withdrawn by the bank's word, or vanished from its list
        """
        self.write({"state": "withdrawn"})
        waiting = self.filtered(lambda row: row.booking_state in ("to_book", "held"))
        waiting.write({"booking_state": "left_out", "reason_code": "withdrawn"})
        in_books = self.filtered(lambda row: row.booking_state == "booked")
        in_books.bank_change = how
