"""A warm Odoo whose forks import: run with Odoo's environment, obeys JSON lines.

Odoo's own prefork server does the same: it loads the registry once, and each worker
is a fork with database connections of its own. An order is {"do": a name of ORDERS,
"told": a file for what the fork has to tell, ...}; the answer is the fork's pid.
"""

import ctypes
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from odoo import api, sql_db
from odoo.modules.registry import Registry
from odoo.service import model as service_model
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

PR_SET_PDEATHSIG = 1
CRON = "account_mastercard_open_banking.ir_cron_fetch"
ACCOUNT = "open.banking.account"
CONSENT = "open.banking.consent"


def words(env, code):
    """The add-on's sentence for a code; it can be imported when Odoo is loaded."""
    from odoo.addons.account_mastercard_open_banking.models.error_words import words

    return words(env, code)


def _time_is_up(*_signal):
    """As a cron worker of Odoo does: an exception wherever it is."""
    raise Exception("CPU time limit exceeded.")


def work(registry, jobs):
    """Do what a cron worker does, for ever: run these jobs when they are ready."""
    signal.signal(signal.SIGXCPU, _time_is_up)
    while True:
        with sql_db.db_connect(registry.db_name).cursor() as cr:
            registry["ir.cron"]._process_jobs_loop(cr, job_ids=jobs)
        time.sleep(0.02)


def press(registry):
    """Press the button, as a call of the web client does."""
    return _as_a_call(registry, lambda env: _accounts(env).action_fetch_now())


def tell(registry):
    """Call for all accounts, as a message of the bank does."""
    return _as_a_call(registry, lambda env: _accounts(env)._fetch_soon())


def second_lane(registry):
    """Add a second scheduled job, so that two workers import at once; its id."""
    return _as_a_call(registry, lambda env: env.ref(CRON).copy().id)


def wordless(registry, codes):
    """How many of these error codes have no sentence of their own."""
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        unknown = words(env, "unknown")
        return sum(words(env, code) in ("", unknown) for code in codes)


def rush(registry, way, at, late, consent):
    """Want new tokens for a consent at a given moment; see refresh_rush.py."""
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        consent = env[CONSENT].browse(consent)
        if way == "looked_before":
            consent.read(["state"])  # the transaction looks at the past from here on
        time.sleep(max(at + late - time.time(), 0))
        if way == "keep_alive":
            return env[CONSENT]._cron_keep_alive()
        if way == "fetch":
            return env[ACCOUNT]._cron_fetch()
        return int(consent.sudo()._keep_alive())


def _accounts(env):
    return env[ACCOUNT].search([("journal_id", "!=", False)])


def _bookkeeper(cr):
    """The user of the demonstration who may fetch."""
    root = api.Environment(cr, api.SUPERUSER_ID, {})
    return root["res.users"].search([("login", "=", "admin")]).id


def _as_a_call(registry, act):
    """Do something as Odoo does a call from outside: repeated when rows are busy."""
    with registry.cursor() as cr:
        env = api.Environment(cr, _bookkeeper(cr), {})
        return service_model.retrying(lambda: act(env), env)


ORDERS = {
    "work": work,
    "press": press,
    "tell": tell,
    "second_lane": second_lane,
    "rush": rush,
    "wordless": wordless,
}


def _obey(registry, order):
    """Carry an order out, and write down how long it took and what went wrong."""
    action, target = ORDERS[order.pop("do")], order.pop("told", None)
    told = {"error": ""}
    started = time.monotonic()
    try:
        outcome = action(registry, **order)
        told["outcome"] = outcome if isinstance(outcome, int) else None
    except Exception as error:
        traceback.print_exc()
        told["error"] = f"{type(error).__name__}: {error}"
    told["seconds"] = time.monotonic() - started
    if target:
        fresh = Path(f"{target}.new")
        fresh.write_text(json.dumps(told))
        fresh.replace(target)


def _fork(registry, order):
    pid = os.fork()
    if pid:
        return pid
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        random.seed()
        threading.current_thread().dbname = registry.db_name
        _obey(registry, order)
    finally:
        os._exit(0)


def main():
    name = sys.argv[1]
    config.parse_config(["-d", name, "--no-http"], setup_logging=True)
    load_server_wide_modules()
    registry = Registry(name)
    sql_db.close_all()  # no fork may use a connection of ours
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"pid": _fork(registry, json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
