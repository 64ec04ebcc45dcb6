"""Sets up whatever is missing, then prints the interpreter to go on with.

Usage: prepare.py MODULE. It runs on the machine's own Python, before the
virtual environment exists: standard library only, here and in what it imports.
"""

import shutil
import sys

import cluster
import debian
import locks
import odoo_tree
import places
import python_env
from say import Stop, run_main

# Odoo unpacked, its package, the Python packages, databases.
NEEDED_SPACE = 4 * 1024**3
WITHOUT_BROWSER = {"run_odoo", "run_translations"}


def missing_steps(module):
    """The set-up steps still to do, as a list of callables."""
    log = places.cache() / "set-up.log"
    fetch_odoo = odoo_tree.find() is None
    with_browser = module not in WITHOUT_BROWSER
    packages = debian.missing_packages(with_browser, fetch_odoo)
    steps = []
    if packages:
        steps.append(lambda: debian.install(packages, log))
    if fetch_odoo:
        steps.append(lambda: odoo_tree.fetch(log))
    if not python_env.own_python(module) and not python_env.find():
        steps.append(lambda: python_env.build(log))
    return steps


def check_space():
    free = shutil.disk_usage(places.cache()).free
    if free < NEEDED_SPACE:
        raise Stop(
            f"The set-up needs {NEEDED_SPACE / 1e9:.0f} GB below {places.cache()},"
            f" and {free / 1e9:.1f} GB are free."
        )


def main():
    module = sys.argv[1]
    if missing_steps(module):
        with locks.exclusive(places.cache() / "set-up.lock", "setting things up"):
            steps = missing_steps(module)
            if steps:
                check_space()
            for step in steps:
                step()
    cluster.sweep_forgotten()
    print(python_env.own_python(module) or python_env.find())


if __name__ == "__main__":
    run_main(main)
