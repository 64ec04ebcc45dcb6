"""Rows of core's tables, inserted as copies of what core made itself."""

import json
from typing import NamedTuple
from xmlrpc.client import MAXINT  # as core counts its internal index down

from odoo.tools import SQL, json_default

from . import partners
from .doubt import NotProven

MOVE, ITEM, LINE = (
    "account_move",
    "account_move_line",
    "account_bank_statement_line",
)


class Place(NamedTuple):
    """A line with the ids and the number it gets."""

    line: object
    template: int  # which of the templates it is a copy of, from 1
    move_id: int
    line_id: int
    item_ids: tuple
    of_partner: tuple  # values of partners.COLUMNS
    name: str = ""
    number: int = 0
    prefix: str = ""


# What a line has of its own, and the type of each in the database.
OWN = {
    "template": "int",
    "move_id": "int",
    "line_id": "int",
    "first_item": "int",
    "second_item": "int",
    "name": "text",
    "number": "int",
    "prefix": "text",
    "date": "date",
    "label": "text",
    "amount": "numeric",
    "plain_amount": "numeric",
    "company_amount": "numeric",
    "other_amount": "numeric",
    "total": "numeric",
    "residual": "float8",
    "internal_index": "text",
    "partner_name": "text",
    "account_number": "text",
    "transaction_type": "text",
    "details": "text",
    "feed_id": "int",
    **partners.COLUMNS,
}

# What each table's row takes from its line (v), else from the template (t).
STAMPS = {"create_date": "now.stamp", "write_date": "now.stamp"}
MOVE_COLUMNS = {
    **STAMPS,
    "id": "v.move_id",
    "name": "v.name",
    "date": "v.date",
    "sequence_number": "v.number",
    "sequence_prefix": "v.prefix",
    "statement_line_id": "v.line_id",
    "amount_total": "v.total",
    "amount_total_signed": "abs(v.company_amount)",
    "amount_total_in_currency_signed": "abs(v.total)",
    **{
        name: f"CASE WHEN v.partner_id IS NULL THEN t.{name} ELSE v.{name} END"
        for name in partners.COLUMNS
    },
}
LINE_COLUMNS = {
    **STAMPS,
    "id": "v.line_id",
    "move_id": "v.move_id",
    "partner_id": "v.partner_id",
    "amount": "v.plain_amount",
    "amount_currency": "CASE WHEN t.foreign_currency_id IS NULL"
    " THEN t.amount_currency ELSE v.other_amount END",
    "payment_ref": "v.label",
    "amount_residual": "v.residual",
    "internal_index": "v.internal_index",
    "partner_name": "v.partner_name",
    "account_number": "v.account_number",
    "transaction_type": "v.transaction_type",
    "transaction_details": "v.details::jsonb",
    "open_banking_transaction_id": "v.feed_id",
}


def _item_columns(item_id, balance, amount):
    """What a journal item takes, given its balance and amount in its currency.

    A zero keeps the digits of its column: it is made by multiplication.
    """
    return {
        **STAMPS,
        "id": item_id,
        "move_id": "v.move_id",
        "partner_id": "v.partner_id",
        "statement_line_id": "v.line_id",
        "date": "v.date",
        "move_name": "v.name",
        "name": "v.label",
        "balance": balance,
        "debit": f"greatest({balance}, v.company_amount * 0)",
        "credit": f"greatest(-({balance}), v.company_amount * 0)",
        "amount_currency": amount,
        "price_subtotal": amount,
        "price_total": amount,
        "amount_residual": f"CASE WHEN t.amount_residual = 0 THEN 0 * {balance}"
        f" ELSE {balance} END",
        "amount_residual_currency": "CASE WHEN t.amount_residual_currency = 0"
        f" THEN 0 * {amount} ELSE {amount} END",
    }


LIQUIDITY_COLUMNS = _item_columns("v.first_item", "v.company_amount", "v.amount")
SUSPENSE_COLUMNS = _item_columns(
    "v.second_item", "(-v.company_amount)", "(-v.other_amount)"
)


def insert_copies(env, templates, places):
    """Insert the entries, items and statement lines of these places.

    One statement of SQL: entry and line point at one another.

    :param list[Stored] templates: rows as core made them
    :param list[Place] places: at least one
    """
    copied = [template.line for template in templates]
    moves = [template.move for template in templates]
    firsts, seconds = zip(*(template.items for template in templates), strict=True)
    own = SQL(
        "WITH now AS (SELECT %s::timestamp AS stamp),"
        " v AS MATERIALIZED (SELECT * FROM unnest(%s) AS v(%s))",
        env.cr.now(),
        SQL(", ").join(_arrays(places)),
        SQL(", ").join(map(SQL.identifier, OWN)),
    )
    env.cr.execute(
        SQL(
            "%s, i AS (%s), a AS (%s), b AS (%s), c AS (%s)"
            " SELECT count(*) FROM v, now",
            own,
            _insert(env, MOVE, moves, MOVE_COLUMNS),
            _insert(env, ITEM, firsts, LIQUIDITY_COLUMNS),
            _insert(env, ITEM, seconds, SUSPENSE_COLUMNS),
            _insert(env, LINE, copied, LINE_COLUMNS),
        ),
        log_exceptions=False,  # a number may be taken; whoever calls minds the rest
    )


def _arrays(places):
    columns = zip(*map(_own_values, places), strict=True)
    return [
        SQL("%s::%s[]", list(column), SQL(kind))
        for column, kind in zip(columns, OWN.values(), strict=True)
    ]


def _own_values(place):
    line, values = place.line, place.line.values
    details = values.get("transaction_details")
    return (
        place.template,
        place.move_id,
        place.line_id,
        *place.item_ids,
        place.name,
        place.number,
        place.prefix,
        line.date,
        values["payment_ref"],
        line.amount,
        # Core knows no currency yet when it stores the amount: a float, as it is.
        repr(float(line.amount)),
        line.company_amount,
        line.other_amount,
        _total(line),
        float(-line.other_amount) + 0.0,
        f"{line.date:%Y%m%d}{MAXINT - 1:010d}{place.line_id:010d}",
        *(_text(values, name) for name in ("partner_name", "account_number")),
        _text(values, "transaction_type"),
        json.dumps(details, default=json_default) if details else None,
        values.get("open_banking_transaction_id") or None,
        *place.of_partner,
    )


def _text(values, name):
    text = values.get(name)
    return text if isinstance(text, str) else None


def _total(line):
    """The sum of the debits as core shows it on the entry, whatever their currency."""
    amount = line.amount if line.company_amount > 0 else -line.other_amount
    total = line.other_currency.round(float(amount if line.company_amount else 0))
    return f"{total:.{line.other_currency.decimal_places}f}"


def _insert(env, table, rows, own_columns):
    """Insert a row for each of `v`, from the template it names."""
    columns = columns_of(env, table)
    values = [SQL(own_columns.get(name) or f't."{name}"') for name in columns]
    return SQL(
        "INSERT INTO %s (%s) SELECT %s FROM now, v"
        " JOIN json_populate_recordset(NULL::%s, %s::json) WITH ORDINALITY AS t"
        " ON t.ordinality = v.template ORDER BY v.move_id",
        SQL.identifier(table),
        SQL(", ").join(map(SQL.identifier, columns)),
        SQL(", ").join(values),
        SQL.identifier(table),
        as_json(rows),
    )


def columns_of(env, table):
    """All columns of a table, also those no field stands for."""
    rows = env.execute_query(
        SQL(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            table,
        )
    )
    return [name for (name,) in rows]


def as_json(rows):
    """Return rows as JSON; numbers with digits as texts, which keep their scale.

    :raise NotProven: when such a number stands deeper, where it must stay a number
    """
    for value in (value for row in rows for value in row.values()):
        if isinstance(value, dict | list):
            _check_plain(value)
    return json.dumps(rows, default=str)


def _check_plain(value):
    try:
        json.dumps(value)
    except TypeError as error:
        raise NotProven("a number inside a structure") from error
