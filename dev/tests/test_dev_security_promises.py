"""Each promise of SECURITY.md names what holds it, and that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISE = re.compile(r"^\| (?!Promise|Data|---|-)(.+)\|$", re.MULTILINE)
HOLDER = re.compile(
    r"`(?:(?P<path>[\w/]+\.py)::(?P<test>test_\w+)|(?P<command>\./dev/\w+))`"
)


def promises():
    """The lines of the tables."""
    return PROMISE.findall((ROOT / "SECURITY.md").read_text())


def test_each_promise_names_what_holds_it():
    assert len(promises()) > 75
    for promise in promises():
        assert HOLDER.search(promise), promise


def test_what_is_named_exists():
    for promise in promises():
        for found in HOLDER.finditer(promise):
            if found["command"]:
                assert (ROOT / found["command"]).is_file(), promise
            else:
                source = (ROOT / found["path"]).read_text()
                assert f"def {found['test']}(" in source, found[0]
