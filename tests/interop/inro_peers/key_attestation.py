"""Key attestations: how a wallet provider makes them and an issuer reads them. Source: OpenID4VCI Appendix D and F.

The certificate of a wallet provider has the ecosystem's own extended key usage.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from cryptography import x509

from .jose import JoseError, JsonObject, Jws, PrivateKey, key_from_jwk, public_jwk, sign_jws
from .pki import EKU_WALLET_PROVIDER, Authority, Identity, chain_from_header, leaf_key, trusted_leaf

TYP = "key-attestation+jwt"
HIGH, MODERATE = "iso_18045_high", "iso_18045_moderate"
LIFETIME = 600


@dataclass(frozen=True)
class WalletProvider:
    """A wallet provider with its authority."""

    authority: Authority
    signer: Identity

    @classmethod
    def create(cls, name: str) -> Self:
        """A provider under an authority of its own."""
        authority = Authority.create(f"{name} CA")
        return cls(authority, authority.issue(name, EKU_WALLET_PROVIDER))

    def attest(
        self, keys: Sequence[PrivateKey], nonce: str | None, *, header: JsonObject | None = None, **changes: Any
    ) -> str:
        """An attestation of `keys`; `header` changes header members and `changes` claims, None leaves one out.

        Source: OpenID4VCI D.1.
        """
        now = int(time.time())
        claims: JsonObject = {
            "iat": now,
            "exp": now + LIFETIME,
            "attested_keys": [public_jwk(key) for key in keys],
            "key_storage": [HIGH],
            "user_authentication": [HIGH],
            "nonce": nonce,
        }
        jose: JsonObject = {"typ": TYP, "x5c": self.signer.x5c} | (header or {})
        parts = [
            {name: value for name, value in part.items() if value is not None} for part in (jose, claims | changes)
        ]
        return sign_jws(parts[0], parts[1], self.signer.key)


def read_attestation(text: str, anchors: list[x509.Certificate], *, must_end: bool) -> JsonObject:
    """The claims of an attestation by a provider under `anchors`; its nonce is for the caller.

    `must_end` where it stands beside a proof. Source: OpenID4VCI D.1 and F.4.
    """
    jws = Jws.parse(text, TYP)
    claims = jws.verify(leaf_key(trusted_leaf(chain_from_header(jws.header), anchors, EKU_WALLET_PROVIDER)))
    if not isinstance(claims.get("iat"), int) or ("exp" not in claims and must_end):
        raise JoseError("an attestation without its times")
    if "exp" in claims and (not isinstance(claims["exp"], int) or claims["exp"] <= time.time()):
        raise JoseError("an attestation that has expired")
    keys = claims.get("attested_keys")
    if not isinstance(keys, list) or not keys:
        raise JoseError("an attestation of no key")
    for key in keys:
        key_from_jwk(key)
    return claims
