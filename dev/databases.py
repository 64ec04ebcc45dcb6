"""Databases with their filestores: template, copies, clearing away."""

import contextlib
import os
import re
import secrets
import shutil

import children
import locks
import odoo_log
import odoo_run
import odoo_tree
import places
from say import Stop, long_step, tail

# What the template holds: core accounting with the Danish chart of accounts.
TEMPLATE_MODULES = "account,l10n_dk"
# Seconds after which a call of Odoo is hung and not slow.
ODOO_TIMEOUT = 1200


def filestore(name):
    return places.data_dir() / "filestore" / name


def exists(server, name):
    rows = server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
    return bool(rows)


def drop(server, name):
    """Drop a database (closing its connections) and its filestore."""
    server.run("dropdb", "--if-exists", "--force", name)
    shutil.rmtree(filestore(name), ignore_errors=True)


def copy(server, source, target):
    """Copy a database with its filestore; an asset without it breaks pages."""
    drop(server, target)
    if filestore(source).is_dir():
        shutil.copytree(filestore(source), filestore(target))
    server.run("createdb", "-T", source, target)
    server.sql(
        "UPDATE ir_config_parameter SET value = gen_random_uuid()"
        " WHERE key = 'database.uuid'",
        target,
    )


def template(server):
    """Name of the template database, made when it is missing."""
    key = odoo_tree.version_key(odoo_tree.find())
    name = f"template_{key}_{places.short_hash(TEMPLATE_MODULES)[:4]}"
    if not exists(server, name):
        lock = places.state() / "template.lock"
        with locks.exclusive(lock, "making the template database"):
            if not exists(server, name):
                _make_template(server, name)
    return name


def _make_template(server, name):
    fresh = f"unfinished_{name}"
    drop(server, fresh)
    log = places.cache() / "template.log"
    arguments = ["-d", fresh, "-i", TEMPLATE_MODULES, "--stop-after-init"]
    with long_step("Making a template database with Odoo", "1 to 3 minutes"):
        if call_odoo(arguments, log) != 0:
            raise Stop(f"{tail(log)}The template database failed (log: {log}).")
    if bad := odoo_log.bad_entries(log):
        raise Stop("\n".join([*bad, f"The template database failed (log: {log})."]))
    shutil.rmtree(filestore(name), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        filestore(fresh).rename(filestore(name))
    # PostgreSQL copies no database that somebody is connected to.
    server.sql(f"ALTER DATABASE {fresh} ALLOW_CONNECTIONS false")
    server.sql(f"ALTER DATABASE {fresh} RENAME TO {name}")


def call_odoo(arguments, log, stdin_text=None):
    """Run Odoo to its end, output into a log file; returns its exit code."""
    command, _port = odoo_run.command(arguments)
    with open(log, "wb") as file:
        return children.run(
            command,
            timeout=ODOO_TIMEOUT,
            stdin_text=stdin_text,
            stdout=file,
            stderr=file,
            env=odoo_run.environment(),
            cwd="/",
        )


class Run:
    """The databases of one test run, cleared away at its end.

    A lock file marks the run as alive; what a killed run left is cleared away
    by the next one.
    """

    def __init__(self, server):
        self.server = server
        self.runs = places.made(places.state() / "runs")
        self.name = f"run_{secrets.token_hex(4)}"

    def __enter__(self):
        self._sweep()
        self._handle = locks.hold_shared(self.runs / self.name)
        return self

    def __exit__(self, *_error):
        self._clear(self.name)
        os.close(self._handle)

    def database(self, purpose):
        """The name of one of this run's databases."""
        return f"{self.name}_{purpose}"

    def copy_of(self, source, purpose):
        """A fresh copy of a database for one purpose; its name."""
        target = self.database(purpose)
        copy(self.server, source, target)
        return target

    def _sweep(self):
        for marker in self.runs.iterdir():
            if locks.is_free(marker):
                self._clear(marker.name)

    def _clear(self, run):
        if not re.fullmatch(r"run_[0-9a-f]{8}", run):
            return
        rows = self.server.sql("SELECT datname FROM pg_database")
        for (name,) in rows:
            if name.startswith(run):
                drop(self.server, name)
        (self.runs / run).unlink(missing_ok=True)
