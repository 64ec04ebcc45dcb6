from odoo.tools import SQL

from .copies import ITEM, LINE, MOVE

FEED = "open_banking_transaction"


def renew_statistics(env):
    """Let PostgreSQL look at tables that have grown much since it last looked.

    A connection that once planned with a table of some pages reads all of it for each
    foreign key it checks, until the table is analysed. Autovacuum does that within a
    minute or so; in that time we insert tens of thousands of rows.
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT relname FROM pg_class
             WHERE oid = ANY(%s::regclass[])
               AND pg_relation_size(oid) / (8 * 8192) > greatest(relpages, 2)
            """,
            [MOVE, ITEM, LINE, FEED],
        )
    )
    for (name,) in rows:
        # Whoever else analyses the table does it for us as well.
        env.cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", SQL.identifier(name)))
