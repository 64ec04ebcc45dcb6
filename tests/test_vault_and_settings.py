import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import config

from ..const import CALLBACK_PATH
from ..models.open_banking_vault import KEY_VARIABLE, NotSetUp
from .common import OpenBankingCase
from .rehearsal import CLIENT_SECRET

SECRET = "hemmelig æøå 😀"


@tagged("post_install", "-at_install")
class TestVault(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.vault = self.env["open.banking.vault"]
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.startPatcher(patch.dict(config.options, {"data_dir": folder.name}))
        environment = {k: v for k, v in os.environ.items() if k != KEY_VARIABLE}
        self.startPatcher(patch.dict(os.environ, environment, clear=True))
        self.key_file = self.folder / "open_banking_keys" / f"{self.env.cr.dbname}.key"

    def forget_all_secrets(self):
        """A database in which nothing is encrypted yet."""
        companies = self.env["res.company"].search([])
        companies.open_banking_client_secret_encrypted = False
        self.env["open.banking.consent"].search([]).unlink()

    def use_keys(self, *keys):
        os.environ[KEY_VARIABLE] = ",".join(key.decode() for key in keys)

    # === THE KEY FILE === #

    def test_the_first_secret_makes_a_key(self):
        self.forget_all_secrets()
        token = self.vault._encrypt(SECRET)
        self.assertNotIn(SECRET, token)
        self.assertEqual(self.vault._decrypt(token), SECRET)
        self.assertEqual(stat.S_IMODE(self.key_file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.key_file.parent.stat().st_mode), 0o700)
        self.assertEqual(list(self.key_file.parent.iterdir()), [self.key_file])

    def test_two_secrets_share_a_key_and_look_different(self):
        self.forget_all_secrets()
        first, second = self.vault._encrypt(SECRET), self.vault._encrypt(SECRET)
        self.assertNotEqual(first, second)
        self.assertEqual(self.vault._decrypt(first), self.vault._decrypt(second))

    def test_two_workers_end_with_one_key(self):
        self.forget_all_secrets()
        token = self.vault._encrypt(SECRET)
        self.vault._create_key_file(self.key_file)  # the one that came second
        self.assertEqual(self.vault._decrypt(token), SECRET)

    def test_a_lost_key_is_missed_and_not_replaced(self):
        secret = self.company.open_banking_client_secret_encrypted
        for call in (self.vault._encrypt, self.vault._decrypt):
            with self.assertRaisesRegex(NotSetUp, "key .* is missing .*OPEN_BANKING"):
                call(secret)
        self.assertFalse(self.key_file.exists())
        with self.assertRaisesRegex(UserError, "is missing"):
            self.journal.with_user(self.bookkeeper).action_open_banking_connect()

    def test_a_token_alone_counts_as_a_secret(self):
        self.forget_all_secrets()
        self.env["open.banking.consent"].create(
            {
                "external_id": "x",
                "company_id": self.company.id,
                "refresh_token_encrypted": "x",
            }
        )
        with self.assertRaises(NotSetUp):
            self.vault._encrypt(SECRET)
        self.assertFalse(self.key_file.exists())

    def test_a_key_file_that_is_none(self):
        self.key_file.parent.mkdir()
        for content in (b"", b"not a key", b"\xff\xfe\x00", Fernet.generate_key()[:-4]):
            with self.subTest(content):
                self.key_file.write_bytes(content)
                with self.assertRaisesRegex(NotSetUp, "not a valid key"):
                    self.vault._encrypt(SECRET)

    def test_a_folder_that_cannot_be_made(self):
        self.forget_all_secrets()
        self.key_file.parent.write_text("a file is in the way")
        with self.assertRaisesRegex(NotSetUp, "is missing"):
            self.vault._encrypt(SECRET)

    def test_another_key(self):
        self.use_keys(Fernet.generate_key())
        secret = self.company.open_banking_client_secret_encrypted
        for token in (secret, secret[:-5], "é", "x"):
            with self.assertRaisesRegex(NotSetUp, "another key"):
                self.vault._decrypt(token)

    def test_nothing_stays_nothing(self):
        for nothing in (False, None, ""):
            self.assertIs(self.vault._encrypt(nothing), False)
            self.assertIs(self.vault._decrypt(nothing), False)
        self.assertFalse(self.key_file.exists())

    # === THE ENVIRONMENT === #

    def test_rotating_keys(self):
        old, new = Fernet.generate_key(), Fernet.generate_key()
        self.use_keys(old)
        first = self.vault._encrypt(SECRET)
        self.use_keys(new, old)
        second = self.vault._encrypt(SECRET)
        self.assertEqual(self.vault._decrypt(first), SECRET)
        self.assertEqual(self.vault._decrypt(second), SECRET)
        self.use_keys(new)
        self.assertEqual(self.vault._decrypt(second), SECRET)
        with self.assertRaises(NotSetUp):
            self.vault._decrypt(first)
        self.assertFalse(self.key_file.parent.exists())

    def test_a_variable_that_is_no_key(self):
        os.environ[KEY_VARIABLE] = "not a key"
        with self.assertRaisesRegex(NotSetUp, "not a valid key"):
            self.vault._encrypt(SECRET)

    def test_a_blank_variable_is_none(self):
        self.forget_all_secrets()
        os.environ[KEY_VARIABLE] = " , "
        self.assertEqual(self.vault._decrypt(self.vault._encrypt(SECRET)), SECRET)
        self.assertTrue(self.key_file.exists())


@tagged("post_install", "-at_install")
class TestSettings(OpenBankingCase):
    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.admin.company_ids += self.company
        self.admin.company_id = self.company
        self.settings = self.env["res.config.settings"].with_user(self.admin)

    def save(self, **values):
        """Save the settings as the browser does; returns the record."""
        settings = self.settings.create(values)
        settings.execute()
        return settings

    def stored_secret(self):
        token = self.company.sudo().open_banking_client_secret_encrypted
        return self.env["open.banking.vault"]._decrypt(token)

    def test_the_secret_goes_in_and_never_out(self):
        settings = self.save(open_banking_client_secret=f" {SECRET} ")
        self.assertEqual(self.stored_secret(), SECRET)
        self.env.flush_all()
        self.env.invalidate_all()
        names = ["open_banking_client_secret", "open_banking_has_secret"]
        for shown in (
            settings.read(names)[0],
            self.settings.create({}).read(names)[0],
            call_kw(self.settings, "default_get", [names], {}),
        ):
            self.assertFalse(shown.get("open_banking_client_secret"))
        self.assertTrue(settings.read(names)[0]["open_banking_has_secret"])
        for table in ("res_config_settings", "res_company"):
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            stored = str(self.env.cr.fetchall())
            self.assertNotIn("hemmelig", stored)

    def test_saving_other_settings_keeps_the_secret(self):
        for blank in (False, "", "   "):
            self.save(open_banking_client_secret=blank, open_banking_consent_days=30)
            self.assertEqual(self.stored_secret(), CLIENT_SECRET)
        self.assertEqual(self.company.open_banking_consent_days, 30)

    def test_the_environment_gives_the_address(self):
        for environment, address in (
            ("production", "https://api.aiia.eu"),
            ("sandbox", "https://api-sandbox.aiia.eu"),
            ("custom", self.bank.url),
        ):
            self.save(open_banking_environment=environment)
            client = self.company._open_banking_client()
            self.assertEqual(repr(client), f"<Client {address}>")

    def test_the_address_to_register(self):
        settings = self.settings.create({})
        self.assertEqual(settings.open_banking_callback_url, self.base + CALLBACK_PATH)

    def test_not_set_up(self):
        missing = (
            {"open_banking_client_id": False},
            {"open_banking_custom_url": False},
            {"open_banking_client_secret_encrypted": False},
        )
        for values in missing:
            with self.subTest(values):
                before = {name: self.company.sudo()[name] for name in values}
                self.company.sudo().write(values)
                with self.assertRaisesRegex(UserError, "not set up for Nordlys Handel"):
                    self.connect_pressed()
                self.company.sudo().write(before)
        self.assertIn("/open_banking/consent/", self.connect_pressed()["url"])

    def test_an_address_that_cannot_be_used(self):
        for address in ("http://example.com", "ftp://x", "https://a@b", "x", " "):
            self.company.sudo().open_banking_custom_url = address
            with self.subTest(address), self.assertRaises(UserError):
                self.connect_pressed()
        self.assertFalse(self.count("open.banking.authorisation"))

    def connect_pressed(self):
        return self.journal.with_user(self.bookkeeper).action_open_banking_connect()

    def test_who_sees_the_settings(self):
        names = [
            "open_banking_client_id",
            "open_banking_custom_url",
            "open_banking_environment",
        ]
        seen = self.company.with_user(self.admin).read(names)[0]
        self.assertEqual(seen["open_banking_custom_url"], self.bank.url)
        for name in names:
            with self.assertRaises(AccessError):
                self.company.with_user(self.bookkeeper).read([name])
        with self.assertRaises(AccessError):
            self.settings.with_user(self.bookkeeper).create({})

    def test_each_company_has_its_own(self):
        other = self.make_company("Sydlys Handel ApS")
        self.save(open_banking_client_id="ours", open_banking_client_secret="ours")
        self.assertNotEqual(other.sudo().open_banking_client_id, "ours")
        token = other.sudo().open_banking_client_secret_encrypted
        self.assertEqual(self.env["open.banking.vault"]._decrypt(token), CLIENT_SECRET)
