"""The table of cases names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_of_the_table_exists():
    written = "\n".join(
        path.read_text() for path in ROOT.rglob("test_*.py") if path.is_file()
    )
    existing = set(re.findall(r"def (test_\w+)\(", written))
    table = (ROOT / "tests" / "README.md").read_text()
    named = set(re.findall(r"(?<![/\w])(test_\w+)(?!\w|\*?\.py)", table))
    assert len(named) > 60
    assert not named - existing
