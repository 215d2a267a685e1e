"""SD-JWT VC: issue one, and verify one against the anchors of trusted issuers.

Sources: draft-ietf-oauth-sd-jwt-vc §2.2 (format and claims), §2.4 (verification), §2.5 (inline X.509 certificates).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from .jose import JsonObject, Jws, b64url, json_bytes, sha256_b64url, sign_jws
from .paths import Location
from .pki import (
    EKU_CREDENTIAL_ISSUER,
    Identity,
    TrustError,
    chain_from_header,
    credential_types,
    leaf_key,
    trusted_leaf,
)
from .sdjwt import Disclosure, Processed, SdJwt, SdJwtError

FORMAT = "dc+sd-jwt"
CLOCK_SKEW = 60
SALT_BYTES = 16
# Claims that must not be selectively disclosable (SD-JWT VC §2.2.2.3).
NEVER_DISCLOSED = {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}


@dataclass(frozen=True)
class VerifiedCredential:
    """A credential whose issuer's signature, chain and times were checked."""

    sd_jwt: SdJwt
    processed: Processed
    issuer: x509.Certificate

    @property
    def claims(self) -> JsonObject:
        """The processed payload."""
        return self.processed.claims

    @property
    def vct(self) -> str:
        """The credential's type."""
        return str(self.claims["vct"])


def verify_credential(text: str, anchors: list[x509.Certificate], now: int) -> VerifiedCredential:
    """Verifies the issuer's side of an SD-JWT VC; a key binding is for the caller to check."""
    sd_jwt = SdJwt.parse(text)
    leaf = trusted_leaf(chain_from_header(Jws.parse(sd_jwt.issuer_jwt).header), anchors, EKU_CREDENTIAL_ISSUER)
    processed = sd_jwt.verify_issuer(leaf_key(leaf), FORMAT)
    hidden = {place[0] for place in processed.carriers} & NEVER_DISCLOSED
    if hidden:
        raise SdJwtError("a claim was disclosed that must not be selectively disclosable")
    claims = processed.claims
    vct = claims.get("vct")
    if not isinstance(vct, str) or not vct:
        raise SdJwtError("no vct")
    _check_times(claims, now)
    allowed = credential_types(leaf)
    if allowed and not any(f":{name}:" in f"{vct}:" for name in allowed):
        raise TrustError("the issuer's certificate names other credential types")
    return VerifiedCredential(sd_jwt, processed, leaf)


def issue_credential(
    claims: JsonObject, disclosable: list[Location], issuer: Identity, holder_jwk: JsonObject | None, decoys: int = 0
) -> str:
    """Issues an SD-JWT VC whose `disclosable` elements (deepest first or not) are selectively disclosable.

    `decoys` digests are added at the top level. Source: RFC 9901 §4.1, §4.2; SD-JWT VC §2.2.
    """
    disclosures: list[Disclosure] = []
    payload = _conceal(claims, (), set(disclosable), disclosures)
    if holder_jwk is not None:
        payload["cnf"] = {"jwk": holder_jwk}
    digests = payload.get("_sd", []) + [sha256_b64url(secrets.token_bytes(32)) for _ in range(decoys)]
    if digests:
        payload |= {"_sd": sorted(digests), "_sd_alg": "sha-256"}
    issuer_jwt = sign_jws({"typ": FORMAT, "x5c": issuer.x5c}, payload, issuer.key)
    return str(SdJwt(issuer_jwt, tuple(disclosure.text for disclosure in disclosures)))


def _check_times(claims: JsonObject, now: int) -> None:
    for name in ("iat", "nbf", "exp"):
        value = claims.get(name, now)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SdJwtError(f"{name} is not a number")
    if claims.get("exp", now + 1) + CLOCK_SKEW <= now:
        raise SdJwtError("the credential has expired")
    if claims.get("nbf", now) - CLOCK_SKEW > now:
        raise SdJwtError("the credential is not valid yet")


def _conceal(value: Any, place: Location, disclosable: set[Location], disclosures: list[Disclosure]) -> Any:
    if isinstance(value, dict):
        result: JsonObject = {}
        digests: list[str] = []
        for name, member in value.items():
            inner = _conceal(member, (*place, name), disclosable, disclosures)
            if (*place, name) in disclosable:
                digests.append(_disclose([_salt(), name, inner], disclosures))
            else:
                result[name] = inner
        return result | {"_sd": sorted(digests)} if digests else result
    if isinstance(value, list):
        elements = []
        for index, member in enumerate(value):
            inner = _conceal(member, (*place, index), disclosable, disclosures)
            hidden = (*place, index) in disclosable
            elements.append({"...": _disclose([_salt(), inner], disclosures)} if hidden else inner)
        return elements
    return value


def _disclose(content: list[Any], disclosures: list[Disclosure]) -> str:
    disclosure = Disclosure.parse(b64url(json_bytes(content)))
    disclosures.append(disclosure)
    return disclosure.digest


def _salt() -> str:
    return b64url(secrets.token_bytes(SALT_BYTES))
