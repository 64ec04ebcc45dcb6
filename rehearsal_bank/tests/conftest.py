"""A rehearsed bank in a process of its own, and a small client for tests."""

import json
import re
import subprocess
import sys
import threading
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from rehearsal_bank.customer import Customer

ROOT = Path(__file__).absolute().parents[2]
CALLBACK = "http://127.0.0.1:9/bank/callback"
CLIENT = ("rehearsal-client", "rehearsal-secret")
BANK = "DK_Havnebanken_Erhverv"


class Peer:
    """The rehearsed bank seen from a program, with plain requests."""

    def __init__(self, base):
        self.base = base
        self.http = requests.Session()

    def control(self, name, body=None, method=None, status=200, **query):
        """A control call; asserts its status and returns its JSON."""
        method = method or ("GET" if body is None else "POST")
        answer = self.http.request(
            method, f"{self.base}/_control/{name}", json=body, params=query
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def connect_url(self, **params):
        """The address of the connect flow; None leaves a parameter out."""
        wanted = {
            "client_id": CLIENT[0],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "accounts offline_access",
        } | params
        wanted = {name: value for name, value in wanted.items() if value is not None}
        return f"{self.base}/v1/oauth/connect?{urlencode(wanted)}"

    def token(self, auth=CLIENT, headers=None, **body):
        """A call of the token endpoint."""
        return self.http.post(
            f"{self.base}/v1/oauth/token", json=body, auth=auth, headers=headers
        )

    def walk(self, customer=None, bank=BANK, accounts=None, **params):
        """Walk the pages; returns the parameters of the way back."""
        customer = customer or Customer("anna@example.com", "anna")
        address = customer.walk(self.connect_url(**params), bank, accounts)
        return query_of(address)

    def login(self, customer=None, bank=BANK, accounts=None, **params):
        """Walk, exchange the code; returns a User."""
        back = self.walk(customer, bank, accounts, **params)
        answer = self.token(
            grant_type="authorization_code", code=back["code"], redirect_uri=CALLBACK
        )
        assert answer.status_code == 200, answer.text
        return User(self, answer.json(), back.get("consentId"))


class User:
    """A consent's tokens, and the calls made with them."""

    def __init__(self, peer, pair, consent_id):
        self.peer, self.pair, self.consent_id = peer, pair, consent_id
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {pair['access_token']}"

    def get(self, path, **query):
        """A GET; returns the answer."""
        return self.http.get(f"{self.peer.base}{path}", params=query)

    def post(self, path, body, headers=None, **query):
        """A POST; returns the answer."""
        return self.http.post(
            f"{self.peer.base}{path}", json=body, headers=headers, params=query
        )

    def accounts(self):
        """The accounts by name."""
        answer = self.get("/v1/accounts")
        assert answer.status_code == 200, answer.text
        return {account["name"]: account for account in answer.json()["accounts"]}

    def rows(self, account, **query):
        """All transactions of an account, page after page."""
        found, token = [], None
        for _page in range(500):
            if token:
                query["pagingToken"] = token
            answer = self.get(f"/v1/accounts/{account['id']}/transactions", **query)
            assert answer.status_code == 200, answer.text
            found += answer.json()["transactions"]
            token = answer.json()["pagingToken"]
            if not token:
                return found
        raise AssertionError("paging does not end")

    def query(self, account, includeDeleted="false", **body):
        """One call of the query endpoint; returns the answer."""
        return self.post(
            f"/v1/accounts/{account['id']}/transactions/query",
            body,
            includeDeleted=includeDeleted,
        )


def query_of(address):
    """The query parameters of an address, each once."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


@pytest.fixture(scope="session")
def bank_address():
    """The address of a running rehearsed bank."""
    command = [sys.executable, "-m", "rehearsal_bank", "--port", "0"]
    command += ["--seed", "empty", "--redirect-uri", CALLBACK]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        line = process.stdout.readline()
        found = re.fullmatch(r"rehearsal bank ready on (http://\S+)\n", line)
        assert found, line
        yield found[1]
        process.terminate()


@pytest.fixture
def peer(bank_address):
    """A bank with the seed "small"."""
    peer = Peer(bank_address)
    peer.control("reset", {"seed": "small"})
    return peer


@pytest.fixture
def user(peer):
    """A customer who has connected all accounts."""
    return peer.login()


class Receiver(ThreadingHTTPServer):
    """Takes webhooks; ``answers`` are statuses for the next ones, then 200."""

    daemon_threads = True

    def __init__(self):
        self.got, self.answers = [], []
        self.arrived = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Receive)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"

    def wait_for(self, count, seconds=5):
        """The first ``count`` deliveries, as (headers, body)."""
        with self.arrived:
            done = self.arrived.wait_for(lambda: len(self.got) >= count, seconds)
            assert done, f"only {len(self.got)} of {count} webhooks"
            return list(self.got)


class _Receive(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.arrived:
            self.server.got.append((self.headers, body))
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.server.arrived.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def receiver(peer):
    """A receiver of webhooks, registered at the peer."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    settings = {"webhook_url": server.url, "webhook_secret": "hemmelig æøå"}
    peer.control("settings", settings | {"webhook_time_scale": 0.001})
    yield server
    server.shutdown()
    server.server_close()


def exact(answer):
    """The JSON of an answer, numbers as Decimal."""
    return json.loads(answer.text, parse_float=Decimal)


def today(peer):
    """The bank's today."""
    return date.fromisoformat(peer.control("state")["today"])


def truth(peer, account):
    """The truth rows of an account, as control tells them."""
    return peer.control("transactions", account=account["id"])["transactions"]
