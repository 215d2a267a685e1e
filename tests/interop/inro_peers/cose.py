"""COSE_Sign1 with ES256 and P-256 COSE keys. Sources: RFC 9052 §3, §4.2, §4.4, §7; RFC 9053 §2.1, §7.1; RFC 9360 §2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from . import cbor
from .jose import COORDINATE_BYTES, PrivateKey, PublicKey

ALG, CRIT, X5CHAIN = 1, 2, 33
ES256 = -7
KTY, CRV, X, Y, D = 1, -1, -2, -3, -4
EC2, P256 = 2, 1


class CoseError(Exception):
    """A COSE message or key that must not be accepted."""


@dataclass(frozen=True)
class Sign1:
    """A COSE_Sign1 message; a detached payload is None. `protected` holds the bytes as they are signed."""

    protected: bytes
    unprotected: dict[int | str, Any]
    payload: bytes | None
    signature: bytes

    @classmethod
    def from_cbor(cls, value: Any) -> Self:
        """Takes an untagged message apart. Source: RFC 9052 §4.2."""
        match value:
            case [bytes() as protected, dict() as unprotected, bytes() | None as payload, bytes() as signature]:
                return cls(protected, unprotected, payload, signature)
        raise CoseError("not an untagged COSE_Sign1")

    @classmethod
    def make(
        cls,
        payload: bytes,
        key: PrivateKey,
        *,
        detached: bool = False,
        protected: dict[int | str, Any] | None = None,
        unprotected: dict[int | str, Any] | None = None,
    ) -> Self:
        """Signs `payload` with ES256, which `protected` may say differently."""
        header = cbor.encode({ALG: ES256} if protected is None else protected)
        r, s = decode_dss_signature(key.sign(signed_bytes(header, payload), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")
        return cls(header, unprotected or {}, None if detached else payload, signature)

    def to_cbor(self) -> list[Any]:
        """The message as an untagged array."""
        return [self.protected, self.unprotected, self.payload, self.signature]

    def verify(self, key: PublicKey, detached: bytes | None = None) -> bytes:
        """Checks algorithm and signature; returns the payload, which is `detached` or inside, never both.

        Source: RFC 9052 §3.1 (`alg`, `crit`), §4.4.
        """
        header = cbor.decode(self.protected) if self.protected else {}
        if not isinstance(header, dict) or set(header) & set(self.unprotected):
            raise CoseError("a header parameter in both buckets, or no map")
        if type(header.get(ALG)) is not int or header[ALG] != ES256:
            raise CoseError("an algorithm other than ES256, or an unprotected one")
        if CRIT in header:
            raise CoseError("a critical header parameter that nobody here knows")
        if (self.payload is None) == (detached is None):
            raise CoseError("the payload is not where it belongs")
        payload = self.payload if self.payload is not None else detached
        assert payload is not None, "one of the two"
        if len(self.signature) != 2 * COORDINATE_BYTES:
            raise CoseError("a signature of the wrong length")
        r, s = (int.from_bytes(part, "big") for part in (self.signature[:32], self.signature[32:]))
        try:
            key.verify(encode_dss_signature(r, s), signed_bytes(self.protected, payload), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise CoseError("the signature does not verify") from error
        return payload

    def with_payload(self, payload: bytes) -> Self:
        """The same message around another payload: a forgery."""
        return replace(self, payload=payload)

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates of `x5chain`, leaf first: one byte string, or an array of two and more. Source: RFC 9360 §2."""
        value = self.unprotected.get(X5CHAIN)
        ders = [value] if isinstance(value, bytes) else value
        if not isinstance(ders, list) or not ders or not all(isinstance(der, bytes) for der in ders):
            raise CoseError("no x5chain")
        try:
            return [x509.load_der_x509_certificate(der) for der in ders]
        except ValueError as error:
            raise CoseError("an x5chain without certificates") from error


def cose_key(key: PrivateKey | PublicKey) -> dict[int | str, Any]:
    """The public COSE_Key. Source: RFC 9053 §7.1.1."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    numbers = public.public_numbers()
    x, y = (number.to_bytes(COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
    return {KTY: EC2, CRV: P256, X: x, Y: y}


def key_from_cose(value: Any) -> PublicKey:
    """Reads a public P-256 COSE_Key, whose `y` may be compressed to its sign. Source: RFC 9053 §7.1.1."""
    if not isinstance(value, dict) or (value.get(KTY), value.get(CRV)) != (EC2, P256) or D in value:
        raise CoseError("not a public P-256 COSE_Key")
    x, y = value.get(X), value.get(Y)
    if not isinstance(x, bytes) or len(x) != COORDINATE_BYTES:
        raise CoseError("a coordinate of the wrong length")
    if isinstance(y, bool):
        point = bytes([3 if y else 2]) + x
    elif isinstance(y, bytes) and len(y) == COORDINATE_BYTES:
        point = b"\x04" + x + y
    else:
        raise CoseError("a coordinate of the wrong length")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise CoseError("a point off the curve") from error


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure; an empty map of protected headers counts as no bytes. Source: RFC 9052 §3 and §4.4."""
    return cbor.encode(["Signature1", b"" if protected == b"\xa0" else protected, b"", payload])
