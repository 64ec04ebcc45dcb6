"""What ./dev/bench orders inside Odoo: what a user looks at, by its queries."""

ORDERS = {}
