"""What can go wrong when we talk to Mastercard Open Banking.

The class says what the caller should do. ``code`` says which sentence to show.
``text`` is for logs: short, English, and free of bank data and secrets.
"""

CODES = (
    "access_token_rejected",
    "code_rejected",
    "configuration",
    "conflict",
    "consent_expired",
    "credentials_rejected",
    "cut_short",
    "forbidden",
    "malformed",
    "not_found",
    "paging_loop",
    "paging_token_rejected",
    "rate_limited",
    "redirected",
    "rejected",
    "server_error",
    "timeout",
    "tls_failed",
    "too_large",
    "unreachable",
)


class BankApiError(Exception):
    """Base of all errors of this package.

    ``code``: one of :data:`CODES`. ``status``: the HTTP status or None.
    ``correlation_id``: Mastercard's id of the call, for a support case, or "".
    ``retry_after``: seconds to wait as the peer asked, or None.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        status: int | None = None,
        correlation_id: str = "",
        retry_after: int | None = None,
    ):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.correlation_id = correlation_id
        self.retry_after = retry_after


class Misconfigured(BankApiError):
    """Our own settings cannot work: address, credentials or an argument."""


class Transient(BankApiError):
    """Worth another try later: time-out, no connection, 5xx, 409, cut body."""


class RateLimited(Transient):
    """Status 429. Wait ``retry_after`` seconds, or back off when it is None."""


class AccessTokenRejected(BankApiError):
    """The access token is not accepted. Refresh it, then try once more."""


class ConsentExpired(BankApiError):
    """The refresh token is refused. Only the bank's customer can repair this."""


class CredentialsRejected(BankApiError):
    """Client id or secret is refused. Only the administrator can repair this."""


class Rejected(BankApiError):
    """The peer understood the request and said no. Repeating does not help."""


class PagingTokenRejected(Rejected):
    """The paging token is not accepted. Start again from the first page."""


class Malformed(BankApiError):
    """The answer is not what the API promises: no JSON, wrong shape, too large."""
