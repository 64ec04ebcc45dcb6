"""./dev/odoo: the prepared Odoo 19 with the arguments you give.

    ./dev/odoo -d mine -i account_mastercard_open_banking --stop-after-init
    ./dev/odoo shell -d mine
    ./dev/odoo --new mine             a fresh database with account and l10n_dk
    ./dev/odoo --psql mine            psql on one of its databases
    ./dev/odoo --print-config         path of the configuration file in use
    ./dev/odoo --drop mine            drop a database and its filestore
    ./dev/odoo --stop-database        stop the private PostgreSQL

A free port is taken unless you give --http-port. The private PostgreSQL stays
up afterwards. Everything else goes to Odoo: see ./dev/odoo --help-odoo.
"""

import os
import sys

import cluster
import databases
import locks
import odoo_run
from say import run_main, say


def start_database():
    """Start the cluster, marked as in use until Odoo's last process ends."""
    database_server = cluster.the_cluster()
    locks.hold_shared(database_server.use_lock, inherit=True)
    database_server.ensure_started()
    return database_server


def main():
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else None
    if first in ("-h", "--help"):
        print(__doc__.strip())
    elif first == "--stop-database":
        cluster.the_cluster().stop()
    elif first == "--print-config":
        print(odoo_run.write_config())
    elif first == "--psql":
        server = start_database()
        program = server.programs / "psql"
        os.execve(program, [program, *arguments[1:]], server.environment())
    elif first == "--drop":
        for name in arguments[1:]:
            databases.drop(start_database(), name)
    elif first == "--new":
        server = start_database()
        for name in arguments[1:]:
            databases.copy(server, databases.template(server), name)
    else:
        start_database()
        _become_odoo(["--help" if a == "--help-odoo" else a for a in arguments])


def _become_odoo(arguments):
    command, port = odoo_run.command(arguments)
    if port:
        say(f"Odoo's address: http://127.0.0.1:{port}")
    os.execve(command[0], command, odoo_run.environment())


if __name__ == "__main__":
    run_main(main)
