"""A client for Mastercard Open Banking Europe (Aiia Data).

Paths, parameters and bodies as in Mastercard's public Postman collection, its
documentation pages and aiia-sample. One client talks to one host. It keeps its
connections open, so use one client for a whole run, in one thread.
"""

import base64
import functools
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode

import requests

from . import pages, payloads
from .errors import (
    AccessTokenRejected,
    BankApiError,
    ConsentExpired,
    Malformed,
    Misconfigured,
    Rejected,
)
from .refusals import refusal
from .transport import HeaderAuth, checked_base_url, is_safe_url, new_session, send
from .wire import Members, parse_json

SCOPE = "accounts offline_access"
TOTAL_SECONDS = 60
MAX_PAGES = 5000
_LONGEST_HISTORY = timedelta(days=900)  # what aiia-sample asks for
_NOT_PRINTABLE = re.compile(r"[^!-~]")

_logger = logging.getLogger(__name__)


class Client:
    """Calls Mastercard's API for one application (client id and secret).

    ``base_url``: https, or http on this machine. ``timeout``: seconds to connect
    and seconds between two pieces of an answer; a whole answer may take
    TOTAL_SECONDS. A ``session`` given is used as it is. Raises Misconfigured.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        session: requests.Session | None = None,
        timeout: tuple[float, float] = (5, 20),
        total: float = TOTAL_SECONDS,
    ):
        self._base_url = checked_base_url(base_url)
        if not client_id or not client_secret:
            raise Misconfigured("configuration", "client id or secret is missing")
        self._client_id = client_id
        self._basic = _basic(client_id, client_secret)
        self._session = session or new_session(self._base_url, total)
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<Client {self._base_url}>"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    # Connect and tokens

    def connect_url(
        self,
        *,
        redirect_uri: str,
        state: str | None = None,
        culture: str | None = None,
        provider_id: str | None = None,
        providers: str | Iterable[str] | None = None,
        email: str | None = None,
        consent_id: str | None = None,
        bank_account_numbers: str | Iterable[str] | None = None,
        select_all_accounts: bool | None = None,
    ) -> str:
        """The address that starts the connect flow in a browser. Sends nothing.

        Lists are joined with commas, as aiia-sample does. Account numbers are only
        sent together with a ``provider_id``: the API wants both or neither.
        """
        numbers = _joined(bank_account_numbers) if provider_id else None
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "culture": culture,
            "providerId": provider_id,
            "providers": _joined(providers),
            "email": email,
            "consentId": consent_id,
            "bank_account_numbers": numbers,
            "select_all_accounts": _true_or_false(select_all_accounts),
        }
        given = {name: value for name, value in query.items() if value}
        return f"{self._base_url}/v1/oauth/connect?{urlencode(given, quote_via=quote)}"

    def exchange_code(self, code: str, redirect_uri: str) -> payloads.TokenSet:
        """Exchange the code of the redirect (already URL-decoded) for tokens.

        A code works once and lives one minute. Raises Rejected (code_rejected),
        CredentialsRejected, Transient, Malformed.
        """
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
        }
        return payloads.token_set(self._request("POST", "/v1/oauth/token", body=body))

    def refresh(self, refresh_token: str) -> payloads.TokenSet:
        """Exchange a refresh token for a new pair. Store both before using them.

        An answer without a refresh token leaves the old one valid: it is returned
        again. Raises ConsentExpired when the token is refused, CredentialsRejected
        when the answer says that our own login is, Transient, Malformed.
        """
        if not payloads.usable_token(refresh_token):
            raise ConsentExpired("consent_expired", "there is no usable refresh token")
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = self._request("POST", "/v1/oauth/token", body=body)
        if isinstance(answer, dict) and not Members(answer).get("refresh_token"):
            answer = {**answer, "refresh_token": refresh_token}
        return payloads.token_set(answer)

    # Accounts and transactions

    def accounts(
        self, access_token: str, include_orphaned: bool = True
    ) -> payloads.AccountList:
        """All accounts of the consent."""
        query = {"includeOrphaned": _true_or_false(include_orphaned)}
        return payloads.account_list(
            self._request("GET", "/v1/accounts", query=query, bearer=access_token)
        )

    def account(self, access_token: str, account_id: str) -> payloads.Account:
        """One account with its balances."""
        return payloads.account(
            self._request(
                "GET", "/v1/accounts/{}", ids=(account_id,), bearer=access_token
            )
        )

    def transactions_page(
        self,
        access_token: str,
        account_id: str,
        *,
        date_from: date | None = None,
        date_to: date | None = None,
        page_size: int = 100,
        paging_token: str | None = None,
        include_deleted: bool = True,
        own: payloads.Account | None = None,
    ) -> pages.TransactionPage:
        """One page of transactions, in the order the bank sends them.

        With a date the query endpoint is used: only it filters. The window asked
        for is a day wider at both ends, because the API does not say whether its
        ends count nor in which zone: expect rows outside, and keep them. Give the
        same dates with each ``paging_token``. Raises PagingTokenRejected when the
        token is refused: start again without it.
        """
        query = {"includeDeleted": _true_or_false(include_deleted)}
        paging = {"pageSize": page_size, "pagingToken": paging_token}
        read = functools.partial(pages.read_page, own=own)
        call = {"ids": (account_id,), "bearer": access_token, "read": read}
        path = "/v1/accounts/{}/transactions"
        if date_from or date_to:
            body = {"interval": _interval(date_from, date_to), **paging}
            call |= {"query": query, "body": body, "paging": bool(paging_token)}
            return self._request("POST", path + "/query", **call)
        call |= {"query": {**query, **paging}, "paging": bool(paging_token)}
        return self._request("GET", path, **call)

    def transactions(
        self, access_token: str, account_id: str, *, max_pages=MAX_PAGES, **options
    ) -> Iterator[pages.TransactionPage]:
        """All pages, one by one. ``options`` as for :meth:`transactions_page`.

        Raises Malformed (paging_loop) when a paging token comes back a second time
        or after ``max_pages`` pages; the list is then not complete.
        """
        token = options.pop("paging_token", None)
        seen = {token}
        for _ in range(max_pages):
            page = self.transactions_page(
                access_token, account_id, paging_token=token, **options
            )
            yield page
            token = page.paging_token
            if token is None:
                return
            if token in seen:
                raise Malformed("paging_loop", "a paging token came back")
            seen.add(token)
        raise Malformed("paging_loop", "the pages do not end")

    def transaction(
        self,
        access_token: str,
        account_id: str,
        transaction_id: str,
        *,
        own: payloads.Account | None = None,
    ) -> payloads.Transaction:
        """One transaction."""
        answer = self._request(
            "GET",
            "/v1/accounts/{}/transactions/{}",
            ids=(account_id, transaction_id),
            bearer=access_token,
        )
        return payloads.transaction(answer, own)

    def update(self, access_token: str, redirect_url: str) -> payloads.UpdateAnswer:
        """Ask Mastercard to read the banks now.

        "AllQueued": wait for the webhook. "SupervisedLoginRequired": send the
        customer to ``auth_url``. A status we do not know is returned as it is.
        Raises Malformed when the address is no https address.
        """
        body = {"redirectUrl": redirect_url}
        answer = payloads.update_answer(
            self._request("POST", "/v1/update", body=body, bearer=access_token)
        )
        if answer.auth_url and not is_safe_url(answer.auth_url):
            raise Malformed("malformed", "update answer: unsafe address")
        return answer

    def all_accounts_selected(self, access_token: str, consent_id: str) -> bool | None:
        """Whether the customer shares all accounts; None when he may not be asked.

        The API answers 403 for some kinds of users (aiia-sample).
        """
        path = "/v1/consent/{}/all-accounts-selected"
        try:
            answer = self._request("GET", path, ids=(consent_id,), bearer=access_token)
        except Rejected as error:
            if error.status == 403:
                return None
            raise
        answer = payloads.required_object(answer, "all accounts selected")
        selected = Members(answer).get("allAccountsSelected")
        if not isinstance(selected, bool):
            raise Malformed("malformed", "all accounts selected: no boolean")
        return selected

    # Banks

    def providers(self) -> list[payloads.Provider]:
        """All banks. Needs no consent, so it also tests the credentials."""
        return payloads.provider_list(self._request("GET", "/v2/providers"))

    def provider(self, provider_id: str) -> payloads.Provider:
        """One bank."""
        answer = self._request("GET", "/v2/providers/{}", ids=(provider_id,))
        return payloads.provider(answer)

    # The one way out

    def _request(
        self,
        method: str,
        template: str,
        *,
        ids: tuple[str, ...] = (),
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        bearer: str | None = None,
        paging: bool = False,
        read: Callable[[bytes], Any] = parse_json,
    ) -> Any:
        """Send one request and return the parsed JSON, or raise a BankApiError.

        Without ``bearer`` the client id and secret are used. ``read``: what makes
        something of the body.
        """
        if bearer is not None and not payloads.usable_token(bearer):
            raise AccessTokenRejected("access_token_rejected", "no usable access token")
        correlation_id = f"|{uuid.uuid4().hex}.."
        started = time.monotonic()
        status = None
        try:
            response, content = send(
                self._session,
                self._timeout,
                method=method,
                url=self._base_url + _path(template, ids),
                params=query,
                json=body,
                headers=_headers(method, correlation_id),
                auth=HeaderAuth(f"Bearer {bearer}" if bearer else self._basic),
            )
            status = response.status_code
            correlation_id = _correlation(response) or correlation_id
            if not 200 <= status <= 299:
                raise refusal(response, content, body, bool(bearer), paging)
            return read(content)
        except BankApiError as error:
            error.correlation_id = correlation_id
            error.status = status
            raise
        finally:
            _logger.debug(
                "%s %s: status %s after %.3f s, correlation id %s",
                method,
                template,
                status,
                time.monotonic() - started,
                correlation_id,
            )


def _correlation(response: requests.Response) -> str:
    return _NOT_PRINTABLE.sub("", response.headers.get("X-Correlation-Id", ""))[:200]


def _basic(client_id: str, client_secret: str) -> str:
    pair = f"{client_id}:{client_secret}"
    try:
        encoded = pair.encode("iso-8859-1")  # as aiia-sample does
    except UnicodeEncodeError:
        encoded = pair.encode()
    return "Basic " + base64.b64encode(encoded).decode()


def _headers(method: str, correlation_id: str) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "X-Correlation-Id": correlation_id,
    }
    if method == "POST":
        headers["X-Request-Id"] = str(uuid.uuid4())
    return headers


def _path(template: str, ids: tuple[str, ...]) -> str:
    for each in ids:
        # "." and ".." survive quoting and would name another resource.
        if not isinstance(each, str) or not each.strip("."):
            raise Rejected("not_found", "an id is empty or unusable")
    return template.format(*(quote(each, safe="", errors="replace") for each in ids))


def _joined(values: str | Iterable[str] | None) -> str | None:
    return values if values is None or isinstance(values, str) else ",".join(values)


def _true_or_false(value: bool | None) -> str | None:
    return None if value is None else ("true" if value else "false")


def _interval(date_from: date | None, date_to: date | None) -> str:
    """Two instants around the days asked for, a day wider at both ends."""
    last = date_to or datetime.now(timezone.utc).date()
    try:
        first = (date_from or last - _LONGEST_HISTORY) - timedelta(days=1)
        end = max(first, last) + timedelta(days=2)
    except OverflowError:
        raise Misconfigured("configuration", "a date is out of range") from None
    return f"{first.isoformat()}T00:00:00Z/{end.isoformat()}T00:00:00Z"
