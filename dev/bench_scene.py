"""Where ./dev/bench takes place: databases, Odoo's processes, the rehearsal bank."""

import base64
import contextlib
import secrets

import requests

import bench_process
import children
import databases
import demo_story
import oca
import odoo_run
import places
from bench_names import CALLBACK, CLIENT, COMPANY, CUSTOMER
from say import Stop, long_step, tail

BENCH_ADDONS = places.DEV / "bench_addons"
RIVAL = "account_statement_import_online"
RIVAL_MODULES = f"{RIVAL},bench_online_provider"
# Tokens that outlive the run: none is renewed while something is measured.
BANK_SETTINGS = {
    "access_token_seconds": 10**7,
    "auto_webhooks": False,
    "max_page_size": 500,
}


class Scene:
    """One run of the benchmark: what all its parts share."""

    def __init__(self, server, run, folder, servers, options):
        self.server, self.run, self.folder = server, run, folder
        self.servers, self.options = servers, options
        servers.logs = folder
        self.bank = servers.bank()
        self.bank_process = servers.started[-1][1]
        # One key for all databases, so that their copies can read what is in them.
        self.key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.reset_bank()

    def reset_bank(self):
        """Forget what is at the bank."""
        self.control("reset", {"seed": "empty"})
        self.control("settings", BANK_SETTINGS)

    def control(self, name, body=None, method=None):
        """Use the rehearsal bank's control desk."""
        return demo_story.control(self.bank, name, body, method)

    def bank_account(self, name, rows, **more):
        """Let the bank have an account; its name."""
        body = {"name": name, "owner": COMPANY, "transactions": rows}
        self.control("accounts", {**body, **more})
        return name

    def access(self, name):
        """A consent to an account for a program of ours: address, account, token."""
        body = {"accounts": [name], "redirect_uri": CALLBACK, **CUSTOMER}
        given = self.control("consents/give", body)
        answer = requests.post(
            f"{self.bank}/v1/oauth/token",
            json={"grant_type": "authorization_code", "code": given["code"]},
            auth=CLIENT,
            timeout=60,
        )
        answer.raise_for_status()
        token = answer.json()["access_token"]
        accounts = requests.get(
            f"{self.bank}/v1/accounts",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        ).json()["accounts"]
        return {"address": self.bank, "account": accounts[0]["id"], "token": token}

    def database(self, purpose, modules=places.ADDON, prepared=True):
        """A fresh database with these modules, ready for its company; its name."""
        name = self.run.copy_of(databases.template(self.server), purpose)
        if modules:
            self._install(name, modules)
        if prepared:
            with self.inside(name) as odoo:
                odoo.order("prepare", bank=self.bank)
        return name

    def _install(self, name, modules):
        log = self.folder / f"{name}-install.log"
        arguments = ["-d", name, "-i", modules, "--stop-after-init", *self._more()]
        with long_step(f"Installing {modules}", "15 s"):
            if databases.call_odoo(arguments, log) != 0:
                raise Stop(f"{tail(log)}{modules} could not be installed (log: {log}).")

    def _more(self):
        """The argument that lets every process see the rival's add-ons."""
        return [oca.argument([RIVAL], BENCH_ADDONS)]

    def copy(self, source, purpose):
        """A copy of a connected database that goes on talking to the bank."""
        name = self.run.copy_of(source, purpose)
        with self.inside(name) as odoo:
            odoo.order("move_in")
        return name

    def inside(self, name):
        """Odoo at work on a database, as a context manager."""
        return bench_process.Inside(name, self.folder, *self._more(), key=self.key)

    def drop(self, *names):
        """Give the space of databases back."""
        for name in names:
            databases.drop(self.server, name)

    def sql(self, name, text):
        """Run SQL in a database."""
        return self.server.sql(text, name)

    @contextlib.contextmanager
    def prefork(self, name, *arguments):
        """A prefork Odoo as in production; its address, process and log."""
        port = odoo_run.free_port()
        environment = {"OPEN_BANKING_KEY": self.key}
        address = self.servers.odoo(
            name, port, "--workers=2", *arguments, environment=environment
        )
        started = self.servers.started[-1]
        try:
            yield address, started[1], started[2]
        finally:
            self.servers.started.remove(started)
            children.stop(started[1])
