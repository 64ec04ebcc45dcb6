"""The house in figures: sizes, one direction of imports, enough tests."""

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import PurePath
from statistics import median

import pytest

import places

ADD_ON = {".", "bank_api", "controllers", "feed", "models", "wizards"}
MEDIAN_FUNCTION, LONGEST_FUNCTION, LARGEST_FILE = 12, 60, 400  # lines
TESTS_PER_CODE = 1.2

# Which rooms a room may import from, besides itself: one direction only.
MAY_IMPORT = {
    "bank_api": set(),
    "feed": set(),
    "models": {"bank_api", "feed", "const"},
    "controllers": {"bank_api", "feed", "models", "const"},
    "wizards": {"bank_api", "feed", "models", "const"},
    "rehearsal_bank": set(),
    ".": {"const", "controllers", "hooks", "models", "wizards"},
}
# What rooms that do not know Odoo may use of others.
LIBRARIES = {
    "bank_api": {"dateutil", "requests", "urllib3"},
    "feed": {"dateutil", "stdnum"},
    "rehearsal_bank": {"dateutil", "lxml", "requests", "stdnum", "werkzeug"},
}
# Each of these is said for one room only.
ONLY_IN = {"requests": {"bank_api", "rehearsal_bank"}, "urllib3": {"bank_api"}}


class Source:
    """A file of Python: its path as seen from the root, its text and its tree."""

    def __init__(self, path):
        self.path = path.relative_to(places.ROOT)
        self.lines = path.read_text().splitlines()
        self.tree = ast.parse(path.read_text())
        self.room = self.path.parts[0] if len(self.path.parts) > 1 else "."
        self.is_test = "tests" in self.path.parts

    def functions(self):
        """The functions of the file: (lines, place)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.end_lineno - node.lineno + 1, f"{self.path}: {node.name}"

    def imports(self):
        """What the file imports: (of this repository?, top name)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((False, name.name.split(".")[0]) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield False, node.module.split(".")[0]
            elif isinstance(node, ast.ImportFrom):
                yield from ((True, name) for name in self._top_names(node))

    def _top_names(self, node):
        parents = [PurePath(), *reversed(self.path.parents[:-1])]
        folder = parents[len(parents) - node.level]
        modules = [node.module] if node.module else [name.name for name in node.names]
        return {(*folder.parts, *module.split("."))[0] for module in modules}


@cache
def sources():
    return [Source(path) for path in places.sources(".py")]


def code(room):
    return [each for each in sources() if each.room == room and not each.is_test]


@pytest.mark.parametrize("room", sorted(ADD_ON | {"dev", "rehearsal_bank", "tests"}))
def test_functions_are_short(room):
    functions = [f for each in sources() if each.room == room for f in each.functions()]
    lengths = [length for length, _place in functions]
    assert not lengths or median(lengths) <= MEDIAN_FUNCTION
    assert [f for f in functions if f[0] > LONGEST_FUNCTION] == []


def test_files_are_small():
    sizes = {str(each.path): len(each.lines) for each in sources()}
    assert {p: size for p, size in sizes.items() if size > LARGEST_FILE} == {}


def test_there_are_enough_tests():
    sizes = Counter()
    for each in sources():
        if each.room in ADD_ON | {"tests"}:
            sizes[each.is_test] += len(each.lines)
    assert sizes[True] >= TESTS_PER_CODE * sizes[False], sizes


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_go_in_one_direction(room):
    allowed = {room, *MAY_IMPORT[room]}
    found = {
        (str(each.path), name)
        for each in code(room)
        for ours, name in each.imports()
        if ours and name not in allowed
    }
    assert found == set()


@pytest.mark.parametrize("room", sorted(LIBRARIES))
def test_what_knows_no_odoo_needs_little(room):
    allowed = {*sys.stdlib_module_names, *LIBRARIES[room]}
    found = {
        (str(each.path), name)
        for each in code(room)
        for ours, name in each.imports()
        if not ours and name not in allowed
    }
    assert found == set()


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_only_one_room_speaks_http(library):
    rooms = ADD_ON | {"rehearsal_bank"}
    found = {each.room for each in sources() if (False, library) in each.imports()}
    assert found & rooms <= ONLY_IN[library]


def test_absolute_names_do_not_go_round_the_rule():
    rooms = {*ADD_ON, "rehearsal_bank"} - {"."}
    found = {
        (str(each.path), name)
        for room in rooms | {"."}
        for each in code(room)
        for ours, name in each.imports()
        if not ours and name in rooms
    }
    assert found == set()
