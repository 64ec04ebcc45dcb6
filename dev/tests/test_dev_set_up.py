"""The parts of the set-up that meet many kinds of machines."""

import os
import subprocess
import sys

import pytest

import cluster
import databases
import debian
import locks
import odoo_log
import odoo_tree
import test_steps
from say import Stop

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/x.gpg] https://one.example/debian/ trixie main
deb http://security.example/debian-security trixie-security main
deb http://other.example/cloud-sdk cloud main
"""


@pytest.fixture
def etc_apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_mirrors_come_from_both_kinds_of_source_files(etc_apt):
    (etc_apt / "sources.list").write_text(ONE_LINE)
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    (etc_apt / "sources.list.d" / "old.list.disabled").write_text(
        "deb http://disabled.example/debian sid main\n"
    )
    assert debian.mirrors(etc_apt) == [
        "https://one.example/debian/",
        "http://mirror.example/debian",
    ]


def test_a_machine_without_sources_has_no_mirror(etc_apt):
    assert debian.mirrors(etc_apt) == []


LOG = """\
output of something else
2026-01-02 03:04:05,678 12 INFO db odoo.x: fine
2026-01-02 03:04:06,678 12 WARNING db odoo.y: not fine
  and its second line
2026-01-02 03:04:07,678 12 ERROR db odoo.t.browser: Error received after termination: x
2026-01-02 03:04:08,678 12 ERROR ? odoo.z: bad
"""


def test_bad_entries_have_all_their_lines(tmp_path):
    log = tmp_path / "odoo.log"
    log.write_text(LOG)
    first, second = odoo_log.bad_entries(log)
    assert first.endswith("not fine\n  and its second line")
    assert second.endswith("odoo.z: bad")


def test_an_empty_or_missing_log_has_no_entries(tmp_path):
    (tmp_path / "empty").write_text("")
    assert odoo_log.bad_entries(tmp_path / "empty") == []
    assert odoo_log.bad_entries(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "release, sentence",
    [("version_info = (18, 0, 0)", "holds Odoo 18"), (None, "holds no Odoo")],
)
def test_another_odoo_is_refused(tmp_path, monkeypatch, release, sentence):
    monkeypatch.setenv("ODOO_HOME", str(tmp_path))
    if release:
        (tmp_path / "odoo").mkdir()
        (tmp_path / "odoo" / "release.py").write_text(release)
    with pytest.raises(Stop, match=sentence):
        odoo_tree.find()


def test_a_lock_ends_with_its_holder(tmp_path):
    path = tmp_path / "lock"
    hold = f"import locks, sys; locks.hold_shared({str(path)!r}); print(1, flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{hold}; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=os.path.dirname(locks.__file__)),
    )
    assert child.stdout.readline()
    assert not locks.is_free(path)
    child.kill()
    child.communicate()
    assert locks.is_free(path)


def test_pid_files_of_killed_servers_go_and_those_of_living_ones_stay(tmp_path):
    server = cluster.Cluster(tmp_path, tmp_path / "socket")
    server.folder.mkdir()
    pid_file = server.folder / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    server._drop_stale_pid_files()
    assert not pid_file.exists()
    code = "print(1, flush=True); input()"
    lives = [sys.executable, "-c", code, "postgres", "-D", str(server.folder)]
    child = subprocess.Popen(lives, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline()
    pid_file.write_text(f"{child.pid}\n")
    server._drop_stale_pid_files()
    child.communicate(b"\n")
    assert pid_file.exists()


JUNIT = """\
<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="oh"/></testcase>
<testcase classname="a" name="left"><skipped message="why"/></testcase>
</testsuite></testsuites>
"""


def test_pytest_results_are_counted_and_skipped_ones_are_not(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(JUNIT)
    bench = test_steps.Bench(None, tmp_path)
    assert test_steps._count(bench, "pure", report) == 3
    assert bench.passed == 1
    assert bench.failures == [("pure a::bad", "no"), ("pure a::broken", "oh")]


def test_only_names_of_runs_are_cleared_away():
    class Server:
        def sql(self, _text):
            raise AssertionError("a folder of another name was taken for a run")

    run = databases.Run.__new__(databases.Run)
    run.server = Server()
    run._clear("demo_1")
