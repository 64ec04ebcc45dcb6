"""A database server of our own, to be killed, filled up and crowded."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg2

import cluster
from say import Stop

SPARE = 24  # megabytes
# As in production: what Odoo was told is committed is on the disk.
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


class Victim:
    """The server under attack; see `cluster.Cluster`."""

    def __init__(self, server):
        self.server = server
        for name in DURABLE:
            server.sql(f"ALTER SYSTEM SET {name} = on")
        server.sql("SELECT pg_reload_conf()")
        server.sql("CHECKPOINT")

    def kill(self):
        """SIGKILL to the server and all its processes, and start it again."""
        parent = int((self.server.folder / "postmaster.pid").read_text().split()[0])
        os.kill(parent, signal.SIGSTOP)  # it shall have no more children
        everyone = [parent, *_children(parent)]
        for pid in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _gone(everyone)
        self.server.ensure_started()

    @contextlib.contextmanager
    def crowded(self, name):
        """All connections that the server allows are taken."""
        taken = []
        try:
            with contextlib.suppress(psycopg2.OperationalError):
                while True:
                    taken.append(self.connect(name))
            yield len(taken)
        finally:
            for connection in taken:
                connection.close()

    def connect(self, name):
        """One more connection."""
        return psycopg2.connect(
            host=str(self.server.socket_dir), port=5432, user=cluster.ROLE, dbname=name
        )


class SmallDisk:
    """A disk of a few megabytes for one table. Only root can have one."""

    def __init__(self, victim, name, table, folder):
        self.victim, self.name, self.table = victim, name, table
        self.folder = Path(folder) / "small-disk"
        self.filler = self.folder / "filler"

    def __enter__(self):
        self._tidy_up()
        self.folder.mkdir(exist_ok=True)
        options = f"size={self._size()}m,mode=777"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            raise Stop(f"No small disk can be made: {done.stderr.strip()}")
        place = self.folder / "table"
        self.victim.server._owned(place)
        sql = self.victim.server.sql
        sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        sql(f"ALTER TABLE {self.table} SET TABLESPACE small", self.name)
        return self

    def _size(self):
        """Megabytes: the table as it is, and some for a start."""
        query = f"SELECT pg_table_size('{self.table}') / 1048576"
        return int(self.victim.server.sql(query, self.name)[0][0]) + SPARE

    def fill(self):
        """Leave no room."""
        piece = b"x" * 65536
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            while True:
                file.write(piece)

    def clear(self):
        self.filler.unlink(missing_ok=True)

    def __exit__(self, *_error):
        self.clear()
        alter = f"ALTER TABLE {self.table} SET TABLESPACE pg_default"
        self.victim.server.sql(alter, self.name)
        self._tidy_up()

    def _tidy_up(self):
        """Also what a run that was broken off has left."""
        self.victim.server.sql("DROP TABLESPACE IF EXISTS small")
        if self.folder.is_mount():
            subprocess.run(["umount", self.folder], check=True)


def _children(parent):
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(parent).children(recursive=True)]
    return []


def _gone(pids):
    end = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and not _is_zombie(pid) for pid in pids):
        if time.monotonic() > end:
            raise Stop("PostgreSQL did not die.")
        time.sleep(0.05)


def _is_zombie(pid):
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True
