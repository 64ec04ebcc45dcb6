"""One transaction delivered twice with another text: suspected, never decided."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from feed import BookedRow, suspects
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2025, 3, 12)


def row(key, text="EXAMPLE STORE", balance=None, day=DAY, amount="-10"):
    known = None if balance is None else Decimal(balance)
    return BookedRow(key, day, Decimal(amount), "DKK", text, known)


def found(fresh, others):
    return [(a.key, b.key) for a, b in suspects(fresh, others)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("12.03 EXAMPLE STORE", "EXAMPLE STORE"),
        ("Example Store", "EXAMPLE STORE"),
        ("EXAMPLE-STORE*", "EXAMPLE  STORE"),
        ("EXAMPLE STORE 23228", "Example store 23391"),
        ("EXAMPLE AB12 STORE", "EXAMPLE STORE"),
        ("VISA EXAMPLE STORE DEN 12.03", "EXAMPLE STORE"),
        ("KØBMANDEN", "KOEBMANDEN"),
        ("7ELEVEN", "7-Eleven"),
        ("1234 5678", "12345678"),
    ],
)
def test_cosmetic_differences_are_suspected(first, second):
    assert found([row("b", second)], [row("a", first)]) == [("b", "a")]
    assert found([row("b", first)], [row("a", second)]) == [("b", "a")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("EXAMPLE STORE", "OTHER STORE"),
        ("EXAMPLE STORE", "EXAMPLE STORES"),
        ("AB 1", "AB 2"),
        ("12345", "67890"),
        ("", "EXAMPLE STORE"),
        ("", "..."),
        ("EXAMPLE STORE 1 HANS", "EXAMPLE STORE 2"),
    ],
)
def test_other_texts_are_not(first, second):
    assert not found([row("b", second)], [row("a", first)])


def test_date_amount_and_currency_must_agree():
    other = row("a", "12.03 EXAMPLE STORE")
    assert found([row("b")], [other]) == [("b", "a")]
    for moved in (
        row("b", day=date(2025, 3, 13)),
        row("b", amount="-10.01"),
        row("b", amount="10"),
        replace(row("b"), currency="EUR"),
    ):
        assert not found([moved], [other])


def test_amounts_are_compared_as_numbers():
    assert found([row("b", amount="-10.00")], [row("a", "Example Store")])


def test_without_a_date_or_an_amount_nothing_is_suspected():
    for name, value in (("date", None), ("amount", None), ("amount", Decimal(0))):
        pair = [row("b"), row("a", "Example Store")]
        fresh, other = (replace(each, **{name: value}) for each in pair)
        assert not found([fresh], [other])


def test_each_moved_the_balance():
    other = row("a", "12.03 EXAMPLE STORE", balance=90)
    assert not found([row("b", balance=80)], [other])
    assert found([row("b", balance=90)], [other]) == [("b", "a")]
    assert found([row("b")], [other]) == [("b", "a")]


def test_rows_of_equal_text_are_twins():
    assert not found([row("b")], [row("a")])
    assert not found([row("b", balance=80)], [row("a", balance=90)])
    assert not found([row("b", balance=90)], [row("a")])


def test_equal_text_and_equal_balance_under_two_ids_is_one_payment():
    assert found([row("b", balance=90)], [row("a", balance=90)]) == [("b", "a")]
    again = row("a#0123456789abcdef", balance=90)
    assert not found([again], [row("a", balance=90)])
    blank = f"row:{'0' * 24}:"
    assert not found([row(f"{blank}2", balance=90)], [row(f"{blank}1", balance=90)])


def test_a_row_is_not_suspected_against_itself():
    assert not found([row("a", balance=90)], [row("a", balance=90)])


def test_two_deliveries_of_two_payments_are_two_pairs():
    others = [row("a1", "12.03 EXAMPLE STORE"), row("a2", "12.03 EXAMPLE STORE")]
    fresh = [row("b1"), row("b2"), row("b3")]
    assert found(fresh, others) == [("b1", "a1"), ("b2", "a2")]


def test_the_closest_text_goes_first():
    others = [row("a1", "12.03 EXAMPLE STORE NORTH"), row("a2", "Example store")]
    assert found([row("b")], others) == [("b", "a2")]


def test_both_deliveries_in_one_reading():
    fresh = [row("a", "12.03 EXAMPLE STORE"), row("b")]
    assert found(fresh, fresh) == [("a", "b")]
    old = row("o", "EXAMPLE STORE DK")
    assert found([row("b")], [row("b"), old]) == [("b", "o")]


def test_a_series_of_numbered_payments_is_no_suspicion():
    series = [row(f"a{n}", f"Fee member {n}") for n in range(20)]
    assert not found(series[10:], series[:10])
    assert not found(series, series)


def test_many_equal_rows_are_quick():
    others = [row(f"a{n}", f"Fee member {n}") for n in range(400)]
    assert not found([row(f"b{n}", f"Fee {n}") for n in range(400, 800)], others)


texts = st.sampled_from(
    ["Club", "club", "12.03 Club", "Club 4711", "Club 4712", "Club shop", "Shop"]
)
balances = st.sampled_from([None, None, 90, 80])


@given(st.lists(st.tuples(texts, balances, st.booleans()), max_size=9), st.randoms())
def test_the_order_does_not_matter_and_no_row_is_in_two_pairs(given_rows, random):
    rows = [row(f"k{n}", text, bal) for n, (text, bal, _) in enumerate(given_rows)]
    fresh = [each for each, (*_, new) in zip(rows, given_rows, strict=True) if new]
    others = [each for each in rows if each not in fresh or random.random() < 0.5]
    pairs = found(fresh, others)
    random.shuffle(fresh)
    random.shuffle(others)
    assert found(fresh, others) == pairs
    keys = [key for pair in pairs for key in pair]
    assert len(keys) == len(set(keys))
    assert {a for a, _ in pairs} <= {each.key for each in fresh}
    assert {b for _, b in pairs} <= {each.key for each in others}
