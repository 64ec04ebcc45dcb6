"""Signatures of Mastercard's webhooks, checked over the raw bytes of the body.

Two schemes are public. ``X-Aiia-Signature`` (aiia-sample since 2022) signs the
time, id and type of the event with the body. ``X-Viia-Signature`` (Mastercard's
Postman webhooks file) signs the body alone. Both are lower-case hexadecimal
HMAC-SHA256. When both headers are there, the stronger one must hold.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

AIIA = "aiia"
VIIA = "viia"


class SignatureRejected(Exception):
    """The webhook is not proven to come from Mastercard. Read nothing from it.

    ``reason``: no_secret, no_signature, incomplete, ambiguous or mismatch.
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verified:
    """What the signature vouches for.

    The scheme "viia" vouches for the body only: event id and type are "" then.
    ``timestamp``: naive UTC, or None when absent or unreadable.
    """

    scheme: str
    event_id: str = ""
    event_type: str = ""
    timestamp: datetime | None = None


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> Verified:
    """Check the signature of one webhook, in constant time.

    ``headers``: any mapping or multi-mapping with ``items()``; case is ignored.
    ``body``: the bytes as received. Raises SignatureRejected, also when there is no
    secret.
    """
    if not secret or not secret.strip():
        raise SignatureRejected("no_secret")
    found = _Headers(headers)
    given = found.one("x-aiia-signature")
    if given:
        return _verify_aiia(found, given, body, secret)
    given = found.one("x-viia-signature")
    if not given:
        raise SignatureRejected("no_signature")
    _compare(given, body, secret)
    return Verified(VIIA)


def _verify_aiia(found: "_Headers", given: str, body: bytes, secret: str) -> Verified:
    names = ("x-aiia-timestamp", "x-aiia-eventid", "x-aiia-event")
    parts = timestamp, event_id, event_type = tuple(map(found.one, names))
    # A bar inside a part would let one signature fit several readings.
    if not all(parts) or any("|" in part for part in parts):
        raise SignatureRejected("incomplete")
    _compare(given, "|".join(parts).encode() + b"|" + body, secret)
    return Verified(AIIA, event_id, event_type, _moment(timestamp))


def _compare(given: str, message: bytes, secret: str) -> None:
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.lower().encode()):
        raise SignatureRejected("mismatch")


def _moment(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970: the unit is not documented."""
    if not (text.isascii() and text.isdigit()) or len(text) > 14:
        return None
    value = int(text)
    seconds = value / 1000 if value > 10**11 else value
    return datetime(1970, 1, 1) + timedelta(seconds=seconds)


class _Headers:
    """Headers by lower-case name. A name sent twice with two values is refused."""

    def __init__(self, headers: Mapping[str, str]):
        self._values: dict[str, set[str]] = {}
        for name, value in headers.items():
            self._values.setdefault(name.lower(), set()).add(value.strip())

    def one(self, name: str) -> str:
        values = self._values.get(name, {""})
        if len(values) > 1:
            raise SignatureRejected("ambiguous")
        (value,) = values
        if not value.isascii():
            raise SignatureRejected("ambiguous")
        return value
