"""A peer that means harm: leads elsewhere, shows a false certificate, sends bombs."""

import gzip
import ssl
import threading
import tracemalloc
import zlib
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from bank_api import BankApiError, Client, Malformed, Rejected
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MEGABYTE = 1024 * 1024


def read(client):
    return client.transactions_page("acc-token", "a1")


@pytest.fixture
def other(peer):
    """Somebody else on another port; a port is part of what is configured."""
    other = type(peer)()
    yield other
    other.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_followed_to_another_host(peer, client, other, status):
    calls = (
        lambda: read(client),
        lambda: client.refresh("ref-token"),
        lambda: client.update("acc-token", "https://erp.example/cb"),
    )
    for call in calls:
        peer.says(b"", status, Location=f"{other.url}/v1/accounts")
        other.says({"transactions": []})
        with pytest.raises(Rejected) as caught:
            call()
        assert caught.value.code == "redirected"
    assert not other.asked


def test_an_account_id_leads_nowhere_else(peer, client, other):
    """An id comes from the wire: it stays one part of a path at the same host."""
    for account in (f"@{other.url[7:]}/x", "../../other", "//x", "a?b#c", "a\\b"):
        peer.says({"transactions": []})
        client.transactions_page("acc-token", account)
        path = peer.path().split("?")[0]
        assert path.startswith("/v1/accounts/") and path.endswith("/transactions")
        assert path.count("/") == 4
    assert not other.asked


def certificate(folder, ends):
    """A certificate that nobody but its maker trusts; returns its files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = ends - timedelta(days=30)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(built.public_bytes(form))
    (folder / "key.pem").write_bytes(key.private_bytes(form, kind, plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize("days", [30, -1])
def test_a_certificate_that_nobody_vouches_for(tmp_path, days):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    context.load_cert_chain(*certificate(tmp_path, ends))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_of: None
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}"
        with pytest.raises(BankApiError) as caught:
            read(Client(url, "app-1", "s3cret", timeout=(2, 2)))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert caught.value.code == "tls_failed"
    assert not asked


def bomb(size, wrap):
    """White space of so many bytes, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if wrap == "gzip" else 15)
    piece = b" " * MEGABYTE
    packed = [packer.compress(piece) for _ in range(size // MEGABYTE)]
    return b"".join([*packed, packer.flush()])


@pytest.mark.parametrize("wrap", ["gzip", "deflate"])
def test_a_zip_bomb_is_given_up_in_time(peer, client, wrap):
    peer.says(bomb(300 * MEGABYTE, wrap), Content_Encoding=wrap)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed) as caught:
            read(client)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "too_large"
    assert peak < 100 * MEGABYTE


def test_a_bomb_in_a_bomb(peer, client):
    peer.says(gzip.compress(bomb(256 * MEGABYTE, "gzip")), Content_Encoding="gzip,gzip")
    with pytest.raises(BankApiError):
        read(client)


def test_what_is_not_compressed_at_all(peer, client):
    peer.says(b'{"transactions": []}', Content_Encoding="gzip")
    with pytest.raises(BankApiError):
        read(client)


JSON_BOMBS = {
    "brackets": b"[" * 2_000_000,
    "closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"transactions":' * 100_000,
    "digits": b'{"transactions": ' + b"9" * 5_000_000 + b"}",
    "exponent": b'{"transactions": [], "pagingToken": 1e999999999999}',
    "small exponent": b'{"transactions": [], "pagingToken": 1e-999999999999}',
    "a text": b'{"transactions": "' + b"x" * 15_000_000 + b'"}',
    "members": b"{" + b",".join(b'"%d":0' % n for n in range(500_000)) + b"}",
    "the same member": b"{" + b",".join([b'"transactions":[]'] * 500_000) + b"}",
    "escapes": b'{"transactions": "' + b"\\u0000" * 2_000_000 + b'"}',
    "rows of nothing": b'{"transactions": [' + b",".join([b"{}"] * 500_000) + b"]}",
}


REFUSED = set(JSON_BOMBS) - {"exponent", "small exponent", "the same member"}


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_a_json_bomb(peer, client, name):
    """Read or refused, but no other error; and the next answer is read."""
    peer.says(JSON_BOMBS[name])
    with pytest.raises(Malformed) if name in REFUSED else nullcontext():
        read(client)
    peer.says({"transactions": []})
    assert read(client).transactions == ()
