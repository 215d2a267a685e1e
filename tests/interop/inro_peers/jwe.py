"""Compact JWE with ECDH-ES and AES-GCM, both directions.

Sources: RFC 7516 §5 and §7.1 (compact JWE), RFC 7518 §4.6 (ECDH-ES), §5.3 (AES-GCM) and Appendix C.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from .jose import (
    JoseError,
    JsonObject,
    PrivateKey,
    b64url,
    b64url_decode,
    json_bytes,
    key_from_jwk,
    new_key,
    parse_json_object,
    public_jwk,
)

ALG = "ECDH-ES"
KEY_BYTES = {"A128GCM": 16, "A256GCM": 32}
IV_BYTES = 12
TAG_BYTES = 16


@dataclass(frozen=True)
class Recipient:
    """A key that messages are encrypted to, under a name that is fresh with it."""

    key: PrivateKey
    kid: str

    @classmethod
    def create(cls) -> Recipient:
        """Makes both."""
        return cls(new_key(), b64url(secrets.token_bytes(8)))

    @property
    def jwk(self) -> JsonObject:
        """The public key as published. Source: OpenID4VP §5.1 and §8.3, OpenID4VCI §10 (`kid`, `alg`)."""
        return public_jwk(self.key) | {"kid": self.kid, "use": "enc", "alg": ALG}


@dataclass(frozen=True)
class Opened:
    """A message that was decrypted, with the header that it came under."""

    header: JsonObject
    payload: JsonObject


def derive_key(shared_secret: bytes, enc: str, apu: bytes, apv: bytes) -> bytes:
    """The content encryption key of direct key agreement. Source: RFC 7518 §4.6.2."""
    size = KEY_BYTES[enc]
    prefixed = b"".join(len(part).to_bytes(4, "big") + part for part in (enc.encode("ascii"), apu, apv))
    other_info = prefixed + (size * 8).to_bytes(4, "big")
    return ConcatKDFHash(SHA256(), size, other_info).derive(shared_secret)


def encrypt(payload: JsonObject | bytes, recipient: JsonObject, enc: str, header: JsonObject | None = None) -> str:
    """Encrypts to the P-256 key `recipient` (a JWK), whose `kid` goes into the header; `header` changes members."""
    ephemeral = new_key()
    members: JsonObject = {"alg": ALG, "enc": enc, "epk": public_jwk(ephemeral)}
    if "kid" in recipient:
        members["kid"] = recipient["kid"]
    members |= header or {}
    members = {name: value for name, value in members.items() if value is not None}
    key = derive_key(ephemeral.exchange(ec.ECDH(), key_from_jwk(recipient)), enc, b"", b"")
    protected = b64url(json_bytes(members))
    iv = secrets.token_bytes(IV_BYTES)
    plaintext = payload if isinstance(payload, bytes) else json_bytes(payload)
    sealed = AESGCM(key).encrypt(iv, plaintext, protected.encode("ascii"))
    return ".".join((protected, "", b64url(iv), b64url(sealed[:-TAG_BYTES]), b64url(sealed[-TAG_BYTES:])))


def decrypt(text: str, recipient: Recipient, encs: Collection[str] = tuple(KEY_BYTES)) -> Opened:
    """Opens a JSON object that was encrypted to `recipient` by one of `encs`."""
    header, plaintext = decrypt_bytes(text, recipient, encs)
    return Opened(header, parse_json_object(plaintext))


def decrypt_bytes(text: str, recipient: Recipient, encs: Collection[str]) -> tuple[JsonObject, bytes]:
    """The header of a message to `recipient` by one of `encs`, and what is in it.

    Source: RFC 7516 §5.2, RFC 7518 §4.6 and §5.3.
    """
    parts = text.split(".")
    if len(parts) != 5:
        raise JoseError("not a compact JWE")
    header = parse_json_object(b64url_decode(parts[0]))
    encrypted_key, iv, ciphertext, tag = (b64url_decode(part) for part in parts[1:])
    _check_header(header, recipient.kid, encs)
    if encrypted_key:
        raise JoseError("a wrapped key beside direct key agreement")
    if len(iv) != IV_BYTES or len(tag) != TAG_BYTES:
        raise JoseError("an initialization vector or tag of the wrong length")
    secret = recipient.key.exchange(ec.ECDH(), key_from_jwk(header["epk"]))
    key = derive_key(secret, header["enc"], _party(header, "apu"), _party(header, "apv"))
    try:
        return header, AESGCM(key).decrypt(iv, ciphertext + tag, parts[0].encode("ascii"))
    except InvalidTag as error:
        raise JoseError("the message does not open") from error


def _check_header(header: JsonObject, kid: str, encs: Collection[str]) -> None:
    expected: dict[str, Any] = {"alg": ALG, "kid": kid}
    for name, value in expected.items():
        if header.get(name) != value:
            raise JoseError(f"{name} is not {value}")
    if header.get("enc") not in encs or header["enc"] not in KEY_BYTES:
        raise JoseError("a content encryption that was not offered")
    if "zip" in header or "crit" in header:
        raise JoseError("compression or an extension")
    if "epk" not in header:
        raise JoseError("no ephemeral key")


def _party(header: JsonObject, name: str) -> bytes:
    value = header.get(name, "")
    if not isinstance(value, str):
        raise JoseError(f"{name} is no string")
    return b64url_decode(value)
