"""Verifier registrations: the JWT by which a registrar says what a verifier may ask for, carried in `verifier_info`.

Sources: OpenID4VP 1.0 §5.1 and §5.11 (`verifier_info`); the claims are the ecosystem's agreement.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .jose import JsonObject, Jws, sha256_b64url, sign_jws
from .paths import Component
from .pki import EKU_REGISTRAR, Identity, chain_from_header, leaf_key, trusted_leaf

TYP = "inro-verifier-registration+jwt"
FORMAT = "inro-registration+jwt"
LIFETIME = 86_400


class RegistrationError(Exception):
    """A registration that is missing, not for this verifier, or does not cover its request."""


def sign_registration(
    registrar: Identity, verifier: Identity, response_host: str, credentials: list[JsonObject], **changes: Any
) -> str:
    """Registers a verifier for `credentials`, each `{"type": vct, "claims": [path, …]}`. `changes` replace claims."""
    now = int(time.time())
    payload = {
        "iss": "Registrar of the interop tests",
        "sub": "interop-verifier",
        "iat": now,
        "exp": now + LIFETIME,
        "leaf_sha256": verifier.leaf_sha256,
        "name": {"en": "Foreign Verifier", "ja": "外部検証者"},
        "purposes": [{"id": "interop", "text": {"en": "Interoperability test", "ja": "相互運用試験"}}],
        "response_hosts": [response_host],
        "credentials": credentials,
    }
    return sign_jws({"typ": TYP, "x5c": registrar.x5c}, payload | changes, registrar.key)


def application(response_host: str, credentials: list[JsonObject]) -> str:
    """The same as an application in TOML, for an agency's registrar; JSON strings and arrays are TOML, too."""
    lines = [
        f"response_hosts = {json.dumps([response_host])}",
        '[name]\nen = "Foreign Verifier"\nja = "外部検証者"',
        '[[purposes]]\nid = "interop"\n[purposes.text]\nen = "Interoperability test"\nja = "相互運用試験"',
    ]
    for entry in credentials:
        lines.append(f"[[credentials]]\ntype = {json.dumps(entry['type'])}\nclaims = {json.dumps(entry['claims'])}")
    return "\n".join(lines) + "\n"


def verifier_info(registration: str) -> list[JsonObject]:
    """The request parameter that carries a registration."""
    return [{"format": FORMAT, "data": registration}]


def check_registration(
    parameters: JsonObject, leaf: x509.Certificate, registrars: list[x509.Certificate]
) -> JsonObject:
    """Verifies the registration in a request and that it covers what is asked; returns its claims."""
    entries = [entry for entry in parameters.get("verifier_info", []) if entry.get("format") == FORMAT]
    if len(entries) != 1:
        raise RegistrationError("not exactly one registration")
    jws = Jws.parse(entries[0]["data"], TYP)
    claims = jws.verify(leaf_key(trusted_leaf(chain_from_header(jws.header), registrars, EKU_REGISTRAR)))
    if claims["leaf_sha256"] != sha256_b64url(leaf.public_bytes(Encoding.DER)):
        raise RegistrationError("a registration for another certificate")
    if claims["exp"] <= time.time():
        raise RegistrationError("the registration has expired")
    if urlsplit(parameters["response_uri"]).netloc not in claims["response_hosts"]:
        raise RegistrationError("the response goes to a host that nobody registered")
    allowed = {entry["type"]: entry["claims"] for entry in claims["credentials"]}
    for entry in parameters["dcql_query"]["credentials"]:
        meta = entry["meta"]
        for vct in meta.get("vct_values", [meta.get("doctype_value")]):
            asked = [claim["path"] for claim in entry.get("claims", [])]
            if vct not in allowed or not all(_covered(path, allowed[vct]) for path in asked):
                raise RegistrationError("the request asks for more than was registered")
    return claims


def _covered(path: list[Component], registered: list[list[Component]]) -> bool:
    """A registered path stands for itself and everything beneath it."""
    return any(path[: len(one)] == one for one in registered)
