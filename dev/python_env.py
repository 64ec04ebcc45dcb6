"""The virtual environment with what Odoo and the tests need."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import children
import places
from say import Stop, long_step, tail

REQUIREMENTS = (
    places.DEV / "requirements-odoo.txt",
    places.DEV / "requirements-test.txt",
)
NEEDED_BY = {
    "run_odoo": ("psycopg2", "lxml", "werkzeug"),
    "run_demo": ("psycopg2", "lxml", "werkzeug", "websocket"),
    "run_soak": ("psycopg2", "lxml", "werkzeug", "psutil"),
    "run_bench": ("psycopg2", "lxml", "werkzeug", "psutil"),
    "run_chaos": ("psycopg2", "lxml", "werkzeug", "psutil"),
    "run_refresh": ("psycopg2", "lxml", "werkzeug"),
    "run_webhooks": ("psycopg2", "lxml", "werkzeug"),
    "run_fuzz": ("psycopg2", "lxml", "werkzeug"),
    "run_year": ("psycopg2", "lxml", "werkzeug", "freezegun"),
    "run_screenshots": ("psycopg2", "lxml", "werkzeug", "websocket"),
    "run_translations": ("psycopg2", "lxml", "werkzeug", "polib"),
    "run_tests": (
        *("psycopg2", "lxml", "werkzeug", "websocket"),
        *("pytest_odoo", "hypothesis", "ruff", "pylint_odoo"),
        *("coverage", "oca_pre_commit_hooks", "vulture"),
    ),
}


def own_python(module):
    """The interpreter named by ODOO_PYTHON (checked), or None."""
    own = os.environ.get("ODOO_PYTHON")
    if not own:
        return None
    path = shutil.which(own)
    if not path:
        raise Stop(f"ODOO_PYTHON={own} is not a program that can be run.")
    names = NEEDED_BY[module]
    check = (
        "import importlib.util as u, sys; "
        "print(*[n for n in sys.argv[1:] if not u.find_spec(n)])"
    )
    done = subprocess.run([path, "-c", check, *names], capture_output=True, text=True)
    if done.returncode or done.stdout.strip():
        lacks = done.stdout.strip() or "a working Python"
        raise Stop(
            f"ODOO_PYTHON={own} lacks {lacks}: install dev/requirements-odoo.txt and"
            " dev/requirements-test.txt into it, or unset ODOO_PYTHON."
        )
    return Path(path)


def folder():
    """The environment's folder: another Python or requirement, another folder."""
    wanted = [path.read_text() for path in REQUIREMENTS]
    name = f"venv-{places.short_hash(sys.version, sys.base_prefix, *wanted)}"
    return places.cache() / name


def find():
    """The environment's interpreter when it is complete, else None."""
    ready = folder() / "complete"
    python = folder() / "bin" / "python"
    return python if ready.exists() and python.exists() else None


def build(log):
    """Build the environment.

    It is built in its final place, since its scripts hold their own path; the
    file `complete`, written last, tells a finished one from a broken one.
    """
    target = folder()
    shutil.rmtree(target, ignore_errors=True)
    files = [flag for path in REQUIREMENTS for flag in ("-r", path)]
    with long_step("Installing Python packages", "1 to 3 minutes"):
        _run([sys.executable, "-m", "venv", target], log)
        python = target / "bin" / "python"
        _run([python, "-m", "pip", "install", "-q", "--no-input", *files], log)
    (target / "complete").touch()


def _run(command, log):
    if children.run_logged(command, log):
        raise Stop(f"{tail(log)}Python packages could not be set up (log: {log}).")
