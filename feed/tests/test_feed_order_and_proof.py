"""The bank's order of rows, and whether the money adds up."""

from datetime import date
from decimal import Decimal
from itertools import accumulate

from feed import BankRow, booking_order, opening_balance, prove
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


@given(ledgers, cents)
def test_opening_and_closing_agree(entries, opening):
    rows = ledger(entries, opening)
    closing = opening + sum((row.amount for row in rows), Decimal(0))
    assert opening_balance(closing, rows) == opening
    proof = prove(opening, rows, closing)
    assert (proof.state, proof.difference, proof.first_day) == ("equal", 0, None)


incomes = st.lists(st.tuples(days, cents.map(abs).filter(bool)), min_size=1)


@given(incomes, cents, st.data())
def test_a_missing_row_is_named_by_its_day(entries, opening, data):
    rows = ledger(entries, opening)
    closing = rows[-1].balance
    missing = data.draw(st.sampled_from(rows))
    kept = [row for row in rows if row is not missing]
    proof = prove(opening, kept, closing)
    assert proof.state == "differs" and proof.difference == missing.amount
    seen_later = [r.date for r in kept if r.date >= missing.date]
    assert proof.first_day in (None, *seen_later)
    after = [r.date for r in kept if r.date > missing.date]
    if after:
        assert proof.first_day is not None and proof.first_day <= min(after)


def test_without_balances_no_day_is_named():
    rows = ledger([(date(2025, 3, 1), Decimal(5))], with_balance=False)
    proof = prove(Decimal(0), rows, Decimal(7))
    assert (proof.state, proof.difference, proof.first_day) == ("differs", 2, None)


def test_what_is_missing_makes_the_proof_unknown():
    row = BankRow("a", date(2025, 3, 1), None, "DKK")
    assert prove(Decimal(0), [row], Decimal(7)).state == "unknown"
    assert prove(None, [], Decimal(7)).state == "unknown"
    assert prove(Decimal(0), [], None).state == "unknown"
    assert opening_balance(None, []) is None
    assert opening_balance(Decimal(1), [row]) is None
    assert opening_balance(Decimal(1), []) == 1


def test_null_balances_between_do_not_raise_an_alarm():
    rows = ledger([(date(2025, 3, d), Decimal(d)) for d in (1, 2, 3)])
    gap = BankRow("1", rows[1].date, rows[1].amount, "DKK", position=1)
    proof = prove(Decimal(0), [rows[0], gap, rows[2]], Decimal(9))
    assert proof.state == "differs" and proof.first_day is None


def test_the_order_within_a_day_raises_no_alarm():
    rows = ledger([(date(2025, 3, 1), Decimal(n)) for n in (1, 2, 3)])
    swapped = [
        BankRow(r.key_id, r.date, r.amount, "DKK", balance=r.balance, position=p)
        for r, p in zip(rows, (1, 2, 0), strict=True)
    ]
    late = BankRow("late", date(2025, 3, 2), Decimal(1), "DKK", balance=Decimal(8))
    proof = prove(Decimal(0), [*swapped, late], Decimal(8))
    assert proof.first_day == date(2025, 3, 2)


def test_a_day_that_ends_where_it_began():
    rows = ledger([(date(2025, 3, 1), Decimal(n)) for n in (5, -5)])
    assert prove(Decimal(0), rows, Decimal(1)).first_day is None
    assert prove(Decimal(9), rows, Decimal(1)).first_day == date(2025, 3, 1)
