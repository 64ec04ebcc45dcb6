"""The steps of ./dev/test that read the code and run nothing of it."""

import shutil
import sys
import sysconfig

import children
import dead_code
import places
import xml_form
from say import Stop

# The rest of pylint's settings are in pyproject.toml. This one of pylint-odoo's rules
# is not among those the community demands: it misreads rows that are sorted before.
PYLINT_LEFT_OUT = "bad-builtin-groupby"
ROOMS = ("bank_api", "controllers", "feed", "models", "wizards")
OCA_LEFT_OUT = {
    "prefer-readme-rst",
    # The form of a file is our own: see xml_form.py.
    "xml-header-wrong",
    "xml-tag-position",
}


def _program(bench, title, *command, cwd=places.ROOT):
    """Run a program that prints what it finds, and ends with 0 if that is nothing."""
    code = children.run(command, timeout=600, cwd=cwd)
    bench.check(title, f"{title} found something, see above" if code else "")


def _module(name):
    return sys.executable, "-m", name


def ruff(bench):
    """mistakes, style and form of Python, by ruff"""
    _program(bench, "ruff check", *_module("ruff"), "check", "--no-cache", ".")
    form = ("format", "--check", "--diff", "--no-cache", ".")
    _program(bench, "ruff format", *_module("ruff"), *form)


def scripts(bench):
    """form of JavaScript, CSS and SCSS, by oxfmt"""
    oxfmt = shutil.which("oxfmt", path=sysconfig.get_path("scripts"))
    if not oxfmt:
        raise Stop("oxfmt is missing: install dev/requirements-test.txt.")
    _program(bench, "oxfmt", oxfmt, "--check", "--threads=2", ".")


def xml(bench):
    """form of XML (dev/xml_form.py), and what the community asks of data files"""
    found = [
        each for path in places.sources(".xml") for each in xml_form.bad_lines(path)
    ]
    bench.check("form of XML", found)
    bench.check("data files, by the community's checks", list(_oca_checks()))


def _oca_checks():
    """What OCA's checks of XML, CSV and manifest say.

    Their own program passes over a repository that is one add-on: hence without it.
    """
    from oca_pre_commit_hooks import utils
    from oca_pre_commit_hooks.checks_odoo_module import ChecksOdooModule

    manifest = str(places.ROOT / "__manifest__.py")
    checks = ChecksOdooModule(manifest, set(), OCA_LEFT_OUT, verbose=False)
    for check in utils.getattr_checks(checks):
        check()
    return map(str, sorted(checks.checks_errors))


def pylint(bench):
    """what only Odoo's community's checker (pylint-odoo) knows"""
    settings = f"--rcfile={places.ROOT / 'pyproject.toml'}"
    left_out = f"--disable={PYLINT_LEFT_OUT}"
    command = (*_module("pylint"), settings, left_out, places.ADDON)
    _program(bench, "pylint", *command, cwd=places.addons_link())


def duplicates(bench):
    """pieces of the add-on that stand there twice, by pylint"""
    settings = f"--rcfile={places.ROOT / 'pyproject.toml'}"
    only = ("--disable=all", "--enable=duplicate-code", *ROOMS)
    _program(bench, "duplicates", *_module("pylint"), settings, *only)


def dead(bench):
    """code that nobody calls, by vulture (dev/dead_code.py)"""
    bench.check("dead code", dead_code.sentences())


STEPS = {
    "ruff": ruff,
    "scripts": scripts,
    "xml": xml,
    "pylint": pylint,
    "duplicates": duplicates,
    "dead": dead,
}
