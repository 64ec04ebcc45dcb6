"""How much of the add-on the tests of the steps pure and odoo go through, by coverage.

It notes each line and each branch, and also looks up every call inside Odoo: the tests
take longer with it. (Python tells branches for less from 3.14 on, which Odoo 19 does
not know yet.)
"""

import json
import os
import sys

import children
import places

ROOMS = ("bank_api", "controllers", "feed", "models", "wizards")
LEAST_LINES = 95  # percent, of each room
WORST = 10


def _coverage(*arguments):
    settings = f"--rcfile={places.ROOT / 'pyproject.toml'}"
    return [sys.executable, "-m", "coverage", arguments[0], settings, *arguments[1:]]


def command(folder, step):
    """What goes before a module's name and arguments so that its run is measured."""
    source = f"--source={','.join(str(places.ROOT / room) for room in ROOMS)}"
    return _coverage("run", source, f"--data-file={folder / f'coverage.{step}'}", "-m")


def figures(folder, steps):
    """What the runs of these steps went through, by the path of a file.

    :rtype: dict[str, dict[str, int]] or None when nothing was measured
    """
    data = f"--data-file={folder / 'coverage'}"
    runs = [folder / f"coverage.{step}" for step in steps]
    runs = [run for run in runs if run.exists()]
    told = folder / "measured.json"
    commands = (
        _coverage("combine", "-q", "--keep", data, *runs),
        _coverage("json", "-q", data, "-o", told),
    )
    # In the repository, so that it is told by paths as seen from there.
    if any(children.run(each, timeout=300, cwd=places.ROOT) for each in commands):
        return None
    files = json.loads(told.read_text())["files"]
    return {os.path.normpath(path): each["summary"] for path, each in files.items()}


def add_up(summaries):
    """Return (percent of lines, percent of branches) of several files together."""
    summaries = list(summaries)
    return (
        _share(summaries, "covered_lines", "num_statements"),
        _share(summaries, "covered_branches", "num_branches"),
    )


def _share(summaries, part, whole):
    """What share of the whole the parts are, in percent."""
    total = sum(each[whole] for each in summaries)
    return 100 * sum(each[part] for each in summaries) / total if total else 100.0


def rooms(files):
    """Each room's percentages, and those of all together as the last."""
    told = {
        room: add_up(each for path, each in files.items() if path.startswith(room))
        for room in ROOMS
    }
    return {**told, "together": add_up(files.values())}


def report(files):
    """The table that is printed: rooms, then the files with the most lines missed."""
    lines = [f"{'':50} lines  branches"]
    shares = rooms(files)
    worst = sorted(files, key=lambda path: -files[path]["missing_lines"])[:WORST]
    shares.update((path, add_up([files[path]])) for path in worst)
    lines += [f"{name:50} {a:5.1f}  {b:8.1f}" for name, (a, b) in shares.items()]
    return "\n".join(lines)


def too_little(files):
    """A sentence for each room with too few lines gone through."""
    return [
        f"{room}: {lines:.1f} % of the lines, {LEAST_LINES} % are asked for"
        for room, (lines, _branches) in rooms(files).items()
        if lines < LEAST_LINES
    ]
