"""What an upgrade must leave as it was, and what is told of it."""

import pytest

import migrate_look

BEFORE = {"a_table": {"rows": "2", "last id": "2", "id": "x", "name": "y"}}


def after(**changed):
    """A look at the same table in which something is otherwise."""
    return {"a_table": {**BEFORE["a_table"], **changed}}


def test_nothing_is_lost_where_all_is_the_same():
    assert migrate_look.lost(BEFORE, after()) == []


def test_what_is_new_is_no_loss():
    more = {**after(colour="z"), "b_table": {"rows": "1"}}
    assert migrate_look.lost(BEFORE, more) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "z"}, "a_table.name: y before, z now"),
        ({"rows": "1", "id": "z"}, "a_table.rows: 2 before, 1 now"),
    ],
)
def test_what_has_changed_is_told(change, told):
    assert migrate_look.lost(BEFORE, after(**change)) == [told]


def test_a_column_that_is_gone_is_told():
    left = after()
    del left["a_table"]["name"]
    assert migrate_look.lost(BEFORE, left) == ["a_table.name: gone"]


def test_a_table_that_is_gone_is_told():
    assert migrate_look.lost(BEFORE, {}) == ["a_table.rows: gone"]


def test_a_column_may_go_for_a_reason(monkeypatch):
    monkeypatch.setitem(migrate_look.GONE, "a_table.name", "told in its own table now")
    left = after()
    del left["a_table"]["name"]
    assert migrate_look.lost(BEFORE, left) == []
