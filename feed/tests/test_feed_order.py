"""The bank's order of rows."""

from datetime import date
from decimal import Decimal
from itertools import accumulate

from feed import BankRow, booking_order
from hypothesis import given
from hypothesis import strategies as st

cents = st.integers(-99_999, 99_999).map(lambda n: Decimal(n) / 100)
days = st.integers(1, 5).map(lambda n: date(2025, 3, n))
ledgers = st.lists(st.tuples(days, cents.filter(bool)), max_size=12)


def ledger(entries, opening=Decimal(0), with_balance=True):
    """Bank rows oldest first, positions as sent newest first."""
    entries = sorted(entries, key=lambda entry: entry[0])
    running = list(accumulate((amount for _, amount in entries), initial=opening))[1:]
    last = len(entries) - 1
    return [
        BankRow(
            key_id=str(index),
            date=day,
            amount=amount,
            currency="DKK",
            balance=running[index] if with_balance else None,
            position=last - index,
        )
        for index, (day, amount) in enumerate(entries)
    ]


def turned(rows):
    """The same rows as sent oldest first."""
    last = len(rows) - 1
    return [
        BankRow(
            key_id=row.key_id,
            date=row.date,
            amount=row.amount,
            currency=row.currency,
            balance=row.balance,
            position=last - row.position,
        )
        for row in rows
    ]


def ids(rows):
    return [row.key_id for row in rows]


@given(ledgers, st.randoms())
def test_newest_first_is_turned(entries, random):
    rows = ledger(entries, with_balance=False)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert ids(booking_order(shuffled)) == ids(rows)


@given(st.lists(cents.filter(lambda n: n > 0), min_size=2, max_size=8))
def test_balances_tell_the_order_within_one_day(amounts):
    rows = ledger([(date(2025, 3, 1), amount) for amount in amounts])
    assert ids(booking_order(rows)) == ids(rows)
    assert ids(booking_order(turned(rows))) == ids(rows)


def test_dates_tell_the_order_when_balances_do_not():
    entries = [(date(2025, 3, d), Decimal(1)) for d in (1, 1, 2, 2, 3)]
    rows = ledger(entries, with_balance=False)
    assert ids(booking_order(turned(rows))) == ids(rows)


def test_days_newest_first_but_each_day_oldest_first():
    rows = ledger([(date(2025, 3, d), Decimal(d)) for d in (1, 1, 2, 2)])
    received = [rows[2], rows[3], rows[0], rows[1]]
    sent = [
        BankRow(r.key_id, r.date, r.amount, r.currency, balance=r.balance, position=i)
        for i, r in enumerate(received)
    ]
    assert ids(booking_order(sent)) == ids(rows)


def test_rows_without_a_date_come_last():
    undated = BankRow("x", None, Decimal(1), "DKK", position=0)
    dated = BankRow("y", date(2025, 3, 1), Decimal(1), "DKK", position=1)
    assert ids(booking_order([undated, dated])) == ["y", "x"]
