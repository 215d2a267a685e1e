"""Compact JWE with ECDH-ES and AES-GCM, encryption only: what a wallet needs. Source: RFC 7516, RFC 7518 §4.6, §5.3."""

import json
import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from .jose import JsonObject, b64url, b64url_decode

KEY_BYTES = {"A128GCM": 16, "A256GCM": 32}
IV_BYTES = 12
TAG_BYTES = 16


def derive_key(shared_secret: bytes, enc: str, apu: bytes, apv: bytes) -> bytes:
    """The content encryption key of direct key agreement. Source: RFC 7518 §4.6.2."""
    size = KEY_BYTES[enc]
    prefixed = b"".join(len(part).to_bytes(4, "big") + part for part in (enc.encode("ascii"), apu, apv))
    other_info = prefixed + (size * 8).to_bytes(4, "big")
    return ConcatKDFHash(SHA256(), size, other_info).derive(shared_secret)


def encrypt(payload: JsonObject, recipient: JsonObject, enc: str, header: JsonObject | None = None) -> str:
    """Encrypts to the P-256 key `recipient` (a JWK), whose `kid` goes into the header; `header` changes members."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    numbers = ephemeral.public_key().public_numbers()
    members: JsonObject = {
        "alg": "ECDH-ES",
        "enc": enc,
        "epk": {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)},
    }
    if "kid" in recipient:
        members["kid"] = recipient["kid"]
    members |= header or {}
    members = {name: value for name, value in members.items() if value is not None}
    key = derive_key(ephemeral.exchange(ec.ECDH(), _public_key(recipient)), enc, b"", b"")
    protected = b64url(json.dumps(members).encode("utf-8"))
    iv = secrets.token_bytes(IV_BYTES)
    sealed = AESGCM(key).encrypt(iv, json.dumps(payload).encode("utf-8"), protected.encode("ascii"))
    return ".".join((protected, "", b64url(iv), b64url(sealed[:-TAG_BYTES]), b64url(sealed[-TAG_BYTES:])))


def _coordinate(number: int) -> str:
    return b64url(number.to_bytes(32, "big"))


def _public_key(jwk: JsonObject) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(b64url_decode(jwk[name]), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
