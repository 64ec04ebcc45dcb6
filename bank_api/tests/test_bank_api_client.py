"""What the client sends, and how it reads good answers."""

import base64
import logging
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from bank_api import (
    AccessTokenRejected,
    Client,
    ConsentExpired,
    Malformed,
    Misconfigured,
    Rejected,
)

TOKENS = {
    "access_token": "acc-1",
    "refresh_token": "ref-1",
    "expires_in": 3600,
    "token_type": "bearer",
    "redirect_uri": None,
}


def query_of(path):
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.aiia.eu",
        "ftp://api.aiia.eu",
        "api.aiia.eu",
        "",
        None,
        "https://",
        "https://user:pw@api.aiia.eu",
        "https://api.aiia.eu:port",
        "https://api.aiia.eu/?a=1",
        "https://api.aiia.eu\\@evil.example",
        "http://localhost.evil.example",
    ],
)
def test_unsafe_addresses_are_refused(url):
    with pytest.raises(Misconfigured):
        Client(url, "id", "secret")


@pytest.mark.parametrize(
    "url", ["https://api.aiia.eu/", "http://127.0.0.1:8", "http://[::1]:8"]
)
def test_safe_addresses_are_taken(url):
    assert (
        Client(url, "id", "secret")
        .connect_url(redirect_uri="x")
        .startswith(url.rstrip("/") + "/v1/oauth/connect?")
    )


def test_missing_credentials_are_refused():
    for pair in (("", "s"), ("i", ""), (None, None)):
        with pytest.raises(Misconfigured):
            Client("https://api.aiia.eu", *pair)


def test_the_secret_is_not_shown():
    assert "s3cret" not in repr(vars(Client("https://api.aiia.eu", "i", "s3cret")))


def test_connect_url_carries_what_was_given():
    client = Client("https://api.aiia.eu", "app 1", "s")
    url = client.connect_url(
        redirect_uri="https://erp.example/cb?x=1&y=2",
        state="a b+c/=",
        culture="da",
        provider_id="DK_Bank",
        providers=["DK", "SE"],
        email="kunde@example.com",
        consent_id="c-1",
        bank_account_numbers=["0040-0440116243", "DK50"],
        select_all_accounts=True,
    )
    assert query_of(url) == {
        "client_id": "app 1",
        "redirect_uri": "https://erp.example/cb?x=1&y=2",
        "response_type": "code",
        "scope": "accounts offline_access",
        "state": "a b+c/=",
        "culture": "da",
        "providerId": "DK_Bank",
        "providers": "DK,SE",
        "email": "kunde@example.com",
        "consentId": "c-1",
        "bank_account_numbers": "0040-0440116243,DK50",
        "select_all_accounts": "true",
    }


def test_connect_url_needs_nothing_more_than_the_redirect():
    client = Client("https://api.aiia.eu", "app", "s")
    plain = query_of(client.connect_url(redirect_uri="r", bank_account_numbers="1"))
    assert set(plain) == {"client_id", "redirect_uri", "response_type", "scope"}


def test_code_exchange(peer, client):
    peer.says(TOKENS)
    tokens = client.exchange_code("a+b/c==", "https://erp.example/cb")
    assert (tokens.access_token, tokens.refresh_token) == ("acc-1", "ref-1")
    assert tokens.expires_in == 3600
    assert peer.asked[0][:2] == ("POST", "/v1/oauth/token")
    assert peer.body() == {
        "grant_type": "authorization_code",
        "code": "a+b/c==",
        "redirect_uri": "https://erp.example/cb",
    }
    basic = base64.b64encode(b"app-1:s3cret").decode()
    assert peer.headers()["Authorization"] == f"Basic {basic}"
    assert peer.headers()["Content-Type"] == "application/json"


def test_credentials_travel_as_latin_1(peer):
    peer.says([])
    Client(peer.url, "app", "hemmelig\u00e6").providers()
    sent = peer.headers()["Authorization"].split()[1]
    assert base64.b64decode(sent) == b"app:hemmelig\xe6"


def test_refresh(peer, client):
    peer.says({**TOKENS, "refresh_token": "ref-2"})
    assert client.refresh("ref-1").refresh_token == "ref-2"
    assert peer.body() == {"grant_type": "refresh_token", "refresh_token": "ref-1"}


def test_refresh_without_a_new_token_keeps_the_old_one(peer, client):
    peer.says({"access_token": "acc-2", "expires_in": "60"})
    tokens = client.refresh("ref-1")
    assert (tokens.refresh_token, tokens.expires_in) == ("ref-1", 60)


def test_unusable_tokens_never_leave_the_house(peer, client):
    for token in ("", "a\r\nX-Evil: 1", "\u00e6", None):
        with pytest.raises(ConsentExpired):
            client.refresh(token)
    for token in ("", "a\r\nX-Evil: 1", "a b"):
        with pytest.raises(AccessTokenRejected):
            client.accounts(token)
    assert peer.asked == []


def test_headers_of_every_call(peer, client):
    peer.says({"accounts": []}, X_Correlation_Id="|theirs..")
    peer.says({"status": "AllQueued"})
    client.accounts("acc")
    client.update("acc", "https://erp.example/cb")
    first, second = peer.headers(0), peer.headers(1)
    for headers in (first, second):
        assert re.fullmatch(r"\|[a-z0-9]{1,120}\.\.", headers["X-Correlation-Id"])
        assert headers["Authorization"] == "Bearer acc"
        assert headers.get("Cookie") is None
    assert first["X-Correlation-Id"] != second["X-Correlation-Id"]
    assert "X-Request-Id" not in first and second["X-Request-Id"]


def test_the_connection_is_used_again_and_cookies_are_not_kept(peer, client):
    for _ in range(3):
        peer.says({"accounts": []}, Set_Cookie="session=1; Path=/")
        client.accounts("acc")
    assert len(peer.connections) == 1
    assert peer.headers().get("Cookie") is None


def test_netrc_and_proxies_do_not_interfere(peer, client, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    peer.says({"accounts": []})
    client.accounts("acc")
    assert peer.headers()["Authorization"] == "Bearer acc"


def test_accounts(peer, client):
    row = {"id": "a|1", "currency": "DKK", "booked": {"value": 6439.15}}
    peer.says({"accounts": [row, "junk", {}]})
    answer = client.accounts("acc", include_orphaned=False)
    assert [each.id for each in answer.accounts] == ["a|1"]
    assert answer.malformed_rows == 2
    assert peer.path() == "/v1/accounts?includeOrphaned=false"


def test_ids_are_quoted_in_paths(peer, client):
    peer.says({"id": "x"})
    client.account("acc", "a/b?c#d|{}\u00e6")
    assert peer.path() == "/v1/accounts/a%2Fb%3Fc%23d%7C%7B%7D%C3%A6"
    for bad in ("", ".", "..", None):
        with pytest.raises(Rejected):
            client.account("acc", bad)
    assert len(peer.asked) == 1


def test_a_page_without_dates_is_a_get(peer, client):
    peer.says({"transactions": [], "pagingToken": "next+/="})
    page = client.transactions_page("acc", "a1", page_size=50)
    assert page.paging_token == "next+/="
    assert peer.asked[0][0] == "GET"
    assert query_of(peer.path()) == {"includeDeleted": "true", "pageSize": "50"}
    peer.says({"transactions": [], "pagingToken": ""})
    page = client.transactions_page(
        "acc", "a1", paging_token="next+/=", include_deleted=False
    )
    assert page.paging_token is None
    asked = query_of(peer.path())
    assert asked["pagingToken"] == "next+/=" and asked["includeDeleted"] == "false"


def test_a_page_with_dates_is_a_query_a_day_wider(peer, client):
    peer.says({"transactions": [], "pagingToken": None})
    client.transactions_page(
        "acc",
        "a1",
        date_from=date(2025, 3, 1),
        date_to=date(2025, 3, 31),
        paging_token="p2",
    )
    path = urlsplit(peer.path())
    assert path.path == "/v1/accounts/a1/transactions/query"
    assert query_of(peer.path()) == {"includeDeleted": "true"}
    assert peer.body() == {
        "interval": "2025-02-28T00:00:00Z/2025-04-02T00:00:00Z",
        "pageSize": 100,
        "pagingToken": "p2",
    }


def test_half_open_windows(peer, client):
    for options in ({"date_from": date(2025, 3, 1)}, {"date_to": date(2025, 3, 1)}):
        peer.says({"transactions": []})
        client.transactions_page("acc", "a1", **options)
    start, end = peer.body(0)["interval"].split("/")
    tomorrow = datetime.now(timezone.utc).date() + timedelta(days=1)
    assert start == "2025-02-28T00:00:00Z" and end > tomorrow.isoformat()
    start, end = peer.body(1)["interval"].split("/")
    assert start < "2023-01-01" and end == "2025-03-03T00:00:00Z"


def test_all_pages(peer, client):
    for token in ("p2", "p3", None):
        peer.says({"transactions": [{"id": token or "last"}], "pagingToken": token})
    pages = list(client.transactions("acc", "a1", date_from=date(2025, 1, 1)))
    assert [page.transactions[0].id for page in pages] == ["p2", "p3", "last"]
    assert [peer.body(n)["pagingToken"] for n in range(3)] == [None, "p2", "p3"]


def test_a_paging_token_that_comes_back_is_an_error(peer, client):
    for token in ("p2", "p3", "p2"):
        peer.says({"transactions": [], "pagingToken": token})
    pages = client.transactions("acc", "a1")
    with pytest.raises(Malformed) as caught:
        list(pages)
    assert caught.value.code == "paging_loop" and len(peer.asked) == 3


def test_pages_without_end_are_an_error(peer, client):
    for number in range(3):
        peer.says({"transactions": [], "pagingToken": f"p{number}"})
    with pytest.raises(Malformed) as caught:
        list(client.transactions("acc", "a1", max_pages=3))
    assert caught.value.code == "paging_loop"


def test_one_transaction(peer, client):
    peer.says({"id": "t1", "transactionAmount": {"value": -1.5, "currency": "DKK"}})
    found = client.transaction("acc", "a1", "t/1")
    assert found.amount == Decimal("-1.5")
    assert peer.path() == "/v1/accounts/a1/transactions/t%2F1"


def test_update(peer, client):
    login = "https://app.aiia.eu/#/login?x=1"
    peer.says({"status": "SupervisedLoginRequired", "authUrl": login})
    answer = client.update("acc", "https://erp.example/cb")
    assert (answer.status, answer.auth_url) == ("SupervisedLoginRequired", login)
    assert peer.body() == {"redirectUrl": "https://erp.example/cb"}
    peer.says({"status": "SomethingNew"})
    assert client.update("acc", "https://erp.example/cb").status == "SomethingNew"


@pytest.mark.parametrize(
    "url", ["http://evil.example", "javascript:alert(1)", "//evil", "https://a b"]
)
def test_update_refuses_unsafe_addresses(peer, client, url):
    peer.says({"status": "SupervisedLoginRequired", "authUrl": url})
    with pytest.raises(Malformed):
        client.update("acc", "https://erp.example/cb")


def test_all_accounts_selected(peer, client):
    peer.says({"allAccountsSelected": True})
    assert client.all_accounts_selected("acc", "c1") is True
    assert peer.path() == "/v1/consent/c1/all-accounts-selected"
    peer.says({}, status=403)
    assert client.all_accounts_selected("acc", "c1") is None
    peer.says({}, status=404)
    with pytest.raises(Rejected):
        client.all_accounts_selected("acc", "c1")
    peer.says({"allAccountsSelected": "yes"})
    with pytest.raises(Malformed):
        client.all_accounts_selected("acc", "c1")


def test_providers(peer, client):
    row = {"id": "DK_A", "name": "A", "countryCode": "dk", "audiences": ["Business", 1]}
    peer.says({"providers": [row, None, {"name": "no id"}]})
    (found,) = client.providers()
    assert (found.id, found.country) == ("DK_A", "DK")
    assert found.audiences == ("Business", "1")
    peer.says([row])
    assert len(client.providers()) == 1
    peer.says(row)
    assert client.provider("DK_A").name == "A"
    assert peer.path() == "/v2/providers/DK_A"


def test_the_log_holds_no_bank_data(peer, client, caplog):
    peer.says({"transactions": [{"id": "t1", "text": "Hemmelig butik"}]})
    with caplog.at_level(logging.DEBUG, logger="bank_api"):
        client.transactions_page("acc-token", "a1-account")
    (record,) = caplog.records
    line = record.getMessage()
    assert "/v1/accounts/{}/transactions" in line and "200" in line
    for secret in ("acc-token", "a1-account", "Hemmelig", "s3cret"):
        assert secret not in line
