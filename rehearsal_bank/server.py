"""A threaded HTTP/1.1 server with keep-alive, for a WSGI application.

Werkzeug's own development server closes each connection; a program that
keeps its connections open must be met by a peer that does so too.
"""

import socket
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

_LARGEST_BODY = 50_000_000


class Handler(BaseHTTPRequestHandler):
    """One connection; reads the body whole before the application runs."""

    protocol_version = "HTTP/1.1"
    server_version = "RehearsalBank"
    sys_version = ""
    # one buffered write per answer, so that it leaves in one packet
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 300

    def handle_one_request(self):
        """Like the parent's, for any method."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self._serve()
            self.wfile.flush()
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def _serve(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            length = -1
        if not 0 <= length <= _LARGEST_BODY:
            self.close_connection = True
            self.send_error(411)
            return
        environ = self._environ(self.rfile.read(length), length)
        answer = {}

        def start_response(status, headers, exc_info=None):
            answer["status"], answer["headers"] = status, headers

        body = b"".join(self.server.application(environ, start_response))
        self._write(answer["status"], answer["headers"], body, environ)

    def _write(self, status, headers, body, environ):
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        names = {name.lower() for name, _value in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        cut = environ.get("rehearsal.cut_after")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def _environ(self, body, length):
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = value
        return environ

    def log_message(self, format, *args):
        """Say nothing; the request log is read through control."""


class Server(ThreadingHTTPServer):
    """Listens on an address (port 0: any free one)."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, application, host="127.0.0.1", port=0):
        self.application = application
        super().__init__((host, port), Handler)

    def server_bind(self):
        """Bind without the reverse name look-up of the parent."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def service_actions(self):
        """Called between requests, at least twice a second."""
        self.application.tick()

    @property
    def address(self):
        """Where it listens, as ``http://127.0.0.1:8080``."""
        host, port = self.server_address[:2]
        return f"http://{host}:{port}"
