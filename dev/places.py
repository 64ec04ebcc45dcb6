"""Where things live.

Heavy things live outside the working tree, so that a second clone is quick
and a linter that walks the add-on does not walk Odoo.

The database cluster and Odoo's data folder belong together (a database
without its filestore is broken), so they share one *state* folder:

- for an ordinary user it is inside the cache folder;
- for root it is below /var/cache. PostgreSQL refuses to run as root, so it
  runs as another user, who may not look into a home folder of mode 0700.
  /tmp and /var/tmp are no place for it: they are cleaned by age, file by file.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from say import Stop, is_root

ADDON = "account_mastercard_open_banking"
ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / "dev"
A_DAY = 24 * 3600
SYSTEM_CACHE = Path("/var/cache") / ADDON
# Names a state beside the usual one: for what may break a database server.
OTHER_STATE = "OPEN_BANKING_DEV_STATE"


def cache():
    """The cache folder, made when it is missing."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return made(Path(home).absolute() / ADDON)


def made(folder, mode=0o755):
    """Make a folder with its parents; a sentence instead of a traceback."""
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return folder


def sources(*endings, below=()):
    """The files of this repository whose names end so, sorted; not what tools leave.

    :param below: the folders to look in, as seen from the root; everywhere if empty
    """
    found = []
    for folder in [ROOT / name for name in below] or [ROOT]:
        for parent, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if name[0] not in "._"]
            found += [Path(parent) / name for name in names if name.endswith(endings)]
    return sorted(found)


def fresh_logs():
    """A folder for the logs of one run of the tests; those of yesterday are removed."""
    logs = made(cache() / "logs")
    for old in logs.glob("tests-*"):
        if time.time() - old.stat().st_mtime > A_DAY:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="tests-", dir=logs))


def short_hash(*parts):
    """Ten hex digits that change when one of the parts changes."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def state():
    """The folder of the database cluster and of Odoo's data."""
    other = os.environ.get(OTHER_STATE, "")
    if not is_root():
        return made(cache() / f"state{other and '-'}{other}")
    pointer = cache() / "state-name"
    if not pointer.exists():
        fresh = pointer.with_name(f"state-name.{os.getpid()}")
        fresh.write_text(secrets.token_hex(5))
        fresh.rename(pointer)
    folder = made(SYSTEM_CACHE / f"{pointer.read_text().strip()}{other and '-'}{other}")
    (folder / "cache-folder").write_text(str(cache()))
    return folder


def forgotten_states():
    """State folders of root whose cache folder is gone or was emptied."""
    if not is_root() or not SYSTEM_CACHE.is_dir():
        return []
    return [folder for folder in SYSTEM_CACHE.iterdir() if _is_forgotten(folder)]


def _is_forgotten(folder):
    try:
        owner = Path((folder / "cache-folder").read_text())
    except OSError:
        return False
    try:
        name = folder.name.partition("-")[0]
        return (owner / "state-name").read_text().strip() != name
    except OSError:
        return True


def data_dir():
    """Odoo's data_dir: the filestores and sessions of all our databases."""
    return made(state() / "data")


def addons_link():
    """A folder for addons_path in which this repository has its right name.

    It is keyed by the repository's path: several clones share one cache.
    """
    return _link_folder("addons", {ADDON: ROOT})


def packages_link():
    """A folder for PYTHONPATH that shows only what runs without Odoo.

    The repository's root is a package that imports Odoo, so it must not be a
    parent of the packages tested without Odoo.
    """
    names = ("bank_api", "feed", "rehearsal_bank", "dev")
    return _link_folder("packages", {name: ROOT / name for name in names})


def _link_folder(kind, targets):
    folder = made(cache() / f"{kind}-{short_hash(ROOT)}")
    for name, target in targets.items():
        link = folder / name
        if not link.is_symlink() or os.readlink(link) != str(target):
            fresh = folder / f".{name}.{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)
    return folder


def socket_dir():
    """The folder of PostgreSQL's socket: its path must stay under 108 bytes."""
    folder = state() / "socket"
    if len(str(folder)) > 85:
        name = f"{ADDON[:12]}-{os.geteuid()}-{short_hash(folder)}"
        folder = Path(tempfile.gettempdir()) / name
    return folder
