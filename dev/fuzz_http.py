"""Damages a request, and carries it out byte by byte, as no library would."""

import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

METHODS = ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO", "get", "GET ")
PATHS = (
    *("%00", "%ff%fe", "%c0%ae", "/..;/", "//", "/%2e%2e%2f", "/../..", "%0d%0aX-A:1"),
    *("%0d%0aSet-Cookie:a=b", "x" * 5000, "%C3%A6", ";jsessionid=1", "/", "%252e"),
    *("%u0041", "%", "%zz", "'--", "{{7*7}}", "<script>", "\\", "%5c..", "?", "#a"),
    *("/not-me", "/not-me/", "/.", "*", "@evil.example", "/%20", "\xe6\xf8", "+"),
)
QUERIES = (
    *("lang=da_DK&lang=xx", "lang=../../etc", "lang=%00", "lang=%ff", "lang[]=a"),
    *("code=a&code=b", "state=a&state=b", "consentId=a&consentId=b", "code=" * 50),
    *("redirect=https://evil.example", "next=//evil.example", "debug=assets"),
    *("debug=tests", "db=other", "debug=1&lang=da_DK", "csrf_token=x", "token=x"),
    *("a=" + "x" * 30_000, "&".join(f"a{n}=1" for n in range(1500)), "self=1"),
    *("code=%00", "state=%ff", "consentId=%0d%0a", "key=1", "%ff=%fe", "=", "&&&"),
    *("_unknown=1", "env=1", "lang=" + "x" * 9000, "state=%F0%9F%92%A9", "code=<b>"),
)
TYPES = (
    *("application/json", "text/plain", "text/xml", "", "multipart/form-data", "\xe6"),
    *("multipart/form-data; boundary=", "multipart/form-data; boundary=b"),
    *("application/x-www-form-urlencoded; charset=utf-16", "application/json-rpc"),
    *("application/x-www-form-urlencoded; charset=nonsense", "a/b; c=" + "d" * 3000),
)
HEADERS = (
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-For", "evil.example, 10.0.0.1"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Original-URL", "/web"),
    ("X-HTTP-Method-Override", "POST"),
    ("Forwarded", "host=evil.example"),
    ("Origin", "https://evil.example"),
    ("Referer", "https://evil.example/?a=<script>"),
    ("Accept-Language", "da, " * 500),
    ("Accept-Language", "../../x"),
    ("Accept", "application/json"),
    ("Range", "bytes=0-0,-1"),
    ("If-None-Match", "*"),
    ("Expect", "200-nonsense"),
    ("Upgrade", "websocket"),
    ("User-Agent", "<script>" * 100),
    ("X-Long", "x" * 40_000),
    ("X-Odoo-Database", "other"),
    ("Authorization", "Bearer \xff"),
    ("Content-Encoding", "gzip"),
    ("Cookie", "session_id=../../x"),
    ("Cookie", "frontend_lang=../../x; tz=<script>"),
    ("Cookie", "a=b; " * 500),
    ("Cookie", "open_banking_attempt=" + "A" * 6000),
    ("Cookie", 'open_banking_attempt="\\377\\000"'),
    ("Cookie", "open_banking_link=AQ; open_banking_attempt=bnVsbA"),
    ("X-Viia-Signature", "\xe6" * 64),
    ("X-Aiia-Signature", "0" * 9000),
    ("X-Aiia-Timestamp", "9" * 300),
    ("X-Aiia-EventId", "a|b"),
)
JSON_RPC = b'{"jsonrpc":"2.0","method":"call","params":{"token":"x","lang":"y"},"id":1}'
FORM = b"csrf_token=x&lang=da_DK&token=x"
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\nx\r\n--b--\r\n'
)
BODIES = (
    *(b"", b"\x00", b"\xff\xfe" * 500, JSON_RPC, b"[" * 20_000, b"{", FORM, PARTS),
    *(PARTS[:40], b"--b\r\n" * 2000, b"lang=%ff%fe&csrf_token=%00", b"=&" * 5000),
    *(
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"\x1f\x8b\x08",
    ),
    *(b"a=" + b"x" * 1_100_000, b"x" * 3_000_000, b'{"event":"ConsentRevoked"}'),
    b"&".join(b"a%d=1" % number for number in range(3000)),
)
LARGEST = 3_000_000
PATIENCE = 30


@dataclass
class Request:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: list = field(default_factory=list)
    body: bytes | None = None
    chunked: bytes = b""  # how a chunked body ends; without it the length is told
    name: str = ""

    def wire(self, host):
        """The bytes of it."""
        given = {name.lower() for name, _value in self.headers}
        headers = [] if "host" in given else [("Host", host)]
        headers += self.headers
        body = self.body
        if body is not None and self.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%s\r\n%s" % (len(body), body, self.chunked)
        elif body is not None and "content-length" not in given:
            headers.append(("Content-Length", str(len(body))))
        headers.append(("Connection", "close"))
        head = [f"{self.method} {self.target} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + (body or b"")


@dataclass
class Answer:
    """What came back; status 0 when the connection was closed without an answer."""

    status: int
    headers: list
    body: str
    seconds: float
    size: int

    def every(self, name):
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name]


def damage(dice, request):
    """Damage a request in one to four ways."""
    for _time in range(dice.choice((1, 1, 2, 3, 4))):
        act = dice.choice(ACTS)
        act(dice, request)
        request.name += f" {act.__name__.strip('_')}"
    return request


def _method(dice, request):
    request.method = dice.choice(METHODS)


def _path(dice, request):
    path, mark, query = request.target.partition("?")
    place = dice.choice((len(path), path.rfind("/") + 1, dice.randrange(1, len(path))))
    request.target = path[:place] + dice.choice(PATHS) + path[place:] + mark + query


def _query(dice, request):
    mark = "&" if "?" in request.target else "?"
    request.target += mark + dice.choice(QUERIES)


def _host(dice, request):
    # Not among them: a port that is none, or two hosts. Odoo breaks on them before it
    # asks anybody.
    hosts = ("evil.example", "evil.example:80", "", "a b", "localhost/..", "\xe6")
    if not any(name == "Host" for name, _value in request.headers):
        request.headers.append(("Host", dice.choice(hosts)))


def _header(dice, request):
    request.headers.append(dice.choice(HEADERS))


def _body(dice, request):
    request.body = dice.choice(BODIES)
    request.headers.append(("Content-Type", dice.choice(TYPES)))
    if request.method == "GET" and dice.random() < 0.5:
        request.method = "POST"


def _chunks(dice, request):
    request.body = dice.choice(BODIES)
    request.chunked = dice.choice((b"0\r\n\r\n", b"", b"zz\r\n\r\n", b"ffffffff\r\nx"))


def _length(dice, request):
    length = dice.choice(("-1", "1e3", "99999999999", "5", "\xb2", "0x10"))
    request.headers.append(("Content-Length", length))


ACTS = (_method, _path, _path, _query, _query, _host, _header, _header)
ACTS += (_body, _body, _chunks, _length)


def carry_out(address, request):
    """Send a request and read what comes back, up to a size and a time."""
    parts = urlsplit(address)
    began = time.monotonic()
    raw = b""
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as line:
        try:
            line.sendall(request.wire(parts.netloc))
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before it was read to its end
        try:
            while len(raw) < LARGEST and (piece := line.recv(65536)):
                raw += piece
        except OSError:
            pass
    seconds = time.monotonic() - began
    head, _gap, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = first.split(" ")[1] if first.startswith("HTTP/") else "0"
    headers = [tuple(line.split(": ", 1)) for line in lines if ": " in line]
    text = body.decode(errors="replace")
    return Answer(int(status), headers, text, seconds, len(raw))
