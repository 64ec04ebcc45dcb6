"""Add-ons of the Odoo Community Association: to measure ourselves by, and to live with.

They are fetched from the package registry in pinned versions, into a folder of the
cache. Nothing of them is part of this repository.
"""

import os
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

import children
import locks
import odoo_run
import places
from say import Stop, long_step, tail

# Change this when the way of unpacking changes.
LAYOUT = "1"
IN_WHEEL = PurePosixPath("odoo/addons")


@dataclass(frozen=True)
class Pinned:
    """One version of an add-on, the SHA-256 of its wheel, and what it stands on."""

    version: str
    sha256: str
    needs: tuple = ()


PINNED = {
    "account_statement_base": Pinned(
        "19.0.1.0.1",
        "2805939415dab8eac0324be26d5f439c4d54e6de6cd704a9c97f186c10da24f8",
    ),
    "account_statement_import_base": Pinned(
        "19.0.1.0.0.8",
        "a3f5a98d4dfa109cb2c88a39564f42392ecde6db8958d225119e212371c7b0e8",
        ("account_statement_base",),
    ),
    "account_statement_import_online": Pinned(
        "19.0.1.0.3",
        "d0c471f50145f34d7f2e0f8f21f0f1b5d638b4b6b15d121bce4105aa7af97301",
        ("account_statement_import_base",),
    ),
    "account_reconcile_oca": Pinned(
        "19.0.1.1.1",
        "19dc68709c7b37fc98769b25deabaef437c39fba4e471ddb81b1e62d149e6b8f",
        ("account_statement_base",),
    ),
}


def with_needs(names):
    """The add-ons with all they stand on, in the order of their names."""
    wanted, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in PINNED:
            raise Stop(f"The add-on {name} has no pinned version in dev/oca.py.")
        wanted.add(name)
        waiting += [more for more in PINNED[name].needs if more not in wanted]
    return sorted(wanted)


def requirements(names):
    """What pip is asked for: one line an add-on, each with its hash."""
    return "".join(
        f"odoo-addon-{name}=={pinned.version} --hash=sha256:{pinned.sha256}\n"
        for name, pinned in ((name, PINNED[name]) for name in names)
    )


def addons(names):
    """A folder for addons_path that holds these add-ons and what they stand on.

    :param names: technical names, of those in PINNED
    :rtype: pathlib.Path
    """
    wanted = with_needs(names)
    text = requirements(wanted)
    folder = places.cache() / f"oca-{LAYOUT}-{places.short_hash(text)}"
    if not (folder / "complete").exists():
        lock = places.cache() / "oca.lock"
        with locks.exclusive(lock, "fetching add-ons of the community"):
            if not (folder / "complete").exists():
                _fetch(folder, wanted, text)
    return folder / "addons"


def argument(names, *more):
    """The argument for Odoo that adds them, and more folders, to our own add-ons."""
    return odoo_run.addons_argument(addons(names), *more)


def _fetch(target, names, text):
    """Fetch and unpack; all of it or nothing."""
    log = places.made(places.cache() / "logs") / "oca.log"
    shutil.rmtree(target, ignore_errors=True)
    fresh = target.with_name(f"{target.name}.unfinished-{os.getpid()}")
    wheels = places.made(fresh / "wheels")
    (fresh / "requirements.txt").write_text(text)
    with long_step(f"Fetching {len(names)} add-ons of the community", "5 s"):
        command = [
            *(sys.executable, "-m", "pip", "download", "-q", "--no-input"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
            *("-d", wheels, "-r", fresh / "requirements.txt"),
        ]
        if children.run_logged(command, log):
            shutil.rmtree(fresh, ignore_errors=True)
            raise Stop(
                f"{tail(log)}The add-ons of the community could not be fetched"
                f" (log: {log})."
            )
    for wheel in sorted(wheels.glob("*.whl")):
        unpack(wheel, fresh / "addons")
    if missing := [n for n in names if not (fresh / "addons" / n).is_dir()]:
        raise Stop(f"The wheels hold no add-on named {', '.join(missing)}.")
    shutil.rmtree(wheels)
    (fresh / "complete").write_text(text)
    fresh.rename(target)


def unpack(wheel, target):
    """Put the add-ons of a wheel into a folder; what else it holds is left out."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            inside = path.is_relative_to(IN_WHEEL) and ".." not in path.parts
            if entry.is_dir() or not inside:
                continue
            place = target / path.relative_to(IN_WHEEL)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(entry))
