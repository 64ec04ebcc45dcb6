"""Holders' names in the spellings that banks use, against the company's name."""

import pytest
from feed import same_holder
from hypothesis import given
from hypothesis import strategies as st

FORMS = ["ApS", "A/S", "I/S", "IVS", "K/S", "GmbH", "AB", "AS", "Oy", "a.m.b.a."]
# No legal form begins with an x.
words = st.text("abdefghijklmnoprstuvyæøåéü", min_size=2, max_size=9).map("x{}".format)
names = st.lists(words, min_size=1, max_size=4, unique=True)


@pytest.mark.parametrize(
    ("company", "holder"),
    [
        ("Nordlys Handel ApS", "NORDLYS HANDEL APS"),
        ("Nordlys Handel ApS", "Nordlys Handel"),
        ("Nordlys Handel ApS", "Handel, Nordlys ApS"),
        ("Nordlys Handel ApS", "Nordlyshandel A.p.S."),
        ("Nordlys A/S", "NORDLYS A / S"),
        ("Nordlys A/S", "Nordlys AS"),
        ("Nordlys I/S", "i/s Nordlys"),
        ("Brugsen A.M.B.A.", "BRUGSEN AMBA"),
        ("Tømrerne Åby ApS", "TOEMRERNE AABY APS"),
        ("Tømrerne Åby ApS", "Tomrerne Aby"),
        ("Müller & Søn GmbH", "MUELLER UND SOEN GMBH"),
        ("Café Noir", "CAFE NOIR"),
        ("A.P. Møller", "A P MOLLER"),
        ("Holms Tag v/ Karen Holm", "Karen Holm"),
        ("Holms Tag v/Karen Holm", "HOLMS TAG"),
        ("Karen's Kager", "Karens Kager"),
        ("Кафе Ромашка", "КАФЕ РОМАШКА"),
        ("A/S", "A/S"),
    ],
)
def test_the_same_holder(company, holder):
    assert same_holder(holder, company)
    assert same_holder(company, holder)


@pytest.mark.parametrize(
    ("company", "holder"),
    [
        ("Nordlys Handel ApS", "Karen Holm"),
        ("Nordlys Handel ApS", "Nordlys Holding ApS"),
        ("Nordlys Handel ApS", "Nordlys ApS"),
        ("Nordlys Handel ApS", "Sydlys Handel ApS"),
        ("Holms Tag v/ Karen Holm", "Karin Holm"),
        ("ApS", "A/S"),
    ],
)
def test_another_holder(company, holder):
    assert not same_holder(holder, company)
    assert not same_holder(company, holder)


@pytest.mark.parametrize("nothing", [None, "", "  ", "-", "./"])
def test_no_name_is_no_doubt(nothing):
    assert same_holder(nothing, "Nordlys Handel ApS")
    assert same_holder("Nordlys Handel ApS", nothing)


@given(names, st.sampled_from(FORMS), st.randoms())
def test_case_order_form_and_punctuation_do_not_count(name, form, dice):
    mixed = list(name)
    dice.shuffle(mixed)
    company = " ".join([*name, form])
    for holder in (
        " ".join(mixed).upper(),
        ", ".join([*mixed, form.lower()]),
        "-".join(name).title(),
        f"{form.upper()}  {'  '.join(mixed)}.",
    ):
        assert same_holder(holder, company)


@given(names, names)
def test_one_more_word_is_another_holder(name, more):
    longer = [*name, *(word for word in more if word not in name), "kvartet"]
    assert not same_holder(" ".join(longer), " ".join(name))


@given(st.text(), st.text())
def test_any_text_is_answered(a, b):
    assert same_holder(a, b) is same_holder(b, a)
    assert same_holder(a, a)
