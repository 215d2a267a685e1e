"""A wallet's encrypted requests to a credential issuer. Source: OpenID4VCI §8.2, §8.3, §9.1, §10 and §12.2.4."""

from __future__ import annotations

from . import jwe
from .issuer_messages import JWT
from .jose import JoseError, JsonObject
from .transport import Reply


def issuer_key(metadata: JsonObject) -> JsonObject:
    """The first key of the issuer for encrypted requests that this wallet can use."""
    keys = metadata["credential_request_encryption"]["jwks"]["keys"]
    usable = {"kty": "EC", "crv": "P-256", "alg": jwe.ALG}
    for key in keys:
        if key.get("use", "enc") == "enc" and all(key.get(name) == value for name, value in usable.items()):
            return dict(key)
    raise JoseError("no key that this wallet can use")


def response_encryption(recipient: jwe.Recipient, enc: str) -> JsonObject:
    """The request's member that asks for an encrypted answer."""
    return {"jwk": recipient.jwk, "enc": enc}


def open_answer(reply: Reply, recipient: jwe.Recipient, enc: str) -> JsonObject:
    """The content of an encrypted answer, which must be by `enc` and may not be cached."""
    if reply.media_type != JWT:
        raise JoseError(f"an answer of type {reply.media_type}, not {JWT}")
    if "no-store" not in reply.headers.get("cache-control", ""):
        raise JoseError("an answer that may be stored")
    return jwe.decrypt(reply.text, recipient, [enc]).payload
