"""Every oddity of the wire, one by one."""

import base64
import json
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal

import pytest
from bank_api import (
    AccountNumber,
    Malformed,
    Money,
    Transaction,
    pages,
    payloads,
    raw_json,
    wire,
)
from wire_shapes import ACCOUNT, ROW


def parsed(value):
    """The value as it comes off the wire."""
    return wire.parse_json(json.dumps(value).encode())


def row(**changes):
    return payloads.transaction(parsed({**ROW, **changes}))


def with_detail(own=None, amount=-291.0, **changes):
    detail = {**ROW["detail"], **changes}
    amount = {"value": amount, "currency": "DKK"}
    value = parsed({**ROW, "detail": detail, "transactionAmount": amount})
    return payloads.transaction(value, own)


def test_a_whole_row():
    found = row()
    assert found.id == ROW["id"] and found.account_id == "acc-1"
    assert found.date == date(2019, 9, 2)
    assert found.value_date == date(2019, 9, 3)
    assert found.execution_date == date(2019, 9, 1)
    assert found.text == "DSB Kastrup AUT"
    assert found.original_text == "DSB Kastrup AUT    23228"
    assert (found.amount, found.currency) == (Decimal("-291"), "DKK")
    assert found.balance == Decimal(-3954)
    assert (found.state, found.bank_state) == ("booked", "Booked")
    assert found.original_amount == Money(Decimal(-39), "EUR")
    assert found.exchange_rate == Decimal("7.4601")
    assert found.counterpart_name == "DSB Kastrup"
    assert found.counterpart_account == ""
    assert found.references == {"reference": "0130Y9C6LY212", "norwegianKid": "42"}
    assert found.problems == () and not found.is_deleted


def test_member_names_in_any_case():
    def loud(value):
        if isinstance(value, dict):
            return {name.upper(): loud(member) for name, member in value.items()}
        return value

    quiet, shouted = row(), payloads.transaction(parsed(loud(ROW)))
    for field in fields(Transaction):
        if field.name != "raw":
            assert getattr(quiet, field.name) == getattr(shouted, field.name)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("2019-09-02", date(2019, 9, 2)),
        ("2019-09-02T00:00:00Z", date(2019, 9, 2)),
        ("2019-09-02T23:59:59.999999999-11:00", date(2019, 9, 2)),
        ("2019-09-02T00:00:00+14:00", date(2019, 9, 2)),
        (" 2019-09-02 ", date(2019, 9, 2)),
        ("2024-03-31T02:30:00", date(2024, 3, 31)),
    ],
)
def test_dates_are_taken_as_written(text, expected):
    found = row(date=text)
    assert found.date == expected and found.problems == ()


@pytest.mark.parametrize("value", ["0001-01-01", "0001-01-01T00:00:00", None, "", " "])
def test_no_date(value):
    found = row(date=value)
    assert found.date is None and found.problems == ("date_missing",)


@pytest.mark.parametrize(
    "value", ["2019-02-30", "02-09-2019", "20190902", 20190902, "0999-01-01", "x"]
)
def test_unreadable_dates(value):
    found = row(date=value)
    assert found.date is None and found.problems == ("date_invalid",)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("2019-09-02T08:52:16.5816944Z", datetime(2019, 9, 2, 8, 52, 16, 581694)),
        ("2018-12-31T23:59:59.999999999Z", datetime(2018, 12, 31, 23, 59, 59, 999999)),
        ("2019-09-02T08:52:16+02:00", datetime(2019, 9, 2, 6, 52, 16)),
        ("2019-09-02T08:52:16", datetime(2019, 9, 2, 8, 52, 16)),
        ("0001-01-01T00:00:00", None),
        (None, None),
        ("yesterday", None),
        ("2019-09-02T99:00:00Z", None),
    ],
)
def test_moments(text, expected):
    value = parsed({**ACCOUNT, "lastSynchronized": text})
    assert payloads.account(value).last_synchronized == expected


@pytest.mark.parametrize(
    "text,expected",
    [
        ("-291.00", "-291"),
        ("0.1", "0.1"),
        ("0.30000000000000004", "0.3"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("100.00000000", "100"),
        ("123456789012345.67", "123456789012345.67"),
        ('"-12.50"', "-12.5"),
        ('"+7"', "7"),
    ],
)
def test_amounts(text, expected):
    body = f'{{"amount": {text}, "currency": "dkk", "date": "2025-01-01"}}'
    found = payloads.transaction(wire.parse_json(body.encode()))
    assert found.amount == Decimal(expected) and found.problems == ()
    assert str(found.amount).lower().find("e") == -1
    assert not (found.amount == 0 and found.amount.is_signed())
    assert found.currency == "DKK"


@pytest.mark.parametrize(
    "text",
    [
        *("1e400", "-1e15", "1" * 5000, "1e99999999999999999999"),
        *('"1.234,50"', '"12,50"', '"1e3"', '"NaN"', '"\\u0661"', '"twelve"'),
        *("true", "[]", "[1]"),
    ],
)
def test_what_is_no_amount_is_held(text):
    body = f'{{"amount": {text}, "currency": "DKK", "date": "2025-01-01"}}'
    found = payloads.transaction(wire.parse_json(body.encode()))
    assert found.amount is None and found.problems == ("amount_not_a_number",)
    json.loads(raw_json(found.raw), parse_int=str)


def test_amount_objects_and_bare_numbers():
    money = {"value": -5, "currency": "EUR"}
    assert row(transactionAmount=money).currency == "EUR"
    assert row(transactionAmount=None).amount == -291
    assert row(transactionAmount={"value": None}).amount == -291
    assert row(transactionAmount={"value": -5}).currency == "DKK"
    assert row(transactionAmount=None, amount=money).amount == -5
    assert row(transactionAmount=-7).amount == -7
    assert row(transactionAmount=None, amount=None).problems == ("amount_missing",)
    found = row(transactionAmount={"value": 1}, currency="kroner")
    assert found.problems == ("currency_missing",) and found.amount == 1


def test_a_wrong_amount_object_is_not_papered_over():
    found = row(transactionAmount={"value": "x", "currency": "DKK"})
    assert found.amount is None and found.problems == ("amount_not_a_number",)


@pytest.mark.parametrize(
    "value,expected",
    [(True, True), ("true", True), ("True ", True), (1, True), ("1", True)]
    + [(False, False), ("false", False), (None, False), (0, False), ({}, False)],
)
def test_deleted(value, expected):
    assert row(isDeleted=value).is_deleted is expected


@pytest.mark.parametrize(
    "value,state",
    [("Booked", "booked"), ("BOOKED", "booked"), ("Reserved", "pending")]
    + [("Scheduled", "pending"), ("Later", "pending"), (None, "pending")],
)
def test_states(value, state):
    assert row(state=value).state == state


@pytest.mark.parametrize("value", [" ", "", None, [], {}, True, "\u0000"])
def test_blank_ids(value):
    assert row(id=value).id == ""


def test_other_ids():
    assert row(id=" 7 ").id == "7" and row(id=9998).id == "9998"
    long = row(id="x" * 5000).id
    assert long.startswith("sha256:") and long != row(id="x" * 5001).id
    assert len(row(id="\u00e6" * 999).id.encode()) <= 1000


def test_texts_are_cleaned_for_show_only():
    text = "A\r\n  B\u0000\u0007 EndToEndID: NOTPROVIDED"
    found = row(text=text, originalText="A\nB")
    assert (found.text, found.original_text) == ("A B", "A\nB")
    assert row(text="NOTPROVIDED", originalText="").text == ""
    assert row(text=None).text == "DSB Kastrup AUT 23228"
    only_message = {"message": "Faktura 12"}
    assert row(text="", originalText=None, detail=only_message).text == "Faktura 12"
    assert len(row(text="x" * 100_000).text) <= 2000


def test_nothing_that_postgresql_refuses_gets_through():
    body = b'{"a\\u0000": "x\\u0000y\\ud800", "b": ["\\udfff", "tab\there\n"]}'
    value = wire.parse_json(body)
    assert value == {"a": "xy\ufffd", "b": ["\ufffd", "tab\there\n"]}
    raw_json(value).encode("utf-8")


def test_null_everything():
    found = payloads.transaction(parsed(dict.fromkeys(ROW)))
    assert set(found.problems) == {"date_missing", "amount_missing", "currency_missing"}
    assert found == payloads.transaction(found.raw)
    empty = payloads.transaction({})
    assert empty.problems == found.problems and empty.references == {}


OWN = payloads.account({**ACCOUNT, "id": "own"})
OTHER = {"name": "Kunde A/S", "account": {"bban": "9999-1"}}
OUR_SIDE = {"name": "Eksempel ApS", "account": {"bban": "0001-245787654"}}


def counterpart(found):
    return (found.counterpart_name, found.counterpart_account)


def test_counterpart_by_direction():
    out = with_detail(source=OUR_SIDE, destination=OTHER)
    assert counterpart(out) == ("Kunde A/S", "9999-1")
    into = with_detail(amount=10, source=OTHER, destination=OUR_SIDE)
    assert counterpart(into) == ("Kunde A/S", "9999-1")
    nothing = with_detail(amount=0, source=OTHER, destination=OTHER)
    assert counterpart(nothing) == ("", "")


def test_the_own_side_is_no_counterpart():
    assert counterpart(with_detail(OWN, destination=OUR_SIDE)) == ("", "")
    both = with_detail(source=OUR_SIDE, destination=OUR_SIDE)
    assert counterpart(both) == ("", "")
    card = {"card": {"maskedPan": "0524 XXXX XXXX 3413"}}
    own_card = {"name": "EKSEMPEL", "account": card}
    assert counterpart(with_detail(destination=own_card)) == ("", "")
    iban = {"name": "x", "account": {"iban": "DK20 0001 0245 7876 54"}}
    assert counterpart(with_detail(OWN, destination=iban)) == ("", "")
    holder = {"name": "eksempel aps", "account": None}
    assert counterpart(with_detail(OWN, destination=holder)) == ("", "")


def test_a_transfer_between_own_accounts_keeps_its_counterpart():
    other = {"name": "Eksempel ApS", "account": {"bban": "0001-999"}}
    found = with_detail(OWN, source=OUR_SIDE, destination=other)
    assert counterpart(found) == ("Eksempel ApS", "0001-999")


def test_an_account():
    found = payloads.account(parsed(ACCOUNT))
    assert found.number == AccountNumber("", "0001-245787654", "0001", "245787654", "")
    assert found.booked == Money(Decimal("6439.15"), "DKK")
    assert found.available is None and found.holder == "Eksempel ApS"
    assert (found.provider_id, found.provider_name) == ("DK_TestBank", "Test Bank")


def test_account_balances_without_currency_or_object():
    found = payloads.account(parsed({**ACCOUNT, "booked": None}))
    assert found.booked == Money(Decimal("6439.15"), "DKK")
    bare = {**ACCOUNT, "booked": {"value": "7"}, "availableBalance": 3}
    found = payloads.account(parsed(bare))
    assert found.booked == Money(Decimal(7), "DKK")
    assert found.available == Money(Decimal(3), "DKK")
    nothing = {**ACCOUNT, "booked": None, "bookedBalance": None}
    assert payloads.account(parsed(nothing)).booked is None


def test_a_card_account():
    number = {"card": {"maskedPan": "0524 XXXX XXXX 3413"}, "bban": None}
    found = payloads.account(parsed({**ACCOUNT, "number": number}))
    assert found.number == AccountNumber(masked_pan="0524 XXXX XXXX 3413")


def test_danish_display_form_without_parts():
    number = {"bban": "0001-245787654"}
    found = payloads.account(parsed({**ACCOUNT, "number": number})).number
    assert (found.bank_code, found.account_number) == ("0001", "245787654")


def test_consent_claim_of_the_refresh_token():
    def token(claims):
        text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return "h." + base64.urlsafe_b64encode(text).decode().rstrip("=") + ".s"

    def consent(refresh):
        answer = {"access_token": "a", "refresh_token": refresh, "expires_in": 1}
        return payloads.token_set(answer).consent_id

    assert consent(token({"consentId": "87f95fc9"})) == "87f95fc9"
    for odd in (token({}), token(["x"]), token(b"\xff"), "h.%%%.s", "h.e.s", "opaque"):
        assert consent(odd) is None


@pytest.mark.parametrize(
    "life,expected",
    [(3600, 3600), ("60", 60), (None, 3600), ("soon", 3600), (-1, 3600)]
    + [(10**9, 400 * 86400), (Decimal("59.9"), 59)],
)
def test_token_life(life, expected):
    assert payloads.token_set({"access_token": "a", "expires_in": life}).expires_in == (
        expected
    )


def test_records_do_not_show_what_they_hold():
    tokens = payloads.token_set({"access_token": "acc", "refresh_token": "ref"})
    assert "acc'" not in repr(tokens) and "ref'" not in repr(tokens)
    shown = repr(row()) + repr(payloads.account(parsed(ACCOUNT)))
    for secret in ("DSB", "0130Y9", "291", "Eksempel", "245787654", "6439"):
        assert secret not in shown


@pytest.mark.parametrize("token", [["a"], {}, True, False, [[]]])
def test_a_paging_token_of_another_type_is_not_the_end_of_the_list(token):
    """Taken for the end, what stands on the other pages would never be read."""
    with pytest.raises(Malformed):
        pages.transaction_page({"transactions": [], "pagingToken": token})


@pytest.mark.parametrize("token", [None, "", " "])
def test_the_last_page(token):
    page = pages.transaction_page({"transactions": [], "pagingToken": token})
    assert page.paging_token is None
