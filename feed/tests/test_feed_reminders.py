"""When a customer is told that his consent ends."""

from datetime import date, timedelta

import pytest
from feed import due_step, notice_days, reminder_steps
from hypothesis import given
from hypothesis import strategies as st

GIVEN = date(2025, 1, 1)
END = date(2025, 4, 1)
USUAL = reminder_steps((14, 7, 3, 1, 0), 4, False)


def day_by_day(steps, end=END, since=GIVEN, days=200):
    """The steps told when somebody looks every day, with the day of each."""
    told, told_on = [], None
    for number in range(days):
        today = since + timedelta(days=number)
        due = due_step(steps, GIVEN, end, today)
        if due and (told_on is None or told_on < due[1]):
            told.append((due[0], today))
            told_on = today
    return told


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("14, 7, 3, 1, 0", (14, 7, 3, 1, 0)),
        ("0 3;7", (7, 3, 0)),
        ("7,7", (7,)),
        (" 60 ", (60,)),
    ],
)
def test_notices_are_read(text, days):
    assert notice_days(text) == days


@pytest.mark.parametrize("text", ["", " , ", None, "a", "-1", "1.5", "61", "7 days"])
def test_what_is_no_list_of_days(text):
    with pytest.raises(ValueError):
        notice_days(text)


def test_too_many_notices():
    with pytest.raises(ValueError):
        notice_days(", ".join(map(str, range(11))))


def test_each_step_is_told_once_on_its_day():
    told = day_by_day(USUAL)
    assert [step for step, _day in told] == [14, 7, 3, 1, 0, -7, -14, -21, -28]
    assert all(END - timedelta(days=step) == day for step, day in told)


def test_missed_days_give_the_most_urgent_step_only():
    assert due_step(USUAL, GIVEN, END, date(2025, 3, 30)) == (3, date(2025, 3, 29))


def test_silence_a_week_after_the_last_step():
    last = END + timedelta(days=28)
    assert due_step(USUAL, GIVEN, END, last + timedelta(days=6)) == (-28, last)
    assert due_step(USUAL, GIVEN, END, last + timedelta(days=7)) is None


def test_the_end_is_told_whatever_the_notices_are():
    assert reminder_steps((30, 10), 0, True) == (30, 10, 0)
    assert due_step((30, 10, 0), GIVEN, END, END) == (0, END)
    assert reminder_steps((30, 10), 2, False) == (30, 10, -7, -14)


def test_a_short_consent_begins_no_notice_on_its_first_day():
    end = GIVEN + timedelta(days=7)
    assert due_step(USUAL, GIVEN, end, GIVEN) is None
    assert [step for step, _day in day_by_day(USUAL, end)][:3] == [3, 1, 0]


def test_an_end_on_the_first_day_is_told():
    assert due_step(USUAL, GIVEN, GIVEN, GIVEN) == (0, GIVEN)


@given(
    st.sets(st.integers(0, 60), min_size=1, max_size=10),
    st.integers(0, 4),
    st.integers(61, 400),
)
def test_nobody_is_told_twice_of_one_step(notices, weeks, life):
    end = GIVEN + timedelta(days=life)
    steps = reminder_steps(notices, weeks, True)
    told = day_by_day(steps, end, days=life + 60)
    assert [step for step, _day in told] == list(steps)
