"""The community's add-ons: which are fetched, and what is unpacked of them."""

import zipfile

import pytest

import oca
from say import Stop


def test_an_addon_comes_with_what_it_stands_on():
    assert oca.with_needs(["account_statement_import_online"]) == [
        "account_statement_base",
        "account_statement_import_base",
        "account_statement_import_online",
    ]


def test_an_addon_without_a_pinned_version_is_refused():
    with pytest.raises(Stop, match="account_unknown has no pinned version"):
        oca.with_needs(["account_unknown"])


def test_each_line_for_pip_has_its_hash():
    lines = oca.requirements(sorted(oca.PINNED)).splitlines()
    assert len(lines) == len(oca.PINNED)
    for line in lines:
        package, _, digest = line.partition(" --hash=sha256:")
        assert package.startswith("odoo-addon-") and "==19.0." in package
        assert len(digest) == 64


def test_a_wheel_gives_its_addons_and_nothing_else(tmp_path):
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("odoo/addons/one/__manifest__.py", "{}")
        archive.writestr("odoo/addons/one/models/a.py", "A = 1")
        archive.writestr("odoo/addons/../../out.py", "")
        archive.writestr("one-1.dist-info/METADATA", "Name: one")
    oca.unpack(wheel, tmp_path / "addons")
    found = [path for path in (tmp_path / "addons").rglob("*") if path.is_file()]
    assert sorted(str(p.relative_to(tmp_path)) for p in found) == [
        "addons/one/__manifest__.py",
        "addons/one/models/a.py",
    ]
    assert not (tmp_path / "out.py").exists()
