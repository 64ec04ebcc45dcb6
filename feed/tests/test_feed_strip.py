from datetime import date, timedelta
from decimal import Decimal

from feed import strip
from feed.strip import Balances, days_of, spans, verdict

FIRST = date(2026, 3, 1)
TODAY = date(2026, 3, 10)


def day(number):
    return date(2026, 3, number)


def the_days(covered=range(1, 11), expected_from=FIRST, last=TODAY, **known):
    """Ten days in March: the account is read, and the bank tells 100 on the first."""
    facts = {
        "told": {day(1): Decimal(100)},
        "moved": {day(1)},
        "read": {},
        "books": {day(1): Decimal(100)},
        "since": FIRST,
        **known,
    }
    readers = {day(number): "run" for number in covered}
    found = days_of(FIRST, last, TODAY, expected_from, readers, Balances(**facts))
    return {each.date.day: each for each in found}


def states(days):
    return "".join(each.balance[0] for each in days.values())


def test_a_balance_holds_over_quiet_days():
    days = the_days()
    assert states(days) == "a" * 10
    assert {each.bank for each in days.values()} == {Decimal(100)}


def test_over_a_gap_nothing_is_known_until_the_bank_tells_again():
    days = the_days(
        covered=[1, 2, 5, 6, 7, 8, 9, 10],
        told={day(1): Decimal(100), day(7): Decimal(90)},
        moved={day(1), day(7)},
        books={day(1): Decimal(100), day(7): Decimal(90)},
    )
    assert states(days) == "aauuuuaaaa"
    kinds = [days[n].coverage for n in (2, 3, 4, 5)]
    assert kinds == ["covered", "gap", "gap", "covered"]
    assert days[5].bank is None


def test_rows_without_balances_end_what_is_known():
    days = the_days(moved={day(1), day(4)})
    assert states(days) == "aaauuuuuuu"


def test_a_line_on_a_quiet_day_parts_it():
    days = the_days(books={day(1): Decimal(100), day(5): Decimal(105)})
    assert states(days) == "aaaapppppp"
    assert verdict(list(days.values())) == ("parts", day(5), TODAY)


def test_a_reading_proves_but_does_not_refute():
    agreed = {"told": {}, "books": {day(1): Decimal(100)}, "moved": {day(1), day(5)}}
    days = the_days(read={day(5): (Decimal(100), False)}, **agreed)
    assert states(days) == "uuuuauuuuu"
    days = the_days(read={day(5): (Decimal(99), False)}, **agreed)
    assert states(days) == "u" * 10


def test_a_reading_that_differs_still_refutes():
    days = the_days(read={day(5): (Decimal(83), True)})
    assert states(days) == "aaaapppppp"
    days = the_days(
        read={day(5): (Decimal(83), True)}, told={day(n): Decimal(100) for n in (1, 5)}
    )
    assert states(days) == "a" * 10  # the evening's balance counts for more


def test_days_before_the_books_begin_are_not_compared():
    days = the_days(since=day(4), books={day(4): Decimal(100)})
    assert states(days) == "uuuaaaaaaa"
    days = the_days(since=day(4), books={day(4): Decimal(100)}, before=day(2))
    assert states(days) == "upuaaaaaaa"
    assert states(the_days(since=None)) == "u" * 10


def test_what_is_expected():
    days = the_days(covered=range(3, 10), expected_from=day(2), last=day(12))
    kinds = [each.coverage for each in days.values()]
    assert kinds == [
        strip.BEFORE,
        strip.GAP,
        *[strip.COVERED] * 7,
        strip.WAITING,
        strip.FUTURE,
        strip.FUTURE,
    ]
    assert states(days)[-2:] == "uu"
    days = the_days(expected_from=None)
    assert {each.coverage for each in days.values()} == {strip.BEFORE}


def test_spans():
    days = list(the_days().values())
    assert spans([days[0], days[1], days[4]]) == [(day(1), day(2)), (day(5), day(5))]
    assert spans([]) == []


def test_the_verdict_is_that_of_the_last_known_day():
    days = the_days(
        told={day(n): Decimal(100) for n in (1, 6)},
        books={day(1): Decimal(100), day(3): Decimal(90), day(6): Decimal(100)},
        covered=range(1, 9),
    )
    assert states(days) == "aapppaaauu"
    assert verdict(list(days.values())) == ("agrees", day(6), day(8))
    assert verdict([]) == ("unknown", None, None)
    assert TODAY - day(8) == timedelta(days=2)
