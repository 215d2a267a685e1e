"""DCQL: what a wallet sends, and what a verifier checks again. Source: OpenID4VP 1.0 §6, §7, B.2.3 and B.3.5."""

from __future__ import annotations

import re
from typing import Any

from cryptography import x509

from . import mdoc
from .cbor import to_json
from .jose import JsonObject, b64url
from .paths import Location, PathError, select
from .pki import authority_key_ids
from .sdjwt_vc import FORMAT

_ID = re.compile(r"[A-Za-z0-9_-]+")


class DcqlError(Exception):
    """A query that is malformed, or an answer that does not satisfy it."""


def credential_queries(query: JsonObject) -> list[JsonObject]:
    """The credential queries of a well-formed query. Source: OpenID4VP §6 and §6.1."""
    entries = query.get("credentials")
    if not isinstance(entries, list) or not entries:
        raise DcqlError("no credential query")
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    if any(not isinstance(name, str) or not _ID.fullmatch(name) for name in ids) or len(set(ids)) != len(ids):
        raise DcqlError("credential query ids must be unique and plain")
    for entry in entries:
        if not isinstance(entry.get("format"), str) or not isinstance(entry.get("meta"), dict):
            raise DcqlError("a credential query needs format and meta")
        if "claim_sets" in entry and "claims" not in entry:
            raise DcqlError("claim_sets without claims")
    return entries


def requires_holder_binding(entry: JsonObject) -> bool:
    """Whether the verifier wants a key-binding JWT; by default it does. Source: OpenID4VP §6.1."""
    return entry.get("require_cryptographic_holder_binding", True) is not False


def of_trusted_authority(entry: JsonObject, chain: list[x509.Certificate]) -> bool:
    """Whether one of the authorities that a query names vouches for a credential with this chain.

    Only key identifiers of authorities are known here; a condition of another type matches nothing.
    Source: OpenID4VP §6.1.1 and §6.1.1.1.
    """
    if "trusted_authorities" not in entry:
        return True
    own = {b64url(key_id) for key_id in authority_key_ids(chain)}
    return any(one["type"] == "aki" and own & set(one["values"]) for one in entry["trusted_authorities"])


def locations_to_disclose(
    entry: JsonObject, type_: str, claims: JsonObject, form: str = FORMAT
) -> list[Location] | None:
    """Where the elements lie that a credential must show for this query; None if it does not match.

    The claims of an mdoc stand by name space. Source: OpenID4VP §6.4.1 (claims, claim sets, values), B.3.5
    (`vct_values`), B.2.3 (`doctype_value`).
    """
    meta = entry["meta"]
    types = [meta.get("doctype_value")] if form == mdoc.FORMAT else meta.get("vct_values", [])
    if entry["format"] != form or type_ not in types:
        return None
    if "claims" not in entry:
        return []
    for claim_set in _claim_sets(entry):
        found = [_satisfied(claim, claims, form) for claim in claim_set]
        if all(place is not None for place in found):
            return [location for places in found if places is not None for location in places]
    return None


def ids_to_answer(query: JsonObject, available: set[str]) -> list[str]:
    """Which credential queries to answer when those in `available` have a match.

    Optional credential sets are left out. Raises `DcqlError` if a required one cannot be met: then nothing may be
    sent. Source: OpenID4VP §6.4.2.
    """
    ids = [entry["id"] for entry in credential_queries(query)]
    if "credential_sets" not in query:
        if not set(ids) <= available:
            raise DcqlError("a credential is missing")
        return ids
    chosen: set[str] = set()
    for credential_set in query["credential_sets"]:
        if credential_set.get("required", True) is False:
            continue
        option = next((option for option in credential_set["options"] if set(option) <= available), None)
        if option is None:
            raise DcqlError("no option of a required credential set can be met")
        chosen |= set(option)
    return [name for name in ids if name in chosen]


def check_answer(query: JsonObject, answered: dict[str, list[tuple[str, JsonObject]]]) -> None:
    """Checks verified credentials, each as `(type, claims)` under its query's id, against every constraint.

    Source: OpenID4VP §8.6 (VP Token validation), §14.11 (a verifier must not rely on the wallet).
    """
    entries = {entry["id"]: entry for entry in credential_queries(query)}
    for name, credentials in answered.items():
        if name not in entries:
            raise DcqlError("an answer to a question that was not asked")
        if not credentials or (len(credentials) > 1 and not entries[name].get("multiple", False)):
            raise DcqlError("a wrong number of presentations")
        for type_, claims in credentials:
            if locations_to_disclose(entries[name], type_, claims, entries[name]["format"]) is None:
                raise DcqlError("a credential that does not match its query")
    ids_to_answer(query, set(answered))


def same_json(left: Any, right: Any) -> bool:
    """Equality of type and value, so that `true` is not 1. Source: OpenID4VP §6.3 (`values`)."""
    return type(left) is type(right) and left == right


def _claim_sets(entry: JsonObject) -> list[list[JsonObject]]:
    if "claim_sets" not in entry:
        return [entry["claims"]]
    by_id = {claim.get("id"): claim for claim in entry["claims"]}
    if any(name not in by_id for names in entry["claim_sets"] for name in names):
        raise DcqlError("a claim set names an unknown claim")
    return [[by_id[name] for name in names] for names in entry["claim_sets"]]


def _satisfied(claim: JsonObject, claims: JsonObject, form: str) -> list[Location] | None:
    try:
        found = _select_element(claims, claim["path"]) if form == mdoc.FORMAT else select(claims, claim["path"])
    except PathError:
        return None
    if "values" in claim:
        found = [
            (place, value) for place, value in found if any(same_json(to_json(value), one) for one in claim["values"])
        ]
    return [place for place, _ in found] or None


def _select_element(claims: JsonObject, path: Any) -> list[tuple[Location, Any]]:
    """A name space and an element identifier, nothing beneath. Source: OpenID4VP §7.2."""
    match path:
        case [str(), str()]:
            return select(claims, path)
    raise PathError("the path into an mdoc is a name space and an element")
