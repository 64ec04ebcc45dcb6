"""Which released states there are, and where they are taken from."""

import ast
import subprocess

import pytest

import places
import releases
from say import Stop

COMMIT = "b9c584aa4e0171cfed079b623f6f6282962fb035"


def git(folder, *arguments):
    """Run git in a folder as somebody; its answer."""
    who = ["-c", "user.name=A", "-c", "user.email=a@a.example"]
    done = subprocess.run(
        ["git", "-C", folder, *who, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository of two commits; the first has a file that the second has not."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    (root / "__manifest__.py").write_text("{}")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    (root / "__manifest__.py").unlink()
    git(root, "commit", "-qam", "two")
    return root


def manifest_version():
    text = (places.ROOT / "__manifest__.py").read_text()
    return ast.literal_eval(text)["version"]


def test_the_list_holds_versions_in_their_order_up_to_the_manifests():
    versions = [each.version for each in releases.listed()]
    assert versions
    ordered = sorted(set(versions), key=releases.number)
    assert versions == ordered
    assert releases.number(versions[-1]) <= releases.number(manifest_version())


def test_versions_sort_by_their_numbers():
    assert releases.number("19.0.1.10.0") > releases.number("19.0.1.9.0")


def test_comments_and_empty_lines_are_passed_by():
    text = f"# a word\n\n19.0.0.1.0 {COMMIT}\n"
    assert releases.listed(text) == [releases.Release("19.0.0.1.0", COMMIT)]


@pytest.mark.parametrize("line", ["19.0.0.1.0", "0.1.0 " + COMMIT, "19.0.0.1.0 main"])
def test_a_line_that_is_none_is_told(line):
    with pytest.raises(Stop, match="no version with its commit"):
        releases.listed(line)


def test_a_tag_counts_before_the_commit(repository):
    first, second = git(repository, "rev-parse", "HEAD~", "HEAD").split()
    release = releases.Release("19.0.0.1.0", first)
    assert releases.commit_of(release, repository) == first
    git(repository, "tag", "-a", "-m", "released", "19.0.0.1.0", second)
    assert releases.commit_of(release, repository) == second


def test_without_the_commit_there_is_none(repository):
    release = releases.Release("19.0.0.1.0", COMMIT)
    assert releases.commit_of(release, repository) is None


def test_a_folder_without_history_has_none(repository, tmp_path):
    first = git(repository, "rev-parse", "HEAD~")
    release = releases.Release("19.0.0.1.0", first)
    plain = tmp_path / "plain"
    plain.mkdir()
    assert releases.commit_of(release, plain) is None
    within = repository / "within"
    within.mkdir()
    assert releases.commit_of(release, within) is None


def test_the_state_of_a_commit_is_unpacked(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = git(repository, "rev-parse", "HEAD~")
    folder = releases.folder(first, repository)
    assert (folder / places.ADDON / "__manifest__.py").read_text() == "{}"
    assert releases.folder(first, repository) == folder


def test_a_commit_that_is_not_there_is_told(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(Stop, match="cannot be unpacked"):
        releases.folder(COMMIT, repository)
    assert not list((tmp_path / "cache").rglob("*.unfinished-*"))
