"""What the processes of a run cost, seen from outside."""

import os

import psutil

from run_soak import MemoryWatch


class Watch(MemoryWatch):
    """Memory and processor of a server, its children, and more processes beside it."""

    def __init__(self, pid, *more):
        super().__init__(pid)
        self.more = [psutil.Process(each) for each in more]

    def now(self):
        """Seconds of processor time used up to now, by process."""
        children = self.parent.children(recursive=True)
        used = {}
        for process in [self.parent, *children, *self.more]:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            used[process.pid] = times.user + times.system
        return used


def database_processes(server, name):
    """The ids of PostgreSQL's processes for a database."""
    query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}'"
    return [int(pid) for (pid,) in server.sql(query)]


def spent(before, after):
    """Seconds between two looks. Who ended meanwhile counts up to the first."""
    return sum(max(0.0, used - before.get(pid, 0.0)) for pid, used in after.items())


def processors():
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
