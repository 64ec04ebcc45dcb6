"""What the client makes of refusals and of broken answers."""

import socket
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from bank_api import (
    CODES,
    AccessTokenRejected,
    BankApiError,
    Client,
    ConsentExpired,
    CredentialsRejected,
    Malformed,
    PagingTokenRejected,
    RateLimited,
    Rejected,
    Transient,
)

SECRETS = ("acc-token", "ref-token", "s3cret", "Hemmelig", "a1-account")


def failure(call, kind, code):
    """Run a call that must fail, and check what every error must keep."""
    with pytest.raises(BankApiError) as caught:
        call()
    error = caught.value
    assert type(error) is kind and error.code == code
    assert error.code in CODES
    for secret in SECRETS:
        assert secret not in f"{error!r}{error}{error.text}{error.correlation_id}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


def read(client):
    return client.transactions_page("acc-token", "a1-account")


@pytest.mark.parametrize(
    "status,kind,code",
    [
        (302, Rejected, "redirected"),
        (400, Rejected, "rejected"),
        (401, AccessTokenRejected, "access_token_rejected"),
        (403, Rejected, "forbidden"),
        (404, Rejected, "not_found"),
        (408, Transient, "timeout"),
        (409, Transient, "conflict"),
        (422, Rejected, "rejected"),
        (429, RateLimited, "rate_limited"),
        (500, Transient, "server_error"),
        (503, Transient, "server_error"),
    ],
)
def test_statuses_of_a_user_call(peer, client, status, kind, code):
    peer.says(
        {"error": "Hemmelig", "details": "acc-token"},
        status=status,
        Location="/v1/accounts",
        X_Correlation_Id="|abc..",
    )
    error = failure(lambda: read(client), kind, code)
    assert error.status == status and error.correlation_id == "|abc.."
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    "status,body,kind,code",
    [
        (400, {"error": "invalid_grant"}, ConsentExpired, "consent_expired"),
        (400, b"<html>", ConsentExpired, "consent_expired"),
        (401, {}, ConsentExpired, "consent_expired"),
        (401, b"", ConsentExpired, "consent_expired"),
        (401, {"Error": "Invalid_Client"}, CredentialsRejected, "credentials_rejected"),
        (400, {"error": "invalid_client"}, CredentialsRejected, "credentials_rejected"),
        (
            401,
            {"error": "unauthorized_client"},
            CredentialsRejected,
            "credentials_rejected",
        ),
        (403, {}, Rejected, "forbidden"),
        (429, {}, RateLimited, "rate_limited"),
        (500, {}, Transient, "server_error"),
    ],
)
def test_a_refused_refresh(peer, client, status, body, kind, code):
    peer.says(body, status=status)
    failure(lambda: client.refresh("ref-token"), kind, code)


def test_a_refused_code(peer, client):
    peer.says({}, status=400)
    failure(lambda: client.exchange_code("c", "r"), Rejected, "code_rejected")
    peer.says({}, status=401)
    failure(
        lambda: client.exchange_code("c", "r"),
        CredentialsRejected,
        "credentials_rejected",
    )


def test_refused_credentials(peer, client):
    peer.says({}, status=401)
    failure(client.providers, CredentialsRejected, "credentials_rejected")


def test_a_refused_paging_token(peer, client):
    for options in ({}, {"date_from": datetime(2025, 1, 1).date()}):
        peer.says({}, status=400)
        failure(
            lambda options=options: client.transactions_page(
                "acc-token", "a1-account", paging_token="Hemmelig", **options
            ),
            PagingTokenRejected,
            "paging_token_rejected",
        )


def test_retry_after(peer, client):
    def wait(text, status=429):
        peer.says({}, status=status, **({"Retry_After": text} if text else {}))
        with pytest.raises(Transient) as caught:
            read(client)
        return caught.value.retry_after

    assert wait("85092") == 85092
    assert wait("120", 503) == 120
    assert wait("99999999999999") == 7 * 86400
    assert wait("-5") is None and wait("soon") is None and wait("") is None
    later = datetime.now(timezone.utc) + timedelta(seconds=100)
    assert 90 <= wait(format_datetime(later, usegmt=True)) <= 100
    assert wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert wait("Wed, 99 Oct 2015 07:28:00") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>down</html>",
        b'{"transactions": [',
        b'"text"',
        b"[]",
        b"null",
        b"{}",
        b'{"transactions": null}',
        b'{"transactions": {}}',
        b'{"transactions": [], "x": NaN}',
        b'{"transactions": [], "x": -Infinity}',
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b'{"transactions": [' + b"[" * 60 + b"]" * 60 + b"]}",
    ],
)
def test_malformed_answers(peer, client, body):
    peer.says(body)
    failure(lambda: read(client), Malformed, "malformed")


def test_answers_without_what_they_are_for(peer, client):
    calls = {
        "accounts": lambda: client.accounts("acc-token"),
        "account": lambda: client.account("acc-token", "x"),
        "tokens": lambda: client.refresh("ref-token"),
        "update": lambda: client.update("acc-token", "r"),
        "provider": lambda: client.provider("x"),
        "transaction": lambda: client.transaction("acc-token", "x", "y"),
    }
    for call in calls.values():
        peer.says([])
        failure(call, Malformed, "malformed")
    for token in (None, 5, "", "a b", "a\nb", "\u00e6"):
        peer.says({"access_token": token, "refresh_token": "r"})
        failure(calls["tokens"], Malformed, "malformed")


def test_a_huge_answer(peer, client):
    def respond(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(40):
                handler.wfile.write(chunk)
        except OSError:
            pass
        handler.close_connection = True

    peer.does(respond)
    failure(lambda: read(client), Malformed, "too_large")


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"transactions": []}')
    handler.close_connection = True


def cut_chunk(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'14\r\n{"transactions": []}\r\n10\r\nabc')
    handler.close_connection = True


@pytest.mark.parametrize("respond", [cut, cut_chunk])
def test_a_body_that_ends_early(peer, client, respond):
    peer.does(respond)
    failure(lambda: read(client), Transient, "cut_short")


def test_no_answer_at_all(peer, client):
    def hang_up(handler):
        handler.close_connection = True

    peer.does(hang_up)
    failure(lambda: read(client), Transient, "unreachable")


def test_a_slow_answer(peer, client):
    peer.does(lambda handler: time.sleep(0.9))
    failure(lambda: read(client), Transient, "timeout")


def test_a_body_that_stops(peer, client):
    def respond(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"{")
        time.sleep(0.9)

    peer.does(respond)
    failure(lambda: read(client), Transient, "timeout")


def drip_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    drip(handler)


def drip_chunks(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"3e8\r\n")
    drip(handler)


def drip_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler)


def drip(handler):
    try:
        for _ in range(30):
            handler.wfile.write(b" ")
            time.sleep(0.2)
    except OSError:
        pass
    handler.close_connection = True


@pytest.mark.parametrize("respond", [drip_body, drip_chunks, drip_head])
def test_a_peer_that_drips_is_given_up(peer, client, respond):
    peer.does(respond)
    started = time.monotonic()
    failure(lambda: read(client), Transient, "timeout")
    assert time.monotonic() - started < 3


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "app-1", "s3cret", timeout=(1, 1))
    failure(lambda: read(client), Transient, "unreachable")


def test_no_trusted_connection(peer):
    url = peer.url.replace("http://", "https://")
    client = Client(url, "app-1", "s3cret", timeout=(1, 1))
    with pytest.raises(Transient) as caught:
        read(client)
    assert caught.value.code in ("tls_failed", "unreachable")


def test_the_client_works_on_after_an_error(peer, client):
    peer.does(cut)
    failure(lambda: read(client), Transient, "cut_short")
    peer.says({"transactions": []})
    assert read(client).transactions == ()
