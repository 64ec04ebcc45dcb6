"""One HTTP call with limits that hold: time, size, host.

A time-out of ``requests`` counts between two pieces of data, so a peer that sends
one byte now and then could hold a worker for hours. Here a whole answer, head and
body, has one deadline.
"""

import functools
import http.client
import io
import ipaddress
import re
import ssl
import time
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .errors import Malformed, Misconfigured, Transient

MAX_BODY = 20 * 1024 * 1024
_PIECE = 64 * 1024
_BAD_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket and gives up at a fixed moment."""

    def __init__(self, raw, sock, deadline):
        super().__init__()
        self._raw, self._sock, self._deadline = raw, sock, deadline
        self._pause = sock.gettimeout()

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        pause = left if self._pause is None else min(left, self._pause)
        self._sock.settimeout(pause)
        return self._raw.readinto(buffer)

    def close(self):
        self._raw.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, sock, *args, total, **kwargs):
        super().__init__(sock, *args, **kwargs)
        deadline = time.monotonic() + total
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, deadline))


class _DeadlineAdapter(HTTPAdapter):
    """An adapter of requests whose connections read with a deadline."""

    def __init__(self, total: float):
        self._total = total
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, *args, **kwargs):
        manager = super().proxy_manager_for(*args, **kwargs)
        self._guard(manager)
        return manager

    def _guard(self, manager):
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        manager.pool_classes_by_scheme = {
            scheme: self._guarded(pool) for scheme, pool in pools.items()
        }

    def _guarded(self, pool):
        answer = functools.partial(_DeadlineResponse, total=self._total)
        # staticmethod: a partial becomes a method on newer Pythons.
        members = {"response_class": staticmethod(answer)}
        connection = type("DeadlineConnection", (pool.ConnectionCls,), members)
        return type("DeadlinePool", (pool,), {"ConnectionCls": connection})


def new_session(base_url: str, total: float) -> requests.Session:
    """A session for one peer. ``total``: seconds one whole answer may take.

    The proxy and certificate settings of the machine are honoured for https: an
    administrator sets them on purpose, and TLS still ends at Mastercard. A loopback
    peer is reached directly. Cookies are never kept: one session serves many
    consents, and nothing of one may travel with another.
    """
    session = requests.Session()
    session.trust_env = not is_loopback(urlsplit(base_url).hostname)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount(base_url, _DeadlineAdapter(total))
    return session


class HeaderAuth(requests.auth.AuthBase):
    """Sets the Authorization header. With it requests never looks into .netrc."""

    def __init__(self, value: str):
        self._value = value

    def __call__(self, request):
        request.headers["Authorization"] = self._value
        return request


def is_loopback(host: str | None) -> bool:
    """Whether the host name is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_safe_url(url: str) -> bool:
    """An https address, or http on this machine; no user name, nothing odd in it."""
    if len(url) > 8000 or _BAD_IN_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        host, named = parts.hostname, parts.username or parts.password
        _ = parts.port  # raises on a port that is none
    except ValueError:
        return False
    if not host or named:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def checked_base_url(base_url: str) -> str:
    """The base address without a trailing slash. Raises Misconfigured."""
    base_url = (base_url or "").strip().rstrip("/")
    if not is_safe_url(base_url):
        raise Misconfigured("configuration", "the address must be https")
    parts = urlsplit(base_url)
    if parts.query or parts.fragment:
        raise Misconfigured("configuration", "the address must have no query")
    return base_url


def send(
    session: requests.Session, timeout: tuple[float, float], **request
) -> tuple[requests.Response, bytes]:
    """Send one request, follow nothing, and read the body within the limits.

    Raises Transient (timeout, unreachable, tls_failed, cut_short) and Malformed
    (too_large). The causes are not chained: they hold addresses and tokens.
    """
    try:
        response = session.request(
            timeout=timeout, stream=True, allow_redirects=False, **request
        )
        with response:
            return response, _body(response)
    except requests.Timeout:
        raise Transient("timeout", "no answer in time") from None
    except requests.exceptions.SSLError:
        raise Transient("tls_failed", "no trusted connection") from None
    except requests.exceptions.ChunkedEncodingError:
        raise Transient("cut_short", "the body ended early") from None
    except requests.ConnectionError as error:
        code = "timeout" if _timed_out(error) else "unreachable"
        raise Transient(code, "the connection failed") from None
    except (requests.RequestException, http.client.HTTPException, ssl.SSLError):
        raise Transient("unreachable", "the exchange failed") from None
    except (OSError, ValueError):
        raise Transient("unreachable", "the exchange broke off") from None


def _timed_out(error: BaseException) -> bool:
    # While a body is read requests wraps the time-out in a ConnectionError.
    return any("timed out" in str(each).lower() for each in (error, *error.args))


def _body(response: requests.Response) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > MAX_BODY:
            raise Malformed("too_large", "the body is too large")
        pieces.append(piece)
    declared = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    # Older versions of urllib3 do not notice a body that ends early.
    if declared.isdigit() and not encoded and size < int(declared):
        raise Transient("cut_short", "the body ended early")
    return b"".join(pieces)
