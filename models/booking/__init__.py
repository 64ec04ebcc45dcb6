"""Turning feed rows into statement lines. Touches the database, never the network."""

from . import (
    account_bank_statement,
    adoption,
    fast,
    open_banking_fetch,
    open_banking_transaction,
    opening,
    statements,
)
