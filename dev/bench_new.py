"""Parts a and b of ./dev/bench: new lines, and the same lines once more."""

import contextlib

from bench_figures import costs, mark, number, remarks, spread_from
from bench_scene import RIVAL_MODULES
from say import say

WAYS = ("replicated", "batched", "core")
OURS = "this add-on"
CORE, CORE_AT_ONCE = "core, 1,000 at a time", "core, all at once"
RIVAL, RIVAL_HTTP = "OCA online", "OCA online, over HTTP"
BATCH = 1000
# Lines of a page of the bank's list, as queries are told for known ones.
PAGE = 200
NOTES = (
    "This add-on: the whole way, by the scheduled job's own code: HTTP answers of a "
    "rehearsal bank in another process, feed, posted lines, proof, its commits.",
    "Core: account.bank.statement.line.create only, in batches of 1,000 with a commit "
    "after each, the best that core does.",
    "OCA: account_statement_import_online of PyPI, in its favour: lines handed over "
    "from memory, no HTTP, months instead of days, no statements, a commit a month.",
    "OCA over HTTP: the same known lines, read from the same rehearsal bank in pages "
    "of 200 by the shortest code that can.",
    "A star: some lines were made in another way than the one asked for; the JSON "
    "tells why.",
    "The same texts, amounts, dates, names and account numbers for all.",
)


def days_of(rows):
    """Over how many days so many lines lie: a month of them, which is what OCA makes
    together, is a batch of good size."""
    return min(725, max(60, rows * 30 // 400))


class Contest:
    """The contenders, each with a database and a warm Odoo of its own."""

    def __init__(self, scene, stack):
        self.scene, self.stack = scene, stack
        self.odoos, self.ways = {}, []
        first = scene.database("ours_0")
        self._enter_ours(first)
        for name, modules in ((CORE, ""), (RIVAL, RIVAL_MODULES)):
            purpose = "core" if name == CORE else "oca"
            self._enter(name, scene.database(purpose, modules))
        self._warm_up()

    def _enter(self, name, database):
        self.odoos[name] = self.stack.enter_context(self.scene.inside(database))

    def _enter_ours(self, database):
        """One database for each way of booking; one in all where there is no choice."""
        self._enter(OURS, database)
        if not self.odoos[OURS].order("choose_way", way=WAYS[0]):
            self.ways = [(OURS, None)]
            return
        self.ways = [(f"{OURS}, {way}", way) for way in WAYS]
        self.odoos[self.ways[0][0]] = self.odoos.pop(OURS)
        for number_, (name, way) in enumerate(self.ways[1:], 1):
            self._enter(name, self.scene.database(f"ours_{number_}"))
            self.odoos[name].order("choose_way", way=way)

    def _warm_up(self):
        """A small import each, so that nobody pays for what is done once."""
        say("Warming up")
        self.round("warm", 120, [name for name, _way in self.ways], True)

    def round(self, tag, rows, ours, at_once):
        """Every contender imports an account of so many transactions, one by one.

        :param ours: which of our ways take part
        :return: what it cost, by contender, for (new, known) lines
        """
        name = self.scene.bank_account(f"Konto {tag}", rows, days=days_of(rows))
        path = self.scene.folder / f"lines-{tag}.json"
        told = {way: self._ours(way, name) for way in ours}
        journal = told[ours[0]][0]["journal"]
        if self.odoos[ours[0]].order("dump", journal=journal, path=str(path)) != rows:
            told[ours[0]][0]["wrong"].append("not all lines are there")
        core = self.odoos[CORE]
        told[CORE] = [core.order("core", path=str(path), batch=BATCH)]
        if at_once:
            told[CORE_AT_ONCE] = [core.order("core", path=str(path), batch=0)]
        told[RIVAL] = self._rival(str(path))
        told[RIVAL_HTTP] = [None, self._rival_http(told[RIVAL][0]["provider"], name)]
        for measured in told.values():
            for each in filter(None, measured):
                each["lines"] = rows
        return told

    def _ours(self, way, name):
        odoo = self.odoos[way]
        made = odoo.order(
            "connect", bank=self.scene.bank, user="karen", accounts=[name]
        )
        new = odoo.order("fetch", accounts=made["accounts"])
        again = odoo.order("fetch", accounts=made["accounts"], whole_window=True)
        return [{**new, "journal": made["journals"][0]}, again]

    def _rival(self, path):
        new = self.odoos[RIVAL].order("oca_new", path=path)
        again = self.odoos[RIVAL].order("oca_again", provider=new["provider"])
        return [new, again]

    def _rival_http(self, provider, name):
        """The known lines once more, asked for over HTTP."""
        bank = {**self.scene.access(name), "page_size": 200}
        return self.odoos[RIVAL].order("oca_again", provider=provider, bank=bank)


def measure(scene):
    """Parts a and b; the outcome for the JSON."""
    options = scene.options
    found = {"notes": NOTES, "sizes": {}}
    with contextlib.ExitStack() as stack:
        contest = Contest(scene, stack)
        for rows in options.sizes:
            found["sizes"][rows] = _size(contest, rows, options)
    return found


def _size(contest, rows, options):
    rounds, large = [], rows > BATCH
    ways = [name for name, way in contest.ways if way != "core" or not large]
    for turn in range(options.rounds):
        say(f"{rows:,} lines, round {turn + 1} of {options.rounds}")
        rounds.append(contest.round(f"{rows}-{turn}", rows, ways, not large))
        for name, each in rounds[-1].items():
            say(f"  {name}: {'; '.join(map(_shortly, each))}")
    return {
        kind: {name: _told(rounds, name, place) for name in _with(rounds[0], place)}
        for place, kind in enumerate(("new", "known"))
    }


def _shortly(cost):
    if cost is None:
        return "–"
    wrong = ", ".join(cost["wrong"])
    return f"{cost['wall']:.1f} s, {cost['cpu']:.1f} s CPU {wrong}".strip()


def _with(told, place):
    """The contenders that were measured at this: new lines, or known ones."""
    return [name for name, each in told.items() if len(each) > place and each[place]]


def _told(rounds, name, place):
    measured = [each[name][place] for each in rounds]
    told = {**costs(measured), **remarks(measured)}
    told["counts"] = measured[-1]["counts"]
    told["sql_per_page"] = told["sql_per_line"]["median"] * PAGE
    return told


def tables(found, kind):
    """The tables of part a (kind "new") or b ("known"): (title, head, rows)."""
    head = ["contender", "wall ms/line", "of it waiting for the bank", "CPU ms"]
    head += ["PostgreSQL CPU ms", "SQL", "x OCA", "x OCA, CPU"]
    head += [f"SQL per {PAGE}"] if kind == "known" else ["x core", "x core, CPU"]
    for rows, size in found["sizes"].items():
        title = f"{int(rows):,} {kind} lines, per line"
        yield title, head, [_row(size[kind], name, kind) for name in size[kind]]


def _row(size, name, kind):
    told = size[name]
    names = ("wall", "bank_wait", "cpu", "database_cpu")
    cells = [spread_from(told[f"{each}_ms_per_line"]).text() for each in names]
    cells.append(spread_from(told["sql_per_line"]).text())
    cells += _times_faster(size, RIVAL, told)
    if kind == "known":
        cells.append(number(told["sql_per_page"]))
    else:
        cells += _times_faster(size, CORE, told)
    return [name + mark(told), *cells]


def _times_faster(size, base, told):
    """How many times as fast as another: by the clock, and by all processor time."""
    if base not in size:
        return ["–", "–"]
    kinds = (("wall",), ("cpu", "database_cpu"))
    return [f"{_sum(size[base], names) / _sum(told, names):.1f}" for names in kinds]


def _sum(told, names):
    return sum(told[f"{name}_ms_per_line"]["median"] for name in names)
