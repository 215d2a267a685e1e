"""HTTPS, both ends: a client that follows no redirect, and a small threaded server for the foreign services.

Sources: OpenID4VP 1.0 §14.7 (TLS) and §14.8 (no redirects), OpenID4VCI 1.0 §13.9 (TLS).
"""

from __future__ import annotations

import http.client
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from .jose import JsonObject, json_bytes, parse_json_object
from .pki import Identity

# Seconds that one request may take; far above what a loopback needs.
TIMEOUT = 30
# Seconds between two looks at whether the server is to stop.
SHUTDOWN_POLL = 0.02
# Bytes that one message may have.
MAX_BODY = 1 << 20

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Reply:
    """An HTTP response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    def json(self) -> JsonObject:
        """The body as a JSON object."""
        return parse_json_object(self.body)


class HttpsClient:
    """Sends requests over TLS and trusts the given PEM files only."""

    def __init__(self, *ca_files: Path) -> None:
        self._context = ssl.create_default_context(cadata="\n".join(file.read_text() for file in ca_files))

    def request(self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
        """Sends one request and reads the whole answer; a redirect is returned like any other status."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname is None:
            raise ValueError("not an https URL")
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port or 443, timeout=TIMEOUT, context=self._context
        )
        target = parts.path or "/"
        try:
            connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, headers or {})
            response = connection.getresponse()
            content = response.read(MAX_BODY + 1)
        finally:
            connection.close()
        if len(content) > MAX_BODY:
            raise ValueError("an answer above the bound")
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


@dataclass(frozen=True)
class Incoming:
    """A request that a foreign service received; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    # When it came, by a clock that never goes back.
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Outgoing:
    """What a foreign service answers."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    # Sends the body itself, as `headers` announce it or not at all; the connection ends with it.
    stream: Callable[[Callable[[bytes], object]], None] | None = None

    @classmethod
    def json(cls, status: int, value: Any, **headers: str) -> Outgoing:
        """A JSON answer that nobody may store."""
        return cls(status, json_bytes(value), JSON, {"Cache-Control": "no-store", **headers})


class HttpsServer:
    """Serves `handle` on a free port of the loopback until the `with` block ends."""

    def __init__(self, identity: Identity, handle: Callable[[Incoming], Outgoing]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(handle))
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
            identity.write(certificate, key)
            context.load_cert_chain(certificate, key)
        # The handshake happens in the connection's own thread, so a silent client holds up nobody.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(SHUTDOWN_POLL,), daemon=True)

    @property
    def host(self) -> str:
        """The host and port under which the server is reached."""
        return f"localhost:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The origin of the server."""
        return f"https://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT)


class HttpsService:
    """What runs one server until the `with` block ends; a subclass sets `_server`."""

    _server: HttpsServer

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(*_)


def _handler_class(handle: Callable[[Incoming], Outgoing]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = TIMEOUT
        # Headers and body leave in two writes; without this each answer waits for a delayed acknowledgement.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_BODY:
                self.send_error(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = handle(Incoming(self.command, self.path, headers, self.rfile.read(length)))
            length_of = {} if answer.stream else {"Content-Length": str(len(answer.body))}
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.media_type, **length_of, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.stream:
                self.close_connection = True
                answer.stream(self.wfile.write)
            else:
                self.wfile.write(answer.body)

        do_GET = _serve
        do_POST = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Stays silent: pytest shows what matters."""

    return Handler
