"""Released states of this add-on: which there are, and how one is taken out of git."""

import os
import re
import shutil
import subprocess
from typing import NamedTuple

import places
from say import Stop

LIST = places.DEV / "releases.txt"
LINE = re.compile(r"(?P<version>19\.0(?:\.\d+){3}) (?P<commit>[0-9a-f]{40})")


class Release(NamedTuple):
    """A version as the manifest had it, and the commit where that was so."""

    version: str
    commit: str


def listed(text=None):
    """The released states, oldest first.

    :param str text: of the list, else that of the file
    """
    lines = (LIST.read_text() if text is None else text).splitlines()
    found = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise Stop(f"{LIST.name}: {line!r} is no version with its commit.")
        found.append(Release(**match.groupdict()))
    return found


def number(version):
    """A version as it sorts."""
    return tuple(int(part) for part in version.split("."))


def commit_of(release, root=places.ROOT):
    """The commit of a release: of the tag of its name, where there is one.

    :return: None where this folder's history does not reach so far: in a copy without
        history, a shallow clone, or without git
    """
    if _git(root, "rev-parse", "--show-prefix") != "":
        return None  # not a repository, or a folder within another one
    for name in (f"refs/tags/{release.version}", release.commit):
        commit = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if commit:
            return commit
    return None


def _git(root, *arguments):
    """What git answers, or None when it fails or is not there."""
    command = ["git", "-c", f"safe.directory={root}", "-C", root, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout.strip()


def folder(commit, root=places.ROOT):
    """A folder for addons_path that holds the add-on as it was at a commit."""
    target = places.made(places.cache() / "releases") / commit
    if target.exists():
        return target
    fresh = target.with_name(f"{commit}.unfinished-{os.getpid()}")
    addon = places.made(fresh / places.ADDON)
    command = ["git", "-c", f"safe.directory={root}", "-C", root, "archive", commit]
    archive = subprocess.run(command, capture_output=True)
    unpacked = subprocess.run(["tar", "-xC", addon], input=archive.stdout)
    if archive.returncode or unpacked.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        reason = archive.stderr.decode(errors="replace").strip()
        raise Stop(f"The commit {commit} cannot be unpacked. {reason}")
    try:
        fresh.rename(target)
    except OSError:  # another run was first
        shutil.rmtree(fresh, ignore_errors=True)
    return target
