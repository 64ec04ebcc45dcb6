"""A peer on loopback that answers exactly what a test scripts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bank_api import Client


class Peer:
    """Answers requests one after the other from a script; keeps what was asked."""

    def __init__(self):
        self.script = []
        self.asked = []
        self.connections = set()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                peer.connections.add(self.client_address)
                peer.asked.append((self.command, self.path, self.headers, body))
                peer.script.pop(0)(self)

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def says(self, body, status=200, **headers):
        """Script one whole answer; anything but bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        def respond(handler):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

        self.script.append(respond)

    def does(self, respond):
        """Script an answer of any kind: a function of the request handler."""
        self.script.append(respond)

    def body(self, index=-1):
        """The JSON of a request."""
        return json.loads(self.asked[index][3])

    def path(self, index=-1):
        return self.asked[index][1]

    def headers(self, index=-1):
        return self.asked[index][2]


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def client(peer):
    client = Client(peer.url, "app-1", "s3cret", timeout=(1, 0.5), total=1.5)
    yield client
    client.close()
