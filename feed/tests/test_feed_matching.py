"""Matching of one page: each rule by an example."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations

from feed import (
    BankRow,
    KnownRow,
    Seen,
    content_hash,
    families,
    family_of,
    fingerprint,
    join,
    match,
)
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2025, 3, 10)


def row(key_id="a", amount="-10", text="Shop", day=DAY, **more):
    return BankRow(
        key_id, day, Decimal(amount) if amount else None, "DKK", text, **more
    )


def stored(pair, **more):
    """The feed's row after the pair was stored."""
    bank = pair.row
    known = KnownRow(
        key=pair.key,
        date=bank.date,
        amount=bank.amount,
        currency=bank.currency,
        text=bank.text,
        state=bank.state,
        payload_hash=bank.payload_hash,
    )
    return replace(known, **more)


def keys(pairs):
    return sorted(pair.key for pair in pairs)


def feed_of(*rows):
    return [stored(pair) for pair in match(rows, []).new]


def test_a_new_row_and_its_second_reading():
    first = match([row()], [])
    assert keys(first.new) == ["a"]
    second = match([row()], [stored(first.new[0])])
    assert keys(second.known) == ["a"] and not second.new


def test_amounts_are_compared_as_numbers():
    again = match([row(amount="-10.00")], feed_of(row(amount="-10")))
    assert keys(again.known) == ["a"]


def test_other_content_is_a_change():
    feed = feed_of(row(payload_hash="1"))
    again = match([row(payload_hash="2", text="SHOP 4711")], feed)
    assert keys(again.changed) == ["a"] and again.changed[0].known == feed[0]


def test_the_same_id_twice_counts_once():
    result = match([row(position=0), row(position=5)], [])
    assert keys(result.new) == ["a"] and len(result.ignored) == 1


def test_the_same_id_with_another_balance_is_another_payment():
    result = match([row(balance=Decimal(90)), row(balance=Decimal(80))], [])
    assert len(result.new) == 2 and len(set(keys(result.new))) == 2


def test_a_pending_copy_of_a_booked_row_is_one_transaction():
    both = [row(state="pending"), row(balance=Decimal(3))]
    result = match(both, [])
    assert [pair.row.state for pair in result.new] == ["booked"]


def test_an_id_used_again_is_another_transaction():
    feed = feed_of(row())
    for other in (row(amount="10"), row(amount="-11"), row(day=date(2025, 3, 11))):
        result = match([other], feed)
        assert len(result.new) == 1 and result.new[0].key.startswith("a#")
        both = [*feed, stored(result.new[0])]
        assert not match([row(), other], both).new
        assert not match([other, row()], both).new


def test_one_id_for_everything():
    rows = [row("9998", str(-n)) for n in range(1, 6)]
    first = match(rows, [])
    assert len(set(keys(first.new))) == 5
    again = match(reversed(rows), [stored(pair) for pair in first.new])
    assert len(again.known) == 5


def test_one_id_one_day_one_amount_two_texts():
    feed = feed_of(row("9998", text="B"))
    result = match([row("9998", text="A"), row("9998", text="B")], feed)
    assert [pair.row.text for pair in result.known] == ["B"]
    assert [pair.row.text for pair in result.new] == ["A"]


def test_equal_rows_without_id_are_counted():
    rows = [row("", position=n) for n in range(3)]
    first = match(rows[:2], [])
    feed = [stored(pair) for pair in first.new]
    assert len(set(keys(first.new))) == 2
    again = match(rows, feed)
    assert len(again.known) == 2 and len(again.new) == 1
    assert again.new[0].key not in {each.key for each in feed}


def test_equal_rows_without_id_on_two_pages_are_counted():
    one = match([row("")], [])
    feed = [stored(one.new[0])]
    two = match([row("")], feed, seen=one.seen)
    assert len(two.new) == 1 and two.new[0].key != one.new[0].key
    feed.append(stored(two.new[0]))
    again = match([row("")], feed)
    assert len(again.known) == 1
    assert len(match([row("")], feed, seen=again.seen).known) == 1


def test_a_row_repeated_on_the_next_page_counts_once():
    one = match([row()], [])
    two = match([row(), row("b")], [stored(one.new[0])], seen=one.seen)
    assert keys(two.new) == ["b"] and len(two.ignored) == 1


def test_an_ignored_deletion_uses_up_no_key():
    feed = feed_of(row())
    one = match([row(amount="-99", is_deleted=True)], feed)
    assert len(one.ignored) == 1
    assert keys(match([row()], feed, seen=one.seen).known) == ["a"]


def test_an_id_used_again_beside_a_pending_row():
    feed = feed_of(row("0", "25", state="pending"), row("1", "-10"))
    shifted = [row("0", "-10"), row("1", "25", state="pending")]
    result = match(shifted, feed, covered=(DAY, DAY))
    assert keys(result.rekeyed) and not result.booked and not result.vanished
    assert {p.row.amount == p.known.amount for p in result.rekeyed} == {True}
    assert not match(shifted, feed).booked


def test_new_ids_of_a_reading_stored_page_by_page():
    feed = feed_of(row("a"), row("b", amount="-2", text="Other"))
    fresh = feed_of(row("x"), row("y", amount="-3"))
    (pair,) = join(fresh, feed)
    assert (pair.row.key, pair.known.key, pair.key) == ("x", "a", "x")


def test_a_reading_goes_on_from_what_it_stored():
    page = [row("a"), row("", amount="-2"), row("b", balance=Decimal(4))]
    one = match(page, [])
    seen = Seen.of((pair.key, pair.row) for pair in one.new)
    assert seen == one.seen
    two = match(page, [stored(pair) for pair in one.new], seen=seen)
    assert len(two.ignored) == 2 and len(two.new) == 1


def test_a_booked_row_after_its_pending_copy_is_not_lost():
    one = match([row(state="pending")], [])
    two = match([row()], [stored(one.new[0])], seen=one.seen)
    assert [pair.row.state for pair in two.new] == ["booked"] and not two.ignored


def test_a_deletion_withdraws_once():
    feed = feed_of(row())
    gone = row(is_deleted=True)
    first = match([gone], feed)
    assert keys(first.withdrawn) == ["a"]
    again = match([gone], [stored(first.withdrawn[0], state="withdrawn")])
    assert keys(again.known) == ["a"] and not again.withdrawn


def test_a_bare_deletion_is_understood():
    bare = BankRow("a", None, None, "", is_deleted=True)
    assert keys(match([bare], feed_of(row())).withdrawn) == ["a"]


def test_a_deletion_of_the_unknown_is_ignored():
    result = match([row(is_deleted=True)], [])
    assert len(result.ignored) == 1 and not result.new and not result.withdrawn


def test_a_deletion_beside_a_living_row_of_the_same_id():
    both = [row(is_deleted=True), row()]
    result = match(both, feed_of(row()))
    assert keys(result.known) == ["a"] and not result.withdrawn


def test_a_withdrawn_row_that_is_back_is_a_change():
    feed = [replace(feed_of(row())[0], state="withdrawn")]
    assert keys(match([row()], feed).changed) == ["a"]


def test_pending_becomes_booked_though_date_and_amount_settle():
    feed = feed_of(row(state="pending", amount="-100"))
    result = match([row(amount="-97.50", day=date(2025, 3, 12))], feed)
    assert keys(result.booked) == ["a"] and result.booked[0].known == feed[0]


def test_rows_with_nothing_in_them_do_not_collapse():
    empty = BankRow("", None, None, "")
    assert len(set(keys(match([empty, empty], []).new))) == 2


def test_new_ids_in_a_window():
    feed = feed_of(row("a"), row("b"), row("c", amount="-3"))
    again = [row("x"), row("y"), row("z", amount="-3")]
    result = match(again, feed, covered=(DAY, DAY))
    assert keys(result.rekeyed) == ["x", "y", "z"]
    assert not result.new and not result.vanished


def texts_of(pairs):
    return {pair.row.text: pair.known.text for pair in pairs}


def test_new_ids_go_to_the_closest_text():
    feed = feed_of(row("a", text="Beta"), row("b", text="Gamma"))
    same = [row("x", text="Alpha"), row("y", text="Beta")]
    result = match(same, feed, covered=(DAY, DAY))
    assert texts_of(result.rekeyed) == {"Beta": "Beta", "Alpha": "Gamma"}
    shorter = [row("x", text="Bet"), row("y", text="Beta")]
    result = match(shorter, feed, covered=(DAY, DAY))
    assert texts_of(result.rekeyed) == {"Beta": "Beta", "Bet": "Gamma"}
    longer = [row("x", text="Alpha"), row("y", text="Beta 4711")]
    result = match(longer, feed, covered=(DAY, DAY))
    assert texts_of(result.rekeyed) == {"Beta 4711": "Beta", "Alpha": "Gamma"}


def test_new_id_and_new_text_of_the_only_candidate():
    feed = feed_of(row("a", text="A"))
    result = match([row("x", text="Z")], feed, covered=(DAY, DAY))
    assert texts_of(result.rekeyed) == {"Z": "A"} and not result.vanished


def test_shifted_ids_in_a_window():
    feed = feed_of(row("0", "-10", "A"), row("1", "500", "B"))
    shifted = [row("0", "-7", "C"), row("1", "-10", "A"), row("2", "500", "B")]
    result = match(shifted, feed, covered=(DAY, DAY))
    assert [pair.row.text for pair in result.new] == ["C"]
    assert texts_of(result.rekeyed) == {"A": "A", "B": "B"} and not result.vanished


def test_a_date_that_moves_under_one_id():
    moved = row(day=date(2025, 3, 12))
    window = (date(2025, 3, 1), date(2025, 3, 31))
    result = match([moved], feed_of(row()), covered=window)
    assert keys(result.changed) == ["a"] and not result.new and not result.vanished


def test_pending_comes_back_booked_under_another_id():
    feed = feed_of(row("p", state="pending", text="Reserved: Shop"))
    booked = row("q", day=date(2025, 3, 12))
    window = (date(2025, 3, 1), date(2025, 3, 31))
    result = match([booked], feed, covered=window)
    assert keys(result.booked) == ["q"] and not result.vanished and not result.new


def test_the_bank_deletes_and_sends_a_new_id():
    again = [row("a", is_deleted=True), row("b", text="Shop A/S")]
    result = match(again, feed_of(row("a")), covered=(DAY, DAY))
    assert keys(result.rekeyed) == ["b"]
    assert not result.withdrawn and not result.new and not result.vanished


def test_a_withdrawn_row_returns_under_a_new_id():
    feed = [replace(feed_of(row("a"))[0], state="withdrawn")]
    result = match([row("a", is_deleted=True), row("b")], feed, covered=(DAY, DAY))
    assert keys(result.rekeyed) == ["b"] and not result.new
    assert result.rekeyed[0].known.state == "withdrawn"


def test_what_is_gone_from_the_window_is_told():
    feed = feed_of(row("a"), row("b", amount="-2"))
    result = match([row("a")], feed, covered=(DAY, DAY))
    assert [each.key for each in result.vanished] == ["b"]


def test_absence_outside_the_window_means_nothing():
    feed = feed_of(row("a", day=date(2023, 1, 1)))
    assert not match([], feed, covered=(DAY, DAY)).vanished
    assert not match([], feed).vanished


def test_a_new_equal_payment_does_not_steal_an_old_one():
    feed = feed_of(row("a", day=date(2025, 3, 1)))
    result = match([row("b", day=date(2025, 3, 10))], feed, covered=(DAY, DAY))
    assert keys(result.new) == ["b"] and not result.rekeyed


def test_a_booked_row_is_not_joined_over_another_date_and_id():
    feed = feed_of(row("a", day=date(2025, 3, 1)))
    window = (date(2025, 3, 1), date(2025, 3, 31))
    result = match([row("b", day=date(2025, 3, 10))], feed, covered=window)
    assert keys(result.new) == ["b"]
    assert [each.key for each in result.vanished] == ["a"]


def test_a_living_row_goes_before_a_withdrawn_equal_one():
    feed = feed_of(row("", payload_hash="1"), row("", payload_hash="1"))
    feed[0] = replace(feed[0], state="withdrawn")
    result = match([row("", payload_hash="2")], feed)
    assert keys(result.changed) == [feed[1].key]


def test_fingerprint_moves_with_what_matters_only():
    assert fingerprint(row()) == fingerprint(row("b", text=" shop ", position=9))
    assert fingerprint(row()) != fingerprint(row(amount="10"))
    assert fingerprint(row()) != fingerprint(row(text="Other"))


def test_content_hash():
    values = {"amount": Decimal("1.50"), "date": DAY, "refs": {"a": "1"}, "x": None}
    same = {"x": None, "refs": {"a": "1"}, "date": DAY, "amount": Decimal("1.5")}
    assert content_hash(values) == content_hash(same)
    for other in ({**values, "x": ""}, {**values, "refs": {}}, {"amount": "1.5"}):
        assert content_hash(values) != content_hash(other)


small_rows = st.builds(
    row,
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["-1", "2"]),
    st.sampled_from(["x", "y", "x y"]),
    st.sampled_from([DAY, date(2025, 3, 11)]),
    state=st.sampled_from(["booked", "pending"]),
    is_deleted=st.booleans(),
    payload_hash=st.sampled_from(["1", "2"]),
)


def outcome(result):
    names = ("new", "known", "changed", "booked", "rekeyed", "withdrawn")
    return {name: keys(getattr(result, name)) for name in names}


few = st.lists(small_rows, max_size=4)
many = st.lists(small_rows, max_size=8)


@given(few, few, st.booleans())
def test_the_order_of_rows_does_not_matter(before, now, windowed):
    known = feed_of(*before)
    covered = (DAY, date(2025, 3, 11)) if windowed else None
    expected = outcome(match(now, known, covered=covered))
    for shuffled in permutations(now):
        assert outcome(match(shuffled, known, covered=covered)) == expected


@given(many, many, st.booleans())
def test_each_row_lands_in_one_list_and_keys_stay_unique(before, now, windowed):
    known = feed_of(*before)
    covered = (DAY, date(2025, 3, 11)) if windowed else None
    result = match(now, known, covered=covered)
    names = ("new", "known", "changed", "booked", "rekeyed", "withdrawn")
    pairs = [pair for name in names for pair in getattr(result, name)]
    assert len(pairs) + len(result.ignored) == len(now)
    touched = [pair.known.key for pair in pairs if pair.known]
    assert len(touched) == len(set(touched))
    gone = {each.key for each in result.vanished}
    assert gone.isdisjoint(touched)
    untouched = {each.key for each in known} - set(touched)
    after = [pair.key for pair in pairs] + list(untouched)
    assert len(after) == len(set(after))


@given(many)
def test_families_find_what_a_match_stored(rows):
    result = match(rows, [])
    assert {family_of(pair.key) for pair in result.new} <= families(rows)
