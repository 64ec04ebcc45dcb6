"""What Odoo says of new lines, their entries and their items: through its cache."""

from odoo.models import BaseModel

MODELS = ("account.bank.statement.line", "account.move", "account.move.line")
# Computed anew each time they are asked for, from what stands in the database.
UNSTORED = {
    "account.bank.statement.line": (
        "display_name",
        "running_balance",
        "statement_complete",
        "country_code",
        "open_banking_text",
        "open_banking_fetch_id",
    ),
    "account.move": (
        "display_name",
        "name_placeholder",
        "line_ids",
        "statement_line_ids",
        "has_reconciled_entries",
        "payment_count",
        "highest_name",
        "message_ids",
        "message_follower_ids",
    ),
    "account.move.line": ("display_name", "matched_debit_ids", "tax_tag_ids"),
}
# The user may change these, or they are the maker's input: core leaves them alone too.
INPUT = {
    "name",
    "date",
    "journal_id",
    "company_id",
    "currency_id",
    "narration",
    "amount_currency",
    "balance",
    "is_storno",
}


def records_of(lines):
    """Return lines, entries and items as one record set per model, in core's order."""
    moves = lines.move_id
    return lines, moves, moves.line_ids.sorted("id")


def seen(lines):
    """Return what the fields of these lines say, by (table, field).

    Every stored field, and those of UNSTORED. Records are (table, ids).
    """
    found = {}
    for records in records_of(lines):
        for name in _fields(records):
            found[records._table, name] = [_value(record[name]) for record in records]
    return found


def _fields(records):
    stored = [
        name
        for name, field in records._fields.items()
        if field.store
        and field.column_type
        and name != "id"
        and not field.company_dependent
    ]
    return [*stored, *(n for n in UNSTORED[records._name] if n in records._fields)]


def _value(value):
    return (value._table, value.ids) if isinstance(value, BaseModel) else value


def named(found, names):
    """Return what was seen as rows that compare: a row per record."""
    tables = {}
    for (table, name), values in found.items():
        rows = tables.setdefault(f"{table} as seen", [{} for _value in values])
        for row, value in zip(rows, values, strict=True):
            row[name] = _named_value(table, name, value, names)
    return tables


def _named_value(table, name, value, names):
    if isinstance(value, tuple):
        return [names.name(value[0], each) for each in value[1]]
    is_named = isinstance(value, (str, dict))
    return names.value(table, name, value) if is_named else value


def recompute(lines):
    """Compute every stored computed field of the lines and what hangs on them anew."""
    env = lines.env
    for records in records_of(lines):
        for name, field in records._fields.items():
            if field.store and field.compute and not field.related:
                if name not in INPUT:
                    env.add_to_compute(field, records)
    env.flush_all()
