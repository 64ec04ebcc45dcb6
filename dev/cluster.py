"""A private PostgreSQL: own folder, own socket, no port, no other's server.

It listens on a socket in a folder of mode 0700 and on nothing else, so no port
can be taken and nobody else can log in. fsync is off: everything in it can be
made again, and after a crash of the machine it is.
"""

import contextlib
import glob
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import locks
import places
from say import Stop, is_root, long_step, say, tail

ROLE = "odoo_dev"
LAYOUT = "1"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


def programs():
    """The folder of the newest installed PostgreSQL's programs (13 or newer)."""
    found = {}
    for path in glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        found[float(path.split("/")[4])] = Path(path).parent
    if not found or max(found) < 13:
        raise Stop("Odoo 19 needs PostgreSQL 13 or newer: install postgresql.")
    return found[max(found)]


class Cluster:
    """The cluster of one state folder. Use through running()."""

    def __init__(self, state, socket_dir):
        self.programs = programs()
        major = self.programs.parent.name
        self.folder = state / f"postgresql-{major}-{LAYOUT}"
        self.socket_dir = socket_dir
        self.log = state / "postgresql.log"
        self.start_lock = state / "start.lock"
        self.use_lock = state / "use.lock"

    def environment(self):
        """Environment for psql, createdb and the like."""
        return dict(os.environ, PGHOST=str(self.socket_dir), PGUSER=ROLE, PGPORT="5432")

    def run(self, program, *arguments, check=True):
        """Run one of PostgreSQL's client programs; returns its output."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if check and done.returncode:
            raise Stop(f"PostgreSQL: {program} failed: {done.stderr.strip()}")
        return done.stdout

    def sql(self, text, database="postgres"):
        """Run SQL; returns the rows as lists of strings."""
        out = self.run("psql", "-XqAtd", database, "-v", "ON_ERROR_STOP=1", "-c", text)
        return [line.split("|") for line in out.splitlines()]

    def answers(self):
        command = [self.programs / "pg_isready", "-q", "-h", self.socket_dir]
        return subprocess.run(command).returncode == 0

    def ensure_started(self):
        """Start the server unless it runs; True when it was started here."""
        with locks.exclusive(self.start_lock, "starting the database server"):
            if self.answers():
                return False
            if not (self.folder / "complete").exists():
                self._create()
            self._start()
            return True

    def stop(self):
        """Stop the server if it runs."""
        with locks.exclusive(self.start_lock):
            if (self.folder / "postmaster.pid").exists():
                self._as_owner("pg_ctl", "-D", self.folder, "-m", "fast", "stop")

    def _create(self):
        fresh = self.folder.with_name(self.folder.name + ".unfinished")
        for leftover in (fresh, self.folder):
            shutil.rmtree(leftover, ignore_errors=True)
        with long_step("Making a private PostgreSQL", "5 s"):
            self._owned(fresh)
            done = self._as_owner(
                *("initdb", "-D", fresh, "-U", ROLE, "-A", "trust", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--no-instructions", "--no-sync"),
            )
            if done.returncode:
                raise Stop(f"{tail(self.log)}PostgreSQL could not make its folder.")
            self._configure(fresh)
            (fresh / "complete").touch()
            fresh.rename(self.folder)

    def _configure(self, folder):
        with open(folder / "postgresql.conf", "a") as file:
            for name, value in SETTINGS.items():
                file.write(f"{name} = '{value}'\n")

    def _start(self):
        self._owned(self.socket_dir)
        self._drop_stale_pid_files()
        done = self._start_server()
        if done.returncode:
            say("The private PostgreSQL is damaged, it is made anew.")
            shutil.rmtree(self.folder)
            self._create()
            done = self._start_server()
        if done.returncode:
            raise Stop(f"{tail(self.log)}PostgreSQL did not start (log: {self.log}).")

    def _start_server(self):
        options = f"-k '{self.socket_dir}' -p 5432"
        return self._as_owner(
            *("pg_ctl", "-D", self.folder, "-w", "-t", "120", "-s"),
            *("-l", self.log, "-o", options, "start"),
        )

    def _drop_stale_pid_files(self):
        """Remove pid files that a killed server left, when its pid is not ours.

        PostgreSQL does so itself unless the pid belongs to a new process now.
        """
        lock_name = ".s.PGSQL.5432.lock"
        for path in (self.folder / "postmaster.pid", self.socket_dir / lock_name):
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int(path.read_text().split()[0])
                if not _is_postgres(pid, self.folder):
                    path.unlink()

    def _owned(self, folder):
        """Make a folder that only the server's user (and root) may enter."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_root():
            owner = _server_user()
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        elif folder.stat().st_uid != os.geteuid():
            raise Stop(f"The folder {folder} belongs to somebody else; remove it.")

    def _as_owner(self, program, *arguments):
        """Run a server program as the user who owns the cluster."""
        options = {}
        if is_root():
            owner = _server_user()
            options = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            self.log.touch()
            os.chown(self.log, owner.pw_uid, owner.pw_gid)
        with open(self.log, "ab") as file:
            return subprocess.run(
                [self.programs / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd="/",
                start_new_session=True,
                **options,
            )


def _server_user():
    """Whom to run the server as when we are root: Debian's postgres user."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Stop("There is no user postgres to run the database server as.")


def _is_postgres(pid, folder):
    """Is this pid a PostgreSQL server of this folder?"""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return bool(re.search(r"postgres", command)) and str(folder) in command


def the_cluster():
    return Cluster(places.state(), places.socket_dir())


@contextlib.contextmanager
def running():
    """The cluster, started when needed.

    Whoever started it stops it at the end, unless somebody else uses it then.
    """
    cluster = the_cluster()
    in_use = locks.hold_shared(cluster.use_lock)
    try:
        started = cluster.ensure_started()
        try:
            yield cluster
        finally:
            if started and locks.only_holder(in_use):
                cluster.stop()
    finally:
        os.close(in_use)


def sweep_forgotten():
    """Stop and remove clusters whose cache folder was thrown away."""
    for folder in places.forgotten_states():
        old = Cluster(folder, folder / "socket")
        if not locks.is_free(old.use_lock):
            continue
        old.stop()
        shutil.rmtree(folder, ignore_errors=True)
