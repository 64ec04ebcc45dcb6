"""Webhooks: bodies, signatures, retries."""

import hashlib
import hmac
import json
import time

import pytest

SECRET = "hemmelig æøå".encode()


def sign(message):
    """The lower-case hex signature of some bytes."""
    return hmac.new(SECRET, message, hashlib.sha256).hexdigest()


def events(receiver, count):
    """The first so many events, as {event: inner object}."""
    found = {}
    for _headers, body in receiver.wait_for(count):
        (inner,) = json.loads(body).values()
        found[inner["event"]] = inner
    return found


def clear(peer, receiver):
    """Wait until all is quiet and forget what has arrived."""
    for _ in range(200):
        log = peer.control("webhooks")["webhooks"]
        if all(one["state"] == "delivered" for one in log):
            break
        time.sleep(0.01)
    receiver.got.clear()
    peer.control("webhooks", method="DELETE")


@pytest.fixture
def quiet(peer, receiver):
    """A connected customer, all webhooks of the connect delivered."""
    user = peer.login()
    clear(peer, receiver)
    return user


def test_both_signatures_over_the_raw_body(peer, receiver):
    user = peer.login()
    for headers, body in receiver.wait_for(3):
        assert headers["X-Viia-Signature"] == sign(body)
        parts = (
            headers["X-Aiia-TimeStamp"],
            headers["X-Aiia-EventId"],
            headers["X-Aiia-Event"],
        )
        message = "|".join(parts).encode() + b"|" + body
        assert headers["X-Aiia-Signature"] == sign(message)
        assert headers["Content-Type"] == "application/json;charset=UTF-8"
        assert headers["X-Aiia-Timeout"] == "5000"
        assert abs(int(parts[0]) - time.time()) < 100
        (inner,) = json.loads(body).values()
        assert inner["event"] == parts[2]
        assert inner["consentId"] == user.consent_id


@pytest.mark.parametrize(
    ("scheme", "present"),
    [
        ("viia", {"viia"}),
        ("aiia", {"aiia"}),
        ("none", set()),
        ("both", {"viia", "aiia"}),
    ],
)
def test_schemes_are_a_switch(peer, receiver, scheme, present):
    settings = {"signature_schemes": scheme, "signature_timestamp_unit": "ms"}
    peer.control("settings", settings)
    peer.login()
    headers = receiver.wait_for(1)[0][0]
    names = {n for n in ("viia", "aiia") if f"X-{n}-Signature" in headers}
    assert names == present
    if "aiia" in present:
        assert int(headers["X-Aiia-TimeStamp"]) > 10**12


def test_connect_tells_of_the_first_fetch(peer, receiver):
    user = peer.login()
    ids = {account["id"] for account in user.accounts().values()}
    found = events(receiver, 5)
    assert set(found["SyncDone"]["data"]["syncedAccountIds"]) == ids
    assert found["SyncProgressUpdate"]["data"]["accountId"] in ids
    changed = found["AccountsUpdated"]["data"]["changedAccounts"]
    assert {one["accountId"] for one in changed} == ids
    members = {next(iter(json.loads(body))) for _headers, body in receiver.got}
    assert members == {
        "syncProgressUpdateWebhook",
        "accountsUpdatedWebhook",
        "syncDoneWebhook",
    }


def test_added_row_tells_the_oldest_day(peer, receiver, quiet):
    account = quiet.accounts()["Driftskonto"]
    body = {"account": account["id"], "deliver": "now"}
    rows = [{"amount": "1", "date": "2026-02-03"}, {"amount": "2"}]
    peer.control("transactions/add", body | {"transactions": rows})
    data = events(receiver, 1)["AccountsUpdated"]["data"]["changedAccounts"][0]
    assert data["accountId"] == account["id"] and data["transactionsChanged"] is True
    assert data["oldestTransactionChangedAt"] == "2026-02-03T00:00:00Z"
    assert data["transactionSpan"].startswith("2026-02-03T00:00:00.000000000Z/")


CASES = {
    "expire": ("ConnectionUpdateRequired", "connectionUpdateRequiredWebhook"),
    "warn": ("ConnectionUpdateRequired", "connectionUpdateRequiredWebhook"),
    "revoke": ("ConsentRevoked", "consentRevokedWebhook"),
    "needs-update": ("ConsentNeedsUpdate", "consentNeedsUpdateWebhook"),
    "rate-limit": ("ConnectionRateLimited", "connectionRateLimitedWebhook"),
    "remove-connection": ("ConnectionRemoved", "connectionRemovedWebhook"),
}


@pytest.mark.parametrize("call", CASES)
def test_every_consent_event(peer, receiver, quiet, call):
    ids = {account["id"] for account in quiet.accounts().values()}
    body = {"consent": quiet.consent_id}
    if call == "rate-limit":
        body["until"] = "2099-01-01T00:00:00Z"
    peer.control(f"consents/{call}", body)
    (_headers, raw) = receiver.wait_for(1)[0]
    event, member = CASES[call]
    inner = json.loads(raw)[member]
    assert inner["event"] == event and inner["consentId"] == quiet.consent_id
    data = inner["data"]
    if call == "revoke":
        assert data is None
    elif call == "needs-update":
        assert set(data) == {"reason"}
    else:
        assert set(data["accountIds"]) == ids
    if call == "rate-limit":
        assert data["rateLimitedUntil"].startswith("2099-01-01T00:00:00")
    if event == "ConnectionUpdateRequired":
        assert {"expiresAt", "reason"} <= set(data)


def test_orphan_events(peer, receiver, quiet):
    account = quiet.accounts()["EUR-konto"]["id"]
    peer.control("accounts/orphan", {"account": account})
    peer.control("accounts/unorphan", {"account": account})
    found = events(receiver, 2)
    assert found["AccountsOrphaned"]["data"] == {"accountIds": [account]}
    assert found["AccountsUnorphaned"]["data"] == {"accountIds": [account]}


def test_any_other_status_is_tried_again_with_the_same_event(peer, receiver, quiet):
    receiver.answers = [500, 204, 302]
    peer.control("webhooks/send", {"event": "SyncDone", "consent": quiet.consent_id})
    got = receiver.wait_for(4)
    assert len({body for _headers, body in got}) == 1
    assert len({headers["X-Aiia-EventId"] for headers, _body in got}) == 1
    for _ in range(100):
        (one,) = peer.control("webhooks")["webhooks"]
        if one["state"] == "delivered":
            break
        time.sleep(0.01)
    assert [a["status"] for a in one["attempts"]] == [500, 204, 302, 200]
    times = [attempt["at"] for attempt in one["attempts"]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    for gap, wanted in zip(gaps, (0.03, 0.06, 0.12), strict=True):
        assert wanted <= gap < wanted + 0.3


def test_twenty_retries_and_no_more(peer, receiver, quiet):
    peer.control("settings", {"webhook_time_scale": 0.0})
    receiver.answers = [500] * 40
    peer.control("webhooks/send", {"event": "SyncDone", "consent": None})
    receiver.wait_for(21)
    time.sleep(0.1)
    (one,) = peer.control("webhooks")["webhooks"]
    assert one["state"] == "given up" and len(one["attempts"]) == 21
    assert len(receiver.got) == 21
    peer.control("webhooks/send", {"redeliver": one["id"]})
    receiver.wait_for(22)


def test_dead_receiver_is_an_attempt_too(peer, receiver, quiet):
    settings = {"webhook_url": "http://127.0.0.1:1/", "webhook_retries": 1}
    peer.control("settings", settings)
    peer.control("webhooks/send", {"event": "SyncDone"})
    for _ in range(200):
        (one,) = peer.control("webhooks")["webhooks"]
        if one["state"] == "given up":
            break
        time.sleep(0.01)
    assert [a["error"] for a in one["attempts"]] == ["ConnectionError"] * 2


def test_raw_and_badly_signed(peer, receiver, quiet):
    headers = {"X-Viia-Signature": "00", "X-Aiia-Signature": None}
    body = {"event": "SyncDone", "raw": "{not json", "headers": headers}
    peer.control("webhooks/send", body)
    got, raw = receiver.wait_for(1)[0]
    assert raw == b"{not json" and got["X-Viia-Signature"] == "00"
    assert "X-Aiia-Signature" not in got


def test_no_webhooks_when_switched_off_or_without_address(peer, receiver, quiet):
    account = quiet.accounts()["EUR-konto"]["id"]
    peer.control("settings", {"auto_webhooks": False})
    peer.control("transactions/add", {"account": account, "amount": "1"})
    assert peer.control("webhooks")["webhooks"] == []
    peer.control("settings", {"auto_webhooks": True, "webhook_url": ""})
    peer.control("transactions/add", {"account": account, "amount": "1"})
    (one,) = peer.control("webhooks")["webhooks"]
    assert one["state"] == "no address" and one["attempts"] == []
    assert receiver.got == []


def test_delayed_fetch_tells_without_any_request(peer, receiver):
    peer.control("settings", {"sync": "delayed", "sync_delay_seconds": 0.2})
    peer.login()
    assert receiver.got == []
    assert "SyncDone" in events(receiver, 5)


def test_payment_account_event_has_its_own_member(peer, receiver, quiet):
    event = "AccountVerifiedForPayments"
    data = {"accountId": "x", "verified": True}
    peer.control("webhooks/send", {"event": event, "data": data})
    body = json.loads(receiver.wait_for(1)[0][1])
    assert body["accountsVerifiedForPaymentsWebhook"]["data"] == data
