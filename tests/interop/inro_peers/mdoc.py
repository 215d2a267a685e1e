"""ISO mdocs: issue one, verify one against the anchors of trusted issuers, and the item that carries each claim.

Sources: ISO/IEC 18013-5 §8.3.2.1.2.2 (IssuerSigned), §9.1.2.4 (MobileSecurityObject), §9.1.2.5 and §9.3.1
(verification); Token Status List §6.3 (`status`); OpenID4VCI 1.0 A.2.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from . import cbor
from .cbor import DATE_TIME, ENCODED_CBOR, Tagged
from .cose import X5CHAIN, Sign1, cose_key, key_from_cose
from .jose import JsonObject, PrivateKey, PublicKey, b64url, b64url_decode
from .pki import EKU_CREDENTIAL_ISSUER, Identity, TrustError, credential_types, leaf_key, trusted_leaf

FORMAT = "mso_mdoc"
VERSION = "1.0"
RANDOM_BYTES = 32
MIN_RANDOM_BYTES = 16
CLOCK_SKEW = 60
LIFETIME = 3600
_DIGESTS = {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}
_ITEM = {"digestID", "random", "elementIdentifier", "elementValue"}

# Claims by name space and element identifier.
NameSpaces = dict[str, dict[str, Any]]


class MdocError(Exception):
    """An mdoc, or an answer with one, that must not be accepted."""


@dataclass(frozen=True)
class VerifiedMdoc:
    """An mdoc whose issuer's signature, chain, digests and times were checked."""

    issuer_signed: JsonObject
    mso: JsonObject
    items: dict[str, dict[str, Tagged]]
    issuer: x509.Certificate

    @property
    def claims(self) -> NameSpaces:
        """The elements that the items carry."""
        return {
            space: {name: cbor.embedded(item)["elementValue"] for name, item in items.items()}
            for space, items in self.items.items()
        }

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates that came with it, leaf first."""
        return Sign1.from_cbor(self.issuer_signed["issuerAuth"]).chain

    @property
    def doctype(self) -> str:
        """The credential's type."""
        return str(self.mso["docType"])

    @property
    def device_key(self) -> PublicKey:
        """The holder's key."""
        return key_from_cose(self.mso["deviceKeyInfo"]["deviceKey"])

    def disclosing(self, elements: set[tuple[str, str]]) -> JsonObject:
        """IssuerSigned with the items of these elements alone, each byte as it came."""
        kept = {
            space: [item for name, item in items.items() if (space, name) in elements]
            for space, items in self.items.items()
        }
        kept = {space: items for space, items in kept.items() if items}
        bare: JsonObject = {"issuerAuth": self.issuer_signed["issuerAuth"]}
        return {"nameSpaces": kept, **bare} if kept else bare


def verify_credential(text: str, anchors: list[x509.Certificate], now: int) -> VerifiedMdoc:
    """Verifies what an issuer sends: base64url of IssuerSigned. Source: OpenID4VCI A.2.4."""
    return verify_issuer_signed(cbor.decode(b64url_decode(text)), anchors, now)


def verify_issuer_signed(issuer_signed: Any, anchors: list[x509.Certificate], now: int) -> VerifiedMdoc:
    """Verifies the issuer's side of an mdoc; the holder's is for the caller. Source: ISO/IEC 18013-5 §9.3.1."""
    auth = Sign1.from_cbor(_member(issuer_signed, "issuerAuth"))
    leaf = trusted_leaf(auth.chain, anchors, EKU_CREDENTIAL_ISSUER)
    mso = read_mso(auth.verify(leaf_key(leaf)))
    items = check_items(issuer_signed.get("nameSpaces", {}), mso)
    _check_times(mso["validityInfo"], leaf, now)
    allowed = credential_types(leaf)
    if allowed and not any(f".{name}." in f".{mso['docType']}." for name in allowed):
        raise TrustError("the issuer's certificate names other credential types")
    return VerifiedMdoc(issuer_signed, mso, items, leaf)


def read_mso(payload: bytes) -> JsonObject:
    """The MobileSecurityObject that an IssuerAuth carries. Source: ISO/IEC 18013-5 §9.1.2.4."""
    mso = cbor.embedded(cbor.decode(payload))
    if _member(mso, "version") != VERSION or _member(mso, "digestAlgorithm") not in _DIGESTS:
        raise MdocError("a version or a digest algorithm that nobody here knows")
    if not isinstance(_member(mso, "docType"), str) or not isinstance(_member(mso, "valueDigests"), dict):
        raise MdocError("docType or valueDigests of the wrong kind")
    key_from_cose(_member(_member(mso, "deviceKeyInfo"), "deviceKey"))
    for name in ("signed", "validFrom", "validUntil"):
        read_date(_member(_member(mso, "validityInfo"), name))
    return dict(mso)


def check_items(name_spaces: Any, mso: JsonObject) -> dict[str, dict[str, Tagged]]:
    """Compares every item's bytes with its digest; returns the items by element. Source: ISO/IEC 18013-5 §9.1.2.5."""
    if not isinstance(name_spaces, dict):
        raise MdocError("nameSpaces is no map")
    digest = _DIGESTS[mso["digestAlgorithm"]]
    result: dict[str, dict[str, Tagged]] = {}
    for space, tagged_items in name_spaces.items():
        digests, found, ids = mso["valueDigests"].get(space), result.setdefault(space, {}), set()
        if not isinstance(digests, dict) or not isinstance(tagged_items, list) or not tagged_items:
            raise MdocError("a name space without digests or items")
        for tagged in tagged_items:
            item = cbor.embedded(tagged)
            if not isinstance(item, dict) or set(item) != _ITEM or type(item["digestID"]) is not int:
                raise MdocError("not an IssuerSignedItem")
            if not isinstance(item["random"], bytes) or len(item["random"]) < MIN_RANDOM_BYTES:
                raise MdocError("an item that could be guessed")
            if digests.get(item["digestID"]) != digest(tagged.raw or cbor.encode(tagged)).digest():
                raise MdocError("an item that its issuer did not sign")
            if item["digestID"] in ids or item["elementIdentifier"] in found:
                raise MdocError("an item or an element occurs twice")
            ids.add(item["digestID"])
            found[item["elementIdentifier"]] = tagged
    return result


def date(moment: int) -> Tagged:
    """A `tdate` in UTC and without fractions. Source: ISO/IEC 18013-5 §9.1.2.4."""
    text = datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Tagged(DATE_TIME, text)


def read_date(value: Any) -> int:
    """Seconds since the epoch of a `tdate`."""
    if not isinstance(value, Tagged) or value.tag != DATE_TIME or not isinstance(value.value, str):
        raise MdocError("not a date and time")
    try:
        moment = datetime.datetime.strptime(value.value, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as error:
        raise MdocError("not a date and time in UTC without fractions") from error
    return int(moment.replace(tzinfo=datetime.UTC).timestamp())


@dataclass
class Draft:
    """An mdoc before it is signed; a test may spoil it first."""

    mso: JsonObject
    items: dict[str, list[Tagged]]
    unprotected: dict[int | str, Any]
    protected: dict[int | str, Any] | None = None

    def sign(self, key: PrivateKey) -> JsonObject:
        """IssuerSigned around what the draft holds."""
        payload = cbor.encode(cbor.embed(self.mso))
        auth = Sign1.make(payload, key, protected=self.protected, unprotected=self.unprotected)
        return {"nameSpaces": dict(self.items), "issuerAuth": auth.to_cbor()}

    def replace_item(self, space: str, index: int, *, sign: bool, **changes: Any) -> None:
        """Changes members of an item, None taking one away; the digest follows only where `sign` says so."""
        item = cbor.embedded(self.items[space][index])
        digest_id = item["digestID"]
        changed = {name: value for name, value in (item | changes).items() if value is not None}
        self.items[space][index] = cbor.embed(changed)
        if sign:
            self.mso["valueDigests"][space].pop(digest_id)
            self.mso["valueDigests"][space][changed["digestID"]] = digest_of(self.items[space][index])

    def replace_bytes(self, space: str, index: int, inner: bytes) -> None:
        """Puts other bytes into an item's tag, and signs them."""
        digest_id = cbor.embedded(self.items[space][index])["digestID"]
        self.items[space][index] = Tagged(ENCODED_CBOR, inner)
        self.mso["valueDigests"][space][digest_id] = digest_of(self.items[space][index])


def draft_credential(
    doctype: str, claims: NameSpaces, issuer: Identity, device_key: PublicKey, now: int, **more: Any
) -> Draft:
    """Drafts an mdoc that is valid for an hour; `more` are further members of the MobileSecurityObject.

    Source: ISO/IEC 18013-5 §9.1.2.4.
    """
    items: dict[str, list[Tagged]] = {}
    digests: dict[str, dict[int, bytes]] = {}
    for space, elements in claims.items():
        items[space] = [make_item(number, name, value) for number, (name, value) in enumerate(elements.items())]
        digests[space] = {number: digest_of(item) for number, item in enumerate(items[space])}
    mso: JsonObject = {
        "version": VERSION,
        "digestAlgorithm": "SHA-256",
        "valueDigests": digests,
        "deviceKeyInfo": {"deviceKey": cose_key(device_key)},
        "docType": doctype,
        "validityInfo": {"signed": date(now), "validFrom": date(now), "validUntil": date(now + LIFETIME)},
        **more,
    }
    return Draft(mso, items, {X5CHAIN: issuer.der})


def make_item(digest_id: int, name: str, value: Any) -> Tagged:
    """An IssuerSignedItemBytes behind fresh random bytes."""
    random = secrets.token_bytes(RANDOM_BYTES)
    return cbor.embed({"digestID": digest_id, "random": random, "elementIdentifier": name, "elementValue": value})


def digest_of(item: Tagged) -> bytes:
    """The SHA-256 that an issuer signs: over the item with its tag."""
    return hashlib.sha256(cbor.encode(item)).digest()


def to_text(value: Any) -> str:
    """How OpenID4VCI A.2.4 and OpenID4VP B.2.5 carry CBOR in JSON."""
    return b64url(cbor.encode(value))


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise MdocError(f"no {name}")
    return value[name]


def _check_times(validity: JsonObject, leaf: x509.Certificate, now: int) -> None:
    """Source: ISO/IEC 18013-5 §9.3.1 step 5."""
    signed, valid_from, valid_until = (read_date(validity[name]) for name in ("signed", "validFrom", "validUntil"))
    if not leaf.not_valid_before_utc.timestamp() <= signed <= leaf.not_valid_after_utc.timestamp():
        raise MdocError("signed outside the time of the signer's certificate")
    if not signed <= valid_from < valid_until:
        raise MdocError("times that contradict each other")
    if now + CLOCK_SKEW < valid_from:
        raise MdocError("the mdoc is not valid yet")
    if valid_until + CLOCK_SKEW <= now:
        raise MdocError("the mdoc has expired")
