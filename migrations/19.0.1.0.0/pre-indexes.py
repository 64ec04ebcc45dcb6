def migrate(cr, version):
    """Drop an index that no query needs any more; Odoo keeps those it does not know.

    It costs a write for every row of the feed. What is looked for by company now has
    an index of its own, for the rows with raw data only.
    """
    cr.execute("DROP INDEX IF EXISTS open_banking_transaction__company_id_index")
