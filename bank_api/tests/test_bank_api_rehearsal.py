"""The client and the feed against the rehearsal bank, a program of its own."""

import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bank_api import (
    AccessTokenRejected,
    Client,
    ConsentExpired,
    CredentialsRejected,
    Malformed,
    PagingTokenRejected,
    RateLimited,
    Rejected,
    Transient,
)
from feed import BankRow, KnownRow, content_hash, match
from rehearsal_bank.customer import Customer

REDIRECT = "http://127.0.0.1:8069/open_banking/callback"
BANK = "DK_Havnebanken_Erhverv"


class Bank:
    """The rehearsal bank as a process, with its control calls."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal_bank", "--port", "0", "--seed", "small"]
            + ["--redirect-uri", REDIRECT],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        line = self.process.stdout.readline()
        assert line.startswith("rehearsal bank ready on "), line
        self.url = line.split()[-1]

    def control(self, call, **body):
        answer = requests.post(f"{self.url}/_control/{call}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def told(self, call, **query):
        answer = requests.get(f"{self.url}/_control/{call}", query, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def running():
    bank = Bank()
    yield bank
    bank.close()


@pytest.fixture
def bank(running):
    running.control("reset", seed="small")
    return running


@pytest.fixture
def client(bank):
    client = Client(bank.url, "rehearsal-client", "rehearsal-secret")
    yield client
    client.close()


def connect(client, **options):
    """Walk the customer through the pages; returns what comes back."""
    url = client.connect_url(redirect_uri=REDIRECT, state="st-1", **options)
    back = Customer(email="anna@example.com", user="anna").walk(url, bank=BANK)
    return {name: each[0] for name, each in parse_qs(urlsplit(back).query).items()}


@pytest.fixture
def tokens(client):
    return client.exchange_code(connect(client)["code"], REDIRECT)


@pytest.fixture
def account(client, tokens):
    rows = client.accounts(tokens.access_token).accounts
    return next(each for each in rows if each.name == "Driftskonto")


def test_connect_brings_tokens_and_the_consent(client):
    back = connect(client, culture="da", email="anna@example.com")
    assert back["state"] == "st-1"
    tokens = client.exchange_code(back["code"], REDIRECT)
    assert tokens.consent_id == back["consentId"]
    with pytest.raises(Rejected):
        client.exchange_code(back["code"], REDIRECT)


def test_wrong_credentials(bank):
    stranger = Client(bank.url, "rehearsal-client", "wrong")
    with pytest.raises(CredentialsRejected):
        stranger.providers()
    with pytest.raises(CredentialsRejected):
        stranger.exchange_code("x", REDIRECT)


def test_refresh_and_its_end(bank, client, tokens):
    again = client.refresh(tokens.refresh_token)
    assert client.accounts(again.access_token).accounts
    bank.control("clock", advance_seconds=2 * 3600)
    with pytest.raises(AccessTokenRejected):
        client.accounts(again.access_token)
    last = client.refresh(again.refresh_token)
    bank.control("clock", advance_seconds=15 * 86400)
    with pytest.raises(ConsentExpired):
        client.refresh(last.refresh_token)


def test_a_refresh_with_wrong_credentials_is_no_end_of_the_consent(bank, tokens):
    stranger = Client(bank.url, "rehearsal-client", "wrong")
    with pytest.raises((CredentialsRejected, ConsentExpired)):
        stranger.refresh(tokens.refresh_token)


def test_accounts_and_banks(client, tokens, account):
    names = {each.name for each in client.accounts(tokens.access_token).accounts}
    assert {"Driftskonto", "EUR-konto", "NOK-konto"} <= names
    assert account.currency == "DKK" and account.booked.currency == "DKK"
    assert account.number.bank_code and account.number.account_number
    same = client.account(tokens.access_token, account.id)
    assert same.number == account.number and same.booked == account.booked
    ids = [each.id for each in client.providers()]
    assert BANK in ids and client.provider(BANK).country == "DK"
    selected = client.all_accounts_selected(tokens.access_token, tokens.consent_id)
    assert selected in (True, False, None)


def test_all_pages_hold_the_banks_own_list(bank, client, tokens, account):
    truth = bank.told("transactions", account=account.id)["transactions"]
    for options in ({}, {"date_from": date.today() - timedelta(days=400)}):
        for size in (1, 5, 100):
            pages = list(
                client.transactions(
                    tokens.access_token, account.id, page_size=size, **options
                )
            )
            rows = [row for page in pages for row in page.transactions]
            found = {(row.id, row.date.isoformat(), row.amount) for row in rows}
            wanted = {(t["id"], t["date"], Decimal(t["amount"])) for t in truth}
            assert found == wanted and len(rows) == len(truth)
            assert all(row.problems == () for row in rows)
    (first, *_) = rows
    single = client.transaction(tokens.access_token, account.id, first.id)
    assert single.amount == first.amount and single.date == first.date


def test_update(bank, client, tokens):
    assert client.update(tokens.access_token, REDIRECT).status == "AllQueued"
    bank.control("settings", update_answer="SupervisedLoginRequired")
    answer = client.update(tokens.access_token, REDIRECT)
    assert answer.status == "SupervisedLoginRequired"
    assert answer.auth_url.startswith(bank.url)


@pytest.mark.parametrize(
    "fault,kind",
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, RateLimited),
        ({"status": 503}, Transient),
        ({"status": 409}, Transient),
        ({"cut_after_bytes": 40}, Transient),
        ({"truncate": 40}, Malformed),
        ({"wrong_json": {"hello": 1}}, Malformed),
        ({"status": 200, "body": "<html>"}, Malformed),
        ({"repeat_paging_token": True, "times": 0}, Malformed),
    ],
)
def test_faults(bank, client, tokens, account, fault, kind):
    bank.control("faults", endpoint="transactions", **fault)
    with pytest.raises(kind) as caught:
        list(client.transactions(tokens.access_token, account.id, page_size=2))
    if kind is RateLimited:
        assert caught.value.retry_after == 7


def test_a_bad_paging_token(client, tokens, account):
    for options in ({}, {"date_from": date.today()}):
        with pytest.raises(PagingTokenRejected):
            client.transactions_page(
                tokens.access_token, account.id, paging_token="rubbish", **options
            )


class Feed:
    """What the models do with a reading, in memory."""

    def __init__(self, client, token, account):
        self.client, self.token, self.account = client, token, account
        self.rows, self.ever_new = {}, 0

    def read(self):
        """Read the whole list and store what the match says."""
        today = date.today()
        window = (today - timedelta(days=700), today + timedelta(days=1))
        pages = self.client.transactions(
            self.token, self.account.id, date_from=window[0], page_size=3
        )
        rows = [row for page in pages for row in page.transactions]
        bank_rows = [bank_row(place, row) for place, row in enumerate(rows)]
        result = match(bank_rows, self.rows.values(), covered=window)
        for known in result.vanished:
            del self.rows[known.key]
        for pair in result.withdrawn:
            del self.rows[pair.key]
        for pair in (*result.changed, *result.booked, *result.rekeyed):
            del self.rows[pair.known.key]
        moved = (*result.changed, *result.booked, *result.rekeyed, *result.new)
        for pair in moved:
            assert pair.key not in self.rows
            self.rows[pair.key] = known_row(pair)
        self.ever_new += len(result.new)
        return bank_rows

    def counted(self):
        return Counter((r.date.isoformat(), r.amount) for r in self.rows.values())


def bank_row(place, row):
    return BankRow(
        key_id=row.id,
        date=row.date,
        amount=row.amount,
        currency=row.currency,
        text=row.original_text or row.text,
        state=row.state,
        is_deleted=row.is_deleted,
        balance=row.balance,
        position=place,
        payload_hash=content_hash({"text": row.text, "message": row.message}),
    )


def known_row(pair):
    row = pair.row
    return KnownRow(
        pair.key,
        row.date,
        row.amount,
        row.currency,
        row.text,
        row.state,
        row.payload_hash,
    )


def truth(bank, account):
    rows = bank.told("transactions", account=account.id)["transactions"]
    living = (row for row in rows if not row["deleted"])
    return Counter((row["date"], Decimal(row["amount"])) for row in living)


def test_the_feed_follows_the_bank(bank, client, tokens, account):
    feed = Feed(client, tokens.access_token, account)

    def follows(call="", **body):
        if call:
            bank.control(f"transactions/{call}", account=account.id, **body)
        feed.read()
        assert feed.counted() == truth(bank, account)

    follows()
    count = feed.ever_new
    follows()
    twin = {"amount": "-25.00", "date": 0, "text": "Kontingent", "copies": 2}
    follows("add", transactions=[twin])
    assert feed.ever_new == count + 2
    rows = bank.told("transactions", account=account.id)["transactions"]
    pending = next(r for r in rows if r["state"] != "Booked" and not r["deleted"])
    follows("book", line=pending["line"], new_id=True)
    follows("new-ids", keep_old=True)
    follows("new-ids", keep_old=False)
    follows("new-ids", keep_old=False, every_read=True)
    follows()
    assert feed.ever_new == count + 2
    follows("withdraw", line=rows[-1]["line"])
    follows("withdraw", line=rows[-3]["line"], hard=True)
    assert feed.ever_new == count + 2


def test_the_money_adds_up(client, tokens, account):
    feed = Feed(client, tokens.access_token, account)
    booked = [row for row in feed.read() if row.state == "booked"]
    oldest = min(booked, key=lambda row: (row.date, -row.position))
    opening = oldest.balance - oldest.amount
    assert opening + sum(row.amount for row in booked) == account.booked.value
