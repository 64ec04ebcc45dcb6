"""Whether running balances follow the amounts or go the other way."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from feed import BankRow, sign_of
from hypothesis import given
from hypothesis import strategies as st


def history(amounts, opening=1000, way=1, per_day=2):
    """Rows oldest first; ``way`` -1 swaps debit and credit."""
    balance, rows = Decimal(opening), []
    for place, text in enumerate(amounts):
        amount, day = Decimal(text), date(2025, 3, 1 + place // per_day)
        balance += amount
        more = {"balance": balance, "position": place}
        rows.append(BankRow(str(place), day, way * amount, "DKK", **more))
    return rows


PLAIN = ["-10", "25.50", "-3", "-17", "8"]


def test_both_ways():
    assert sign_of(history(PLAIN)) == 1
    assert sign_of(history(PLAIN, way=-1)) == -1


def test_three_steps_are_needed():
    assert sign_of(history(PLAIN[:4])) == 1
    assert sign_of(history(PLAIN[:3])) == 0
    assert sign_of(history(PLAIN[:3], way=-1)) == 0
    assert sign_of([]) == 0


def test_without_balances_nothing_is_told():
    assert sign_of(replace(row, balance=None) for row in history(PLAIN)) == 0
    constant = [replace(row, balance=Decimal(7)) for row in history(PLAIN)]
    assert sign_of(constant) == 0


def test_rows_without_date_or_amount_do_not_disturb():
    odd = [
        BankRow("x", None, Decimal(1), "DKK", balance=Decimal(1)),
        BankRow("y", date(2025, 3, 1), None, "DKK", balance=Decimal(1)),
        BankRow("z", date(2025, 3, 1), Decimal(0), "DKK", balance=Decimal(990)),
    ]
    assert sign_of(history(PLAIN, way=-1) + odd) == -1
    assert sign_of(odd * 5) == 0


def test_equal_payments_of_one_day_tell_nothing():
    for way in (1, -1):
        assert sign_of(history(["-10"] * 6, way=way, per_day=6)) == 0
        assert sign_of(history(["-10"] * 6, way=way, per_day=1)) == way


def test_a_bank_that_does_both_is_not_believed():
    one, other = history(PLAIN), history(PLAIN, opening=50_000, way=-1)
    assert sign_of(one + other) == 0
    long = history([str(7 * n) for n in range(1, 21)])
    lone = history(["-10", "25"], opening=50_000, way=-1)
    assert sign_of(long + lone) == 1


cents = st.integers(-99_999, 99_999).filter(bool).map(lambda n: Decimal(n) / 100)
histories = st.lists(cents, min_size=5, max_size=25, unique_by=abs)


@given(histories, st.sampled_from([1, -1]), st.integers(1, 9), st.randoms())
def test_any_history_in_any_order(amounts, way, per_day, random):
    rows = history(amounts, way=way, per_day=per_day)
    told = sign_of(rows)
    assert told in (way, 0)
    random.shuffle(rows)
    assert sign_of(rows) == told
    turned = [replace(row, amount=-row.amount) for row in rows]
    assert sign_of(turned) == -told
