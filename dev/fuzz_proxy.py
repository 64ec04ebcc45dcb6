"""Stands between Odoo and the rehearsal bank, and damages what the bank says.

Only in ways that a correct client notices, or that the next true reading mends:

- the answer as a whole: cut, no JSON, another encoding, a page of a proxy, odd shape;
- a status that says "not now" (with the answer not given), or a time to wait;
- a list that is none, an item of it that is no object, a lost place in the list;
- in a row its date, amount, currency or text made unreadable: it is held, and mended
  when it is read again, as the days of the overlap are. Its id and its state stay:
  another id or a pending row is a different fact, which no client can doubt;
- balances, names and times of an account made unreadable.

Not among them: an amount or a date that is plausible but not the bank's; tokens that
look like tokens; 401 and 400 to a refresh, which end a consent by right.
"""

import json
import random
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler

import requests

from fuzz_json import DATES, NUMBERS, TEXTS, Damage, Raw, written
from fuzz_peer import Quiet

BUSY = (408, 409, 429, 500, 502, 503, 504)
WAITS = (None, None, "0", "1", "soon", "-5", "9" * 100, "Wed, 21 Oct 2015 07:28:00 GMT")
TRANSACTIONS = re.compile(r"/v1/accounts/[^/]+/transactions")
UNREADABLE_DATES = tuple(each for each in DATES if not re.match(r"2025-0[1-9]", each))
# The amount is in two members, of which the older one stands in for the other.
ROW_MEMBERS = ("transactionAmount", "date", "text", "originalText", "balance", "detail")
ROW_MEMBERS += ("type", "currency", "creationDate")
ACCOUNT_MEMBERS = ("name", "owner", "booked", "bookedBalance", "available", "type")
ACCOUNT_MEMBERS += ("lastSynchronized", "accountProvider")
HOPS = ("connection", "content-length", "transfer-encoding", "host", "accept-encoding")


class Proxy:
    """A running proxy; `share` of the answers of the API are damaged."""

    def __init__(self, bank_url, seed):
        self.bank_url = bank_url
        self.dice = random.Random(f"proxy {seed}")
        self.damage = Damage(self.dice)
        self.share = 0.0
        self.passed, self.made = 0, Counter()
        self.lock = threading.Lock()
        self.session = requests.Session()
        self.server = Quiet(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(proxy):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, headers, content, promised = proxy.answer(
                    self.command, self.path, dict(self.headers), body
                )
                self.close_connection = promised != len(content)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, *_args):
                pass

        return Handler

    def answer(self, method, path, headers, body):
        """Ask the bank, and damage what it says now and then."""
        headers = {k: v for k, v in headers.items() if k.lower() not in HOPS}
        with self.lock:
            strikes = self.dice.random() < self.share
            if strikes and self.dice.random() < 0.2:
                return self._not_now()
        told = self.session.request(
            method, self.bank_url + path, headers=headers, data=body, timeout=60
        )
        kept = {k: v for k, v in told.headers.items() if k.lower() not in HOPS}
        content = told.content
        if not strikes or told.status_code != 200:
            self.passed += 1
            return told.status_code, kept, content, len(content)
        with self.lock:
            content, how = self._damaged(path, told.text)
            promised = len(content)
            if self.dice.random() < 0.05:
                promised += self.dice.choice((1, 5000))
                how = "promises more"
            self.made[how] += 1
        return 200, kept, content, promised

    def _not_now(self):
        status, wait = self.dice.choice(BUSY), self.dice.choice(WAITS)
        self.made[f"status {status}"] += 1
        headers = {"Retry-After": wait} if wait else {}
        return status, headers, b"<html>not now</html>", 20

    def _damaged(self, path, text):
        if "/oauth/" in path or self.dice.random() < 0.3:
            return self._as_a_whole(text)
        value = json.loads(text)
        if TRANSACTIONS.match(path) and "transactions" in value:
            how = self._page(value)
        elif "accounts" in value:
            how = self._list(value, "accounts", ACCOUNT_MEMBERS)
        elif "number" in value:
            how = self._members(value, ACCOUNT_MEMBERS)
        else:
            return self._as_a_whole(text)
        return written(value).encode(errors="surrogatepass"), how

    def _as_a_whole(self, text):
        """A body that cannot be read, whatever the client."""
        while True:
            content, how = self.damage.whole(text)
            if not _means_something(content):
                return content, how

    def _page(self, page):
        if self.dice.random() < 0.3:
            lost = ("no such place", 7, Raw("1e400"), ["a"], True, {}, "x" * 20_000)
            page["pagingToken"] = self.dice.choice(lost)
            return "lost place"
        return self._list(page, "transactions", ROW_MEMBERS)

    def _list(self, value, name, members):
        rows = value[name]
        if not rows or self.dice.random() < 0.2:
            value[name] = self.dice.choice((None, "", {}, 0, True, "[]"))
            return f"{name} is no list"
        if self.dice.random() < 0.2:
            place = self.dice.randrange(len(rows))
            rows[place] = self.dice.choice((None, "x", 1, [], [[]], Raw("-0.0")))
            return f"an item of {name} is no object"
        hows = set()
        for row in self.dice.sample(rows, min(len(rows), self.dice.randint(1, 3))):
            hows.add(self._members(row, members))
        return "; ".join(sorted(hows))

    def _members(self, row, members):
        """Make one member unreadable, or leave it out."""
        present = [name for name in members if name in row]
        name = self.dice.choice(present)
        if self.dice.random() < 0.3:
            del row[name]
            return f"without {name}"
        row[name] = self._unreadable(name)
        return f"bad {name}"

    def _unreadable(self, name):
        if name == "date":
            return self.dice.choice((*UNREADABLE_DATES, None, 5, [], {}, True))
        if name == "transactionAmount" or "ooked" in name or name == "balance":
            number = self.dice.choice((*TEXTS[:20], None, [], {}, True, "1,5"))
            return self.dice.choice((number, {"value": number, "currency": "DKK"}))
        odd = (*TEXTS, None, [], {}, True, Raw(r'"\ud800"'), Raw("1e400"))
        return self.dice.choice((*odd, *(Raw(each) for each in NUMBERS[7:9])))


def _means_something(content):
    """Whether a reader may take it for a true answer: an object with members."""
    try:
        value = json.loads(content)
    except ValueError:
        return False
    return isinstance(value, dict) and bool(value)
