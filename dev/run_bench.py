"""./dev/bench: how fast it is, beside Odoo's core and the community's add-on.

    ./dev/bench                     all parts, about an hour
    ./dev/bench --quick             all parts, small, some minutes: whether it works
    ./dev/bench a b                 some parts
    ./dev/bench --readme            the tables for the README, from the last JSON
    ./dev/bench --profile           where the time of an import goes

Parts:
{parts}

Contenders of one part work in one run on one machine, on the same data, in turn, and
several times: a figure is the median, and from where to where it went. Times on
another machine differ; ratios and counts of queries hardly do. Nothing else should
run meanwhile. The JSON is written into the cache folder, below logs; its path is told.
"""

import argparse
import contextlib
import json
import platform
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import bench_growth
import bench_lanes
import bench_long
import bench_new
import bench_profiling
import bench_scene
import bench_screens
import bench_webhooks
import children
import cluster
import databases
import places
import run_demo
from bench_figures import markdown_table, plain_table
from bench_watch import processors
from say import Stop, run_main, say

PARTS = {
    "a": "new lines, the whole way, 1,000 and 10,000",
    "b": "the same lines once more, all known (measured with a)",
    "c": "new lines in a journal of 0, 100,000 and 1,000,000",
    "d": "one account of 100,000 under Odoo's default limits",
    "e": "200 consents and a slow peer: 1, 2 and 4 lanes",
    "f": "queries of the dashboard and the board",
    "g": "answers to Mastercard's messages while an import runs",
}
MEASURES = {
    "a": bench_new.measure,
    "c": bench_growth.measure,
    "d": bench_long.measure,
    "e": bench_lanes.measure,
    "f": bench_screens.measure,
    "g": bench_webhooks.measure,
}
TABLES = {
    "a": lambda found: bench_new.tables(found, "new"),
    "b": lambda found: bench_new.tables(found, "known"),
    "c": bench_growth.tables,
    "d": bench_long.tables,
    "e": bench_lanes.tables,
    "f": bench_screens.tables,
    "g": bench_webhooks.tables,
}
# By option: usual and quick.
SIZES = {
    "sizes": ([1000, 10_000], [300]),
    "rounds": (3, 2),
    "journal_lines": ([0, 100_000, 1_000_000], [0, 20_000]),
    "growth_lines": (2000, 300),
    "long_rows": (100_000, 2000),
    "consents": (200, 10),
    "lanes": ([1, 2, 4], [1, 2]),
    "lane_rounds": (1, 1),
    "latency": (0.2, 0.2),
    "connected": ([1, 10, 100], [1, 5]),
    "board_rows": (10_000, 1000),
    "deliveries": (300, 40),
    "webhook_rows": (20_000, 1500),
    "profile_rows": (10_000, 500),
}
NEEDED_SPACE = 12 * 1024**3


def parse(arguments):
    """Read the command line."""
    text = __doc__.format(parts="\n".join(f"    {p}  {PARTS[p]}" for p in PARTS))
    intro, _, rest = text.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="./dev/bench",
        description=intro,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it here too")
    parser.add_argument(
        "--readme",
        nargs="*",
        metavar="JSON",
        help="print the tables of one or several JSONs, without: of the last run",
    )
    parser.add_argument("--profile", action="store_true", help="measure nothing else")
    for name, (usual, _quick) in SIZES.items():
        several = {"nargs": "+"} if isinstance(usual, list) else {}
        kind = type(usual[0] if several else usual)
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=kind, metavar="N", **several)
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    options.parts = options.parts or list(PARTS)
    for name, values in SIZES.items():
        if getattr(options, name) is None:
            setattr(options, name, values[options.quick])
    return options


# The part that measures for another.
COMES_WITH = {"b": "a"}


def wanted(parts):
    """The parts to measure, in their order."""
    measured = {COMES_WITH.get(name, name) for name in parts}
    return [name for name in MEASURES if name in measured]


def about():
    """What the figures were measured on."""
    query = ["git", "-C", places.ROOT, "rev-parse", "--short", "HEAD"]
    done = subprocess.run(query, capture_output=True, text=True)
    return {
        "on": datetime.now().isoformat(timespec="minutes"),
        "commit": done.stdout.strip(),
        "python": platform.python_version(),
        "postgresql": cluster.programs().parent.name,
        "processors": processors(),
    }


def measure(scene, parts, target):
    """Measure the parts; what is done is written at once."""
    found = {"about": about(), "options": vars(scene.options) | {"json": None}}
    for name in wanted(parts):
        began = time.monotonic()
        say(f"=== {name}: {PARTS[name]}")
        scene.reset_bank()
        found[name] = MEASURES[name](scene)
        found[name]["took_s"] = round(time.monotonic() - began)
        target.write_text(json.dumps(found, indent=1, default=str) + "\n")
        for shown in (shown for shown in TABLES if _source(shown) == name):
            show(found, shown, plain_table)


def _source(name):
    return COMES_WITH.get(name, name)


def show(found, name, table):
    """Print the tables of a part."""
    for title, head, rows in TABLES[name](found[_source(name)]):
        print(f"\n{name}. {title}\n\n{table(head, rows)}", flush=True)


def last_json():
    """The newest JSON in the cache folder."""
    found = (places.cache() / "logs").glob("bench-*.json")
    if newest := max(found, key=lambda path: path.stat().st_mtime, default=None):
        return newest
    raise Stop("There is no JSON of a run yet: start ./dev/bench first.")


def readme(paths):
    """Print what the README shows of the JSONs; a part is taken from the last one."""
    found = {}
    for path in paths or [last_json()]:
        found |= json.loads(Path(path).read_text())
    told = found["about"]
    print(
        f"Measured {told['on'][:10]}: Odoo 19.0, PostgreSQL {told['postgresql']},"
        f" {told['processors']} processors. Medians (from–to)."
    )
    for name in (name for name in TABLES if _source(name) in found):
        show(found, name, markdown_table)
        if name == _source(name):
            print("\n" + " ".join(found[name]["notes"]))


def check_space():
    free = shutil.disk_usage(places.state()).free
    if free < NEEDED_SPACE:
        say(f"Only {free / 1e9:.0f} GB are free; part c may need 10 GB.")


def main():
    options = parse(sys.argv[1:])
    if options.readme is not None:
        return readme(options.readme)
    children.sigterm_as_interrupt()
    check_space()
    logs = places.made(places.cache() / "logs")
    target = logs / f"bench-{datetime.now():%Y%m%d-%H%M%S}.json"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(cluster.running())
        run = stack.enter_context(databases.Run(server))
        servers = stack.enter_context(run_demo.Servers())
        folder = places.fresh_logs()
        say(f"Logs: {folder}")
        scene = bench_scene.Scene(server, run, folder, servers, options)
        if options.profile:
            return bench_profiling.profile(scene)
        measure(scene, options.parts, target)
    if options.json:
        shutil.copy(target, options.json)
    say(f"JSON: {options.json or target}")
    return 0


if __name__ == "__main__":
    run_main(main)
