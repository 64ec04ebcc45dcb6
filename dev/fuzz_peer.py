"""The peer of the fuzzed client: true answers once recorded, then damaged ones."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

import demo_story

TYPES = (
    *("application/json", "application/json; charset=utf-16", "text/html"),
    *("application/octet-stream", "", "text/plain; charset=\xff", "image/png"),
)
STATUSES = (201, 204, 206, 300, 302, 304, 400, 401, 403, 404, 408, 409, 410, 418)
STATUSES += (422, 429, 431, 451, 500, 501, 502, 503, 504, 505, 599)
RETRIES = ("1", "0", "-1", "9" * 400, "soon", "Wed, 21 Oct 2099 07:28:00 GMT", "\xb2")
REDIRECT = "http://127.0.0.1:9/open_banking/callback"


def record(bank_url):
    """True answers of every endpoint, by name of the client's method.

    :rtype: dict[str, list[str]]
    """
    from rehearsal_bank.customer import Customer

    demo_story.control(bank_url, "reset", {"seed": "small"})
    demo_story.control(bank_url, "settings", {"redirect_uris": [REDIRECT]})
    ask = _Asking(bank_url)
    query = f"client_id={demo_story.CLIENT[0]}&redirect_uri={REDIRECT}"
    address = f"{bank_url}/v1/oauth/connect?response_type=code&{query}&state=s"
    customer = Customer(**demo_story.CUSTOMER)
    back = customer.walk(address, bank=demo_story.demo_bank(bank_url))
    code = requests.utils.unquote(back.split("code=")[1].split("&")[0])
    told = ask.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    ask.bearer = json.loads(told)["access_token"]
    refresh = json.loads(told)["refresh_token"]
    recorded = {"exchange_code": [told]}
    recorded["refresh"] = [ask.token(grant_type="refresh_token", refresh_token=refresh)]
    ask.bearer = json.loads(recorded["refresh"][0])["access_token"]
    recorded["accounts"] = [ask.get("/v1/accounts")]
    ids = [each["id"] for each in json.loads(recorded["accounts"][0])["accounts"]]
    recorded["account"] = [ask.get(f"/v1/accounts/{each}") for each in ids]
    pages = [ask.get(f"/v1/accounts/{each}/transactions?pageSize=6") for each in ids]
    recorded["transactions_page"] = pages
    rows = json.loads(pages[0])["transactions"]
    recorded["transaction"] = [json.dumps(row) for row in rows]
    recorded["update"] = [ask.post("/v1/update", {"redirectUrl": REDIRECT})]
    recorded["update"] += ['{"status":"SupervisedLoginRequired","authUrl":"https://x"}']
    recorded["all_accounts_selected"] = ['{"allAccountsSelected":true}']
    recorded["providers"] = [ask.get("/v2/providers")]
    banks = json.loads(recorded["providers"][0])
    recorded["provider"] = [json.dumps(bank) for bank in banks[:3]]
    recorded["parse_event"] = [_event(bank_url, name) for name in EVENTS]
    return recorded


EVENTS = ("SyncDone", "ConsentRevoked", "ConnectionUpdateRequired")
EVENTS += ("ConnectionRateLimited", "AccountsUpdated")


def _event(bank_url, name):
    data = {
        "syncedAccountIds": ["a", "b"],
        "expiresAt": "2025-06-01T10:00:00Z",
        "rateLimitedUntil": "2025-06-01T10:00:00Z",
        "reason": "Consent withdrawn",
        "changedAccounts": [
            {"accountId": "a", "transactionsChanged": True},
            {"accountId": "b", "oldestTransactionChangedAt": "2025-06-01"},
        ],
    }
    body = {"event": name, "consent": "c-1", "data": data}
    return demo_story.control(bank_url, "webhooks/send", body)["body"]


class _Asking:
    def __init__(self, url):
        self.url, self.bearer = url, None

    def token(self, **body):
        answer = requests.post(
            f"{self.url}/v1/oauth/token", json=body, auth=demo_story.CLIENT, timeout=60
        )
        answer.raise_for_status()
        return answer.text

    def get(self, path):
        return self._call("GET", path)

    def post(self, path, body):
        return self._call("POST", path, json=body)

    def _call(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.bearer}"}
        own = {"auth": demo_story.CLIENT} if "/v2/" in path else {"headers": headers}
        answer = requests.request(method, self.url + path, timeout=60, **own, **more)
        answer.raise_for_status()
        return answer.text


class Quiet(ThreadingHTTPServer):
    """Says nothing when the other side hangs up: it has seen enough."""

    daemon_threads = True

    def handle_error(self, *_args):
        pass


class Peer:
    """Answers each request with what `answer` holds: status, headers, body."""

    def __init__(self):
        self.answer = None
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body, promised = peer.answer
                head = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in headers)]
                if promised is not None:
                    head.append(f"Content-Length: {promised}")
                self.close_connection = promised != len(body)
                text = "\r\n".join([*head, "", ""]).encode("latin-1", "replace")
                try:
                    self.wfile.write(text + body)
                except OSError:  # the client has seen enough
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_args):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def envelope(dice, body):
    """A status, headers and a promised length around a body, mostly plain ones.

    :return: the answer, and how it is damaged
    """
    headers = [("Content-Type", "application/json"), ("X-Correlation-Id", "c")]
    status, promised, names = 200, len(body), []
    if dice.random() < 0.15:
        headers[0] = ("Content-Type", dice.choice(TYPES))
        names.append("content type")
    if dice.random() < 0.15:
        status = dice.choice(STATUSES)
        headers.append(("Retry-After", dice.choice(RETRIES)))
        headers.append(("Location", "http://169.254.169.254/latest"))
        names.append(f"status {status}")
    if dice.random() < 0.05:
        odd = ("X-Correlation-Id", "\x1b[31m" + "c" * dice.choice((1, 60_000)))
        headers[1] = odd
        names.append("header")
    if dice.random() < 0.05:
        promised = dice.choice((None, promised + 10, max(0, promised - 3)))
        names.append("length")
    return (status, headers, body, promised), names
