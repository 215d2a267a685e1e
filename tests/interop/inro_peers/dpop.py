"""DPoP from the client's side: proofs, server nonces, and the one retry that `use_dpop_nonce` asks for.

Source: RFC 9449 §4 (proofs), §7 (protected resources), §8 and §9 (nonces).
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from .jose import JsonObject, b64url, new_key, public_jwk, sha256_b64url, sign_jws
from .transport import HttpsClient, Reply

TYP = "dpop+jwt"


class DpopClient:
    """One DPoP key with the newest nonce of each server."""

    def __init__(self, https: HttpsClient) -> None:
        self.key = new_key()
        self._https = https
        self._nonces: dict[str, str] = {}

    def proof(self, method: str, url: str, access_token: str | None = None, **changes: Any) -> str:
        """A fresh proof for one request. `changes` replace claims; a claim changed to None is left out.

        Source: RFC 9449 §4.2.
        """
        parts = urlsplit(url)
        payload: JsonObject = {
            "jti": b64url(secrets.token_bytes(16)),
            "htm": method,
            "htu": f"{parts.scheme}://{parts.netloc}{parts.path}",
            "iat": int(time.time()),
        }
        if access_token is not None:
            payload["ath"] = sha256_b64url(access_token.encode("ascii"))
        if parts.netloc in self._nonces:
            payload["nonce"] = self._nonces[parts.netloc]
        payload = {name: value for name, value in (payload | changes).items() if value is not None}
        return sign_jws({"typ": TYP, "jwk": public_jwk(self.key)}, payload, self.key)

    def send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes,
        *,
        access_token: str | None = None,
        proof: str | None = None,
    ) -> Reply:
        """Sends one request with `proof` or a fresh one, without a retry; remembers a nonce that comes back."""
        headers = {**headers, "DPoP": proof or self.proof(method, url, access_token)}
        if access_token is not None:
            headers["Authorization"] = f"DPoP {access_token}"
        reply = self._https.request(method, url, headers, body)
        if "dpop-nonce" in reply.headers:
            self._nonces[urlsplit(url).netloc] = reply.headers["dpop-nonce"]
        return reply

    def send_with_retry(
        self, method: str, url: str, headers: dict[str, str], body: bytes, *, access_token: str | None = None
    ) -> Reply:
        """Sends one request, and once more if the server asks for its nonce. Source: RFC 9449 §8 and §9."""
        reply = self.send(method, url, headers, body, access_token=access_token)
        if wants_nonce(reply):
            reply = self.send(method, url, headers, body, access_token=access_token)
        return reply


def wants_nonce(reply: Reply) -> bool:
    """Whether a server refused because its nonce was missing or old. Source: RFC 9449 §8 and §9."""
    if "dpop-nonce" not in reply.headers:
        return False
    if reply.status == 401:
        return 'error="use_dpop_nonce"' in reply.headers.get("www-authenticate", "")
    return reply.status == 400 and reply.json().get("error") == "use_dpop_nonce"
