"""A foreign reading of a token status list, as a JWT. Source: Token Status List §4, §5.1, §8."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

from cryptography import x509

from .jose import JsonObject, Jws, b64url_decode
from .pki import EKU_CREDENTIAL_ISSUER, chain_from_header, leaf_key, trusted_leaf
from .transport import HttpsClient

MEDIA_TYPE = "application/statuslist+jwt"
VALID, INVALID, SUSPENDED = 0, 1, 2


class StatusListError(Exception):
    """A list that says nothing."""


def fetch(https: HttpsClient, uri: str, anchors: list[x509.Certificate]) -> Callable[[int], int]:
    """Fetches and checks a list; what comes back tells the status at a place."""
    reply = https.request("GET", uri, {"Accept": MEDIA_TYPE})
    if reply.status != 200 or reply.media_type != MEDIA_TYPE:
        raise StatusListError(f"no list: HTTP {reply.status}")
    jws = Jws.parse(reply.text, "statuslist+jwt")
    claims = jws.verify(leaf_key(trusted_leaf(chain_from_header(jws.header), anchors, EKU_CREDENTIAL_ISSUER)))
    if claims["sub"] != uri:
        raise StatusListError("the list of another address")
    if not claims["iat"] <= time.time() + 1 or claims.get("exp", time.time() + 1) <= time.time():
        raise StatusListError("outside its time")
    return _reader(claims["status_list"])


def _reader(status_list: JsonObject) -> Callable[[int], int]:
    bits = status_list["bits"]
    if bits not in (1, 2, 4, 8):
        raise StatusListError("bits")
    array = zlib.decompress(b64url_decode(status_list["lst"]))

    def status(index: int) -> int:
        byte, place = divmod(index, 8 // bits)
        return (array[byte] >> (place * bits)) & ((1 << bits) - 1)

    return status
