import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from cryptography.fernet import Fernet
from lxml import etree
from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import config, mute_logger

from ..models.open_banking_vault import KEY_VARIABLE
from .common import BOOKKEEPER_GROUPS
from .rehearsal import CLIENT_ID, CLIENT_SECRET
from .webhooks import SECRET, WebhookCase

MODULE = "account_mastercard_open_banking"


@tagged("post_install", "-at_install")
class TestHealth(WebhookCase):
    """What the settings say of the feed's health, and the test of the credentials."""

    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.admin.company_ids += self.company
        self.admin.company_id = self.company

    def settings_of(self, user=None):
        settings = self.env["res.config.settings"].with_user(user or self.admin)
        return settings.with_company(self.company).create({})

    def row(self, title):
        """The panel's row of a title."""
        rows = self.env["open.banking.health"]._rows(self.company)
        return {row["title"]: row for row in rows}[title]

    def check(self, title, state, text):
        row = self.row(title)
        self.assertEqual(row["state"], state, row)
        self.assertIn(text, row["text"])
        return row

    def test_headings_of_our_settings_show(self):
        """A field without a label that comes first takes the heading away."""
        settings = self.env["res.config.settings"].with_user(self.admin)
        form = etree.fromstring(settings.get_view(view_type="form")["arch"])
        boxes = form.xpath("//block[@id='open_banking']//setting[@string]")
        self.assertTrue(boxes)
        for box in boxes:
            hides = box.xpath("*[1][self::field and @nolabel='1']")
            self.assertFalse(hides, box.get("string"))

    # === CREDENTIALS === #

    def test_over_rpc(self):
        """Press the button as the browser does; nothing secret is in the answer."""
        self.authenticate("admin", "admin")
        settings = self.settings_of()
        answer = self.press(settings)
        self.assertEqual(answer["result"]["params"]["type"], "success")
        self.credentials("wrong")
        failed = self.press(settings)
        self.assertIn("does not accept", failed["result"]["params"]["message"])
        for said in (answer, failed):
            self.assertNotIn(CLIENT_SECRET, str(said))

    def press(self, settings):
        name = "action_open_banking_test_credentials"
        params = {
            "model": "res.config.settings",
            "method": name,
            "args": [settings.ids],
            "kwargs": {"context": {"allowed_company_ids": self.company.ids}},
        }
        address = f"/web/dataset/call_button/res.config.settings/{name}"
        self.env.flush_all()
        answer = self.url_open(address, json={"params": params}).json()
        self.env.invalidate_all()
        return answer

    def credentials(self, secret):
        encrypted = self.env["open.banking.vault"]._encrypt(secret)
        self.company.sudo().open_banking_client_secret_encrypted = encrypted

    def test_right_and_wrong_credentials(self):
        self.check("Credentials", "look", "not tested yet")
        settings = self.settings_of()
        settings.action_open_banking_test_credentials()
        company = self.company.sudo()
        row = self.check("Credentials", "good", "They work.")
        self.assertGreater(company.open_banking_test_banks, 0)
        self.assertIn(f"{company.open_banking_test_banks} banks", row["text"])
        self.credentials("wrong")
        self.check("Credentials", "look", "not tested yet")
        settings.action_open_banking_test_credentials()
        self.check("Credentials", "bad", "does not accept the client ID")
        self.assertEqual(company.open_banking_test_code, "credentials_rejected")

    def test_a_bank_that_does_not_answer(self):
        self.bank.control("faults", {"endpoint": "providers", "status": 503})
        self.settings_of().action_open_banking_test_credentials()
        self.check("Credentials", "bad", "has a fault at the moment")
        self.bank.control("faults", method="DELETE")

    def test_nothing_entered(self):
        self.company.sudo().open_banking_client_id = False
        self.check("Credentials", "bad", "not set up")
        answer = self.settings_of().action_open_banking_test_credentials()
        self.assertEqual(answer["params"]["type"], "danger")

    def test_the_test_brings_back_no_banks_of_its_own(self):
        before = self.count("open.banking.provider")
        self.settings_of().action_open_banking_test_credentials()
        self.assertEqual(self.count("open.banking.provider"), before)

    # === WHO SEES IT === #

    def test_only_administrators(self):
        manager = new_test_user(
            self.env,
            login="books",
            groups=BOOKKEEPER_GROUPS,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        model = self.env["res.config.settings"].with_user(manager)
        with self.assertRaises(AccessError):
            model.action_open_banking_test_credentials()
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.settings_of(manager)
        for name in ("open_banking_tested_on", "open_banking_test_code"):
            with self.assertRaises(AccessError):
                self.company.with_user(manager).read([name])

    def test_nothing_secret_is_in_the_panel(self):
        key = Fernet.generate_key().decode()
        with patch.dict(os.environ, {KEY_VARIABLE: key}):
            self.credentials(CLIENT_SECRET)
            panel = str(self.settings_of().open_banking_health)
        self.assertIn(KEY_VARIABLE, panel)
        company = self.company.sudo()
        for secret in (
            key,
            CLIENT_ID,
            CLIENT_SECRET,
            SECRET,
            company.open_banking_client_secret_encrypted,
            company.open_banking_webhook_secret_encrypted,
        ):
            self.assertNotIn(secret, panel)

    def test_the_panel_escapes_what_it_shows(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("web.base.url", "http://<b>evil</b>")
        panel = str(self.settings_of().open_banking_health)
        self.assertNotIn("<b>evil", panel)
        self.assertEqual(panel.count("data-state="), 6)

    def test_both_addresses_can_be_copied(self):
        model = self.env["res.config.settings"].with_user(self.admin)
        arch = etree.fromstring(model.get_view(view_type="form")["arch"])
        for name in ("open_banking_callback_url", "open_banking_webhook_url"):
            widgets = arch.xpath(f"//field[@name='{name}']/@widget")
            self.assertEqual(widgets, ["CopyClipboardChar"])
        self.assertTrue(arch.xpath("//field[@name='open_banking_health']"))

    # === KEY === #

    def test_the_key(self):
        self.check("Key", "good", "opens what is stored")
        path = self.env["open.banking.vault"]._key_file()
        away = path.with_suffix(".away")
        path.rename(away)
        try:
            row = self.check("Key", "bad", str(path))
            self.assertIn("Put the key back", row["todo"])
            self.assertFalse(path.exists())
        finally:
            away.rename(path)
        self.check("Key", "good", str(path))

    def test_another_key(self):
        key = Fernet.generate_key().decode()
        with patch.dict(os.environ, {KEY_VARIABLE: key}):
            self.check("Key", "bad", "not the one that was used")
        with patch.dict(os.environ, {KEY_VARIABLE: "no key"}):
            self.check("Key", "bad", KEY_VARIABLE)

    def test_no_key_is_needed_yet_and_looking_makes_none(self):
        companies = self.env["res.company"].sudo().search([])
        companies.write(
            {
                "open_banking_client_secret_encrypted": False,
                "open_banking_webhook_secret_encrypted": False,
            }
        )
        self.env["open.banking.consent"].search([]).refresh_token_encrypted = False
        with TemporaryDirectory() as folder:
            with patch.dict(config.options, {"data_dir": folder}):
                self.check("Key", "look", "made with the first secret")
            self.assertFalse(list(Path(folder).iterdir()))

    # === ADDRESS === #

    def test_the_address(self):
        title, parameters = "This server's address", self.env["ir.config_parameter"]
        for address, state, text in (
            ("https://odoo.nordlys.example", "good", "over https"),
            ("http://odoo.nordlys.example", "bad", "not https"),
            ("http://127.0.0.1:8069", "look", "this machine only"),
            ("http://localhost:8069", "look", "this machine only"),
        ):
            parameters.set_param("web.base.url", address)
            self.check(title, state, text)

    def test_another_address_than_the_browsers(self):
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://odoo.nordlys.example"
        )
        self.authenticate("admin", "admin")
        settings = self.settings_of()
        self.env.flush_all()
        params = {
            "model": "res.config.settings",
            "method": "read",
            "args": [settings.ids, ["open_banking_health"]],
            "kwargs": {"context": {"allowed_company_ids": self.company.ids}},
        }
        address = "/web/dataset/call_kw/res.config.settings/read"
        answer = self.url_open(address, json={"params": params}).json()
        self.assertIn("you are working at 127.0.0.1", str(answer))

    # === JOBS === #

    def jobs(self):
        return self.env["open.banking.health"]._jobs()

    def well(self):
        """Let all jobs have run just now."""
        now = fields.Datetime.now()
        self.env["ir.cron.trigger"].search([]).unlink()
        self.jobs().write(
            {
                "lastcall": now - timedelta(minutes=4),
                "nextcall": now + timedelta(minutes=30),
                "failure_count": 0,
            }
        )

    def test_all_our_jobs_are_looked_at(self):
        ours = self.env["ir.model.data"].search(
            [("module", "=", MODULE), ("model", "=", "ir.cron")]
        )
        self.assertEqual(set(self.jobs().ids), set(ours.mapped("res_id")))
        self.assertGreaterEqual(len(ours), 4)

    def test_jobs(self):
        title, job = "Scheduled jobs", self.jobs()[0]
        self.well()
        self.check(title, "good", "4 minutes ago")
        job.failure_count = 2
        self.check(title, "look", job.name)
        self.well()
        job.nextcall = fields.Datetime.now() - timedelta(hours=1)
        self.check(title, "bad", f"Overdue: {job.name}")
        self.well()
        job._trigger(fields.Datetime.now() - timedelta(hours=1))
        self.check(title, "bad", f"Overdue: {job.name}")
        self.well()
        job.active = False
        self.check(title, "bad", f"Switched off: {job.name}")

    def test_a_server_without_workers(self):
        title = "Scheduled jobs"
        self.well()
        with patch.dict(config.options, {"max_cron_threads": 0}):
            self.check(title, "good", "They run")  # another server runs them
            self.jobs().lastcall = False
            row = self.check(title, "bad", "runs no scheduled jobs")
            self.assertIn("max_cron_threads", row["todo"])
        self.check(title, "look", "begin within the hour")

    # === MESSAGES, MAIL, COPY === #

    def test_messages(self):
        title = "Messages from Mastercard"
        row = self.check(title, "look", "every six hours by themselves")
        self.assertIn("None seen yet", row["text"])
        self.assertEqual(self.post(self.make("SyncDone")).status_code, 200)
        self.check(title, "good", "seen just now")
        self.env.cr.execute(
            "UPDATE open_banking_event SET create_date = create_date - interval '2 h'"
        )
        self.env.invalidate_all()
        self.check(title, "good", "seen 2 hours ago")
        self.company.open_banking_webhook_secret_encrypted = False
        self.check(title, "off", "Not used")

    def test_mail(self):
        servers = self.env["ir.mail_server"]
        servers.search([]).active = False
        with patch.dict(config.options, {"smtp_server": "localhost"}):
            self.check("Outgoing e-mail", "look", "No mail server")
        with patch.dict(config.options, {"smtp_server": "mail.nordlys.example"}):
            self.check("Outgoing e-mail", "good", "configuration")
        servers.create({"name": "out", "smtp_host": "mail.nordlys.example"})
        self.check("Outgoing e-mail", "good", "is set up")

    def test_a_neutralized_copy(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("database.is_neutralized", "True")
        self.check("Copy of a database", "bad", "does not talk to the bank")
