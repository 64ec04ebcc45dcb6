from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from day_ends import end_of_day_balances
from feed.days import coverage, period_of

DAY = date(2026, 3, 1)


def day(number):
    return DAY + timedelta(days=number)


def row(number, amount, balance):
    balance = None if balance is None else Decimal(balance)
    return SimpleNamespace(date=day(number), amount=Decimal(amount), balance=balance)


def test_the_last_row_of_the_day_counts():
    rows = [row(0, 5, 105), row(0, -1, 104), row(2, 1, 105)]
    assert end_of_day_balances(rows) == {day(0): 104, day(2): 105}


def test_a_late_row_in_the_wrong_place_does_not_deceive():
    # In truth 100 → 105 → 104 → 94, but the late one was ranked first.
    rows = [row(0, -10, 94), row(0, 5, 105), row(0, -1, 104)]
    assert end_of_day_balances(rows) == {day(0): 94}


def test_a_day_that_ends_where_it_began_ends_with_its_last_row():
    assert end_of_day_balances([row(0, 5, 105), row(0, -5, 100)]) == {day(0): 100}


def test_rows_without_a_balance_tell_nothing():
    rows = [row(0, 5, 105), row(0, -1, None), row(1, 1, None)]
    assert end_of_day_balances(rows) == {day(0): 105}
    assert end_of_day_balances([]) == {}


def test_coverage_by_the_last_reading():
    windows = [(day(-5), day(4), "a"), (day(3), day(6), "b"), (day(9), day(20), "c")]
    assert coverage(day(0), day(10), windows) == (
        [(day(0), day(2), "a"), (day(3), day(6), "b"), (day(9), day(10), "c")],
        [(day(7), day(8))],
    )


@pytest.mark.parametrize("windows", [[], [(day(-9), day(-1), "a")]])
def test_nothing_covered(windows):
    assert coverage(day(0), day(3), windows) == ([], [(day(0), day(3))])


def test_an_older_reading_shows_again_where_the_newer_ends():
    windows = [(day(0), day(9), "a"), (day(3), day(4), "b")]
    assert coverage(day(0), day(9), windows)[0] == [
        (day(0), day(2), "a"),
        (day(3), day(4), "b"),
        (day(5), day(9), "a"),
    ]


@pytest.mark.parametrize(
    ("moment", "kind", "name", "first", "last"),
    [
        ("2026-03-12", "day", "2026-03-12", "2026-03-12", "2026-03-12"),
        ("2026-03-12", "month", "2026-03", "2026-03-01", "2026-03-31"),
        ("2028-02-29", "month", "2028-02", "2028-02-01", "2028-02-29"),
        ("2026-12-31", "month", "2026-12", "2026-12-01", "2026-12-31"),
        ("2026-03-16", "week", "2026-W12", "2026-03-16", "2026-03-22"),
        ("2027-01-02", "week", "2026-W53", "2026-12-28", "2027-01-03"),
        ("2025-12-30", "week", "2026-W01", "2025-12-29", "2026-01-04"),
    ],
)
def test_periods(moment, kind, name, first, last):
    said = period_of(date.fromisoformat(moment), kind)
    assert said == (name, date.fromisoformat(first), date.fromisoformat(last))
