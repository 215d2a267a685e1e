"""A checker of evidence bundles, written from docs/specs/evidence.md alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .jose import JoseError, JsonObject, Jws, PublicKey, b64url_decode, key_from_jwk, parse_json, sha256_b64url

TYP = "inro-evidence+jwt"
FORMAT = "inro-evidence"
MAX_RECEIPTS = 100_000
MAX_RECORD = 2_048
MAX_PAYLOAD = 1_024
MAX_BODY = 65_536
MAX_ATTACHMENTS = 8
MAX_ATTACHMENT = 262_144
MAX_BUNDLE = 67_108_864
BODY_DEPTH = 16
BUNDLE_DEPTH = 4
# The order of P-256. Source: SEC 2 §2.4.2.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_NAME = re.compile(r"[a-z0-9._-]{1,64}")
T = TypeVar("T")


class Fault(Exception):
    """What is wrong, in a word of the specification, and with which record; `at` is None for the bundle as a whole."""

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(f"{reason} at {at}")
        self.reason = reason
        self.at = at


@dataclass
class Receipt:
    """A record with what travels beside it."""

    record: str
    body: bytes | None = None
    attachments: list[bytes | None] = field(default_factory=list)


@dataclass
class Chain:
    """A chain that was checked: what each record tells, and the digest of the last one."""

    tells: list[str]
    last: str


def check(bundle: bytes) -> Chain:
    """Checks a bundle. Raises `Fault` with the first record with which something is wrong."""
    receipts = read_bundle(bundle)
    if not receipts:
        raise Fault("opening")
    checker = _Checker()
    for at, receipt in enumerate(receipts):
        _placed(at, lambda at=at, receipt=receipt: checker.take(at, receipt))  # type: ignore[misc]
    return Chain(checker.tells, checker.last)


def read_bundle(bundle: bytes) -> list[Receipt]:
    """The receipts of a bundle, none of them checked."""
    document = _json_object(bundle, MAX_BUNDLE, BUNDLE_DEPTH)
    if document.get("format") != FORMAT:
        raise Fault("malformed")
    if type(document.get("version")) is not int or document["version"] != 1:
        raise Fault("version")
    receipts = document.get("receipts")
    if not isinstance(receipts, list) or set(document) != {"format", "version", "receipts"}:
        raise Fault("malformed")
    if len(receipts) > MAX_RECEIPTS:
        raise Fault("too much")
    return [_placed(at, lambda item=item: _receipt(item)) for at, item in enumerate(receipts)]  # type: ignore[misc]


class _Checker:
    def __init__(self) -> None:
        self.tells: list[str] = []
        self.last = ""
        self._chain = ""
        self._key: PublicKey | None = None

    def take(self, at: int, receipt: Receipt) -> None:
        if len(receipt.record) > MAX_RECORD:
            raise Fault("malformed")
        jws = _record(receipt.record)
        claims = jws.payload
        kind = _kind(claims)
        if at == 0:
            if kind != "opening" or claims["seq"] != 0:
                raise Fault("opening")
            self._chain, self._key = claims["chain"], key_from_jwk(claims["key"])
        else:
            self._follows(at, kind, claims)
        assert self._key is not None
        try:
            jws.verify(self._key)
        except JoseError as error:
            raise Fault("signature") from error
        if kind == "event":
            self.tells.append(_content(at, claims["body"], receipt))
        else:
            _bare(receipt)
            self._key = key_from_jwk(claims["key"])
            self.tells.append("opened" if kind == "opening" else "rotated")
        self.last = sha256_b64url(receipt.record.encode("ascii"))

    def _follows(self, at: int, kind: str, claims: JsonObject) -> None:
        if claims["chain"] != self._chain:
            raise Fault("chain")
        if claims["seq"] != at:
            raise Fault("sequence")
        if kind == "opening":
            raise Fault("opening")
        if claims["prev"] != self.last:
            raise Fault("link")


def _record(text: str) -> Jws:
    jws = Jws.parse(text)
    typ = jws.header.get("typ")
    if set(jws.header) != {"alg", "typ"} or not isinstance(typ, str):
        raise Fault("malformed")
    if typ.removeprefix("application/").lower() != TYP or len(b64url_decode(text.split(".")[1])) > MAX_PAYLOAD:
        raise Fault("malformed")
    halves = (jws.signature[:32], jws.signature[32:])
    if len(jws.signature) != 64 or not all(0 < int.from_bytes(half, "big") < ORDER for half in halves):
        raise Fault("malformed")
    return jws


def _kind(claims: JsonObject) -> str:
    common = {"chain", "seq", "iat"}
    kinds = {
        frozenset(common | {"key"}): "opening",
        frozenset(common | {"key", "after"}): "opening",
        frozenset(common | {"prev", "key"}): "rotation",
        frozenset(common | {"prev", "body"}): "event",
    }
    kind = kinds.get(frozenset(claims))
    if kind is None or not _is_integer(claims["seq"]) or not _is_integer(claims["iat"]):
        raise Fault("malformed")
    _bytes(claims["chain"], 16)
    for name in ("prev", "body", "after"):
        if name in claims:
            _bytes(claims[name], 32)
    if "key" in claims:
        if not isinstance(claims["key"], dict) or set(claims["key"]) != {"kty", "crv", "x", "y"}:
            raise Fault("malformed")
        key_from_jwk(claims["key"])
    return kind


def _content(at: int, digest: str, receipt: Receipt) -> str:
    if receipt.body is None:
        if receipt.attachments:
            raise Fault("malformed")
        return "absent"
    if sha256_b64url(receipt.body) != digest:
        raise Fault("body")
    body = _json_object(receipt.body, MAX_BODY, BODY_DEPTH)
    named = body.get("attachments", [])
    if not {"salt", "event"} <= set(body) <= {"salt", "event", "of", "detail", "attachments"}:
        raise Fault("malformed")
    _bytes(body["salt"], 16)
    _name(body["event"])
    if "of" in body and not _is_integer(body["of"]):
        raise Fault("malformed")
    if not isinstance(body.get("detail", {}), dict) or not isinstance(named, list):
        raise Fault("malformed")
    if len(named) > MAX_ATTACHMENTS:
        raise Fault("too much")
    for item in named:
        if not isinstance(item, dict) or set(item) != {"kind", "sha256"}:
            raise Fault("malformed")
        _name(item["kind"])
        _bytes(item["sha256"], 32)
    if "of" in body and not 1 <= body["of"] < at:
        raise Fault("reference")
    if len(receipt.attachments) != len(named):
        raise Fault("malformed")
    present = 0
    for attachment, item in zip(receipt.attachments, named, strict=True):
        if attachment is not None:
            present += 1
            if b64url_decode(item["sha256"]) != hashlib.sha256(attachment).digest():
                raise Fault("attachment")
    return f"{body['event']} {present}/{len(named)}"


def _bare(receipt: Receipt) -> None:
    if receipt.body is not None:
        raise Fault("body")
    if receipt.attachments:
        raise Fault("malformed")


def _receipt(item: Any) -> Receipt:
    if not isinstance(item, dict) or not {"record"} <= set(item) <= {"record", "body", "attachments"}:
        raise Fault("malformed")
    attachments = item.get("attachments", [])
    if not isinstance(item["record"], str) or not isinstance(attachments, list):
        raise Fault("malformed")
    body = _bytes(item["body"]) if "body" in item else None
    if len(attachments) > MAX_ATTACHMENTS:
        raise Fault("too much")
    read = [None if attachment is None else _bytes(attachment) for attachment in attachments]
    if any(attachment is not None and len(attachment) > MAX_ATTACHMENT for attachment in read):
        raise Fault("too much")
    return Receipt(item["record"], body, read)


def _json_object(data: bytes, limit: int, depth: int) -> JsonObject:
    if len(data) > limit:
        raise Fault("malformed")
    try:
        # Python's reader takes three words that are no JSON.
        json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        value = parse_json(data)
    except (ValueError, RecursionError, JoseError) as error:
        raise Fault("malformed") from error
    if not isinstance(value, dict) or _depth(value) > depth:
        raise Fault("malformed")
    return value


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(inner) for inner in value), default=0)
    return 0


def _is_integer(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _name(value: Any) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Fault("malformed")


def _bytes(value: Any, length: int | None = None) -> bytes:
    if not isinstance(value, str):
        raise Fault("malformed")
    data = b64url_decode(value)
    if length is not None and len(data) != length:
        raise Fault("malformed")
    return data


def _placed(at: int, step: Callable[[], T]) -> T:
    """Carries out a step; what is wrong in it is wrong at `at`."""
    try:
        return step()
    except Fault as fault:
        raise Fault(fault.reason, at) from fault
    except (JoseError, UnicodeError, RecursionError) as error:
        raise Fault("malformed", at) from error
