"""Debian packages: what is missing on this machine, and how to get it."""

import glob
import os
import re
import shutil
import subprocess
from pathlib import Path

import children
from say import Stop, is_root, long_step, tail

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
APT_OPTIONS = (
    *("-q", "-y", "--no-install-recommends"),
    # Wait for another apt, be it one that a killed run of ours left.
    *("-o", "DPkg::Lock::Timeout=600"),
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _has_own_ensurepip():
    try:
        import ensurepip  # noqa: F401  (Debian splits it off)
    except ImportError:
        return False
    return True


def _has_any(*patterns):
    return any(glob.glob(pattern) for pattern in patterns)


def _needs(browser, fetch_odoo):
    """Yield (package, is it there) for all that the commands need."""
    yield "python3-venv", _has_own_ensurepip()
    yield "postgresql", _has_any("/usr/lib/postgresql/*/bin/initdb")
    yield "libmagic1", _has_any("/usr/lib/*/libmagic.so.1", "/usr/lib/libmagic.so.1")
    if browser:
        yield "chromium", any(shutil.which(name) for name in BROWSERS)
        yield "fonts-liberation", _has_any("/usr/share/fonts/truetype/*/*.ttf")
    if fetch_odoo:
        yield "debian-archive-keyring", _has_any(*KEYRINGS)
        yield "ca-certificates", _has_any("/etc/ssl/certs/ca-certificates.crt")


def missing_packages(browser=True, fetch_odoo=True):
    """Names of the packages that must still be installed."""
    return [name for name, there in _needs(browser, fetch_odoo) if not there]


def install(packages, log):
    """Install packages as root; else name them in a clear sentence."""
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise Stop(f"This machine has no apt-get; install what Debian calls: {names}.")
    if not is_root():
        raise Stop(
            "Packages are missing and only root may install them; run as root:"
            f" apt-get install {names}"
        )
    with long_step(f"Installing Debian packages: {names}", "1 to 2 minutes"):
        # An interrupted installation leaves packages half configured.
        _change_machine(["dpkg", "--configure", "-a"], log)
        _change_machine(["apt-get", *APT_OPTIONS, "update"], log)
        _change_machine(["apt-get", *APT_OPTIONS, "install", *packages], log)


def _change_machine(command, log):
    """Run a package command; unlike others it may outlive us, for its own good."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    with open(log, "ab") as file:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            start_new_session=True,
        )
    if done.returncode:
        raise Stop(f"{tail(log)}{' '.join(command)} failed (whole log: {log}).")


def keyring():
    """Debian's own archive key, used to check what is fetched."""
    for path in KEYRINGS:
        if os.path.exists(path):
            return path
    raise Stop("Debian's archive key is missing: install debian-archive-keyring.")


def mirrors(etc_apt="/etc/apt"):
    """Addresses of Debian's main archive, as this machine's apt knows them."""
    texts = [_read(path) for path in _source_files(Path(etc_apt))]
    found = [uri for text in texts for uri in (*_deb822_uris(text), *_line_uris(text))]
    return list(dict.fromkeys(found))


def _source_files(folder):
    parts = sorted((folder / "sources.list.d").glob("*"))
    files = [folder / "sources.list", *parts]
    return [path for path in files if path.suffix in (".list", ".sources")]


def _read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _is_main_archive(uri):
    return "debian" in uri and "security" not in uri


def _deb822_uris(text):
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.M))
        if fields.get("Enabled", "yes").lower() in ("no", "false"):
            continue
        if "main" in fields.get("Components", "").split():
            yield from filter(_is_main_archive, fields.get("URIs", "").split())


def _line_uris(text):
    pattern = r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+\S+\s+(.*)$"
    for uri, components in re.findall(pattern, text, re.M):
        if "main" in components.split() and _is_main_archive(uri):
            yield uri


class PrivateApt:
    """apt with its own source list and folders: the machine's stay untouched."""

    def __init__(self, folder, mirror, suite, log):
        self.folder = folder
        self.log = log
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        line = f"deb [signed-by={keyring()}] {mirror} {suite} main\n"
        (folder / "source.list").write_text(line)

    def _call(self, *arguments, cwd=None):
        options = {
            "Dir::Etc::sourcelist": self.folder / "source.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
            "APT::Get::List-Cleanup": "0",
        }
        if is_root():
            # apt's helper user may not look into a home folder of mode 0700.
            options["APT::Sandbox::User"] = "root"
        flags = [f"-o{name}={value}" for name, value in options.items()]
        command = ["apt-get", "-q", *flags, *arguments]
        return children.run_logged(command, self.log, cwd=cwd) == 0

    def download(self, packages, target):
        """Fetch packages, signature checked, as .deb files; True when all came."""
        return self._call("update") and self._call("download", *packages, cwd=target)
