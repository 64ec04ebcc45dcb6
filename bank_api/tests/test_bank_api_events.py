"""Bodies of webhooks: the table of events, and what a wire can make of them."""

import json
from datetime import date, datetime

import pytest
from bank_api import Event, EventAccount, parse_event
from bank_api.events import MAX_ACCOUNTS
from hypothesis import given
from hypothesis import strategies as st

CONSENT = "87f95fc9-0000-4000-8000-000000000001"


def body(event, data, member="someWebhook", **more):
    inside = {"consentId": CONSENT, "event": event, "data": data, **more}
    return json.dumps({member: inside}).encode()


def test_changed_accounts():
    changed = [
        {
            "accountId": "a",
            "transactionsChanged": True,
            "oldestTransactionChangedAt": "2018-11-06T00:00:00Z",
            "transactionSpan": "2018-12-31T23:59:59.999999999Z/2019-12-31T00:00:00Z",
        },
        {
            "accountId": "b",
            "transactionsChanged": False,
            "oldestTransactionChangedAt": None,
        },
        {"accountId": "c"},
        {"accountId": "d", "transactionsChanged": "true"},
    ]
    assert parse_event(body("AccountsUpdated", {"changedAccounts": changed})) == Event(
        "AccountsUpdated",
        CONSENT,
        (
            EventAccount("a", True, date(2018, 11, 6)),
            EventAccount("b", False),
            EventAccount("c", True),
            EventAccount("d", True),
        ),
    )


def test_the_day_is_as_written():
    changed = {"accountId": "a", "oldestTransactionChangedAt": "2026-03-01T23:30:00Z"}
    event = parse_event(body("AccountsUpdated", {"changedAccounts": [changed]}))
    assert event.accounts[0].oldest_day == date(2026, 3, 1)


def test_an_account_that_is_named_twice():
    changed = [
        {"accountId": "a", "transactionsChanged": False},
        {"accountId": "a", "oldestTransactionChangedAt": "2026-03-05"},
        {"accountId": "a", "oldestTransactionChangedAt": "2026-03-02"},
    ]
    event = parse_event(body("AccountsUpdated", {"changedAccounts": changed}))
    assert event.accounts == (EventAccount("a", True, date(2026, 3, 2)),)


@pytest.mark.parametrize("name", ["accountIds", "syncedAccountIds"])
def test_lists_of_ids(name):
    event = parse_event(body("SyncDone", {name: ["a", None, 7, {}, "a", "b"]}))
    assert [account.id for account in event.accounts] == ["a", "7", "b"]


def test_nine_decimals():
    moment = "2026-12-31T23:59:59.999999999Z"
    event = parse_event(body("ConnectionUpdateRequired", {"expiresAt": moment}))
    assert event.until == datetime(2026, 12, 31, 23, 59, 59, 999999)
    assert event.until_day == date(2026, 12, 31)


def test_rate_limit_and_reason():
    data = {"rateLimitedUntil": "2026-03-01T01:00:00+01:00", "reason": "  too\noften "}
    event = parse_event(body("ConnectionRateLimited", data))
    assert event.until == datetime(2026, 3, 1)
    assert event.reason == "too often"


def test_revoked_has_no_data():
    assert parse_event(body("ConsentRevoked", None)) == Event("ConsentRevoked", CONSENT)


def test_the_members_name_is_not_trusted():
    event = parse_event(body("PaymentUpdated", {}, member="paymentCreatedWebhook"))
    assert event.name == "PaymentUpdated"


def test_without_the_wrapping_member():
    flat = json.dumps({"event": "SyncDone", "consentId": CONSENT, "data": []}).encode()
    assert parse_event(flat) == Event("SyncDone", CONSENT)


def test_no_consent():
    payment = b'{"acceptPaymentCreatedWebhook": {"event": "AcceptPaymentCreated"}}'
    assert parse_event(payment) == Event("AcceptPaymentCreated")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 5000, b'{"a": NaN}'])
def test_no_json(raw):
    assert parse_event(raw).problem == "malformed"


@pytest.mark.parametrize("raw", [b"[]", b"7", b"null", b'"x"', b"{}", b'{"a": {}}'])
def test_no_event(raw):
    assert parse_event(raw).problem == "no_event"


def test_a_huge_list_is_cut():
    ids = [str(number) for number in range(MAX_ACCOUNTS * 2)]
    event = parse_event(body("SyncDone", {"syncedAccountIds": ids}))
    assert len(event.accounts) == MAX_ACCOUNTS


def test_a_huge_name_is_cut():
    assert len(parse_event(body("x" * 5000, None)).name) == 100


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
MEMBERS = (
    "accountId accountIds syncedAccountIds changedAccounts expiresAt rateLimitedUntil "
    "reason transactionsChanged oldestTransactionChangedAt"
).split()


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON), JSON)
def test_any_data(data, consent):
    event = parse_event(body("AccountsUpdated", data, consentId=consent))
    assert event.name == "AccountsUpdated"
    assert all(account.id for account in event.accounts)


@given(st.binary(max_size=200))
def test_any_bytes(raw):
    parse_event(raw)
