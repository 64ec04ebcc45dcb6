"""Medians, spreads, and tables of what was measured. No Odoo, no clock."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values):
        """The spread of some numbers; at least one."""
        values = list(values)
        return cls(statistics.median(values), min(values), max(values), len(values))

    def times(self, factor):
        """The same in another unit."""
        return Spread(
            self.median * factor, self.least * factor, self.most * factor, self.count
        )

    def text(self):
        """As it stands in a table: the median, and from where to where."""
        if self.count == 1 or self.least == self.most:
            return number(self.median)
        return f"{number(self.median)} ({number(self.least)}–{number(self.most)})"

    def as_json(self):
        """The members of the JSON, rounded to what means something."""
        return {
            "median": round(self.median, 6),
            "min": round(self.least, 6),
            "max": round(self.most, 6),
            "repetitions": self.count,
        }


def spread_from(members):
    """The spread that `as_json` wrote."""
    names = ("median", "min", "max", "repetitions")
    return Spread(*(members[name] for name in names))


def number(value):
    """A number in three digits that mean something: 1,234 or 12.3 or 0.123."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def percentile(values, share):
    """The value below which this share of the values lies (the nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]


def per_line(measured, name, unit=1.0):
    """The spread of a cost per line.

    :param measured: outcomes of orders: costs, and how many `lines` they were for
    """
    return Spread.of(each.get(name, 0) / each["lines"] * unit for each in measured)


def costs(measured):
    """What is told of a contender: milliseconds, queries per line, and in all."""
    return {
        "wall_ms_per_line": per_line(measured, "wall", 1000).as_json(),
        "cpu_ms_per_line": per_line(measured, "cpu", 1000).as_json(),
        "database_cpu_ms_per_line": per_line(measured, "database_cpu", 1000).as_json(),
        "bank_wait_ms_per_line": per_line(measured, "bank_wait", 1000).as_json(),
        "sql_per_line": per_line(measured, "sql").as_json(),
        "wall_s": Spread.of(each["wall"] for each in measured).as_json(),
    }


def remarks(measured):
    """What was wrong, and why lines were not made in the way asked for."""
    return {
        name: sorted({text for each in measured for text in each.get(name, ())})
        for name in ("wrong", "reasons")
    }


def mark(told):
    """What is put behind a name in a table: wrong, or made in another way."""
    return " WRONG" if told["wrong"] else " *" if told.get("reasons") else ""


def plain_table(head, rows):
    """A table in plain text, first column to the left, others to the right."""
    cells = [list(map(str, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        first, *rest = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    lines.insert(1, "-" * len(max(lines, key=len)))
    return "\n".join(lines)


def markdown_table(head, rows):
    """The same in Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines)
