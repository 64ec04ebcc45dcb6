"""Any JSON value in any place: it is read into the promised types, or Malformed."""

import json
import unicodedata
from dataclasses import fields
from datetime import date
from decimal import Decimal

from bank_api import (
    Account,
    AccountNumber,
    Malformed,
    Transaction,
    pages,
    payloads,
    raw_json,
    wire,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_shapes import ACCOUNT, ROW

OWN = payloads.account({**ACCOUNT, "id": "own"})


def parsed(value):
    """The value as it comes off the wire."""
    return wire.parse_json(json.dumps(value).encode())


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0001-01-01", "2025-02-29", "true", "\ud800", "\0", "-0", "1e9"])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
READERS = {
    payloads.transaction: ROW,
    payloads.account: ACCOUNT,
    pages.transaction_page: {"transactions": [ROW], "pagingToken": "x"},
    payloads.account_list: {"accounts": [ACCOUNT]},
    payloads.token_set: {"access_token": "a", "refresh_token": "b", "expires_in": 1},
    payloads.update_answer: {"status": "AllQueued", "authUrl": "https://x"},
    payloads.provider: {"id": "x", "name": "y", "countryCode": "DK", "audiences": [1]},
    payloads.provider_list: {"providers": [{"id": "x"}]},
}


def paths(value, path=()):
    """The places of a JSON value that can hold something else."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for name, member in items:
        yield from paths(member, (*path, name))


def replaced(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


PLACES = [(read, path) for read, shape in READERS.items() for path in paths(shape)]


def check_types(record):
    """The promises of the records, whatever went in."""
    if isinstance(record, Transaction):
        for name in ("date", "value_date", "execution_date"):
            assert type(getattr(record, name)) in (date, type(None))
        for name in ("amount", "balance", "exchange_rate"):
            number = getattr(record, name)
            assert number is None or (number.is_finite() and abs(number) < 10**15)
        missing = record.amount is None or record.date is None or not record.currency
        assert bool(record.problems) == missing
        assert record.state in ("booked", "pending")
        assert all(unicodedata.category(each) != "Cc" for each in record.text)
        assert all(map(str.strip, record.references.values()))
    if isinstance(record, Account):
        assert record.id and isinstance(record.number, AccountNumber)
        assert record.booked is None or isinstance(record.booked.value, Decimal)
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, str):
            assert "\0" not in value
            value.encode()
    repr(record)
    if hasattr(record, "raw"):
        written = raw_json(record.raw)
        assert raw_json(wire.parse_json(written.encode())) == written


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(PLACES), anything, st.none() | st.just(OWN))
def test_any_value_anywhere_is_read_or_malformed(place, new, own):
    read, path = place
    shape = replaced(READERS[read], path, new)
    more = (own,) if read in (payloads.transaction, pages.transaction_page) else ()
    try:
        found = read(parsed(shape), *more)
    except Malformed:
        return
    found = found if isinstance(found, list) else [found]
    for record in found:
        check_types(record)
        for inner in getattr(record, "transactions", getattr(record, "accounts", ())):
            check_types(inner)


@settings(max_examples=400, deadline=None)
@given(anything)
def test_raw_json_is_exact_and_repeats(value):
    once = parsed(value)
    written = raw_json(once)
    assert wire.parse_json(written.encode()) == once
    assert raw_json(wire.parse_json(written.encode())) == written


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_survive_digit_by_digit(number):
    text = str(number)
    assert raw_json(wire.parse_json(text.encode())) == text


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_body_is_json_or_malformed(body):
    try:
        wire.parse_json(body)
    except Malformed:
        pass
