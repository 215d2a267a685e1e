"""A foreign reading of a token status list, as a CWT. Source: Token Status List §4.3, §5.2, §8.3; RFC 8392 §3.1, §4."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

from cryptography import x509

from . import cbor
from .cbor import Tagged
from .cose import Sign1
from .pki import EKU_CREDENTIAL_ISSUER, leaf_key, trusted_leaf
from .status_list import StatusListError
from .transport import HttpsClient

MEDIA_TYPE = "application/statuslist+cwt"
COSE_SIGN1_TAG = 18
TYPE_HEADER = 16
SUB, EXP, IAT, TTL, STATUS_LIST = 2, 4, 6, 65534, 65533


def fetch(https: HttpsClient, uri: str, anchors: list[x509.Certificate]) -> Callable[[int], int]:
    """Fetches and checks a list; what comes back tells the status at a place."""
    reply = https.request("GET", uri, {"Accept": MEDIA_TYPE})
    if reply.status != 200 or reply.media_type != MEDIA_TYPE:
        raise StatusListError(f"no list: HTTP {reply.status}")
    message = cbor.decode(reply.body)
    if not isinstance(message, Tagged) or message.tag != COSE_SIGN1_TAG:
        raise StatusListError("not a COSE_Sign1_Tagged")
    token = Sign1.from_cbor(message.value)
    claims = cbor.decode(token.verify(leaf_key(trusted_leaf(token.chain, anchors, EKU_CREDENTIAL_ISSUER))))
    if cbor.decode(token.protected).get(TYPE_HEADER) != MEDIA_TYPE:
        raise StatusListError("a token of another type")
    if claims[SUB] != uri:
        raise StatusListError("the list of another address")
    if not claims[IAT] <= time.time() + 1 or claims.get(EXP, time.time() + 1) <= time.time() or claims.get(TTL, 1) <= 0:
        raise StatusListError("outside its time")
    return _reader(claims[STATUS_LIST])


def _reader(status_list: dict[str, Any]) -> Callable[[int], int]:
    bits: int = status_list["bits"]
    if bits not in (1, 2, 4, 8) or not isinstance(status_list["lst"], bytes):
        raise StatusListError("bits or lst")
    array = zlib.decompress(status_list["lst"])

    def status(index: int) -> int:
        byte, place = divmod(index, 8 // bits)
        return (array[byte] >> (place * bits)) & ((1 << bits) - 1)

    return status
