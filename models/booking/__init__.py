"""Turning feed rows into statement lines. Touches the database, never the network."""

from . import open_banking_transaction
