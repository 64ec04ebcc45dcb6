"""Answers of the wire: a status, a JSON value, headers; and refusals."""

from dataclasses import dataclass, field

from . import json_text


@dataclass
class Reply:
    """An answer. ``data`` is written as JSON, ``raw`` (bytes) as it is."""

    data: object = None
    status: int = 200
    headers: dict = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json; charset=utf-8"

    def body(self):
        """The bytes of the answer."""
        return json_text.dumps(self.data) if self.raw is None else self.raw


class Unknown(LookupError):
    """There is no account, consent or transaction of that name."""


class Refusal(Exception):
    """The peer says no: becomes ``{"error": …, "details": {…}}``.

    The shape is that of the sister product's documentation.
    """

    def __init__(self, status, error, reason, headers=None, **details):
        super().__init__(reason)
        self.status = status
        self.error = error
        self.details = {"reason": reason, **details}
        self.headers = headers or {}

    def reply(self):
        """The refusal as an answer."""
        data = {"error": self.error, "details": self.details}
        return Reply(data, self.status, dict(self.headers))


def invalid(reason, **fields):
    """A 400 ``InvalidInput``; ``fields`` name what was wrong."""
    errors = {name: [text] for name, text in fields.items()}
    details = {"validationErrors": errors} if errors else {}
    return Refusal(400, "InvalidInput", reason, **details)


def html(text, status=200):
    """A page."""
    return Reply(
        status=status, raw=text.encode(), content_type="text/html; charset=utf-8"
    )


def redirect(address):
    """A 302 to the address."""
    return Reply(status=302, raw=b"", headers={"Location": address})
