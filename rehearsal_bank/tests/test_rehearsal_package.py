"""How the program starts, where it can be imported from, what it imports."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import rehearsal_bank
from rehearsal_bank import clock, json_text, money

FOLDER = Path(rehearsal_bank.__file__).absolute().parent


def imports(path):
    """Every absolute module a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def test_the_customer_needs_no_bank():
    assert set(imports(FOLDER / "customer.py")) == {"urllib", "requests", "lxml"}


def test_can_be_reached_as_a_sub_package(tmp_path):
    parent = tmp_path / "odoo" / "addons" / "some_addon"
    parent.mkdir(parents=True)
    (parent / "__init__.py").write_text("")
    (parent / "rehearsal_bank").symlink_to(FOLDER)
    code = (
        "from odoo.addons.some_addon.rehearsal_bank.__main__ import make_bank\n"
        "from odoo.addons.some_addon.rehearsal_bank.server import Server\n"
        "import sys, threading, urllib.request\n"
        "server = Server(make_bank('small'))\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "url = server.address + '/_control/state'\n"
        "assert b'Driftskonto' in urllib.request.urlopen(url).read()\n"
        "server.shutdown()\n"
        "assert 'rehearsal_bank' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def start(*options):
    """Start the program; returns the process."""
    command = [sys.executable, "-m", "rehearsal_bank", *options]
    return subprocess.Popen(
        command,
        cwd=FOLDER.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(rehearsal_bank.__file__).parents[1])},
    )


def test_says_when_it_is_ready():
    began = time.monotonic()
    with start("--port", "0", "--seed", "demo") as process:
        line = process.stdout.readline()
        assert line.startswith("rehearsal bank ready on http://127.0.0.1:")
        # a second on a quiet machine
        assert time.monotonic() - began < 4
        process.terminate()
        assert process.stdout.read() == ""


def test_unknown_seed_is_a_clear_error():
    with start("--port", "0", "--seed", "nope") as process:
        _out, err = process.communicate(timeout=10)
    assert process.returncode != 0
    assert err.startswith("rehearsal bank: no such seed: nope")


def test_money_and_time_without_floats():
    assert money.to_minor("-1234.5", "DKK") == -123450
    assert money.amount_text(-5, "DKK") == "-0.05"
    assert money.amount_text(7, "JPY") == "7"
    assert json_text.dumps({"a": money.to_decimal(123450, "DKK")}) == b'{"a": 1234.5}'
    assert str(json_text.loads(b"[0.1]")[0]) == "0.1"
    late = clock.parse_instant("2018-12-31T23:59:59.999999999Z")
    assert late.isoformat() == "2018-12-31T23:59:59.999999+00:00"
    assert clock.instant_text(late) == "2018-12-31T23:59:59.9999990Z"
