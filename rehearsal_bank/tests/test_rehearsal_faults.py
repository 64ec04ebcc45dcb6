"""Planned faults, limits, idempotency, correlation, connections."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests
from conftest import CALLBACK, CLIENT, query_of
from rehearsal_bank.customer import Customer, WalkError


@pytest.fixture
def url(user):
    """The path of the krone account's transactions."""
    return f"/v1/accounts/{user.accounts()['Driftskonto']['id']}/transactions"


def test_status_body_and_headers_so_many_times(peer, user):
    fault = {"endpoint": "accounts", "status": 503, "times": 2, "after": 1}
    fault |= {"body": {"error": "Down"}, "headers": {"Retry-After": "7"}}
    peer.control("faults", fault)
    answers = [user.get("/v1/accounts") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 503, 503, 200]
    assert answers[1].json() == {"error": "Down"}
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].headers["X-Correlation-Id"]


def test_fault_for_ever_until_dropped(peer, user, url):
    peer.control("faults", {"status": 500, "times": 0})
    assert {user.get(path).status_code for path in ("/v1/accounts", url)} == {500}
    assert peer.control("faults")["faults"][0]["used"] == 2
    peer.control("faults", method="DELETE")
    assert user.get(url).status_code == 200


def test_fault_by_chance(peer, user):
    peer.control("faults", {"status": 500, "times": 0, "chance": 0.2})
    answers = [user.get("/v1/accounts").status_code for _ in range(200)]
    assert set(answers) == {200, 500}
    assert 20 <= answers.count(500) <= 60


def test_fault_of_one_account_or_consent(peer, user, url):
    account = user.accounts()["EUR-konto"]["id"]
    peer.control("faults", {"account": account, "status": 500, "times": 0})
    assert user.get(url).status_code == 200
    assert user.get(f"/v1/accounts/{account}").status_code == 500
    other = peer.login()
    peer.control("faults", {"consent": other.consent_id, "status": 502, "times": 0})
    assert user.get(url).status_code == 200 and other.get(url).status_code == 502


def test_processed_fault_hides_a_done_refresh(peer, user):
    fault = {"endpoint": "token", "status": 500, "processed": True}
    peer.control("faults", fault)
    ask = {"grant_type": "refresh_token", "refresh_token": user.pair["refresh_token"]}
    assert peer.token(**ask).status_code == 500
    assert peer.token(**ask).status_code == 400
    user = peer.login()
    peer.control("faults", fault | {"processed": False})
    ask["refresh_token"] = user.pair["refresh_token"]
    assert peer.token(**ask).status_code == 500
    assert peer.token(**ask).status_code == 200


def test_request_id_saves_a_refresh_whose_answer_was_lost(peer, user):
    peer.control("faults", {"endpoint": "token", "cut_after_bytes": 10})
    ask = {"grant_type": "refresh_token", "refresh_token": user.pair["refresh_token"]}
    headers = {"X-Request-Id": "r-1"}
    with pytest.raises(requests.RequestException):
        peer.token(headers=headers, **ask)
    again = peer.token(headers=headers, **ask)
    assert again.status_code == 200 and again.json()["access_token"]


def test_cut_connection_and_truncated_body(peer, user, url):
    whole = len(user.get(url).content)
    peer.control("faults", {"endpoint": "transactions", "cut_after_bytes": 100})
    with pytest.raises(requests.RequestException):
        user.get(url)
    peer.control("faults", {"endpoint": "transactions", "truncate": 100})
    answer = user.get(url)
    assert answer.status_code == 200 and len(answer.content) == 100 < whole
    with pytest.raises(ValueError):
        answer.json()


def test_wrong_json_and_text(peer, user, url):
    peer.control("faults", {"wrong_json": [1, None]})
    assert user.get(url).json() == [1, None]
    peer.control("faults", {"status": 200, "body": "<html>sorry</html>"})
    assert user.get(url).text == "<html>sorry</html>"


def test_patch_and_remove_members(peer, user, url):
    fault = {
        "endpoint": "transactions",
        "patch": {"transactions.0.amount": "12", "transactions.*.balance": None},
        "remove": ["transactions.1.id", "pagingToken", "transactions.99.id"],
    }
    peer.control("faults", fault)
    data = user.get(url).json()
    rows = data["transactions"]
    assert rows[0]["amount"] == "12" and "id" not in rows[1] and "id" in rows[2]
    assert {row["balance"] for row in rows} == {None}
    assert "pagingToken" not in data
    assert user.get(url).json()["transactions"][0]["amount"] != "12"
    peer.control("faults", {"endpoint": "accounts", "remove": ["accounts.0"]})
    assert len(user.get("/v1/accounts").json()["accounts"]) == 2


def test_paging_faults(peer, user, url):
    clean = user.get(url, pageSize=5).json()
    peer.control("faults", {"endpoint": "transactions", "duplicate_rows": 2})
    rows = user.get(url, pageSize=5).json()["transactions"]
    assert rows[5:] == rows[:2]
    repeat = {"endpoint": "transactions", "repeat_paging_token": True, "times": 0}
    peer.control("faults", repeat)
    second = [
        user.get(url, pageSize=5, pagingToken=clean["pagingToken"]).json()
        for _ in range(2)
    ]
    assert second[0] == second[1]
    assert second[0]["pagingToken"] == clean["pagingToken"]
    path = url + "/query"
    body = {"pageSize": 5}
    first = user.post(path, body).json()["pagingToken"]
    peer.control("faults", method="DELETE")
    peer.control("faults", repeat | {"endpoint": "transactions_query"})
    again = user.post(path, body | {"PagingToken": first}).json()
    assert again["pagingToken"] == first
    peer.control("faults", method="DELETE")
    peer.control("faults", {"endless_paging": True, "times": 0})
    tokens, token = set(), None
    for _ in range(8):
        answer = user.get(url, pageSize=5, pagingToken=token)
        assert answer.status_code == 200
        token = answer.json()["pagingToken"]
        tokens.add(token)
    assert len(tokens) == 8


@pytest.mark.parametrize(
    "bad",
    [
        {"endpoint": "nope"},
        {"colour": 1},
        {"times": "2"},
        {"status": True},
        {"delay_seconds": "x"},
    ],
)
def test_bad_fault_is_refused(peer, bad):
    peer.control("faults", bad, status=400)
    assert peer.control("faults")["faults"] == []


def test_delay_holds_no_lock(peer, user, url):
    peer.control("faults", {"endpoint": "accounts", "delay_seconds": 0.5})
    slow = threading.Thread(target=user.get, args=("/v1/accounts",))
    slow.start()
    time.sleep(0.1)
    assert requests.get(f"{peer.base}/_control/clock").elapsed.total_seconds() < 0.3
    slow.join()


def test_open_requests_are_counted_per_consent(peer, user, url):
    other = peer.login()
    peer.control("requests", method="DELETE")
    peer.control("faults", {"endpoint": "transactions", "delay_seconds": 0.3})
    token = user.http.headers["Authorization"]

    def read():
        requests.get(peer.base + url, headers={"Authorization": token})

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    other.get("/v1/accounts")
    for thread in threads:
        thread.join()
    user.get("/v1/accounts", includeOrphaned="true")
    log = peer.control("requests")["requests"]
    seen = {(e["consent"] == user.consent_id, e["open_at_once"]) for e in log}
    assert seen == {(True, 2), (True, 1), (False, 1)}
    last = log[-1]
    assert (last["method"], last["path"], last["status"]) == (
        "GET",
        "/v1/accounts",
        200,
    )
    assert last["query"] == "includeOrphaned=true" and last["seconds"] >= 0


def test_parallel_reads_can_be_refused(peer, user, url):
    peer.control("settings", {"refuse_parallel": True})
    peer.control("faults", {"endpoint": "transactions", "delay_seconds": 0.3})
    slow = threading.Thread(target=user.get, args=(url,))
    slow.start()
    time.sleep(0.1)
    headers = {"Authorization": user.http.headers["Authorization"]}
    second = requests.get(f"{peer.base}/v1/accounts", headers=headers)
    slow.join()
    assert second.status_code == 409
    assert user.get("/v1/accounts").status_code == 200


@pytest.mark.parametrize("retry", [None, 90, "date"])
def test_rate_limit(peer, user, url, retry):
    peer.control("settings", {"retry_after": retry})
    until = {"until": "2099-01-01T00:00:00Z", "consent": user.consent_id}
    peer.control("consents/rate-limit", until)
    answer = user.get(url)
    assert answer.status_code == 429
    assert set(answer.json()) == {"error", "details"}
    wanted = {None: None, 90: "90", "date": "Thu, 01 Jan 2099 00:00:00 GMT"}
    assert answer.headers.get("Retry-After") == wanted[retry]
    peer.control("consents/restore", {})
    assert user.get(url).status_code == 200
    peer.control("consents/rate-limit", until | {"refuse": False})
    assert user.get(url).status_code == 200


def test_rate_limit_ends_by_the_clock(peer, user, url):
    now = peer.control("clock")["now"]
    peer.control("clock", {"now": now})
    peer.control("consents/rate-limit", {"until": "2099-01-01T00:00:00Z"})
    peer.control("clock", {"now": "2099-01-01T00:00:01Z"})
    assert user.get(url).status_code == 401
    peer.control("clock", {"now": now})
    assert user.get(url).status_code == 429


def test_consent_needs_update(peer, user, url):
    peer.control("consents/needs-update", {"reason": "x"})
    assert user.get(url).status_code == 403
    peer.control("consents/restore", {"consent": user.consent_id})
    assert user.get(url).status_code == 200


def test_request_id_while_the_first_runs(peer, user, url):
    peer.control("faults", {"endpoint": "transactions_query", "delay_seconds": 0.4})
    headers = {"X-Request-Id": "q"}
    answers = []
    path = url + "/query"
    first = threading.Thread(
        target=lambda: answers.append(user.post(path, {"pageSize": 3}, headers))
    )
    first.start()
    time.sleep(0.1)
    auth = headers | {"Authorization": user.http.headers["Authorization"]}
    second = requests.post(peer.base + path, json={"pageSize": 3}, headers=auth)
    first.join()
    assert second.status_code == 409 and answers[0].status_code == 200
    third = user.post(path, {"pageSize": 9}, headers)
    assert third.content == answers[0].content
    other = peer.login()
    assert len(other.post(path, {"pageSize": 9}, headers).json()["transactions"]) == 9


def test_correlation_id(peer, user):
    given = "|Abc_1-2.."
    headers = {"X-Correlation-Id": given}
    auth = {"Authorization": user.http.headers["Authorization"]}
    url = f"{peer.base}/v1/accounts"
    answer = requests.get(url, headers=auth | headers)
    assert answer.headers["X-Correlation-Id"] == given
    made = requests.get(url, headers=auth).headers["X-Correlation-Id"]
    assert made.startswith("|") and made.endswith("..")
    for bad in ("abc", "|abc.", "|a b..", "|" + "a" * 998 + ".."):
        answer = requests.get(url, headers=auth | {"X-Correlation-Id": bad})
        assert answer.status_code == 400
        assert answer.headers["X-Correlation-Id"] != bad
    refused = requests.get(url, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["X-Correlation-Id"] == given


def test_connections_are_kept_open(peer, user):
    connection = http.client.HTTPConnection(urlsplit(peer.base).netloc)
    headers = {"Authorization": user.http.headers["Authorization"]}
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("GET", "/v1/accounts", headers=headers)
        answer = connection.getresponse()
        assert answer.version == 11 and json.loads(answer.read())["accounts"]
        assert connection.sock.getsockname()[1] == port
    connection.request("POST", "/v1/oauth/token", body=b"{}")
    assert connection.getresponse().read()
    assert connection.sock.getsockname()[1] == port
    connection.close()


def update(user, address=CALLBACK):
    """A call of the update endpoint."""
    return user.post("/v1/update", {"redirectUrl": address})


def test_update_is_queued(peer, user):
    account = user.accounts()["Driftskonto"]
    late = {"account": account["id"], "amount": "1", "deliver": "next_sync"}
    peer.control("transactions/add", late)
    assert update(user).json() == {"status": "AllQueued"}
    assert len(user.rows(account)) == 13
    assert update(user, "http://127.0.0.1:9/other").status_code == 400


@pytest.mark.parametrize("with_code", [True, False])
def test_supervised_login(peer, user, with_code):
    peer.control("settings", {"update_returns_code": with_code})
    peer.control("consents/expire", {"consent": user.consent_id})
    answer = update(user).json()
    assert answer["status"] == "SupervisedLoginRequired"
    customer = Customer("anna@example.com", "anna")
    cancelled = customer.walk(answer["authUrl"], cancel_at="login")
    assert cancelled == CALLBACK
    assert update(user).json()["status"] == "SupervisedLoginRequired"
    address = customer.walk(update(user).json()["authUrl"] + "&culture=da")
    assert customer.seen == ["start", "login", "finish"]
    assert update(user).json() == {"status": "AllQueued"}
    back = query_of(address)
    assert bool(back) == with_code
    if with_code:
        assert back["consentId"] == user.consent_id
        ask = {"grant_type": "authorization_code", "code": back["code"]}
        assert peer.token(auth=CLIENT, **ask).status_code == 200


def test_supervised_login_by_another_user_is_refused(peer, user):
    peer.control("settings", {"update_answer": "SupervisedLoginRequired"})
    address = update(user).json()["authUrl"]
    with pytest.raises(WalkError, match="same user ID"):
        Customer(user="somebody").walk(address)


def test_update_answer_of_a_bank_without_unattended_login(peer):
    user = peer.login(bank="TestDataBank5")
    assert update(user).json()["status"] == "SupervisedLoginRequired"
    peer.control("settings", {"update_answer": "AllQueued"})
    assert update(user).json()["status"] == "AllQueued"


def test_bank_login_ends_after_180_days(peer, user):
    peer.control("settings", {"access_token_seconds": 10**8})
    user = peer.login()
    peer.control("clock", {"advance_seconds": 179 * 86_400})
    assert update(user).json() == {"status": "AllQueued"}
    peer.control("clock", {"advance_seconds": 2 * 86_400})
    assert update(user).json()["status"] == "SupervisedLoginRequired"


def test_one_consent_per_customer_when_switched_on(peer):
    first = peer.login(accounts=["EUR-konto"])
    assert peer.login().consent_id != first.consent_id
    peer.control("reset", {"seed": "small"})
    peer.control("settings", {"reuse_consent": True})
    first = peer.login(accounts=["EUR-konto"])
    again = peer.login(bank="DK_Klitkassen")
    assert again.consent_id == first.consent_id
    assert set(first.accounts()) == {"EUR-konto", "Erhvervskonto"}
    peer.login(accounts=["NOK-konto"])
    assert set(first.accounts()) == {"NOK-konto", "Erhvervskonto"}
