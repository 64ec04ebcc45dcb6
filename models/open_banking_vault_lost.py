import logging
import time

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .open_banking_vault import NotSetUp

_logger = logging.getLogger(__name__)


class OpenBankingVault(models.AbstractModel):
    """The key is lost for good: what it alone opened is forgotten, deliberately."""

    _inherit = "open.banking.vault"

    @api.model
    def _start_with_new_key(self):
        """Forget what no key opens, so that credentials can be entered anew.

        Consents that lose their tokens are over: their customers renew them, and their
        accounts go on from where they were.

        :raise UserError: when nothing is lost, in a copy, or when the key that the
            server is given cannot be one
        """
        self.env["open.banking.home"]._check()
        lost = self._unreadable()
        if not lost:
            raise UserError(
                self.env._("The key opens all that is stored. Nothing is lost.")
            )
        self._put_unusable_file_away()
        for record, names in lost:
            if record._name == "open.banking.consent":
                record._mark_expired("key_lost")
            record.write(dict.fromkeys(names, False))
        _logger.info(
            "Secrets of %s records that no key opens were forgotten", len(lost)
        )

    def _unreadable(self):
        """Return the records with something that no key opens, and those fields.

        :rtype: list[tuple[models.BaseModel, list[str]]]
        """
        keys = self._usable_keys()
        lost = []
        for records, stored in self._encrypted_records():
            for record in records:
                values = {name: record[name] for name in stored if record[name]}
                names = [
                    name
                    for name, value in values.items()
                    if not self._opens(value, keys)
                ]
                if names:
                    lost.append((record, names))
        return lost

    def _usable_keys(self):
        """Return the keys in use; none when the key file is missing or is none.

        :raise NotSetUp: when the server is given a key that cannot be one
        """
        keys = self._keys_of_server()
        if keys:
            self._fernet_of(keys)
            return keys
        try:
            keys = self._keys_from_file(may_create=False)
            self._fernet_of(keys)
        except NotSetUp:
            return []
        return keys

    def _put_unusable_file_away(self):
        """Keep a key file that is none under another name: a new one is made."""
        path = self._key_file()
        if path.exists() and not self._keys_of_server() and not self._usable_keys():
            path.rename(path.with_name(f"{path.name}.unusable-{time.time_ns()}"))


class ResConfigSettings(models.TransientModel):
    """What an administrator does about a lost key, or about a copy that is none."""

    _inherit = "res.config.settings"

    open_banking_is_copy = fields.Boolean(compute="_compute_open_banking_trouble")
    open_banking_key_is_lost = fields.Boolean(compute="_compute_open_banking_trouble")

    @api.depends("company_id")
    def _compute_open_banking_trouble(self):
        vault = self.env["open.banking.vault"]
        is_copy = not self.env["open.banking.home"]._is_home()
        for settings in self:
            state, _where = vault._key_state(settings.company_id)
            settings.open_banking_is_copy = is_copy
            settings.open_banking_key_is_lost = state == "bad" and not is_copy

    def action_open_banking_is_original(self):
        """This database is the one that talks to the bank from now on."""
        self._open_banking_check_system()
        self.env["open.banking.home"]._begin_anew()
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_open_banking_new_key(self):
        """Forget what the lost key opened; credentials can be entered anew."""
        self._open_banking_check_system()
        self.env["open.banking.vault"]._start_with_new_key()
        return {"type": "ir.actions.client", "tag": "reload"}

    def _open_banking_check_system(self):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only administrators can do this."))
