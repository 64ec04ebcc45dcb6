"""Pending rows that settle, and ids that mean something else tomorrow."""

from datetime import date
from decimal import Decimal

import pytest
from feed import BankRow, KnownRow, match

DAY = date(2025, 3, 10)
LATER = date(2025, 3, 12)
MONTH = (date(2025, 3, 1), date(2025, 3, 31))


def row(key_id, amount="-10", text="Shop", day=DAY, **more):
    return BankRow(key_id, day, Decimal(amount), "DKK", text, **more)


def known(key, amount="-10", text="Shop", day=DAY, state="booked"):
    return KnownRow(key, day, Decimal(amount), "DKK", text, state)


def joined(pairs):
    return [(pair.row.key_id, pair.known.key, pair.key) for pair in pairs]


@pytest.mark.parametrize("covered", [None, MONTH])
def test_date_and_amount_settle_under_one_id(covered):
    feed = [known("a", "-100", "Reserved: Hotel", state="pending")]
    result = match([row("a", "-97.50", "Hotel", LATER)], feed, covered=covered)
    assert joined(result.booked) == [("a", "a", "a")] and not result.vanished


@pytest.mark.parametrize("covered", [None, MONTH])
@pytest.mark.parametrize(
    "amount,text", [("-97.50", "Kiosk"), ("97.50", "Hotel"), ("100", "Hotel")]
)
def test_an_id_without_any_hint_is_another_transaction(covered, amount, text):
    feed = [known("a", "-100", "Hotel", state="pending")]
    result = match([row("a", amount, text, LATER)], feed, covered=covered)
    assert len(result.new) == 1 and not result.booked


def test_an_equal_row_of_the_same_state_goes_first():
    feed = [known("a", text="A", state="pending"), known("b", text="B")]
    result = match([row("x", text="Z")], feed, covered=MONTH)
    assert joined(result.rekeyed) == [("x", "b", "x")]
    assert [each.key for each in result.vanished] == ["a"]


def test_numbers_of_the_day_shift_under_a_pending_twin():
    """The pending row 0 was booked later; now 0 and 1 are what 1 and 2 were."""
    feed = [known("0", state="pending"), known("1"), known("2", day=LATER)]
    rows = [row("0"), row("1", day=LATER), row("2", day=date(2025, 3, 13))]
    result = match(rows, feed, covered=MONTH)
    assert [(p.row.key_id, p.known.key) for p in result.rekeyed] == [
        ("0", "1"),
        ("1", "2"),
    ]
    assert [(p.row.key_id, p.known.key) for p in result.booked] == [("2", "0")]
    assert not result.new and not result.vanished


def test_a_booked_row_that_is_pending_again_under_a_new_id():
    result = match([row("x", state="pending")], [known("a")], covered=MONTH)
    assert joined(result.rekeyed) == [("x", "a", "x")] and not result.new


def test_a_deletion_without_id_counts_in_a_window_only():
    feed = match([row("")], []).new
    feed = [known(pair.key) for pair in feed]
    gone = row("", is_deleted=True)
    page = match([gone], feed)
    assert page.ignored == [gone] and not page.withdrawn
    assert len(match([gone], feed, covered=MONTH).withdrawn) == 1
    both = match([gone, row("")], feed, covered=MONTH)
    assert len(both.known) == 1 and not both.withdrawn
