"""The arithmetic of ./dev/bench: its figures, its tables, its command line."""

import json
import os

import pytest

import bench_fill
import bench_lanes
import bench_long
import bench_new
import run_bench
from bench_figures import (
    Spread,
    costs,
    markdown_table,
    number,
    percentile,
    plain_table,
    spread_from,
)
from say import Stop

RUN = {"wall": 2.0, "cpu": 1.0, "database_cpu": 0.5, "bank_wait": 0.25, "sql": 100}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.6189, "0.619"),
        (0.1, "0.100"),
        (0.00004, "0.000"),
        (5.155, "5.16"),
        (20.44, "20.4"),
        (1234.5, "1,234"),
    ],
)
def test_a_number_has_the_digits_that_mean_something(value, text):
    assert number(value) == text


def test_a_spread_is_the_median_and_both_ends():
    spread = Spread.of([3.0, 1.0, 2.0])
    assert (spread.median, spread.least, spread.most, spread.count) == (2, 1, 3, 3)
    assert spread.text() == "2.00 (1.00–3.00)"
    assert Spread.of([4.0]).text() == "4.00"


def test_a_spread_survives_the_json():
    spread = Spread.of([0.25, 0.5, 0.75])
    assert spread_from(json.loads(json.dumps(spread.as_json()))) == spread


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share, value):
    assert percentile(range(100, 0, -1), share) == value


def test_costs_are_told_per_line():
    told = costs([{**RUN, "lines": 100}, {**RUN, "wall": 4.0, "lines": 100}])
    assert told["wall_ms_per_line"] == {
        **{"median": 30.0, "min": 20.0, "max": 40.0},
        "repetitions": 2,
    }
    assert told["cpu_ms_per_line"]["median"] == 10.0
    assert told["sql_per_line"]["median"] == 1.0


def test_tables_have_a_head_and_a_line_below_it():
    head, rows = ["who", "ms"], [["us", "1.0"], ["they", "20.0"]]
    assert plain_table(head, rows).splitlines() == [
        "who     ms",
        "----------",
        "us     1.0",
        "they  20.0",
    ]
    assert markdown_table(head, rows).splitlines() == [
        "| who | ms |",
        "|---|---|",
        "| us | 1.0 |",
        "| they | 20.0 |",
    ]


def test_a_contender_that_did_not_do_its_work_is_marked():
    measured = [{**RUN, "lines": 100, "counts": {}, "wrong": ["differs"]}]
    told = {**costs(measured), "wrong": ["differs"], "counts": {}}
    fine = {**told, "wrong": []}
    found = {"sizes": {"100": {"new": {bench_new.OURS: told, bench_new.RIVAL: fine}}}}
    [(_title, _head, rows)] = bench_new.tables(found, "new")
    assert [row[0] for row in rows] == [f"{bench_new.OURS} WRONG", bench_new.RIVAL]
    assert [row[-4:] for row in rows] == [["1.0", "1.0", "–", "–"]] * 2


def test_the_pace_compares_the_first_chunks_with_the_last():
    begins, moment = [], 0.0
    for number_ in range(41):
        begins.append((moment, 100))
        moment += 1.0 if number_ < 20 else 2.0
    told = bench_long.pace(begins)
    assert told["first_ms_per_row"] == 10.0
    assert told["last_ms_per_row"] == 20.0
    assert told["ratio"] == 2.0
    assert told["chunks"] == 41


@pytest.mark.parametrize("chunks", [[], [(1.0, 100)]])
def test_one_chunk_has_no_pace(chunks):
    assert bench_long.pace(chunks) == {}


def test_the_ideal_of_lanes_is_what_binds():
    assert bench_lanes.ideal(0.2, 1200, 2, 60.0, 2) == 120.0
    assert bench_lanes.ideal(0.2, 1200, 4, 200.0, 2) == 100.0


def test_a_copy_of_a_row_changes_what_it_must_and_keeps_the_rest():
    columns = [*bench_fill.CHANGES["account_move"], "journal_id"]
    text = bench_fill.insert("account_move", columns)
    assert text.startswith("INSERT INTO account_move (")
    assert 'o."journal_id"' in text and 'o."id"' not in text


def test_a_column_that_is_gone_is_told():
    with pytest.raises(ValueError, match="account_move has no "):
        bench_fill.insert("account_move", ["id"])


def test_without_parts_all_are_measured():
    options = run_bench.parse([])
    assert run_bench.wanted(options.parts) == list(run_bench.MEASURES)
    assert options.sizes == [1000, 10_000]


def test_b_is_measured_with_a():
    assert run_bench.wanted(["b"]) == ["a"]
    assert run_bench.wanted(["g", "b", "a"]) == ["a", "g"]


def test_quick_is_small_and_a_size_of_ones_own_wins():
    options = run_bench.parse(["--quick", "--rounds", "7"])
    assert (options.sizes, options.rounds) == ([300], 7)


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        run_bench.parse(["a", "z"])
    assert "there is no part z" in capsys.readouterr().err


def test_the_newest_json_is_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(run_bench.places, "cache", lambda: tmp_path)
    with pytest.raises(Stop, match="no JSON"):
        run_bench.last_json()
    (tmp_path / "logs").mkdir()
    for age, name in ((20, "bench-1.json"), (10, "bench-2.json")):
        path = tmp_path / "logs" / name
        path.write_text("{}")
        os.utime(path, (1000 - age, 1000 - age))
    assert run_bench.last_json().name == "bench-2.json"


def test_the_readme_gets_its_tables_from_the_json(tmp_path, capsys):
    told = {"on": "2026-01-02T03:04", "commit": "abc", "postgresql": "15"}
    looks = [{"journals": 1, "rows": 0, "dashboard": 26, "core": 17, "board": 5}]
    found = {"about": {**told, "processors": 2}, "f": {"notes": ["N."], "looks": looks}}
    older, newer = tmp_path / "x.json", tmp_path / "y.json"
    older.write_text(json.dumps({**found, "f": {"notes": ["Old."], "looks": []}}))
    newer.write_text(json.dumps(found))
    run_bench.readme([older, newer])
    shown = capsys.readouterr().out
    assert "Measured 2026-01-02: Odoo 19.0, PostgreSQL 15, 2 processors" in shown
    assert "Old." not in shown
    assert "| 1 | 0 | 26 | 17 | 5 |" in shown
    assert shown.rstrip().endswith("N.")
