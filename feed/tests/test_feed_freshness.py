"""How long a silence is usual."""

from datetime import date, timedelta
from itertools import pairwise

from feed.freshness import FEWEST_DAYS, SHORTEST, usual_silence
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2025, 6, 1)
days = st.lists(st.dates(date(2025, 1, 1), date(2025, 6, 30)), max_size=60)


def every(step, count=20):
    return [DAY + timedelta(days=step * number) for number in range(count)]


def test_half_as_long_again_as_the_longest_silence():
    assert usual_silence(every(10)) == 15
    assert usual_silence([*every(2), DAY + timedelta(days=38 + 20)]) == 30


def test_a_busy_account_is_given_a_week():
    assert usual_silence(every(1)) == SHORTEST


def test_an_account_that_hardly_moves_is_never_late():
    assert usual_silence(every(10, FEWEST_DAYS - 1)) == 0
    assert usual_silence([DAY] * 30) == 0
    assert usual_silence([]) == 0


@given(days)
def test_no_silence_that_was_is_longer_than_usual(given_days):
    limit, ordered = usual_silence(given_days), sorted(set(given_days))
    gaps = [(b - a).days for a, b in pairwise(ordered)]
    assert not limit or max(gaps) <= limit


@given(days)
def test_order_and_repeats_mean_nothing(given_days):
    assert usual_silence(given_days) == usual_silence(reversed(given_days * 2))
