"""docs/features.md is whole; what it and CONTRIBUTING.md name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURES = "docs/features.md"

ROW = re.compile(r"^\| (\d+) \| .+? \| (\w+) \| (.+?) \|(?: [^|]+ \|)?$", re.MULTILINE)
# `folder/`, `folder/file.py`, `file.md`, `./dev/command`, each perhaps with `::name`.
NAMED = re.compile(
    r"`(?:\./)?(?P<path>(?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:csv|md|py|sql|toml|xml))"
    r"(?:::(?P<name>\w+))?`"
)
# How a name is given to something, by the ending of the file.
MADE = {
    ".py": r"^\s*(?:async )?(?:def|class) {name}\b|^{name}\b",
    ".xml": r'\bid="{name}"',
}
FEWEST_WORDS = 12


def table(number):
    """The rows of one of the tables: number, whether it is there, what is said."""
    text = (ROOT / FEATURES).read_text().split("\n## ")[number]
    return [(int(row), here, said) for row, here, said in ROW.findall(text)]


def all_rows():
    return [*table(1), *table(2)]


def is_there(path, name):
    """Whether a file exists and, if a name is given, makes something of that name."""
    place = ROOT / path
    if not name:
        return place.exists()
    made = MADE[place.suffix].format(name=name)
    return place.is_file() and bool(re.search(made, place.read_text(), re.MULTILINE))


def missing(text):
    """What a text names and nobody finds."""
    return [found[0] for found in NAMED.finditer(text) if not is_there(*found.groups())]


def test_no_row_is_left_out():
    assert [row for row, _here, _said in table(1)] == list(range(1, 91))
    assert [row for row, _here, _said in table(2)] == list(range(1, 21))
    assert {here for _row, here, _said in all_rows()} == {"yes", "partly", "no"}


def test_each_yes_names_what_shows_it():
    for row, here, said in all_rows():
        names = [found["name"] for found in NAMED.finditer(said)]
        assert here != "yes" or any(names), row


def test_the_others_tell_why():
    for row, here, said in all_rows():
        words = NAMED.sub("", said).split()
        assert here == "yes" or len(words) >= FEWEST_WORDS, row


@pytest.mark.parametrize("document", [FEATURES, "CONTRIBUTING.md"])
def test_what_is_named_exists(document):
    text = (ROOT / document).read_text()
    assert len(NAMED.findall(text)) > 40
    assert not missing(text)


def test_what_does_not_exist_is_missed():
    assert missing("`tests/test_nothing.py` `./dev/nothing` `nothing/`") != []
    named = (
        "`tests/test_import.py::test_equal_twins_are_gone`",
        "`views/open_banking_menus.xml::open_banking_lost_menu`",
        "`models/booking/fast/guards.py::COMPARE`",
    )
    assert missing(" ".join(named)) == list(named)
    there = "`models/booking/fast/compared.py::COMPARED`, `docs/`, `./dev/test`"
    assert not missing(there)
