from pathlib import Path
from unittest.mock import patch

from odoo.tests import common, tagged

from .common import OpenBankingHttpCase


class CustomersBrowser(common.ChromeBrowser):
    """Odoo's test browser, with a customer who walks the pages outside of Odoo."""

    script = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._websocket_request(
            "Page.addScriptToEvaluateOnNewDocument", params={"source": self.script}
        )


@tagged("post_install", "-at_install")
class TestTour(OpenBankingHttpCase):
    browser_size = "1366x900"

    def test_from_the_dashboard_to_the_lines(self):
        """A real browser: dashboard, all pages of the bank, mapping, lines."""
        walk = Path(__file__).with_name("customer_walk.js").read_text()
        script = walk.replace("%(bank)s", self.bank_id)
        with (
            patch.object(CustomersBrowser, "script", script),
            patch.object(common, "ChromeBrowser", CustomersBrowser),
        ):
            self.start_tour(
                "/odoo/accounting", "open_banking_connect", login="bookkeeper"
            )
        consent = self.last_attempt().consent_id
        self.assertEqual(len(consent.account_ids), 3)
        self.assertEqual(consent.account_ids.mapped("mapping"), ["mapped"] * 3)
        self.run_jobs()
        self.start_tour("/odoo/accounting", "open_banking_lines", login="bookkeeper")
