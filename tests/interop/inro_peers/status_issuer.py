"""A foreign status issuer: serves what a test publishes, each list at an address of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from .jose import b64url
from .pki import Authority
from .status_list import CWT_TYPE, JWT_TYPE
from .transport import HttpsServer, HttpsService, Incoming, Outgoing

NAME_BYTES = 12
# Makes the answer for an address.
Publication = Callable[[str], Outgoing]


class StatusIssuer(HttpsService):
    """Runs until the `with` block ends."""

    def __init__(self) -> None:
        self.tls_authority = Authority.create("Foreign Status TLS")
        self.requests: list[Incoming] = []
        self._publications: dict[str, Publication] = {}
        self._server = HttpsServer(self.tls_authority.issue_tls(), self._handle)

    def publish(self, publication: Publication, uri: str | None = None) -> str:
        """Publishes at `uri` in the place of what was there, else at a fresh address; returns the address."""
        uri = uri or f"{self._server.url}/lists/{b64url(secrets.token_bytes(NAME_BYTES))}"
        self._publications[uri.removeprefix(self._server.url)] = publication
        return uri

    def asked(self, uri: str) -> list[Incoming]:
        """The requests for an address."""
        return [one for one in self.requests if uri == f"{self._server.url}{one.path}"]

    def _handle(self, incoming: Incoming) -> Outgoing:
        self.requests.append(incoming)
        publication = self._publications.get(incoming.path)
        if incoming.method != "GET" or publication is None:
            return Outgoing.json(404, {"error": "not_found"})
        return publication(f"{self._server.url}{incoming.path}")


def list_answer(token: str | bytes) -> Outgoing:
    """A list as JWT, or as CWT where it is bytes. Source: Token Status List §8.2."""
    if isinstance(token, bytes):
        return Outgoing(200, token, CWT_TYPE)
    return Outgoing(200, token.encode("ascii"), JWT_TYPE)
