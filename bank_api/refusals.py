"""From an HTTP status to the error that says what to do."""

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from .errors import (
    AccessTokenRejected,
    BankApiError,
    ConsentExpired,
    CredentialsRejected,
    Malformed,
    PagingTokenRejected,
    RateLimited,
    Rejected,
    Transient,
)
from .wire import Members, identifier, parse_json

_LONGEST_WAIT = 7 * 86400
_CLIENT_ERRORS = {"invalid_client", "unauthorized_client"}


def refusal(
    response: requests.Response,
    content: bytes,
    body: dict[str, Any] | None,
    user_call: bool,
    paging: bool,
) -> BankApiError:
    """The error that fits a status outside 2xx. Nothing of the body gets into it."""
    status = response.status_code
    if status == 429:
        wait = _retry_after(response)
        return RateLimited("rate_limited", "too many calls", retry_after=wait)
    if status >= 500:
        wait = _retry_after(response)
        return Transient("server_error", f"status {status}", retry_after=wait)
    if status == 409:
        return Transient("conflict", "the same call is still running")
    if status == 408:
        return Transient("timeout", "the server gave up waiting")
    if status < 400:
        return Rejected("redirected", f"status {status}, not followed")
    if user_call:
        return _user_refusal(status, paging)
    return _client_refusal(status, content, (body or {}).get("grant_type"))


def _user_refusal(status: int, paging: bool) -> BankApiError:
    if status == 401:
        return AccessTokenRejected("access_token_rejected", "status 401")
    if status == 400 and paging:
        return PagingTokenRejected("paging_token_rejected", "status 400")
    return _rejected(status)


def _client_refusal(status: int, content: bytes, grant: str | None) -> BankApiError:
    """The refusal of a call made with client id and secret.

    A dead session answers 400 or 401 to a refresh (aiia-sample treats both as
    "reconnect"). RFC 6749 uses the same statuses for a wrong client: the body tells.
    """
    wrong_client = _error_name(content) in _CLIENT_ERRORS
    if status in (400, 401) and grant == "refresh_token" and not wrong_client:
        return ConsentExpired("consent_expired", f"refresh refused with {status}")
    if status == 401 or (status == 400 and wrong_client):
        return CredentialsRejected("credentials_rejected", f"status {status}")
    if status == 400 and grant:
        return Rejected("code_rejected", "the code was refused")
    return _rejected(status)


def _rejected(status: int) -> Rejected:
    codes = {403: "forbidden", 404: "not_found"}
    return Rejected(codes.get(status, "rejected"), f"status {status}")


def _error_name(content: bytes) -> str:
    try:
        answer = parse_json(content)
    except Malformed:
        return ""
    return identifier(Members(answer).get("error")).lower()


def _retry_after(response: requests.Response) -> int | None:
    """Seconds from a Retry-After header: a number or an HTTP date; at most a week."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    wait = (moment - datetime.now(timezone.utc)).total_seconds()
    return min(max(int(wait), 0), _LONGEST_WAIT)
