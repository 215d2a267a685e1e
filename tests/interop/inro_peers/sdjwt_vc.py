"""SD-JWT VC: issue one, and verify one against the anchors of trusted issuers.

Sources: draft-ietf-oauth-sd-jwt-vc §2.2 (format and claims), §2.4 (verification), §2.5 (inline X.509 certificates).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from .jose import JsonObject, Jws, PrivateKey, b64url, json_bytes, sha256_b64url, sign_jws
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
    def chain(self) -> list[x509.Certificate]:
        """The certificates that came with it, leaf first."""
        return chain_from_header(Jws.parse(self.sd_jwt.issuer_jwt).header)

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


@dataclass
class Draft:
    """A credential before it is signed; a test may spoil it first."""

    header: JsonObject
    payload: JsonObject
    disclosures: list[Disclosure]

    def sign(self, key: PrivateKey) -> SdJwt:
        """Signs what the draft holds; the algorithm `none` leaves the signature out."""
        issuer_jwt = sign_jws(self.header, self.payload, key)
        if self.header.get("alg") == "none":
            issuer_jwt = issuer_jwt.rpartition(".")[0] + "."
        return SdJwt(issuer_jwt, tuple(disclosure.text for disclosure in self.disclosures))


def draft_credential(
    claims: JsonObject, disclosable: list[Location], issuer: Identity, holder_jwk: JsonObject, decoys: int = 0
) -> Draft:
    """Drafts an SD-JWT VC whose `disclosable` elements are selectively disclosable.

    `decoys` digests are added at the top level. Source: RFC 9901 §4.1, §4.2; SD-JWT VC §2.2.
    """
    disclosures: list[Disclosure] = []
    payload = _conceal(claims, (), set(disclosable), disclosures)
    digests = payload.get("_sd", []) + [sha256_b64url(secrets.token_bytes(32)) for _ in range(decoys)]
    payload |= {"_sd": sorted(digests), "_sd_alg": "sha-256", "cnf": {"jwk": holder_jwk}}
    return Draft({"typ": FORMAT, "x5c": issuer.x5c}, payload, disclosures)


def disclosure(content: list[Any]) -> Disclosure:
    """A disclosure of `content` behind a fresh salt. Source: RFC 9901 §4.2.1 and §4.2.2."""
    return Disclosure.parse(b64url(json_bytes([b64url(secrets.token_bytes(SALT_BYTES)), *content])))


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
                disclosures.append(disclosure([name, inner]))
                digests.append(disclosures[-1].digest)
            else:
                result[name] = inner
        return result | {"_sd": sorted(digests)} if digests else result
    if isinstance(value, list):
        elements = []
        for index, member in enumerate(value):
            inner = _conceal(member, (*place, index), disclosable, disclosures)
            if (*place, index) in disclosable:
                disclosures.append(disclosure([inner]))
                inner = {"...": disclosures[-1].digest}
            elements.append(inner)
        return elements
    return value
