from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase


@tagged("post_install", "-at_install")
class TestWindows(OpenBankingCase):
    """Which days are read, what proves them read, and what a unit of work costs."""

    # === WHAT A UNIT OF WORK COSTS === #

    def queries_of(self, work):
        """Return the statements that some work sends to PostgreSQL."""
        self.env.flush_all()
        self.env.invalidate_all()
        statements = []
        execute = type(self.env.cr).execute

        def counted(cursor, query, *args, **options):
            statements.append(str(query)[:150])
            return execute(cursor, query, *args, **options)

        with patch.object(type(self.env.cr), "execute", counted):
            work()
            self.env.flush_all()
        return statements

    def test_a_unit_with_a_known_page_costs_ten_queries(self):
        account = self.import_one("Prøvekonto", transactions=400, days=5)
        account.synced_until = False  # both pages are read again
        account.next_attempt = fields.Datetime.now()
        statements = self.queries_of(account._work)
        run = account.fetch_ids[0]
        self.assertEqual((run.pages, run.known_count, run.state), (1, 200, "reading"))
        self.assertLessEqual(len(statements), 10, "\n".join(statements))

    def test_new_transactions_cost_six_queries_a_line(self):
        self.bank.control("accounts", {"name": "Prøvekonto", "transactions": 200})
        account = self.map_all(self.connect(accounts=["Prøvekonto"]))
        statements = self.queries_of(self.work_to_the_end(account))
        self.assertEqual(len(self.lines(account)), 200)
        self.assertEqual(account.fetch_ids.state, "done")
        self.assertLessEqual(len(statements), 6 * 200)

    def work_to_the_end(self, account):
        def work():
            while account._work():
                self.env.flush_all()
                self.env.invalidate_all()

        return work
