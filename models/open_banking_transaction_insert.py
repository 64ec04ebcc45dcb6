import json
from datetime import date
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL, float_repr

from ..feed import family_of

# Up to here a float is exactly the amount the bank named.
EXACT_BELOW = Decimal(10) ** 13

# What a new row gets of what the bank said, with the type it has in PostgreSQL.
SAID = {
    "amount": "numeric",
    "balance": "numeric",
    "bank_amount": "varchar",
    "bank_currency": "varchar",
    "bank_order": "integer",
    "bank_type": "varchar",
    "booking_state": "varchar",
    "content_hash": "varchar",
    "counterpart_account": "varchar",
    "counterpart_name": "varchar",
    "date": "date",
    "exchange_rate": "varchar",
    "external_id": "varchar",
    "family": "varchar",
    "has_balance": "boolean",
    "key": "varchar",
    "message": "varchar",
    "original_amount": "numeric",
    "original_currency_id": "integer",
    "original_text": "varchar",
    "raw": "text",
    "reason_code": "varchar",
    "references": "jsonb",
    "state": "varchar",
    "text": "varchar",
    "value_date": "date",
    "wire_hash": "varchar",
}
SAME_FOR_ALL = ("account_id", "company_id", "currency_id", "fetch_id", "last_fetch_id")
LOG = ("create_uid", "write_uid", "create_date", "write_date")

# Stored, and empty when the bank brings a row.
EMPTY = (
    "approved",
    "bank_change",
    "booked_fetch_id",
    "booking_date",
    "previous_raw",
    "reason_detail",
    "similar_id",
    "similar_line_id",
    "statement_line_ids",
)


class OpenBankingTransaction(models.Model):
    """New rows of the feed, a page at a time and in one statement.

    The ORM takes ten times as long for them. Its way is taken all the same as soon as
    anything else has to do with new rows: a field or a method of another module, a
    rule of automation, a default of the user's.
    """

    _inherit = "open.banking.transaction"

    @api.model
    def _create_rows(self, run, pairs, said):
        if not pairs:
            return
        rows = [
            {
                **said[pair.row.position],
                "external_id": pair.row.key_id,
                "key": pair.key,
                "family": family_of(pair.key),
                # Most banks send the newest first; the end of the reading tells.
                "bank_order": -pair.row.position,
            }
            for pair in pairs
        ]
        if self._is_ours_alone():
            self._insert_rows(run, rows)
            return
        run_values = {
            "account_id": run.account_id.id,
            "fetch_id": run.id,
            "last_fetch_id": run.id,
        }
        self.create([{**row, **run_values} for row in rows])

    @api.model
    def _is_ours_alone(self):
        """Tell whether nobody else has to do with the making of new rows."""
        return self._has_ours_only() and not self.env["ir.default"]._get_model_defaults(
            self._name
        )

    @api.model
    def _has_ours_only(self):
        known = {"id", *SAID, *SAME_FOR_ALL, *LOG, *EMPTY}
        stored = {name for name, field in self._fields.items() if field.store}
        methods = [getattr(type(self), name) for name in ("create", "_create")]
        return (
            stored == known
            and not self._constraint_methods
            and all(map(self._is_odoos, methods))
        )

    @api.model
    def _is_odoos(self, method):
        """Tell whether a method of the model is the ORM's own, not extended."""
        return method.__module__ in ("odoo.models", "odoo.orm.models") and not hasattr(
            method, "origin"
        )

    @api.model
    def _insert_rows(self, run, rows):
        """Insert rows as `create` would, and tell the ORM of it.

        In SQL: it is every row that a bank ever sends.
        """
        self.check_access("create")
        account = run.account_id
        same = {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "currency_id": account.currency_id.id,
            "fetch_id": run.id,
            "last_fetch_id": run.id,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": self.env.cr.now(),
            "write_date": self.env.cr.now(),
        }
        original = [row["original_currency_id"] for row in rows]
        currencies = self.env["res.currency"].browse(filter(None, set(original)))
        by_id = {currency.id: currency for currency in currencies}  # read together
        said = [
            self._said_in_json(
                row, account.currency_id, by_id.get(currency, currencies.browse())
            )
            for row, currency in zip(rows, original, strict=True)
        ]
        names = SQL(", ").join(map(SQL.identifier, SAID))
        types = SQL(", ").join(
            SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in SAID.items()
        )
        query = SQL(
            """
            INSERT INTO open_banking_transaction (%s, %s)
                 SELECT %s, %s FROM json_to_recordset(%s::json) AS said(%s)
              RETURNING id
            """,
            SQL(", ").join(map(SQL.identifier, same)),
            names,
            SQL(", ").join(same.values()),
            names,
            json.dumps(said, ensure_ascii=False),
            types,
        )
        self._tell_of_new(account, self.env.execute_query(query))

    @api.model
    def _tell_of_new(self, account, ids):
        """Let all that depends on new rows be found anew."""
        rows = self.browse([row_id for (row_id,) in ids])
        account.invalidate_recordset(["transaction_ids"], flush=False)
        given = [self._fields[name] for name in ("company_id", "currency_id")]
        with self.env.protecting(given, rows):
            rows.modified(list(self._fields), create=True)

    @api.model
    def _said_in_json(self, row, currency, original):
        """Return the values of a new row as PostgreSQL shall read them.

        :param res.currency currency: of the account
        :param res.currency original: of the amount in another currency, if any
        """
        values = {
            name: None if value is False else value
            for name, value in row.items()
            if name in SAID
        }
        return {
            **values,
            "amount": self._stored_money(row["amount"], currency),
            "balance": self._stored_money(row["balance"], currency),
            "original_amount": self._stored_money(row["original_amount"], original),
            "date": self._day_in_json(row["date"]),
            "value_date": self._day_in_json(row["value_date"]),
            "original_currency_id": original.id or None,
            "has_balance": row["has_balance"],
            "references": row["references"] or None,
        }

    @api.model
    def _day_in_json(self, day):
        return day.isoformat() if isinstance(day, date) else None

    @api.model
    def _stored_money(self, value, currency):
        """Return an amount as the ORM stores it in a currency, as text.

        :param Decimal value: None stays None
        :param res.currency currency: none when the bank named one we do not know
        :rtype: str | None
        """
        if value is None:
            return None
        if not currency:
            return repr(float(value))
        digits = currency.decimal_places
        has_whole_steps = currency.rounding == float(f"1e-{digits}")
        is_exact = abs(value) < EXACT_BELOW and -value.as_tuple().exponent <= digits
        if has_whole_steps and is_exact:
            return f"{value:.{digits}f}"
        return float_repr(currency.round(float(value)), digits)
