"""Token status lists: a foreign reading of both formats, and lists of the tests' own.

Sources: Token Status List §4 (lists), §5.1 (JWT), §5.2 (CWT), §8 (request, response, validation); RFC 8392 §3.1.1 (claim
keys), RFC 9052 §4 and RFC 9053 §2.1 (COSE signatures), RFC 9360 §2 (`x5chain`), RFC 9596 §2 (`typ`).
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from . import cbor, cose
from .jose import JsonObject, Jws, b64url, b64url_decode, sign_jws
from .pki import EKU_CREDENTIAL_ISSUER, Identity, chain_from_header, leaf_key, trusted_leaf
from .transport import HttpsClient

JWT_TYPE = "application/statuslist+jwt"
CWT_TYPE = "application/statuslist+cwt"
JWT_TYP = "statuslist+jwt"
VALID, INVALID, SUSPENDED, OWN = 0, 1, 2, 3
COSE_SIGN1 = 18
LIFETIME = 3600
TTL = 60
# The type in the header of a CWT.
TYPE = 16
# Header parameters of COSE and claims of CWT.
_SUB, _EXP, _IAT, _STATUS_LIST, _TTL = 2, 4, 6, 65533, 65534
_CWT_CLAIMS = {"sub": _SUB, "exp": _EXP, "iat": _IAT, "status_list": _STATUS_LIST, "ttl": _TTL}


class StatusListError(Exception):
    """A list that says nothing."""


@dataclass(frozen=True)
class StatusList:
    """A list that was verified, whatever its format."""

    uri: str
    issued_at: int
    expires_at: int | None
    ttl: int | None
    bits: int
    array: bytes

    def status(self, index: int) -> int:
        """The status at a place. Source: Token Status List §4.1."""
        byte, place = divmod(index, 8 // self.bits)
        if not 0 <= byte < len(self.array):
            raise StatusListError("a place outside the list")
        return (self.array[byte] >> (place * self.bits)) & ((1 << self.bits) - 1)


def fetch(https: HttpsClient, uri: str, anchors: list[x509.Certificate]) -> StatusList:
    """Fetches and checks a list as JWT."""
    jws = Jws.parse(_get(https, uri, JWT_TYPE).decode("ascii"), JWT_TYP)
    claims = jws.verify(leaf_key(trusted_leaf(chain_from_header(jws.header), anchors, EKU_CREDENTIAL_ISSUER)))
    names = [claims.get(name) for name in ("sub", "iat", "exp", "ttl")]
    status_list = claims["status_list"]
    return _checked(uri, names, status_list["bits"], b64url_decode(status_list["lst"]))


def fetch_cwt(https: HttpsClient, uri: str, anchors: list[x509.Certificate]) -> StatusList:
    """Fetches and checks a list as CWT."""
    message = _decode(_get(https, uri, CWT_TYPE))
    if not isinstance(message, cbor.Tagged) or message.tag != COSE_SIGN1:
        raise StatusListError("no COSE_Sign1 with its tag, or a CWT tag around it")
    sign1 = cose.Sign1.from_cbor(message.value)
    header = _decode(sign1.protected)
    if header.get(cose.ALG) != cose.ES256 or header.get(TYPE) != CWT_TYPE:
        raise StatusListError("another algorithm or type")
    chain = header.get(cose.X5CHAIN, sign1.unprotected.get(cose.X5CHAIN))
    leaf = trusted_leaf(_certificates(chain), anchors, EKU_CREDENTIAL_ISSUER)
    claims = _decode(sign1.verify(leaf_key(leaf)))
    status_list = claims[_STATUS_LIST]
    return _checked(
        uri, [claims.get(name) for name in (_SUB, _IAT, _EXP, _TTL)], status_list["bits"], status_list["lst"]
    )


def compressed(statuses: dict[int, int], size: int, bits: int = 2) -> bytes:
    """A list of `size` places, valid but for `statuses`. Source: Token Status List §4.1."""
    array = bytearray(size * bits // 8)
    for index, status in statuses.items():
        byte, place = divmod(index, 8 // bits)
        array[byte] |= status << (place * bits)
    return zlib.compress(bytes(array), 9)


def sign_list(
    uri: str, lst: bytes, signer: Identity, *, bits: int = 2, header: JsonObject | None = None, **changes: Any
) -> str:
    """A list as JWT; `header` changes header members and `changes` claims, None removes one."""
    now = int(time.time())
    claims: JsonObject = {
        "sub": uri,
        "iat": now,
        "exp": now + LIFETIME,
        "ttl": TTL,
        "status_list": {"bits": bits, "lst": b64url(lst)},
    }
    jose: JsonObject = {"typ": JWT_TYP, "x5c": signer.x5c} | (header or {})
    members = [{name: value for name, value in part.items() if value is not None} for part in (jose, claims | changes)]
    return sign_jws(members[0], members[1], signer.key)


def sign_list_cwt(
    uri: str,
    lst: bytes,
    signer: Identity,
    *,
    bits: int = 2,
    protected: dict[int | str, Any] | None = None,
    unprotected: dict[int | str, Any] | None = None,
    tags: tuple[int, ...] = (COSE_SIGN1,),
    **changes: Any,
) -> bytes:
    """The same as CWT; `changes` name claims as a JWT does, `tags` stand around the message, outermost first.

    Source: Token Status List §5.2.
    """
    now = int(time.time())
    status_list = {"bits": bits, "lst": lst}
    claims: JsonObject = {"sub": uri, "iat": now, "exp": now + LIFETIME, "ttl": TTL, "status_list": status_list}
    payload = {_CWT_CLAIMS.get(name, name): value for name, value in (claims | changes).items() if value is not None}
    headers: list[dict[int | str, Any]] = [
        {cose.ALG: cose.ES256, TYPE: CWT_TYPE, **(protected or {})},
        {cose.X5CHAIN: signer.der, **(unprotected or {})},
    ]
    bare = [{name: value for name, value in header.items() if value is not None} for header in headers]
    signed = cose.Sign1.make(cbor.encode(payload), signer.key, protected=bare[0], unprotected=bare[1])
    message: Any = signed.to_cbor()
    for tag in reversed(tags):
        message = cbor.Tagged(tag, message)
    return cbor.encode(message)


def _decode(data: bytes) -> Any:
    """A CWT of ours has no floats."""
    return cbor.decode(data, floats=False)


def _get(https: HttpsClient, uri: str, media_type: str) -> bytes:
    reply = https.request("GET", uri, {"Accept": media_type})
    if reply.status != 200 or reply.media_type != media_type:
        raise StatusListError(f"no list: HTTP {reply.status}, {reply.media_type}")
    return reply.body


def _checked(uri: str, names: list[Any], bits: Any, lst: bytes) -> StatusList:
    """Source: Token Status List §8.3."""
    subject, issued_at, expires_at, ttl = names
    if subject != uri:
        raise StatusListError("the list of another address")
    now = time.time()
    if not isinstance(issued_at, int) or issued_at > now + 1 or (expires_at is not None and expires_at <= now):
        raise StatusListError("outside its time")
    if ttl is not None and (not isinstance(ttl, int) or ttl <= 0):
        raise StatusListError("ttl")
    if bits not in (1, 2, 4, 8):
        raise StatusListError("bits")
    return StatusList(uri, issued_at, expires_at, ttl, bits, zlib.decompress(lst))


def _certificates(chain: Any) -> list[x509.Certificate]:
    """One certificate is a byte string, more are an array of two or more. Source: RFC 9360 §2."""
    if isinstance(chain, list) and len(chain) < 2:
        raise StatusListError("an x5chain array of fewer than two")
    entries = chain if isinstance(chain, list) else [chain]
    if not all(isinstance(entry, bytes) for entry in entries):
        raise StatusListError("no x5chain")
    return [x509.load_der_x509_certificate(entry) for entry in entries]
