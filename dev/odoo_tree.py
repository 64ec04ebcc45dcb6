"""Odoo 19: yours (ODOO_HOME), or fetched from Debian into the cache folder."""

import os
import re
import shutil
from pathlib import Path

import children
import debian
import places
from say import Stop, long_step, tail

# The tree has relative links into these packages; without them every page is
# an error 500. Nothing is installed on the machine, only unpacked.
PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-font-awesome",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
)
# Debian's unstable suite is where the package lives.
SUITE = "sid"
# Change this when the way of unpacking changes.
LAYOUT = "1"
# Debian leaves this file out; without it the browser logs an error on every
# page, which fails every browser test.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
IN_PACKAGE = "usr/lib/python3/dist-packages"


def find():
    """The folder that holds the Python package `odoo`, or None."""
    if own := os.environ.get("ODOO_HOME"):
        return _own_tree(Path(own).expanduser().absolute())
    folder = fetched_folder()
    return folder / IN_PACKAGE if (folder / "complete").exists() else None


def fetched_folder():
    return places.cache() / f"odoo-19-{LAYOUT}"


def _own_tree(home):
    for folder in (home, home / IN_PACKAGE, home / "dist-packages"):
        if (folder / "odoo" / "release.py").is_file():
            _must_be_19(folder)
            return folder
    raise Stop(
        f"ODOO_HOME={home} holds no Odoo: give a source checkout (with odoo-bin and"
        " addons) or an unpacked Debian package."
    )


def _must_be_19(folder):
    text = (folder / "odoo" / "release.py").read_text()
    found = re.search(r"version_info\s*=\s*\((\d+)", text)
    if not found or found[1] != "19":
        series = found[1] if found else "unknown"
        raise Stop(f"ODOO_HOME holds Odoo {series}; this add-on needs Odoo 19.")


def addons_paths(tree):
    """The folders of Odoo's own add-ons besides odoo/addons itself."""
    beside = tree / "addons"
    return [beside] if (beside / "account").is_dir() else []


def version_key(tree):
    """A short text that changes when another Odoo is used."""
    release = tree / "odoo" / "release.py"
    head = tree / ".git" / "logs" / "HEAD"
    stamps = [path.stat().st_mtime_ns for path in (release, head) if path.exists()]
    return places.short_hash(tree, *stamps)


def fetch(log):
    """Fetch and unpack Odoo into the cache folder; all of it or nothing."""
    target = fetched_folder()
    for leftover in target.parent.glob(f"{target.name}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own: a program of a killed run may still write into the last.
    fresh = target.with_name(f"{target.name}.unfinished-{os.getpid()}")
    downloads = places.made(fresh / "downloads")
    with long_step("Fetching Odoo 19 from Debian (125 MB)", "10 s to 2 minutes"):
        _download(downloads, fresh / "apt", log)
    with long_step("Unpacking Odoo 19 (1.2 GB)", "10 to 30 s"):
        for package in sorted(downloads.glob("*.deb")):
            _unpack(package, fresh, log)
    empty = fresh / IN_PACKAGE / "odoo" / "addons" / LEFT_OUT
    if not empty.exists():
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.touch()
    versions = "\n".join(path.name for path in sorted(downloads.glob("*.deb")))
    shutil.rmtree(downloads)
    shutil.rmtree(fresh / "apt", ignore_errors=True)
    (fresh / "complete").write_text(versions + "\n")
    fresh.rename(target)


def _download(downloads, apt_folder, log):
    if not shutil.which("apt-get"):
        raise Stop(
            "Odoo 19 is fetched with apt-get, which this machine has not;"
            " set ODOO_HOME to an Odoo 19 source checkout instead."
        )
    addresses = debian.mirrors()
    if not addresses:
        raise Stop(
            "The apt sources of this machine name no Debian mirror to fetch Odoo 19"
            " from; set ODOO_HOME to an Odoo 19 source checkout instead."
        )
    for address in addresses:
        apt = debian.PrivateApt(apt_folder, address, SUITE, log)
        if apt.download(PACKAGES, downloads):
            return
    raise Stop(
        f"{tail(log)}Odoo 19 could not be fetched from this machine's Debian mirror"
        f" (whole log: {log}); check the network, or set ODOO_HOME to an Odoo 19."
    )


def _unpack(package, target, log):
    if children.run_logged(["dpkg", "-x", package, target], log):
        raise Stop(f"{tail(log)}{package.name} could not be unpacked (log: {log}).")
