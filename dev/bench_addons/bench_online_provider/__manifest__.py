{
    "name": "Bank Feed from Memory (for ./dev/bench)",
    "summary": "Hands transactions to account_statement_import_online at no cost",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "depends": ["account_statement_import_online"],
    "installable": True,
}
