"""The gates that read the code: complete, alike everywhere, and able to fail."""

import re
import subprocess
import sys

import pytest

import dead_code
import gates
import measured
import places
import run_tests
import test_steps
from say import Stop

# What the community's template of a repository demands for 19.0, as far as pylint and
# pylint-odoo know it; their names of XML, CSV and PO files are in the step xml.
MANDATORY = """
    anomalous-backslash-in-string assignment-from-none attribute-deprecated
    attribute-string-redundant consider-merging-classes-inherited context-overridden
    dangerous-default-value development-status-allowed duplicate-key eval-used
    except-pass external-request-timeout invalid-commit license-allowed
    manifest-author-string manifest-deprecated-key manifest-maintainers-list
    manifest-required-author manifest-required-key manifest-version-format
    method-compute method-inverse method-required-super method-search missing-readme
    missing-return odoo-addons-relative-import odoo-exception-warning
    pointless-statement pointless-string-statement print-used redundant-keyword-arg
    reimported renamed-field-parameter resource-not-exist return-in-init sql-injection
    test-folder-imported too-few-format-args translation-contains-variable
    translation-field translation-positional-used translation-required unreachable
    use-vim-comment website-manifest-key-not-valid-uri
""".split()


def test_all_that_the_community_demands_is_asked_for():
    settings = f"--rcfile={places.ROOT / 'pyproject.toml'}"
    command = [sys.executable, "-m", "pylint", settings, "--list-msgs-enabled"]
    done = subprocess.run(command, capture_output=True, text=True)
    enabled = done.stdout.partition("Disabled messages:")[0]
    known = set(re.findall(r"^\s+([\w-]+) \(", enabled, re.MULTILINE))
    assert set(MANDATORY) - known == set()
    assert gates.PYLINT_LEFT_OUT not in MANDATORY


def test_before_a_commit_the_same_gates_run():
    text = (places.ROOT / ".pre-commit-config.yaml").read_text()
    ids = re.findall(r"^ +- id: (\w+)$", text, re.MULTILINE)
    entries = re.findall(r"^ +entry: (.+)$", text, re.MULTILINE)
    assert ids == [*gates.STEPS, "pure"]
    assert entries == [f"./dev/test {name}" for name in ids]


def test_a_gate_of_its_own_needs_no_database():
    for name in gates.STEPS:
        assert run_tests.parse([name]) == ([name], [])
    assert set(gates.STEPS) < test_steps.WITHOUT_DATABASE


def test_coverage_runs_what_it_measures_and_only_when_it_is_named():
    assert "coverage" not in run_tests.parse([])[0]
    assert run_tests.parse(["coverage"])[0] == ["pure", "odoo", "coverage"]
    with pytest.raises(Stop):
        run_tests.parse(["ruff", "tests/test_tour.py"])


def test_dead_code_is_found(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("def used():\n    pass\n\n\ndef dead():\n    pass\n\n\nused()\n")
    assert [item.name for item in dead_code.unused([path], [])] == ["dead"]
    user = tmp_path / "b.py"
    user.write_text("import a\n\na.dead()\n")
    assert dead_code.unused([path], [user]) == []


def test_a_needless_exception_is_told(monkeypatch):
    monkeypatch.setattr(dead_code, "everything_unused", lambda: [])
    monkeypatch.setattr(dead_code, "ALLOWED", {"because": ("name",)})
    assert dead_code.sentences() == ["dev/dead_code.py: name is in use"]


def summary(covered, lines, branches_covered, branches):
    return {
        "covered_lines": covered,
        "num_statements": lines,
        "missing_lines": lines - covered,
        "covered_branches": branches_covered,
        "num_branches": branches,
    }


def test_a_room_with_too_few_lines_is_told():
    files = {
        "models/a.py": summary(90, 100, 5, 10),
        "models/b.py": summary(5, 10, 0, 0),
        "feed/a.py": summary(96, 100, 1, 2),
    }
    lines, branches = measured.rooms(files)["models"]
    assert (round(lines, 1), branches) == (86.4, 50)
    told = measured.too_little(files)
    assert [each.split(":")[0] for each in told] == ["models", "together"]
    assert measured.report(files).splitlines()[-3].startswith("models/a.py")
