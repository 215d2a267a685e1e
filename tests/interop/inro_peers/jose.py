"""ES256 compact JWS, P-256 JSON Web Keys and their thumbprints.

Sources: RFC 7515 (JWS), RFC 7517 and RFC 7518 §6.2 (EC keys), RFC 7518 §3.4 (ES256), RFC 7638 (thumbprints).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey
JsonObject = dict[str, Any]

COORDINATE_BYTES = 32
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class JoseError(Exception):
    """A JWS, JWK or base64url text that must not be accepted."""


def b64url(data: bytes) -> str:
    """Encodes without padding. Source: RFC 7515 §2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Decodes unpadded base64url and accepts exactly the one encoding of each byte string. Source: RFC 7515 §2."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise JoseError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise JoseError("base64url with stray bits")
    return data


def sha256_b64url(data: bytes) -> str:
    """The base64url-encoded SHA-256 of `data`."""
    return b64url(hashlib.sha256(data).digest())


def parse_json(data: str | bytes) -> Any:
    """Parses JSON and refuses a repeated member name. Source: RFC 7515 §4 (header names must be unique)."""

    def unique(pairs: list[tuple[str, Any]]) -> JsonObject:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise JoseError("a JSON member name occurs twice")
        return result

    try:
        return json.loads(data, object_pairs_hook=unique)
    except ValueError as error:
        raise JoseError("not JSON") from error


def parse_json_object(data: str | bytes) -> JsonObject:
    """Parses JSON that must be an object."""
    value = parse_json(data)
    if not isinstance(value, dict):
        raise JoseError("not a JSON object")
    return value


def json_bytes(value: Any) -> bytes:
    """JSON as these peers send it: no white space, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def new_key() -> PrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: PrivateKey | PublicKey) -> JsonObject:
    """The public JWK of a key. Source: RFC 7518 §6.2.1."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    numbers = public.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": b64url(numbers.x.to_bytes(COORDINATE_BYTES, "big")),
        "y": b64url(numbers.y.to_bytes(COORDINATE_BYTES, "big")),
    }


def key_from_jwk(jwk: Any) -> PublicKey:
    """Reads a public P-256 JWK; a private one is refused. Source: RFC 7518 §6.2."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise JoseError("not a P-256 JWK")
    if "d" in jwk:
        raise JoseError("a private key where a public one belongs")
    x, y = (b64url_decode(str(jwk.get(name, ""))) for name in ("x", "y"))
    if len(x) != COORDINATE_BYTES or len(y) != COORDINATE_BYTES:
        raise JoseError("a coordinate of the wrong length")
    try:
        return ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
        ).public_key()
    except ValueError as error:
        raise JoseError("a point off the curve") from error


def thumbprint(jwk: JsonObject) -> str:
    """The SHA-256 thumbprint of an EC key. Source: RFC 7638 §3."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return sha256_b64url(json_bytes(required))


def sign_jws(header: JsonObject, payload: JsonObject | bytes, key: PrivateKey) -> str:
    """Signs with ES256 and returns the compact serialization. `alg` is added unless the header has one.

    Source: RFC 7515 §5.1, RFC 7518 §3.4.
    """
    header = {"alg": "ES256", **header}
    body = payload if isinstance(payload, bytes) else json_bytes(payload)
    signing_input = f"{b64url(json_bytes(header))}.{b64url(body)}"
    r, s = decode_dss_signature(key.sign(signing_input.encode("ascii"), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")
    return f"{signing_input}.{b64url(signature)}"


@dataclass(frozen=True)
class Jws:
    """A compact JWS, taken apart and not yet verified."""

    header: JsonObject
    payload: JsonObject
    signing_input: bytes
    signature: bytes

    @classmethod
    def parse(cls, text: str, typ: str | None = None) -> Jws:
        """Takes a compact JWS apart; `typ`, when given, must be the header's. Source: RFC 7515 §5.2."""
        parts = text.split(".")
        if len(parts) != 3:
            raise JoseError("not a compact JWS")
        header = parse_json_object(b64url_decode(parts[0]))
        if header.get("alg") != "ES256":
            raise JoseError("an algorithm other than ES256")
        if "crit" in header:
            raise JoseError("a critical header parameter that nobody here knows")
        if typ is not None and header.get("typ") != typ:
            raise JoseError(f"typ is not {typ}")
        payload = parse_json_object(b64url_decode(parts[1]))
        return cls(header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), b64url_decode(parts[2]))

    def verify(self, key: PublicKey) -> JsonObject:
        """Checks the signature and hands out the payload. Source: RFC 7515 §5.2, RFC 7518 §3.4."""
        if len(self.signature) != 2 * COORDINATE_BYTES:
            raise JoseError("a signature of the wrong length")
        r = int.from_bytes(self.signature[:COORDINATE_BYTES], "big")
        s = int.from_bytes(self.signature[COORDINATE_BYTES:], "big")
        try:
            key.verify(encode_dss_signature(r, s), self.signing_input, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise JoseError("the signature does not verify") from error
        return self.payload
