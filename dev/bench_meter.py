"""What a piece of work costs inside Odoo: seconds, processor, queries."""

import gc
import time

import psutil
from odoo import sql_db


def database_cpu(cr):
    """Seconds of processor time of PostgreSQL's processes for this database.

    They sleep between two pieces of work and are not ours, so they are looked at.
    """
    cr.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    used = {}
    for (pid,) in cr.fetchall():
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        used[pid] = times.user + times.system
    return used


class Meter:
    """Measures what is done while it is open; see `cost` afterwards."""

    def __init__(self, cr):
        self.cr = cr
        self.cost = {}

    def __enter__(self):
        gc.collect()
        self._database = database_cpu(self.cr)
        self._queries = sql_db.sql_counter
        self._cpu = time.process_time()
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_error):
        wall = time.perf_counter() - self._began
        cpu = time.process_time() - self._cpu
        queries = sql_db.sql_counter - self._queries
        now = database_cpu(self.cr)
        spent = sum(used - self._database.get(pid, 0) for pid, used in now.items())
        self.cost = {"wall": wall, "cpu": cpu, "database_cpu": spent, "sql": queries}
