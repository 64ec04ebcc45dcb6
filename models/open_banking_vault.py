import logging
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import config

_logger = logging.getLogger(__name__)

KEY_VARIABLE = "OPEN_BANKING_KEY"
KEY_OPTION = "open_banking_key"

# All that is encrypted in the database.
ENCRYPTED = {
    "open.banking.consent": ("access_token_encrypted", "refresh_token_encrypted"),
    "res.company": (
        "open_banking_client_secret_encrypted",
        "open_banking_webhook_secret_encrypted",
    ),
}


class NotSetUp(UserError):
    """Credentials, their key, or the address of Mastercard are missing or unusable."""

    code = "not_set_up"


class OpenBankingVault(models.AbstractModel):
    """Encrypts what must not be readable in the database or in a stolen dump.

    The key lives outside the database: in the environment variable OPEN_BANKING_KEY,
    else in the option open_banking_key of odoo.conf, else in a file beside the
    filestore. Each may hold several keys: the first encrypts, all decrypt. A copy of
    the database under another name has no key file, and one that has the key anyway
    is not at home (`open.banking.home`): neither talks to the bank.
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
        self.env["open.banking.home"]._settle()
        return self._fernet(may_create=True).encrypt(text.encode()).decode()

    def _decrypt(self, token):
        """Return the clear text of what `_encrypt` made; False for nothing.

        :rtype: str | bool
        :raise NotSetUp: when the key is missing or is not the one used, or when this
            is a copy of the database
        """
        if not token:
            return False
        self.env["open.banking.home"]._check()
        return self._open(token)

    def _open(self, token):
        """Return the clear text, wherever this database is."""
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
        keys = self._keys_of_server() or self._keys_from_file(may_create)
        return self._fernet_of(keys)

    def _fernet_of(self, keys):
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise NotSetUp(
                self.env._("The key for bank credentials is not a valid key.")
            ) from error

    def _keys_of_server(self):
        """Return the keys of the environment, else those of odoo.conf; often none.

        :rtype: list[str]
        """
        return next(filter(None, self._key_lists_of_server()), [])

    def _all_keys_of_server(self):
        """Return the keys of the environment and those of odoo.conf.

        :rtype: list[str]
        """
        return sum(self._key_lists_of_server(), [])

    def _key_lists_of_server(self):
        return [
            [key.strip() for key in str(text or "").split(",") if key.strip()]
            for text in (os.environ.get(KEY_VARIABLE), config.get(KEY_OPTION))
        ]

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
        draft = self._draft(path, [Fernet.generate_key()])
        try:
            os.link(draft, path)  # fails, other than rename, when the key is there
            _logger.info("A new key for bank credentials was written to %s", path)
        except FileExistsError:
            _logger.info("Another worker wrote the key for bank credentials first")
        finally:
            draft.unlink()

    def _draft(self, path, keys):
        """Write keys to a file beside the key file, safely on the disk.

        :rtype: pathlib.Path
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.unlink(missing_ok=True)  # of a process of this number that was killed
        flags = os.O_CREAT | os.O_WRONLY | os.O_EXCL
        with open(os.open(draft, flags, 0o600), "wb") as handle:
            handle.write(b"\n".join(keys))
            handle.flush()
            os.fsync(handle.fileno())
        return draft

    def _replace_key_file(self, path, keys):
        """Put other keys into the key file: at any moment it has the old or the new."""
        os.replace(self._draft(path, keys), path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _encrypted_records(self):
        """Yield the records with something encrypted, and the names of its fields.

        :rtype: Iterator[tuple[models.BaseModel, tuple[str, ...]]]
        """
        for name, stored in ENCRYPTED.items():
            model = self.env[name].sudo().with_context(active_test=False)
            any_of = Domain.OR([(field, "!=", False)] for field in stored)
            yield model.search(any_of, order="id"), stored

    def _anything_encrypted(self):
        """Tell whether a lost key would be replaced in silence by a new one."""
        return any(records for records, _stored in self._encrypted_records())
