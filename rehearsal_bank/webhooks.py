"""Deliver webhooks: signed, with 20 retries and exponential back-off."""

import hashlib
import hmac
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from . import json_text
from .reply import Unknown

_KEPT = 2000


@dataclass
class Delivery:
    """One event on its way."""

    id: str
    event: str
    consent_id: str | None
    body: bytes
    url: str
    headers: dict
    state: str = "waiting"
    next_at: float = 0.0
    attempts: list = field(default_factory=list)

    def as_dict(self):
        """The delivery as control shows it."""
        return {
            "id": self.id,
            "event": self.event,
            "consent": self.consent_id,
            "url": self.url,
            "state": self.state,
            "headers": self.headers,
            "body": self.body.decode("utf-8", "replace"),
            "attempts": self.attempts,
        }


class Webhooks:
    """A queue and one thread that empties it; runs on the real clock."""

    def __init__(self, world):
        self._world = world
        self._wake = threading.Condition()
        self._log = []
        self._thread = None
        self._http = requests.Session()
        # a proxy of the environment has no business on loopback
        self._http.trust_env = False

    def send(self, event, consent_id, body, raw=None, headers=None):
        """Queue an event; without an address it is only logged.

        ``raw`` (bytes) replaces the JSON, ``headers`` (name: text, or null
        to leave out) replace the signed ones.
        """
        settings = self._world.settings
        data = json_text.dumps(body) if raw is None else raw
        number = str(uuid.uuid4())
        signed = self._sign(number, event, data)
        for name, value in (headers or {}).items():
            signed.pop(name, None)
            if value is not None:
                signed[name] = value
        delivery = Delivery(
            number, event, consent_id, data, settings.webhook_url, signed
        )
        if not settings.webhook_url:
            delivery.state = "no address"
        with self._wake:
            self._log.append(delivery)
            del self._log[:-_KEPT]
            self._start()
            self._wake.notify()
        return delivery

    def log(self):
        """All deliveries, oldest first, as dicts."""
        with self._wake:
            return [delivery.as_dict() for delivery in self._log]

    def clear(self):
        """Forget all deliveries, also those on their way."""
        with self._wake:
            for delivery in self._log:
                delivery.state = "dropped"
            self._log.clear()

    def redeliver(self, number):
        """Send a delivery once more. Raises Unknown."""
        with self._wake:
            for delivery in self._log:
                if delivery.id == number:
                    delivery.state, delivery.next_at = "waiting", 0.0
                    self._start()
                    self._wake.notify()
                    return
        raise Unknown(f"delivery {number}")

    def _sign(self, number, event, data):
        settings = self._world.settings
        now = self._world.clock.timestamp()
        unit = 1000 if settings.signature_timestamp_unit == "ms" else 1
        stamp = str(int(now * unit))
        secret = settings.webhook_secret.encode()
        headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "X-Aiia-Timeout": str(settings.webhook_timeout_ms),
        }
        if settings.signature_schemes in ("viia", "both"):
            headers["X-Viia-Signature"] = _hmac(secret, data)
        if settings.signature_schemes in ("aiia", "both"):
            signed = f"{stamp}|{number}|{event}|".encode() + data
            headers["X-Aiia-Signature"] = _hmac(secret, signed)
            headers["X-Aiia-TimeStamp"] = stamp
            headers["X-Aiia-EventId"] = number
            headers["X-Aiia-Event"] = event
        return headers

    def _start(self):
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self):
        while True:
            with self._wake:
                delivery = self._due()
                if delivery is None:
                    self._wake.wait(self._pause())
                    continue
            self._attempt(delivery)

    def _due(self):
        now = time.monotonic()
        for delivery in self._log:
            if delivery.state == "waiting" and delivery.next_at <= now:
                return delivery
        return None

    def _pause(self):
        waiting = [d.next_at for d in self._log if d.state == "waiting"]
        if not waiting:
            return None
        return max(0.001, min(waiting) - time.monotonic())

    def _attempt(self, delivery):
        timeout = self._world.settings.webhook_timeout_ms / 1000
        began = time.time()
        try:
            answer = self._http.post(
                delivery.url,
                data=delivery.body,
                headers=delivery.headers,
                timeout=timeout,
                allow_redirects=False,
            )
            status, error = answer.status_code, None
        except requests.RequestException as problem:
            status, error = None, type(problem).__name__
        with self._wake:
            delivery.attempts.append({"at": began, "status": status, "error": error})
            self._settle(delivery, status)

    def _settle(self, delivery, status):
        settings = self._world.settings
        if delivery.state == "dropped":
            return
        if status == 200:
            delivery.state = "delivered"
        elif len(delivery.attempts) > settings.webhook_retries:
            delivery.state = "given up"
        else:
            factor = 2 ** (len(delivery.attempts) - 1)
            delay = settings.webhook_first_delay * factor * settings.webhook_time_scale
            delivery.next_at = time.monotonic() + delay


def _hmac(secret, message):
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
