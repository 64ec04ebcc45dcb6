"""The log of wire requests, and how many were open at once per consent."""

import threading
import time

_KEPT = 50_000


class RequestLog:
    """Thread-safe; times are real seconds since 1970."""

    def __init__(self):
        self._lock = threading.Lock()
        self._entries = []
        self._open = {}

    def begin(self, request, endpoint, consent_id, account_id):
        """Note that a request began; returns its entry."""
        entry = {
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode("latin-1"),
            "endpoint": endpoint,
            "consent": consent_id,
            "account": account_id,
            "request_id": request.headers.get("X-Request-Id"),
            "correlation_id": request.headers.get("X-Correlation-Id"),
            "user_agent": request.headers.get("User-Agent"),
            "began": time.time(),
            "seconds": None,
            "status": None,
            "open_at_once": 1,
        }
        with self._lock:
            running = self._open.setdefault(consent_id, [])
            running.append(entry)
            for one in running:
                one["open_at_once"] = max(one["open_at_once"], len(running))
            self._entries.append(entry)
            del self._entries[:-_KEPT]
        return entry

    def end(self, entry, status):
        """Note that the request ended with that status."""
        with self._lock:
            entry["status"] = status
            entry["seconds"] = round(time.time() - entry["began"], 6)
            running = self._open[entry["consent"]]
            running.remove(entry)
            if not running:
                del self._open[entry["consent"]]

    def entries(self):
        """All entries, oldest first (copies)."""
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def clear(self):
        """Forget all entries; running requests go on."""
        with self._lock:
            self._entries.clear()
