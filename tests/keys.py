import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.tools import config

from ..models.open_banking_vault import KEY_OPTION, KEY_VARIABLE


class OwnKeys:
    """A folder for the key file that only this test uses, and no key elsewhere."""

    def set_scene(self, seed):
        """The credentials are entered with these keys, before any consent is given."""
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        options = {"data_dir": folder.name, KEY_OPTION: None}
        self.startPatcher(patch.dict(config.options, options))
        environment = {k: v for k, v in os.environ.items() if k != KEY_VARIABLE}
        self.startPatcher(patch.dict(os.environ, environment, clear=True))
        self.vault = self.env["open.banking.vault"]
        self.key_file = self.vault._key_file()
        self.assertEqual(self.key_file.parent.parent, Path(folder.name))
        self.enter_secrets()
        super().set_scene(seed)

    def enter_secrets(self):
        """What was encrypted with the key of all other tests is entered again."""
        for records, stored in self.vault._encrypted_records():
            records.write(dict.fromkeys(stored, False))
        self.enter_credentials()

    def enter_credentials(self):
        secret = {"open_banking_client_secret": "rehearsal-secret"}
        settings = self.env["res.config.settings"].with_company(self.company)
        settings.create(secret).execute()

    def lose_key(self):
        """The disk with the key file is gone; returns what was in it."""
        content = self.key_file.read_bytes()
        self.key_file.unlink()
        return content
