"""Account numbers in the spellings that banks and people use."""

import pytest
from feed import (
    account_key,
    bban_from_iban,
    iban_from_bban,
    normalise_bban,
    normalise_iban,
    same_account,
)
from hypothesis import given
from hypothesis import strategies as st

IBAN = "DK5000400440116243"  # the example of the Danish IBAN in the public registry
BBAN = "00400440116243"

digits = st.text("0123456789", min_size=1, max_size=10)
bank_codes = st.text("0123456789", min_size=4, max_size=4)
separators = st.sampled_from([" ", "-", ".", " - ", "/", "\u00a0", "\u2013"])


def test_iban_is_read_in_any_spelling():
    for text in (IBAN, "dk50 0040 0440 1162 43", "IBAN DK50-0040-0440-1162-43"):
        assert normalise_iban(text) == IBAN


@pytest.mark.parametrize(
    "text", [None, "", "DK", "DK5100400440116243", BBAN, "XX5000400440116243", "²"]
)
def test_what_is_no_iban(text):
    assert normalise_iban(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "0040-0440116243",
        "0040 0440116243",
        "40-440116243",
        "0040.0440.116.243",
        "0040 0440 11 62 43",
        "00400440116243",
        "0040440116243",
    ],
)
def test_danish_spellings(text):
    assert normalise_bban(text) == BBAN
    assert iban_from_bban(text) == IBAN
    assert account_key(None, text) == IBAN
    assert same_account(text, "DK50 0040 0440 1162 43")


@pytest.mark.parametrize("text", [None, "", "1234", "1234-", "A234-567", "1" * 15])
def test_what_is_no_danish_number(text):
    assert normalise_bban(text) == ""
    assert iban_from_bban(text) == ""


def test_other_countries():
    assert account_key("", "8601 11 17947", "NO") == "NO9386011117947"
    assert account_key("", "60161331926819", "NO") == "NO:60161331926819"
    assert normalise_bban("NWBK 601613-31926819", "GB") == "NWBK60161331926819"
    assert account_key("", "NWBK 601613-31926819", "GB") == "GB29NWBK60161331926819"
    assert same_account("8601 11 17947", "NO9386011117947")


def test_no_number_has_no_key():
    assert account_key(None, None) == ""
    assert account_key("rubbish", "  ") == ""
    assert account_key("", "12", "DK") == "DK:12"


def test_different_accounts():
    assert not same_account(IBAN, "NO9386011117947")
    assert not same_account("0040-0440116243", "0040-0440116244")
    assert not same_account("", "")
    assert not same_account(None, IBAN)
    assert not same_account("1234", "1234")


def test_equal_domestic_parts_of_two_countries_stay_apart():
    faroese = iban_from_bban(BBAN, "FO")
    assert faroese.startswith("FO") and not same_account(IBAN, faroese)


@given(bank_codes, digits, separators)
def test_bban_and_iban_are_one_account(bank, number, separator):
    text = f"{bank}{separator}{number}"
    iban = iban_from_bban(text)
    assert normalise_iban(iban) == iban and len(iban) == 18
    assert bban_from_iban(iban) == normalise_bban(text)
    assert account_key(iban, "") == account_key("", text) == account_key(iban, text)
    assert same_account(text, iban) and same_account(iban, text)


@given(st.text(), st.text(), st.sampled_from(["DK", "NO", "", "dk", "Ø", "D"]))
def test_any_text_is_answered(a, b, country):
    for function in (normalise_iban, bban_from_iban):
        assert isinstance(function(a), str)
    assert isinstance(normalise_bban(a, country), str)
    assert isinstance(iban_from_bban(a, country), str)
    assert isinstance(account_key(a, b, country), str)
    assert same_account(a, b) == same_account(b, a)
