from odoo.tools import SQL

# Of each row of the feed; the field had it once.
DROPPED = "open_banking_transaction__company_id_index"


def migrate(cr, version):
    """Drop an index that another one serves as well: it costs a write for every row.

    Odoo keeps an index that no field asks for any more.
    """
    cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(DROPPED)))
