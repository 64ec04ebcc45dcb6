import logging
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from odoo import models
from odoo.exceptions import UserError
from odoo.tools import config

_logger = logging.getLogger(__name__)

KEY_VARIABLE = "OPEN_BANKING_KEY"


class NotSetUp(UserError):
    """Credentials, their key, or the address of Mastercard are missing or unusable."""

    code = "not_set_up"


class OpenBankingVault(models.AbstractModel):
    """Encrypts what must not be readable in the database or in a stolen dump.

    The key lives outside the database: in the environment variable OPEN_BANKING_KEY
    (several keys, separated by commas: the first encrypts, all decrypt) or in a file
    beside the filestore. A copy of the database under another name has no key, and
    therefore cannot talk to the bank.
    """

    _name = "open.banking.vault"
    _description = "Encryption of bank tokens and secrets"

    def _encrypt(self, text):
        """Return the encrypted form of a text; an empty text stays empty.

        :param str text: what to protect
        :rtype: str | bool
        :raise NotSetUp: when the key cannot be had
        """
        if not text:
            return False
        return self._fernet(may_create=True).encrypt(text.encode()).decode()

    def _decrypt(self, token):
        """Return the clear text of what `_encrypt` made; False for nothing.

        :rtype: str | bool
        :raise NotSetUp: when the key is missing or is not the one used
        """
        if not token:
            return False
        try:
            return self._fernet(may_create=False).decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise NotSetUp(
                self.env._(
                    "The stored bank credentials were encrypted with another key. "
                    "Put back the key of this database, or enter the credentials "
                    "again and reconnect the bank."
                )
            ) from error

    def _fernet(self, may_create):
        from_environment = os.environ.get(KEY_VARIABLE, "")
        keys = [key.strip() for key in from_environment.split(",") if key.strip()]
        if not keys:
            keys = self._keys_from_file(may_create)
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise NotSetUp(
                self.env._("The key for bank credentials is not a valid key.")
            ) from error

    def _key_file(self):
        folder = Path(config["data_dir"]) / "open_banking_keys"
        return folder / f"{self.env.cr.dbname}.key"

    def _keys_from_file(self, may_create):
        path = self._key_file()
        create = may_create and not path.exists() and not self._anything_encrypted()
        try:
            if create:
                self._create_key_file(path)
            return path.read_bytes().split()
        except OSError as error:
            raise NotSetUp(
                self.env._(
                    "The key for bank credentials is missing (%(path)s). Without it "
                    "this database does not talk to the bank. Put the key back, or "
                    "set the environment variable %(variable)s.",
                    path=str(path),
                    variable=KEY_VARIABLE,
                )
            ) from error

    def _create_key_file(self, path):
        """Write a new key; two workers doing so at once end with one key."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as handle:
            handle.write(Fernet.generate_key())
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(draft, path)  # fails, other than rename, when the key is there
            _logger.info("A new key for bank credentials was written to %s", path)
        except FileExistsError:
            _logger.info("Another worker wrote the key for bank credentials first")
        finally:
            draft.unlink()

    def _anything_encrypted(self):
        """Tell whether a lost key would be replaced in silence by a new one."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        consents = self.env["open.banking.consent"].sudo()
        return bool(
            companies.search_count(
                [
                    "|",
                    ("open_banking_client_secret_encrypted", "!=", False),
                    ("open_banking_webhook_secret_encrypted", "!=", False),
                ],
                limit=1,
            )
            or consents.search_count(
                [("refresh_token_encrypted", "!=", False)], limit=1
            )
        )
