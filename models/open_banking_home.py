import json
import socket

from odoo import api, fields, models

from .open_banking_vault import NotSetUp

PARAMETER = "account_mastercard_open_banking.home"


class NotAtHome(NotSetUp):
    """This is a copy of the database that was connected to the bank."""

    code = "not_at_home"


class OpenBankingHome(models.AbstractModel):
    """Which database is the one that talks to the bank.

    With the first secret the database notes its name and its `database.uuid`. A copy
    has another name, or another uuid when Odoo made it: it stays quiet until an
    administrator says that it is the original now. The name of the host is noted for
    the sentence only: that of a container changes at each start.
    """

    _name = "open.banking.home"
    _description = "Home of the Bank Feed"

    @api.model
    def _here(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return {
            "database": self.env.cr.dbname,
            "uuid": parameters.get_param("database.uuid"),
        }

    @api.model
    def _noted(self):
        """Return the home as it was noted, or nothing.

        :rtype: dict
        """
        text = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
        try:
            noted = json.loads(text or "{}")
        except ValueError:
            return {"database": "?"}  # spoiled by hand: somebody has to look at it
        return noted if isinstance(noted, dict) else {"database": "?"}

    @api.model
    def _is_home(self):
        """Whether this is the database that was connected; also as long as none was.

        :rtype: bool
        """
        noted, here = self._noted(), self._here()
        return not noted or all(noted.get(name) == here[name] for name in here)

    @api.model
    def _is_neutralized(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return bool(parameters.get_param("database.is_neutralized"))

    @api.model
    def _check(self):
        """Refuse in a copy.

        :raise NotAtHome: when this is not the database that was connected
        """
        if not self._is_home():
            raise NotAtHome(self._sentence())

    @api.model
    def _sentence(self):
        noted = self._noted()
        return self.env._(
            "This database was connected to the bank as %(database)s on %(host)s and "
            "is a copy now. It does not talk to the bank and sends no mails. If it is "
            "the original under another name, an administrator says so under Settings, "
            "Invoicing, Mastercard Open Banking.",
            database=noted.get("database") or "?",
            host=noted.get("host") or "?",
        )

    @api.model
    def _settle(self):
        """Note where the first secret is stored; refuse in a copy.

        :raise NotAtHome: when this is not the database that was connected
        """
        if not self._noted():
            self._move_in()
        self._check()

    @api.model
    def _move_in(self):
        """From now on this database is the one that talks to the bank."""
        noted = {**self._here(), "host": socket.gethostname()}
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(PARAMETER, json.dumps(noted))

    @api.model
    def _is_quiet(self):
        """Whether the jobs do nothing here. A copy says so on its cards, once.

        :rtype: bool
        """
        if self._is_home():
            return False
        accounts = self.env["open.banking.account"].sudo()
        accounts = accounts.search(
            [("journal_id", "!=", False), ("error_code", "!=", NotAtHome.code)]
        )
        accounts = accounts.try_lock_for_update(allow_referencing=True)
        accounts.write(
            {"error_code": NotAtHome.code, "error_since": fields.Datetime.now()}
        )
        return True

    @api.model
    def _begin_anew(self):
        """Move in, and let everything go on from where it is."""
        self._move_in()
        accounts = self.env["open.banking.account"].sudo()
        accounts = accounts.search([("error_code", "=", NotAtHome.code)])
        accounts.write({"error_code": False, "error_since": False})
        accounts._fetch_soon()
