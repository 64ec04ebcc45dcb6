"""Starts Odoo; called by the command of odoo_run.py.

A file, since a prefork Odoo starts its process for live connections by the same name.
"""

import sys

sys.path.pop(0)  # this folder: its modules have plain names

import odoo.cli  # noqa: E402

odoo.cli.main()
