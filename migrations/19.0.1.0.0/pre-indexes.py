from odoo.tools import SQL

# Of each row of the feed, and of each statement line of all journals.
DROPPED = (
    "open_banking_transaction__company_id_index",
    "account_bank_statement_line__open_banking_transaction_id_index",
)


def migrate(cr, version):
    """Drop indexes that other ones serve as well: each costs a write for every row.

    Odoo keeps an index that no field asks for any more.
    """
    for name in DROPPED:
        cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
