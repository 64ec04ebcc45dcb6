"""The steps of ./dev/test. Each takes the bench and notes its outcome there."""

import os
import sys
import xml.etree.ElementTree as ElementTree

import children
import databases
import gates
import lint
import measured
import odoo_log
import odoo_run
import places
import run_chaos

PYTEST_TIMEOUT = 2700
PURE_PACKAGES = ("bank_api", "feed", "rehearsal_bank", "dev")


def indented(text):
    return "".join(f"    {line}\n" for line in text.strip().splitlines())


class Bench:
    """What the steps share: databases, pytest's arguments, and the outcome."""

    def __init__(self, run, logs):
        self.run = run
        self.logs = logs
        self.pytest_arguments = []
        self.is_measured = False
        self.passed = 0
        self.failures = []
        self.left_out = []
        self._installed = None

    def ok(self, count=1):
        self.passed += count

    def fail(self, title, text):
        """Note a failure, and show it at once."""
        self.failures.append((title, text))
        print(f"FAILED {title}\n{indented(text)}", flush=True)

    def leave_out(self, title, reason):
        """Note what cannot be checked here, and is not wrong for that."""
        self.left_out.append(f"not run: {title}: {reason}")
        print(self.left_out[-1], flush=True)

    def check(self, title, bad):
        """Note one check: failed when there is text (or a list of texts)."""
        text = bad if isinstance(bad, str) else "\n".join(bad)
        if text:
            self.fail(title, text)
        else:
            self.ok()

    def odoo(self, title, arguments, stdin_text=None):
        """Run Odoo once: exit code 0 and a clean log, or a failure.

        Returns whether it did its work, be it with warnings.
        """
        log = self.logs / f"{title.replace(' ', '-')}.log"
        code = databases.call_odoo(arguments, log, stdin_text)
        bad = odoo_log.bad_entries(log)
        lines = log.read_text(errors="replace").splitlines()
        done = code == 0 and (stdin_text is None or "CHECKED" in lines)
        if not done:
            ending = "did not end in time" if code is None else f"ended with {code}"
            bad.append("\n".join([*lines[-12:], f"Odoo {ending}; log: {log}"]))
        self.check(title, bad)
        return done

    def installed(self):
        """A database with the add-on freshly installed, or None."""
        if self._installed is None:
            server = self.run.server
            name = self.run.copy_of(databases.template(server), "installed")
            modules = ",".join(filter(None, [places.ADDON, os.environ.get("BESIDE")]))
            arguments = ["-d", name, "-i", modules, "--stop-after-init"]
            done = self.odoo("install", arguments)
            self._installed = name if done else ""
        return self._installed or None

    def copy_of_installed(self, purpose):
        """A copy of installed() for a step that changes it, or None."""
        name = self.installed()
        if not name:
            self.fail(purpose, "not run: the add-on could not be installed")
            return None
        return self.run.copy_of(name, purpose)


def pure(bench):
    """tests that need neither Odoo nor a database"""
    folder = places.packages_link()
    # The modules of dev/ are run as programs: their folder is on the path.
    path = os.pathsep.join([str(folder), str(places.DEV)])
    environment = dict(os.environ, PYTHONPATH=path)
    every = [f"{name}/tests" for name in PURE_PACKAGES]
    arguments = ["-p", "no:odoo", f"--rootdir={folder}"]
    arguments += selected(bench.pytest_arguments, folder, every, PURE_PACKAGES)
    run_pytest(bench, "pure", arguments, folder, environment)


def install(bench):
    """install on a database with account: no warning in the log"""
    bench.installed()


def upgrade(bench):
    """upgrade the installed add-on: no warning in the log"""
    if name := bench.copy_of_installed("upgrade"):
        bench.odoo("upgrade", ["-d", name, "-u", places.ADDON, "--stop-after-init"])


def uninstall(bench):
    """uninstall: nothing of ours remains, the bank journals still work"""
    name = bench.copy_of_installed("uninstall")
    if not name:
        return
    before = (places.DEV / "shell" / "before_uninstall.py").read_text()
    after = (places.DEV / "shell" / "after_uninstall.py").read_text()
    shell = ["shell", "-d", name]
    if not bench.odoo("use before uninstall", shell, before):
        return
    if bench.odoo("uninstall", ["module", "uninstall", "-d", name, places.ADDON]):
        bench.odoo("use after uninstall", shell, after)
        bench.check("nothing remains after uninstall", _remains(bench, name))


def _remains(bench, name):
    """Tables and columns that a database without the add-on does not have."""
    server = bench.run.server
    query = (
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    clean = bench.run.copy_of(databases.template(server), "clean")
    known = {row[0] for row in server.sql(query, clean)}
    return [row[0] for row in server.sql(query, name) if row[0] not in known]


def odoo(bench):
    """the tests inside Odoo, with a browser; no warning in the log"""
    name = bench.copy_of_installed("odoo")
    if not name:
        return
    links = places.addons_link()
    addon = links / places.ADDON
    log = bench.logs / "odoo-tests.log"
    arguments = odoo_arguments(name, log)
    arguments += selected(bench.pytest_arguments, addon, ["tests"], ("tests",))
    run_pytest(bench, "odoo", arguments, links, odoo_run.environment())
    bench.check("log of the tests inside Odoo", odoo_log.bad_entries(log))


def odoo_arguments(name, log):
    """pytest's arguments for tests inside Odoo, on a database and with a new log."""
    addon = places.addons_link() / places.ADDON
    log.write_text("")
    return [
        *("--odoo-http", f"--odoo-database={name}", "--odoo-log-level=warn"),
        *(f"--odoo-config={odoo_run.write_config()}", f"--odoo-extra=logfile={log}"),
        *(f"--rootdir={addon}", f"--config-file={addon / 'pyproject.toml'}"),
    ]


def chaos(bench):
    """the importing process killed again and again, then all at once (./dev/chaos)"""
    if name := bench.copy_of_installed("chaos"):
        wrong = run_chaos.run(
            bench.run.server, name, bench.logs, kills=15, seed=1, small=True
        )
        bench.check("chaos: feed, books and log", wrong)


def test_lint(bench):
    """Odoo's own quality checks, as far as they speak of this add-on"""
    if name := bench.copy_of_installed("test_lint"):
        lint.run(bench, name)


def selected(arguments, folder, every, roots):
    """pytest's arguments with existing paths made absolute below `folder`."""
    paths = [a for a in arguments if _root_of(a) in roots]
    options = [a for a in arguments if not _root_of(a)]
    if not paths:
        paths = [path for path in every if (folder / path).exists()]
    return [*(str(folder / path) for path in paths), *options]


def _root_of(argument):
    """The top folder of an existing file or folder of the repository, or ''."""
    path = argument.split("::")[0].removeprefix("./")
    exists = path and not path.startswith("-") and (places.ROOT / path).exists()
    return path.split("/")[0] if exists else ""


def is_for_pytest(argument):
    """Is it an option, or an existing file or folder with tests?"""
    return argument.startswith("-") or _root_of(argument) in (*PURE_PACKAGES, "tests")


def steps_for_paths(arguments):
    """Which of the pytest steps the named files belong to; both without files."""
    roots = {_root_of(argument) for argument in arguments} - {""}
    wanted = {"odoo" if root == "tests" else "pure" for root in roots}
    return [name for name in PYTEST_STEPS if name in wanted or not wanted]


def run_pytest(bench, step, arguments, cwd, environment):
    """Run pytest and add its counts to the bench."""
    report = bench.logs / f"{step}.xml"
    cache = f"cache_dir={places.cache() / 'pytest'}"
    start, timeout = [sys.executable, "-m"], PYTEST_TIMEOUT
    if bench.is_measured:
        start, timeout = measured.command(bench.logs, step), 2 * PYTEST_TIMEOUT
    command = [*start, "pytest", "-q", f"--junitxml={report}", "-o", cache, *arguments]
    code = children.run(command, timeout, cwd=cwd, env=environment)
    known = len(bench.failures)
    counted = _count(bench, step, report)
    if code is None:
        bench.fail(step, f"pytest did not end within {timeout} s")
    elif code == 5 or (code == 0 and not counted):
        bench.fail(step, "no test was found")
    elif code and (code != 1 or len(bench.failures) == known):
        bench.fail(step, f"pytest ended with code {code}, see above")


def _count(bench, step, report):
    """Add what a JUnit file tells; the number of tests that were not skipped."""
    if not report.exists():
        return 0
    counted = 0
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag: child for child in case}
        problem = kinds.get("failure", kinds.get("error"))
        if problem is not None:
            title = f"{step} {case.get('classname')}::{case.get('name')}"
            bench.failures.append((title, problem.get("message") or "see above"))
        elif "skipped" not in kinds:
            bench.ok()
        else:
            continue
        counted += 1
    return counted


def coverage(bench):
    """only when named: lines and branches that pure and odoo, run before, go through"""
    files = measured.figures(bench.logs, PYTEST_STEPS)
    if files is None:
        bench.fail("coverage", "nothing was measured, see above")
        return
    print(measured.report(files))
    bench.check("coverage", measured.too_little(files))


STEPS = {
    **gates.STEPS,
    "pure": pure,
    "install": install,
    "upgrade": upgrade,
    "uninstall": uninstall,
    "odoo": odoo,
    "chaos": chaos,
    "lint": test_lint,
    "coverage": coverage,
}
PYTEST_STEPS = ("pure", "odoo")
WITHOUT_DATABASE = {*gates.STEPS, "pure"}
# Those that run others before them; they are not among the steps of a whole run.
ONLY_NAMED = {"coverage": PYTEST_STEPS}
