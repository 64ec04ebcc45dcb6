"""Turning feed rows into statement lines. Touches the database, never the network."""

from .statement_lines import line_values, partners_by_account_number
