"""Fills a connected journal with years of lines, by set: a small import multiplied.

Each row is a copy of one that was truly imported, with an id, a name, a day and a key
of its own. Rows come in pairs of opposite sign, so that the journal's balance stays the
bank's. All of them lie between the opening and the days that a reading covers.
"""

# Days before today between which the copies lie.
OLDEST, YOUNGEST = 700, 60
# The numbers of the copies begin above those of the import.
FIRST_NUMBER = 100_000

# The rows to be copied, numbered; not the opening's, which its statement holds.
TEMPLATES = """
    CREATE UNLOGGED TABLE fill_template AS
    SELECT ROW_NUMBER() OVER (ORDER BY line.id) - 1 AS place, line.id AS line_id,
           line.move_id, line.open_banking_transaction_id AS feed_id,
           regexp_replace(move.name, '[0-9]+/[0-9]+$', '') AS prefix
      FROM account_bank_statement_line line
      JOIN account_move move ON move.id = line.move_id
     WHERE line.journal_id = {journal} AND line.statement_id IS NULL
       AND line.foreign_currency_id IS NULL
"""
# One row for each copy: its ids, its sign, its day, and its number of the year.
COPIES = """
    CREATE UNLOGGED TABLE fill_copy AS
    SELECT made.*, template.line_id AS from_line, template.move_id AS from_move,
           template.feed_id AS from_feed,
           template.prefix || to_char(made.day, 'YYYY') || '/' AS prefix,
           {first} + ROW_NUMBER() OVER (
               PARTITION BY date_part('year', made.day) ORDER BY made.g
           ) AS number
      FROM (
            SELECT g, CASE WHEN g % 2 = 0 THEN 1 ELSE -1 END AS sign,
                   (g - 1) / 2 % (SELECT COUNT(*) FROM fill_template) AS place,
                   CURRENT_DATE - {oldest}
                       + (g::bigint * ({oldest} - {youngest}) / {rows})::int AS day,
                   g + (SELECT MAX(id) FROM account_move) AS move_id,
                   g + (SELECT MAX(id) FROM account_bank_statement_line) AS line_id,
                   g + (SELECT MAX(id) FROM open_banking_transaction) AS feed_id
              FROM generate_series(1, {rows}) AS g
           ) made
      JOIN fill_template template ON template.place = made.place
"""
# What differs in a copy, by table: column and expression. `o` is the original row.
CHANGES = {
    "open_banking_transaction": {
        "id": "c.feed_id",
        "external_id": "'fill-' || c.g",
        "key": "'fill-' || c.g",
        "family": "'fill-' || c.g",
        "date": "c.day",
        "amount": "c.sign * o.amount",
        "bank_amount": "(c.sign * o.amount)::text",
        "has_balance": "false",
        "bank_order": "c.g",
    },
    "account_move": {
        "id": "c.move_id",
        "statement_line_id": "c.line_id",
        "name": "c.prefix || c.number",
        "sequence_prefix": "c.prefix",
        "sequence_number": "c.number",
        "date": "c.day",
    },
    "account_bank_statement_line": {
        "id": "c.line_id",
        "move_id": "c.move_id",
        "open_banking_transaction_id": "c.feed_id",
        "amount": "c.sign * o.amount",
        "amount_residual": "c.sign * o.amount_residual",
        "internal_index": "to_char(c.day, 'YYYYMMDD')"
        " || substr(o.internal_index, 9, 10) || lpad(c.line_id::text, 10, '0')",
    },
    "account_move_line": {
        "id": "(SELECT MAX(id) FROM account_move_line) + ROW_NUMBER() OVER ()",
        "move_id": "c.move_id",
        "statement_line_id": "c.line_id",
        "move_name": "c.prefix || c.number",
        "date": "c.day",
        "debit": "CASE WHEN c.sign = 1 THEN o.debit ELSE o.credit END",
        "credit": "CASE WHEN c.sign = 1 THEN o.credit ELSE o.debit END",
        **{
            name: f"c.sign * o.{name}"
            for name in (
                *("balance", "amount_currency"),
                *("amount_residual", "amount_residual_currency"),
            )
        },
    },
}
# By which column of a copy its original is found.
ORIGINALS = {
    "open_banking_transaction": "o.id = c.from_feed",
    "account_move": "o.id = c.from_move",
    "account_bank_statement_line": "o.id = c.from_line",
    "account_move_line": "o.move_id = c.from_move",
}


def insert(table, columns):
    """The statement that copies the rows of a table.

    :param columns: all columns of the table, as the database names them
    """
    changes = CHANGES[table]
    if missing := set(changes) - set(columns):
        raise ValueError(f"{table} has no {', '.join(sorted(missing))}")
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changes.get(name, f'o."{name}"') for name in columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {values}"
        f" FROM fill_copy c JOIN {table} o ON {ORIGINALS[table]}"
    )


def fill(scene, name, journal, rows):
    """Let a journal hold so many lines more, each with its feed row."""
    sql = scene.sql
    sql(name, TEMPLATES.format(journal=journal))
    days = {"oldest": OLDEST, "youngest": YOUNGEST}
    sql(name, COPIES.format(rows=rows, first=FIRST_NUMBER, **days))
    sql(name, "ANALYZE fill_copy")
    for table in CHANGES:
        found = sql(
            name,
            "SELECT column_name FROM information_schema.columns"
            f" WHERE table_schema = 'public' AND table_name = '{table}'"
            " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        )
        # The two tables point at each other: a copy's other half comes later.
        later = "SET session_replication_role = replica;"
        sql(name, f"{later} {insert(table, [column for (column,) in found])}")
        sql(name, f"SELECT setval('{table}_id_seq', (SELECT MAX(id) FROM {table}))")
    sql(name, "DROP TABLE fill_copy; DROP TABLE fill_template")
    scene.server.run("vacuumdb", "-z", "-d", name)
