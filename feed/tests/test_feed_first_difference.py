"""The first day on which the bank and the books part, day by day."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from feed import first_difference
from hypothesis import given
from hypothesis import strategies as st

FIRST = date(2025, 3, 1)


def days(**balances):
    """d3="10" is the third day."""
    return {
        FIRST + timedelta(int(name[1:]) - 1): value if value is None else Decimal(value)
        for name, value in balances.items()
    }


def day(number):
    return FIRST + timedelta(number - 1)


def test_equal_on_all_days_the_bank_knows():
    books = days(d1="100", d3="80.00")
    assert first_difference(days(d1="100", d2="100", d3="80", d9="80"), books) is None
    assert first_difference({}, books) is None
    assert first_difference({}, {}) is None


def test_the_first_day_that_parts():
    books = days(d1="100", d3="80", d5="70")
    assert first_difference(days(d1="100", d3="80.01", d5="70.01"), books) == day(3)
    assert first_difference(days(d2="99"), books) == day(2)
    assert first_difference(days(d4="80", d6="71"), books) == day(6)


def test_a_difference_that_heals_is_named():
    books = days(d1="100", d3="80")
    assert first_difference(days(d1="100", d2="80", d3="80"), books) == day(2)


def test_before_their_first_line_the_books_stand_at_zero():
    assert first_difference(days(d1="0", d2="5"), days(d2="5")) is None
    assert first_difference(days(d1="5"), days(d2="5")) == day(1)
    assert first_difference(days(d1="5"), {}) == day(1)


def test_what_the_bank_did_not_tell_proves_nothing():
    assert first_difference(days(d1=None, d2="5"), days(d1="9", d2="5")) is None


def test_days_before_the_first_one_do_not_count():
    bank, books = days(d1="7", d2="5"), days(d2="5")
    assert first_difference(bank, books) == day(1)
    assert first_difference(bank, books, since=day(2)) is None
    assert first_difference(days(d3="4"), books, since=day(3)) == day(3)


cents = st.integers(-999_999, 999_999).map(lambda n: Decimal(n) / 100)


@given(
    st.lists(cents, min_size=1, max_size=20),
    st.integers(0, 19),
    cents.filter(bool),
    st.sets(st.integers(0, 25)),
)
def test_a_missing_line_is_named_by_the_first_known_day_after_it(
    moves, place, lost, known
):
    """The books miss one line; lines stand on each day, zero moves on none."""
    place %= len(moves)
    evenings = dict(zip(map(day, range(1, 99)), accumulate(moves), strict=False))
    books = {
        each: balance - (lost if each >= day(place + 1) else 0)
        for each, balance in evenings.items()
        if moves[(each - FIRST).days] or each == day(place + 1)
    }
    last = evenings[day(len(moves))]
    bank = {day(n + 1): evenings.get(day(n + 1), last) for n in known}
    after = [each for each in bank if each >= day(place + 1)]
    assert first_difference(bank, books) == min(after, default=None)
