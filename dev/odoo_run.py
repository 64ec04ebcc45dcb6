"""How Odoo is called: configuration, environment, command."""

import os
import re
import socket
import sys

import cluster
import odoo_tree
import places

SUBCOMMAND = re.compile(r"[a-z]")


def free_port():
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def addons_path(*more):
    """The value of addons_path: Odoo's own folders, ours, and more."""
    own = odoo_tree.addons_paths(odoo_tree.find())
    return ",".join(str(path) for path in (*own, places.addons_link(), *more))


def addons_argument(*more):
    """The argument for a command that needs more folders of add-ons."""
    return f"--addons-path={addons_path(*more)}"


def addons_argument_of(folder):
    """The argument for a command that gets our add-on from a folder, as it was once."""
    own = odoo_tree.addons_paths(odoo_tree.find())
    return f"--addons-path={','.join(str(path) for path in (*own, folder))}"


def write_config():
    """Write the configuration file of this clone and this Odoo; its path."""
    tree = odoo_tree.find()
    values = {
        "addons_path": addons_path(),
        "data_dir": places.data_dir(),
        "db_host": places.socket_dir(),
        "db_port": 5432,
        "db_user": cluster.ROLE,
        "http_interface": "127.0.0.1",
        "without_demo": True,
    }
    lines = [f"{name} = {value}" for name, value in values.items()]
    name = f"odoo-{places.short_hash(places.ROOT, tree, places.state())}.conf"
    target = places.cache() / name
    fresh = target.with_name(f"{name}.{os.getpid()}")
    fresh.write_text("\n".join(["[options]", *lines, ""]))
    fresh.replace(target)
    return target


def environment():
    """Environment in which `odoo` is found and reads our configuration."""
    values = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    values["PYTHONPATH"] = str(odoo_tree.find())
    values["ODOO_RC"] = str(write_config())
    return values


def command(arguments):
    """The full command for Odoo arguments, and the port it got (or None)."""
    # Not `-m odoo`: it would put the current folder in front of everything.
    base = [sys.executable, str(places.DEV / "odoo_launch.py")]
    is_server = not arguments or not SUBCOMMAND.match(arguments[0])
    given = any(re.match(r"--http-port|-p$|--no-http", a) for a in arguments)
    if given or not (is_server or arguments[0] == "server"):
        return [*base, *arguments], None
    port = free_port()
    ports = [f"--http-port={port}", f"--gevent-port={free_port()}"]
    return [*base, *arguments, *ports], port
