from datetime import timedelta

from odoo.tests import tagged

from .common import OpenBankingHttpCase


@tagged("post_install", "-at_install")
class TestDaysTour(OpenBankingHttpCase):
    browser_size = "1366x900"

    def test_the_strip_of_days(self):
        """A real browser: a gap, a day that parts, its words, its lines, two years."""
        account = self.import_one("Driftskonto", since=self.today - timedelta(days=60))
        run = account.fetch_ids
        run.window_to = account.synced_until = self.today - timedelta(days=3)
        day = self.lines(account)[1].date
        self.assertLess(day, run.window_to)
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": account.journal_id.id,
                "date": day,
                "payment_ref": "Typed by hand",
                "amount": 120,
            }
        )
        self.start_tour(
            f"/odoo/registered-bank-accounts/{account.id}?day={day}",
            "open_banking_days",
            login="bookkeeper",
        )
