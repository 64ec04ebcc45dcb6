"""The table "Who may do what" of the README, and what it takes to walk it."""

import re
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .access import UsersOfEachKind
from .common import OpenBankingHttpCase

README = Path(__file__).resolve().parents[1] / "README.md"
HEADING = "## Who may do what"

# The columns of the table, and the users of `access.py` who stand for them.
COLUMNS = {
    "Internal user": "internal",
    "Billing": "invoicing",
    "Read-only": "readonly",
    "Bookkeeper": "basic",
    "Accountant": "accountant",
    "Manager": "manager",
    "Accountant + manager": "chief",
    "Settings": "system",
    "Portal": "portal",
    "Public": "public",
}
CELLS = {"yes": True, "–": False}

# What may not change when somebody is refused, beside the tables of our own.
CORE_TABLES = (
    "account_bank_statement",
    "account_bank_statement_line",
    "account_journal",
    "account_move",
    "ir_cron_trigger",
    "mail_activity",
    "mail_mail",
    "mail_message",
    "res_company",
    "res_partner",
)


def table():
    """Read the table.

    :return: for each row's name, who may: a boolean by the user's name
    :rtype: dict[str, dict[str, bool]]
    """
    part = README.read_text(encoding="utf-8").split(f"{HEADING}\n", 1)[1]
    lines = re.findall(r"^\|(.*)\|$", part.split("\n## ", 1)[0], re.MULTILINE)
    [_empty, *columns], _rule, *rows = [
        [cell.strip() for cell in line.split("|")] for line in lines
    ]
    users = [COLUMNS[column] for column in columns]
    found = [
        (name, dict(zip(users, (CELLS[cell] for cell in cells), strict=True)))
        for name, *cells in rows
    ]
    if len(dict(found)) != len(found):
        raise ValueError("a row stands in the table twice")
    return dict(found)


def row(name):
    """Say which row of the table a probe is for."""

    def named(probe):
        probe.row = name
        return probe

    return named


class NotLetIn(AccessError):
    """A page refuses a user."""


def is_about_rights(error):
    """A refusal for another reason would prove nothing."""
    return isinstance(error, AccessError) or str(error).startswith(
        ("Only ", "An account that is in use already ")
    )


class Checksum:
    """Has anything changed?"""

    def checksum(self):
        """Return a checksum of each table that a refused call must leave alone.

        :rtype: dict[str, str]
        """
        self.env.flush_all()
        parts = [
            SQL(
                "SELECT %s, md5(string_agg(t::text, '|' ORDER BY t.id)) FROM %s t",
                name,
                SQL.identifier(name),
            )
            for name in self.checked_tables()
        ]
        return dict(self.env.execute_query(SQL(" UNION ALL ").join(parts)))

    def checked_tables(self):
        ours = [
            model._table
            for model in self.env.registry.models.values()
            if model._name.startswith("open.banking.")
            and model._auto
            and not model._abstract
            and not model._transient
        ]
        return sorted([*ours, *CORE_TABLES])


class RightsCase(UsersOfEachKind, Checksum, OpenBankingHttpCase):
    """Each cell is tried for real: by a user, on accounts that a bank feeds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = cls.make_users(cls.company)

    def probes(self):
        """Return the probes by the row they are for."""
        members = (getattr(self, name) for name in dir(type(self)))
        return {each.row: each for each in members if hasattr(each, "row")}

    def try_cell(self, probe, user):
        """Let a user try something; afterwards all is as before.

        :param probe: a generator function: it prepares, yields, and does as the user
        :return: whether he may
        :rtype: bool
        """
        with self.env.cr.savepoint() as point:
            steps = probe(user)
            next(steps)
            before = self.checksum()
            # As in a new request: nothing the preparation has read is at hand.
            self.env.invalidate_all()
            try:
                next(steps, None)
                return True
            except UserError as error:
                self.assertTrue(is_about_rights(error), error)
                self.assertEqual(self.checksum(), before, "refused too late")
                return False
            finally:
                point.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    # === AS A BROWSER === #

    def page(self, user, address):
        """Open a page as a user.

        :raise NotLetIn: when he is not let in
        """
        if user == self.users["public"]:
            self.authenticate(None, None)
        else:
            self.authenticate(user.login, user.login.ljust(8, "x"))
        page = self.url_open(address, allow_redirects=False)
        if page.status_code in (303, 403, 404):
            raise NotLetIn(f"{page.status_code} {page.headers.get('Location')}")
        self.assertEqual(page.status_code, 200, page.text)
        return page

    def wizard(self, user, action, **values):
        """Return the record of an action's dialog, made or changed as a form does."""
        model = self.env(user=user)[action["res_model"]]
        record = model.browse(action.get("res_id") or ())
        [saved] = self.rpc(user, record, "web_save", values, specification={})
        return model.browse(saved["id"])
