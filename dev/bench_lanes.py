"""Part e of ./dev/bench: many consents, a slow peer, more and more cron workers."""

import time

import psutil

from bench_figures import Spread, number, spread_from
from bench_watch import Watch, database_processes, processors, spent
from chaos_books import Books
from say import Stop, long_step, say

NOTES = (
    "A prefork Odoo; each answer of the rehearsal bank takes the latency more. All "
    "accounts are read once before, and due at the same moment; nothing is new.",
    "Ideal: latency × calls ÷ lanes, or the processor time of all processes (Odoo, "
    "PostgreSQL, the rehearsal bank) ÷ processors when that is more.",
)
EACH = 3  # accounts a consent
HISTORY = 3  # transactions an account
SETTLES = 15  # seconds in which a new server does what else is due
PATIENCE = 900


def measure(scene):
    """Read all accounts with so many lanes; the outcome for the JSON."""
    options = scene.options
    database = _connected(scene)
    found = {
        "notes": NOTES,
        "consents": options.consents,
        "accounts": options.consents * EACH,
        "latency_s": options.latency,
        "processors": processors(),
        "lanes": {},
    }
    for lanes in options.lanes:
        measured = [
            _round(scene, database, lanes) for _turn in range(options.lane_rounds)
        ]
        found["lanes"][lanes] = {
            name: Spread.of(each[name] for each in measured).as_json()
            for name in measured[0]
        }
    scene.drop(database)
    return found


def _connected(scene):
    """A database with all the consents, everything read and booked once."""
    scene.control("faults", method="DELETE")
    count = scene.options.consents
    database = scene.database("lanes")
    with scene.inside(database) as odoo:
        with long_step(f"Connecting {count} consents", f"{count // 3} s"):
            accounts = []
            for number_ in range(count):
                user = f"customer{number_}"
                for place in range(EACH):
                    name = f"Konto {number_}-{place}"
                    scene.bank_account(name, HISTORY, user=user, days=30)
                made = odoo.order("connect", bank=scene.bank, user=user)
                accounts += made["accounts"]
        with long_step(f"Reading {len(accounts)} accounts once", f"{count // 2} s"):
            wrong = odoo.order("fetch", accounts=accounts)["wrong"]
    if wrong:
        raise Stop(f"The accounts of part e could not be read: {', '.join(wrong)}.")
    return database


def _round(scene, database, lanes):
    """Let a server with so many lanes and workers read everything once."""
    with scene.inside(database) as odoo:
        jobs = odoo.order("set_lanes", lanes=lanes)
    with scene.prefork(database, f"--max-cron-threads={lanes}") as (_url, odoo, _log):
        time.sleep(SETTLES)
        watch = Watch(odoo.pid, scene.bank_process.pid)
        books = Books(scene.server, database)
        fault = {"endpoint": "*", "times": 0, "delay_seconds": scene.options.latency}
        scene.control("faults", fault)
        scene.control("requests", method="DELETE")
        try:
            told = _timed(scene, watch, books, database, jobs)
        finally:
            scene.control("faults", method="DELETE")
            books.close()
    calls = len(scene.control("requests")["requests"])
    best = ideal(scene.options.latency, calls, lanes, told["cpu_s"], processors())
    say(
        f"  {lanes} lanes: {told['wall_s']:.1f} s, {calls} calls, ideal {best:.1f} s,"
        f" {told['cpu_s']:.1f} s CPU"
    )
    return {**told, "calls": calls, "ideal_s": best, "ratio": told["wall_s"] / best}


def ideal(latency, calls, lanes, cpu, processors_):
    """The shortest time possible: what binds, the peer's latency or the processors."""
    return max(latency * calls / lanes, cpu / processors_)


def _timed(scene, watch, books, database, jobs):
    def processes():
        used = watch.now()
        for pid in database_processes(scene.server, database):
            times = psutil.Process(pid).cpu_times()
            used[pid] = times.user + times.system
        return used

    before, last = processes(), books.rows("SELECT MAX(id) FROM open_banking_fetch")
    began = time.monotonic()
    books.make_due_at_work(*jobs)
    scene.server.sql(f"SELECT pg_notify('cron_trigger', '{database}')")
    while books.waiting() or books.unfinished():
        if time.monotonic() - began > PATIENCE:
            raise Stop("The accounts of part e are not read in time.")
        time.sleep(0.1)
    wall = time.monotonic() - began
    bad = books.count("open_banking_fetch", f"id > {last[0][0]} AND state != 'done'")
    if bad:
        raise Stop(f"{bad} runs of part e did not end well.")
    return {"wall_s": wall, "cpu_s": spent(before, processes())}


def tables(found):
    """The table of part e."""
    head = ["lanes", "wall s", "calls", "ideal s", "wall / ideal", "x 1 lane", "CPU s"]
    first = next(iter(found["lanes"].values()))["wall_s"]["median"]
    rows = []
    for lanes, told in found["lanes"].items():
        cells = [
            spread_from(told[name]).text() for name in ("wall_s", "calls", "ideal_s")
        ]
        cells.append(f"{told['ratio']['median']:.2f}")
        cells.append(f"{first / told['wall_s']['median']:.2f}")
        rows.append([lanes, *cells, number(told["cpu_s"]["median"])])
    title = (
        f"{found['consents']} consents, {found['accounts']} accounts, a peer that"
        f" answers in {found['latency_s'] * 1000:.0f} ms, {found['processors']}"
        " processors"
    )
    yield title, head, rows
