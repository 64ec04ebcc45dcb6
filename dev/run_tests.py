"""./dev/test: every check of this add-on on a real Odoo 19.

    ./dev/test                              all steps but coverage
    ./dev/test pure                         one or several steps
    ./dev/test odoo tests/test_callback.py -k replay
    ./dev/test feed/tests/test_matching.py  the step follows from the path

Steps, in this order:
{steps}

What follows the names of steps goes to pytest. Steps go on after a failure;
all failures are told again at the end, before the closing line
`N passed, N failed`. Logs stay in the cache folder, below `logs`.

ODOO_HOME=<tree> uses your own Odoo 19, ODOO_PYTHON=<program> your own Python.
BESIDE=<module>,<module> installs these too, to see whether all is well beside them.
"""

import sys
import time
import traceback

import cluster
import databases
import migrate
import neighbours
import places
import test_steps
from say import Stop, run_main

STEPS = {
    **test_steps.STEPS,
    "neighbours": neighbours.neighbours,
    "migrate": migrate.migrate,
}
USE_PYTEST = {*test_steps.PYTEST_STEPS, "neighbours"}


def parse(arguments):
    """Split the arguments into names of steps and arguments for pytest."""
    count = 0
    while count < len(arguments) and arguments[count] in STEPS:
        count += 1
    named, rest = arguments[:count], arguments[count:]
    if not named:
        every = [name for name in STEPS if name not in test_steps.ONLY_NAMED]
        named = test_steps.steps_for_paths(rest) if rest else every
    named += [n for each in named for n in test_steps.ONLY_NAMED.get(each, ())]
    uses_pytest = USE_PYTEST & set(named)
    if rest and not (uses_pytest and test_steps.is_for_pytest(rest[0])):
        raise Stop(f"{rest[0]} is neither a step nor a test: see ./dev/test --help.")
    return [name for name in STEPS if name in named], rest


def run_step(name, bench):
    """Run one step; its outcome is added to the bench, whatever happens."""
    print(f"\n=== {name}", flush=True)
    started = time.monotonic()
    before = bench.passed, len(bench.failures)
    try:
        STEPS[name](bench)
    except Stop as stop:
        bench.fail(name, str(stop))
    except Exception:
        bench.fail(name, traceback.format_exc())
    seconds = time.monotonic() - started
    passed, failed = bench.passed - before[0], len(bench.failures) - before[1]
    counts = f"{passed} passed, {failed} failed"
    print(f"=== {name}: {counts} in {seconds:.0f} s", flush=True)


def report(bench):
    """Print all failures and the closing line; the exit code."""
    if not bench.passed and not bench.failures and not bench.left_out:
        bench.fail("all", "no test was run")
    print("", *bench.left_out, sep="\n")
    for title, text in bench.failures:
        print(f"FAILED {title}\n{test_steps.indented(text)}")
    print(f"{bench.passed} passed, {len(bench.failures)} failed", flush=True)
    return 1 if bench.failures else 0


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        lines = [f"    {n:12}{f.__doc__}" for n, f in STEPS.items()]
        print(__doc__.format(steps="\n".join(lines)).strip())
        return 0
    names, pytest_arguments = parse(arguments)
    if set(names) <= test_steps.WITHOUT_DATABASE:
        bench = test_steps.Bench(None, places.fresh_logs())
        return run_all(names, bench, pytest_arguments)
    with cluster.running() as server, databases.Run(server) as run:
        bench = test_steps.Bench(run, places.fresh_logs())
        return run_all(names, bench, pytest_arguments)


def run_all(names, bench, pytest_arguments):
    bench.pytest_arguments = pytest_arguments
    bench.is_measured = "coverage" in names
    for name in names:
        run_step(name, bench)
    return report(bench)


if __name__ == "__main__":
    run_main(main)
