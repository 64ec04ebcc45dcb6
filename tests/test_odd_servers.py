from unittest.mock import patch

from odoo.service import db
from odoo.tests import tagged
from odoo.tools import config

from ..const import CALLBACK_PATH
from .test_links import LinkCase

TITLE = "Several databases"


@tagged("post_install", "-at_install")
class TestSeveralDatabases(LinkCase):
    """A server that holds more than this database."""

    def several(self, dbfilter=""):
        """Let the server have two databases, and a filter or none."""
        names = [self.env.cr.dbname, "zz_another"]
        options = {"db_name": [], "dbfilter": dbfilter}
        self.enterContext(patch.dict(config.options, options))
        self.enterContext(patch.object(db, "list_dbs", lambda _force=False: names))

    def row(self):
        rows = self.env["open.banking.health"]._rows(self.company)
        return next((row for row in rows if row["title"] == TITLE), None)

    def as_a_stranger(self, address):
        """Open an address as a browser that was never here."""
        self.opener.cookies.pop("session_id", None)
        return self.url_open(address, allow_redirects=False)

    def test_one_database_needs_no_word(self):
        self.assertIsNone(self.row())
        self.assertFalse(self.wizard().is_out_of_reach)

    def test_without_a_filter_strangers_do_not_arrive_and_it_is_told(self):
        link = self.send()
        self.several()
        for address in (link, CALLBACK_PATH):
            page = self.as_a_stranger(address)
            self.assertEqual(page.status_code, 404)
            self.assertIn("No database is selected", page.text)
        row = self.row()
        self.assertEqual(row["state"], "bad")
        self.assertIn(f"dbfilter = ^{self.env.cr.dbname}$", row["todo"])
        self.assertIn("or ^%d$ where", row["todo"])
        self.assertTrue(self.wizard().is_out_of_reach)

    def panel(self, headers=None):
        """Read the health panel over HTTP, as the settings do."""
        admin = self.env.ref("base.user_admin")
        settings = self.env["res.config.settings"].with_user(admin).create({})
        self.env.flush_all()
        params = {
            "model": "res.config.settings",
            "method": "read",
            "args": [settings.ids, ["open_banking_health"]],
            "kwargs": {},
        }
        address = "/web/dataset/call_kw/res.config.settings/read"
        answer = self.url_open(address, json={"params": params}, headers=headers)
        return answer.json()["result"][0]["open_banking_health"]

    def test_a_proxy_may_name_the_database(self):
        self.authenticate("admin", "admin")
        self.several()
        self.assertIn(TITLE, self.panel())
        named = {"X-Odoo-Database": self.env.cr.dbname}
        self.assertNotIn(TITLE, self.panel(named))

    def test_with_a_filter_for_the_address_they_do(self):
        link = self.send()
        self.several(f"^{self.env.cr.dbname}$")
        page = self.as_a_stranger(link)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Nordlys Handel ApS", self.text_of(page))
        self.assertIsNone(self.row())
        self.assertFalse(self.wizard().is_out_of_reach)

    def test_a_filter_that_leads_elsewhere_is_told(self):
        self.several("^zz_another$")
        self.assertEqual(self.row()["state"], "bad")

    def test_a_filter_by_the_subdomain_goes_by_the_servers_own_address(self):
        self.several("^%d$")
        parameters = self.env["ir.config_parameter"]
        for host, is_told in ((self.env.cr.dbname, False), ("zz_another", True)):
            parameters.set_param("web.base.url", f"https://{host}.nordlys.example")
            self.assertEqual(bool(self.row()), is_told, host)
