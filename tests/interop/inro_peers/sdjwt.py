"""SD-JWT and SD-JWT+KB: parse, process, choose disclosures, bind to a key, verify. Source: RFC 9901 §4 and §7."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .jose import (
    JsonObject,
    Jws,
    PrivateKey,
    PublicKey,
    b64url,
    b64url_decode,
    json_bytes,
    key_from_jwk,
    parse_json,
    sha256_b64url,
    sign_jws,
)
from .paths import Location

KEY_BINDING_TYP = "kb+jwt"
# How old or how far ahead a key-binding JWT may be, in seconds (RFC 9901 §7.3 step 5.5 leaves the window to policy).
KEY_BINDING_WINDOW = 300


class SdJwtError(Exception):
    """An SD-JWT that RFC 9901 tells to reject."""


@dataclass(frozen=True)
class Disclosure:
    """One disclosure: its encoded text, and what it says. `name` is None for an array element."""

    text: str
    name: str | None
    value: Any

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Decodes a disclosure. Source: RFC 9901 §4.2.1 and §4.2.2."""
        content = parse_json(b64url_decode(text))
        if not isinstance(content, list) or len(content) not in (2, 3) or not isinstance(content[0], str):
            raise SdJwtError("a disclosure that is no array of salt, name and value, or salt and value")
        if len(content) == 2:
            return cls(text, None, content[1])
        if not isinstance(content[1], str):
            raise SdJwtError("a disclosure whose claim name is no string")
        return cls(text, content[1], content[2])

    @property
    def digest(self) -> str:
        """The SHA-256 digest over the encoded text. Source: RFC 9901 §4.2.3."""
        return sha256_b64url(self.text.encode("ascii"))


@dataclass(frozen=True)
class Processed:
    """The processed payload, and which disclosure carried the claim at which place."""

    claims: JsonObject
    carriers: dict[Location, Disclosure]


@dataclass(frozen=True)
class SdJwt:
    """The parts of an SD-JWT (`key_binding` is None) or SD-JWT+KB. Nothing is verified yet."""

    issuer_jwt: str
    disclosures: tuple[str, ...]
    key_binding: str | None = None

    @classmethod
    def parse(cls, text: str) -> SdJwt:
        """Splits the compact serialization. Source: RFC 9901 §4."""
        issuer_jwt, *rest = text.split("~")
        if not rest or not issuer_jwt:
            raise SdJwtError("no tilde: not an SD-JWT")
        if any(not part for part in rest[:-1]):
            raise SdJwtError("an empty disclosure")
        return cls(issuer_jwt, tuple(rest[:-1]), rest[-1] or None)

    @property
    def unbound(self) -> str:
        """The SD-JWT without a key binding: what `sd_hash` covers. Source: RFC 9901 §4.3.1."""
        return "~".join([self.issuer_jwt, *self.disclosures]) + "~"

    def __str__(self) -> str:
        return self.unbound + (self.key_binding or "")

    def process(self, payload: JsonObject) -> Processed:
        """Puts the disclosures in their places in the issuer's payload. Source: RFC 9901 §7.1 steps 3 to 5."""
        return _Processor(self.disclosures).run(payload)

    def disclosing(self, locations: list[Location], processed: Processed) -> SdJwt:
        """The smallest SD-JWT that still shows these elements with all that lies inside and above them.

        Source: RFC 9901 §4.2.6 (a disclosure needs those above it), §7.2.
        """
        needed = {
            disclosure.text
            for place, disclosure in processed.carriers.items()
            if any(place == wanted[: len(place)] or wanted == place[: len(wanted)] for wanted in locations)
        }
        return SdJwt(self.issuer_jwt, tuple(text for text in self.disclosures if text in needed))

    def bind(
        self, key: PrivateKey, *, audience: str, nonce: str, issued_at: int, more: JsonObject | None = None
    ) -> SdJwt:
        """Adds a key-binding JWT, with `more` claims of a protocol. Source: RFC 9901 §4.3."""
        payload = {"iat": issued_at, "aud": audience, "nonce": nonce, "sd_hash": self.sd_hash, **(more or {})}
        return SdJwt(self.issuer_jwt, self.disclosures, sign_jws({"typ": KEY_BINDING_TYP}, payload, key))

    @property
    def sd_hash(self) -> str:
        """The digest that a key-binding JWT carries. Source: RFC 9901 §4.3.1."""
        return sha256_b64url(self.unbound.encode("ascii"))

    def forging(self, value: Any) -> SdJwt:
        """A forgery for the tests: the first disclosure says `value`, well-formed, but no digest covers it."""
        content = parse_json(b64url_decode(self.disclosures[0]))
        forged = b64url(json_bytes([*content[:-1], value]))
        return SdJwt(self.issuer_jwt, (forged, *self.disclosures[1:]), self.key_binding)

    def verify_issuer(self, key: PublicKey, typ: str | None = None) -> Processed:
        """Checks the issuer's signature, then processes the payload. Source: RFC 9901 §7.1."""
        return self.process(Jws.parse(self.issuer_jwt, typ).verify(key))

    def verify_key_binding(self, claims: JsonObject, *, audience: str, nonce: str, now: int) -> None:
        """Checks the holder's signature and what it is bound to. Source: RFC 9901 §7.3 step 5."""
        if self.key_binding is None:
            raise SdJwtError("no key binding where one is required")
        confirmation = claims.get("cnf")
        if not isinstance(confirmation, dict) or "jwk" not in confirmation:
            raise SdJwtError("no holder key to bind to")
        payload = Jws.parse(self.key_binding, KEY_BINDING_TYP).verify(key_from_jwk(confirmation["jwk"]))
        issued_at = payload.get("iat")
        if isinstance(issued_at, bool) or not isinstance(issued_at, int):
            raise SdJwtError("a key binding without a time")
        if abs(now - issued_at) > KEY_BINDING_WINDOW:
            raise SdJwtError("a key binding outside its window")
        if payload.get("aud") != audience:
            raise SdJwtError("a key binding for another audience")
        if payload.get("nonce") != nonce:
            raise SdJwtError("a key binding for another transaction")
        if payload.get("sd_hash") != self.sd_hash:
            raise SdJwtError("a key binding over another SD-JWT")


@dataclass
class _Processor:
    """One run of the processing rules. Source: RFC 9901 §7.1 steps 3 to 5."""

    disclosures: tuple[str, ...]
    unused: dict[str, Disclosure] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    carriers: dict[Location, Disclosure] = field(default_factory=dict)

    def run(self, payload: JsonObject) -> Processed:
        for text in self.disclosures:
            disclosure = Disclosure.parse(text)
            if disclosure.digest in self.unused:
                raise SdJwtError("a disclosure is sent twice")
            self.unused[disclosure.digest] = disclosure
        if payload.get("_sd_alg", "sha-256") != "sha-256":
            raise SdJwtError("a hash algorithm that is not supported")
        claims = self._object(payload, ())
        if self.unused:
            raise SdJwtError("a disclosure that no digest refers to")
        claims.pop("_sd_alg", None)
        return Processed(claims, self.carriers)

    def _value(self, value: Any, place: Location) -> Any:
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return self._array(value, place)
        return value

    def _object(self, source: JsonObject, place: Location) -> JsonObject:
        if "..." in source:
            raise SdJwtError("an ellipsis outside an array")
        plain = {name: value for name, value in source.items() if name != "_sd"}
        result = {name: self._value(value, (*place, name)) for name, value in plain.items()}
        digests = source.get("_sd", [])
        if not isinstance(digests, list):
            raise SdJwtError("_sd is not an array")
        for digest in digests:
            disclosure = self._take(digest)
            if disclosure is None:
                continue
            if disclosure.name is None:
                raise SdJwtError("an array element's disclosure in an object")
            if disclosure.name in ("_sd", "..."):
                raise SdJwtError("a disclosure with a forbidden claim name")
            if disclosure.name in result:
                raise SdJwtError("a disclosed claim that exists already")
            inner = (*place, disclosure.name)
            self.carriers[inner] = disclosure
            result[disclosure.name] = self._value(disclosure.value, inner)
        return result

    def _array(self, source: list[Any], place: Location) -> list[Any]:
        result: list[Any] = []
        for element in source:
            inner = (*place, len(result))
            if not isinstance(element, dict) or set(element) != {"..."}:
                result.append(self._value(element, inner))
                continue
            disclosure = self._take(element["..."])
            if disclosure is None:
                continue
            if disclosure.name is not None:
                raise SdJwtError("an object property's disclosure in an array")
            self.carriers[inner] = disclosure
            result.append(self._value(disclosure.value, inner))
        return result

    def _take(self, digest: Any) -> Disclosure | None:
        if not isinstance(digest, str):
            raise SdJwtError("a digest that is not a string")
        if digest in self.seen:
            raise SdJwtError("a digest occurs twice")
        self.seen.add(digest)
        return self.unused.pop(digest, None)
