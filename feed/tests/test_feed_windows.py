"""Which days are asked for."""

from datetime import date, timedelta

from feed import fetch_window, settled_window
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2025, 6, 30)
dates = st.dates(date(2015, 1, 1), date(2035, 12, 31))
maybe_dates = st.none() | dates


def test_first_read_goes_from_the_start_date():
    assert fetch_window(TODAY, date(2025, 4, 1), None) == (date(2025, 4, 1), TODAY)


def test_first_read_ignores_a_change_the_bank_names():
    start = date(2025, 4, 1)
    assert fetch_window(TODAY, start, None, TODAY) == (start, TODAY)


def test_without_start_date_two_years():
    assert fetch_window(TODAY, None, None) == (date(2023, 6, 30), TODAY)


def test_leap_day():
    leap = date(2024, 2, 29)
    assert fetch_window(leap, None, None) == (date(2022, 2, 28), leap)


def test_overlap_behind_the_last_success():
    window = fetch_window(TODAY, date(2024, 1, 1), date(2025, 6, 29))
    assert window == (date(2025, 6, 19), TODAY)


def test_a_gap_is_filled_however_long():
    window = fetch_window(TODAY, date(2024, 1, 1), date(2025, 2, 10))
    assert window == (date(2025, 1, 31), TODAY)


def test_an_older_change_widens_the_window():
    window = fetch_window(TODAY, date(2024, 1, 1), TODAY, date(2025, 3, 1))
    assert window == (date(2025, 2, 28), TODAY)


def test_a_watermark_in_the_future_does_not_skip_days():
    window = fetch_window(TODAY, date(2024, 1, 1), date(2026, 1, 1))
    assert window == (date(2025, 6, 20), TODAY)


def test_start_date_still_to_come():
    start = date(2025, 8, 1)
    assert fetch_window(TODAY, start, None) == (start, start)


@given(dates, maybe_dates, maybe_dates, maybe_dates, st.integers(-5, 60))
def test_bounds_always_hold(today, start, synced, change, overlap):
    first, last = fetch_window(today, start, synced, change, overlap)
    assert first <= last and last >= today
    assert first >= today - timedelta(days=731)
    assert start is None or first >= start
    if synced is not None and (start is None or start <= synced):
        assert first <= max(synced, today - timedelta(days=730))


def test_settled_window_leaves_out_where_the_bank_deletes():
    assert settled_window(TODAY, (date(2023, 6, 30), TODAY)) == (
        date(2023, 7, 7),
        TODAY,
    )
    assert settled_window(TODAY, (date(2025, 6, 1), TODAY)) == (
        date(2025, 6, 1),
        TODAY,
    )
    assert settled_window(TODAY, (date(2023, 6, 30), date(2023, 7, 1))) is None
