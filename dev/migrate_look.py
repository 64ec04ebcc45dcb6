"""What a database holds, column by column: compared before and after an upgrade."""

from collections import defaultdict

import places

OURS = "open_banking"
# Tables of Odoo in which the feed or its settings are; and which of their rows.
SHARED = {
    "account_bank_statement": "true",
    "account_bank_statement_line": "true",
    "account_journal": "true",
    "account_move": "true",
    "account_move_line": "true",
    "ir_config_parameter": f"key LIKE '%{OURS}%' OR key = 'database.uuid'",
    "ir_cron": "true",
    "ir_rule": "name ILIKE 'open banking%'",
    "mail_activity": "true",
    "mail_message": "true",
    "mail_template": "true",
    "res_company": "true",
    "res_partner_bank": "true",
}
# Columns of an older state that are no more, and why nothing is lost by that.
GONE = {}

COLUMNS = f"""
    SELECT table_name, column_name FROM information_schema.columns
      JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
       AND (table_name LIKE '{OURS}%'
            OR table_name IN ({", ".join(f"'{name}'" for name in SHARED)}))
  ORDER BY 1, 2
"""

# What belongs to the add-on: all of its own tables, of others its part.
MADE = {
    "column": f"""
        SELECT table_name || '.' || column_name || ' ' || data_type
               || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
          FROM information_schema.columns
         WHERE table_schema = 'public'
           AND (table_name LIKE '{OURS}%' OR column_name LIKE '%{OURS}%')""",
    "index": f"""
        SELECT replace(indexdef, 'public.', '') FROM pg_indexes
         WHERE schemaname = 'public'
           AND (tablename LIKE '{OURS}%' OR indexname LIKE '%{OURS}%')""",
    "constraint": f"""
        SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
          FROM pg_constraint
         WHERE conrelid::regclass::text LIKE '{OURS}%' OR conname LIKE '%{OURS}%'""",
    "record": f"""
        SELECT model || ' ' || name FROM ir_model_data
         WHERE module = '{places.ADDON}'""",
}

# What came as data that an upgrade leaves alone, since a user may have changed it.
DATA = {
    "ir.cron": "code || interval_number || interval_type FROM ir_cron t"
    " JOIN ir_act_server action ON action.id = t.ir_actions_server_id",
    "ir.rule": "domain_force FROM ir_rule t",
    "mail.template": "md5(t::text) FROM (SELECT id, subject, body_html, lang,"
    " email_from, partner_to FROM mail_template) t",
}


def columns(server, name):
    """The columns looked at, by table."""
    found = defaultdict(list)
    for table, column in server.sql(COLUMNS, name):
        found[table].append(column)
    return dict(found)


def look(server, name, before=None):
    """Each table's number of rows and a checksum of each of its columns.

    :param dict before: an earlier look: only its columns are looked at again, and only
        the rows there were then
    :rtype: dict[str, dict[str, str]]
    """
    there = columns(server, name)
    found = {}
    for table, earlier in (before or there).items():
        kept = [each for each in there.get(table, ()) if each in earlier]
        if kept:
            last = before and earlier["last id"]
            found[table] = _sums(server, name, table, kept, last)
    return found


def _sums(server, name, table, names, last):
    """One query: how many rows, the last id, and the checksums of columns."""
    quoted = [f'"{each}"' for each in names]
    has_id = "id" in names
    order = "id" if has_id else "t::text"
    sums = [
        f"md5(string_agg(COALESCE('=' || {each}::text, '-'), ' ' ORDER BY {order}))"
        for each in quoted
    ]
    condition = SHARED.get(table, "true")
    if has_id and last:
        condition = f"({condition}) AND id <= {last}"
    query = (
        f"SELECT COUNT(*), {'MAX(id)' if has_id else 'NULL'}, {', '.join(sums)}"
        f" FROM (SELECT {', '.join(quoted)} FROM {table} WHERE {condition}) t"
    )
    [values] = server.sql(query, name)
    return dict(zip(("rows", "last id", *names), values, strict=True))


def lost(before, after):
    """What an upgrade has changed in what was there, as sentences.

    :param dict before: as from `look`
    :param dict after: the look at it afterwards
    """
    wrong = []
    for table, values in before.items():
        now = after.get(table, {})
        parted = [
            what
            for what, value in values.items()
            if f"{table}.{what}" not in GONE and now.get(what) != value
        ]
        if "rows" in parted:
            parted = ["rows"]  # then every column is another
        for what in parted:
            told = f"{values[what]} before, {now[what]} now" if what in now else "gone"
            wrong.append(f"{table}.{what}: {told}")
    return wrong


def unlike_fresh(server, upgraded, fresh, changed=()):
    """What an upgraded database has otherwise than one that was installed anew.

    :param changed: names of the data records that a user has changed
    """
    wrong = []
    for kind, query in MADE.items():
        have = {row[0] for row in server.sql(query, upgraded)}
        want = {row[0] for row in server.sql(query, fresh)}
        wrong += [f"{kind} is missing: {each}" for each in sorted(want - have)]
        wrong += [f"{kind} is left over: {each}" for each in sorted(have - want)]
    for model, values in DATA.items():
        have, want = (_data(server, name, model, values) for name in (upgraded, fresh))
        wrong += [
            f"{model} {each} is not what it is in a new database"
            for each in sorted(want)
            if have.get(each) != want[each] and each not in changed
        ]
    return wrong


def _data(server, database, model, values):
    value, _from, source = values.partition(" FROM ")
    query = (
        f"SELECT data.name, md5(({value})::text) FROM {source}"
        f" JOIN ir_model_data data ON data.res_id = t.id AND data.model = '{model}'"
        f" WHERE data.module = '{places.ADDON}'"
    )
    return dict(server.sql(query, database))
