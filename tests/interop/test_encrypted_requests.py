"""Request objects encrypted to a key that the wallet posts: a foreign wallet wants it, a foreign verifier does it.

Source: OpenID4VP §5.10, RFC 9101 §4 and §6.1, RFC 7519 §5.2 (a JWE of a JWT has the `cty` JWT).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from conftest import APPROVER
from expectations import FAILED, REFUSED, ended_with_code
from foreign_keys import X25519
from inro_peers import jwe
from inro_peers.issuer import Options
from inro_peers.jose import (
    JoseError,
    JsonObject,
    b64url,
    b64url_decode,
    json_bytes,
    new_key,
    parse_json_object,
    public_jwk,
)
from inro_peers.jwe import Recipient
from inro_peers.processes import InroVerifier, InroWallet
from inro_peers.transport import FORM, HttpsClient, Reply
from inro_peers.verifier import Session
from inro_peers.wallet_issuance import HeldCredential
from inro_peers.wallet_presentation import REQUEST_TYP, PresentationWallet, Request
from products import EMPLOYEE_TYPE, employee_query
from world import World, world

Held = Callable[..., list[HeldCredential]]
NUMBER = employee_query(["employee_number"])
ALGS = "request_object_encryption_alg_values_supported"
ENCS = "request_object_encryption_enc_values_supported"
BOTH = ("A128GCM", "A256GCM")


@dataclass
class SealedFetch:
    """A wallet's fetch that takes an encrypted request object alone."""

    recipient: Recipient = field(default_factory=Recipient.create)
    # None leaves the parameter out.
    encs: tuple[str, ...] | None = BOTH
    header: JsonObject = field(default_factory=dict)

    @property
    def metadata(self) -> JsonObject:
        """What the wallet says of itself."""
        members = {"jwks": {"keys": [self.recipient.jwk]}, ALGS: [jwe.ALG], ENCS: self.encs}
        return {name: value for name, value in members.items() if value is not None}

    def open(self, text: str) -> str:
        """The signed request object in it."""
        self.header, signed = jwe.decrypt_bytes(text, self.recipient, BOTH)
        if self.header.get("cty") != "JWT":
            raise JoseError("no nested JWT")
        return signed.decode("ascii")


def _fetched(wallet: PresentationWallet, link: str, fetch: SealedFetch, metadata: JsonObject | None = None) -> Request:
    wallet.unseal = fetch.open
    return wallet.fetch(link, more=_form(metadata or fetch.metadata))


def _form(metadata: JsonObject) -> dict[str, str]:
    return {"wallet_metadata": json.dumps(metadata)}


@pytest.mark.parametrize(
    ("encs", "chosen"),
    [
        (None, "A128GCM"),
        (("A128GCM",), "A128GCM"),
        (("A256GCM",), "A256GCM"),
        (BOTH, "A256GCM"),
        (("A128CBC-HS256", "unknown", "A128GCM"), "A128GCM"),
    ],
    ids=["default", "A128GCM", "A256GCM", "both", "beside unknown ones"],
)
def test_a_wallet_that_requires_encryption_reads_and_answers(
    verifier: InroVerifier,
    presentation: PresentationWallet,
    held: Held,
    encs: tuple[str, ...] | None,
    chosen: str,
) -> None:
    created = verifier.create({"policy": "identify-employee"})
    fetch = SealedFetch(encs=encs)
    request = _fetched(presentation, created["authorization_request"], fetch)
    assert fetch.header["enc"] == chosen
    assert presentation.post(request, presentation.answer(request, held(EMPLOYEE_TYPE))).status == 200
    result = verifier.result(created["id"])
    assert result["status"] == "verified"
    [credentials] = result["credentials"].values()
    assert credentials[0]["claims"]["employee_number"] == APPROVER


@pytest.mark.parametrize("missing", ["use", "alg"])
def test_a_wallets_key_need_not_say_what_it_is_for(
    verifier: InroVerifier, presentation: PresentationWallet, missing: str
) -> None:
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    fetch = SealedFetch()
    key = {name: value for name, value in fetch.recipient.jwk.items() if name != missing}
    _fetched(presentation, link, fetch, fetch.metadata | {"jwks": {"keys": [key]}})


def test_the_usable_key_is_found_among_others(verifier: InroVerifier, presentation: PresentationWallet) -> None:
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    fetch = SealedFetch()
    keys = [X25519, Recipient.create().jwk | {"use": "sig"}, {"kty": "RSA", "use": "enc"}, fetch.recipient.jwk]
    _fetched(presentation, link, fetch, fetch.metadata | {"jwks": {"keys": keys}})


def test_each_request_object_has_an_ephemeral_key(verifier: InroVerifier, presentation: PresentationWallet) -> None:
    """Source: RFC 7518 §4.6."""
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    fetches = [SealedFetch(), SealedFetch()]
    nonces = {_fetched(presentation, link, fetch).parameters["wallet_nonce"] for fetch in fetches}
    assert len(nonces) == 2
    assert fetches[0].header["epk"] != fetches[1].header["epk"]
    assert "d" not in fetches[0].header["epk"]


def _posted(verifier: InroVerifier, link: str, metadata: JsonObject) -> Reply:
    uri = parse_qs(urlsplit(link).query)["request_uri"][0]
    headers = {"Accept": f"application/{REQUEST_TYP}", "Content-Type": FORM}
    body = urlencode(_form(metadata)).encode("ascii")
    return HttpsClient(verifier.tls_ca).request("POST", uri, headers, body)


def _keys(*keys: Any) -> JsonObject:
    return {"jwks": {"keys": list(keys)}}


OFF_CURVE = Recipient.create().jwk | {"y": Recipient.create().jwk["y"]}
PRIVATE = Recipient.create().jwk | {"d": b64url(b"\x01" * 32)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (_keys({"kty": "RSA", "use": "enc", "kid": "r", "n": "AQAB", "e": "AQAB"}), "INRO-VP-090"),
        (_keys(X25519), "INRO-VP-090"),
        (_keys(OFF_CURVE), "INRO-VP-090"),
        (_keys(PRIVATE), "INRO-VP-090"),
        (_keys(Recipient.create().jwk | {"alg": "ECDH-ES+A128KW"}), "INRO-VP-090"),
        ({ALGS: ["RSA-OAEP-256"]}, "INRO-VP-090"),
        ({ENCS: ["A128CBC-HS256"]}, "INRO-VP-090"),
        (_keys(*[Recipient.create().jwk] * 17), "INRO-VP-081"),
        ({"jwks": {}}, "INRO-VP-081"),
    ],
    ids=["RSA", "X25519", "off the curve", "private", "other alg", "other algs", "other encs", "17 keys", "no keys"],
)
def test_a_wallet_whose_encryption_is_not_ours_gets_nothing_in_the_clear(
    verifier: InroVerifier, presentation: PresentationWallet, changes: JsonObject, code: str
) -> None:
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    fetch = SealedFetch()
    _fetched(presentation, link, fetch)
    reply = _posted(verifier, link, fetch.metadata | changes)
    assert (reply.status, reply.json()["inro_code"]) == (400, code)
    assert reply.media_type == "application/problem+json"
    _fetched(presentation, link, fetch)


def test_a_key_for_signatures_asks_for_no_encryption(verifier: InroVerifier, presentation: PresentationWallet) -> None:
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    fetch = SealedFetch()
    _fetched(presentation, link, fetch)
    presentation.unseal = lambda text: text
    presentation.fetch(link, more=_form(fetch.metadata | _keys(fetch.recipient.jwk | {"use": "sig"})))


# From the signed request object and the key that the wallet offers to what is delivered.
Seal = Callable[[str, JsonObject], str]


def _sealed(signed: str, key: JsonObject, enc: str = "A256GCM", **header: Any) -> str:
    return jwe.encrypt(signed.encode("ascii"), key, enc, {"cty": "JWT"} | header)


def _request(foreign: World, seal: Seal, method: str = "post") -> Session:
    """A request that is delivered as `seal` makes it."""
    session = foreign.verifier.request(NUMBER, method=method)
    sign = session.sign

    def deliver(parameters: JsonObject) -> str:
        return seal(sign(parameters), _offered(session) if session.posted else Recipient.create().jwk)

    session.sign = deliver
    return session


def _offered(session: Session) -> JsonObject:
    """The one key of the wallet's last fetch."""
    metadata = parse_json_object(session.posted[-1]["wallet_metadata"])
    assert metadata[ALGS] == [jwe.ALG]
    assert set(metadata[ENCS]) == set(BOTH)
    [key] = metadata["jwks"]["keys"]
    return dict(key)


@pytest.mark.parametrize(
    "seal",
    [
        lambda signed, key: _sealed(signed, key, "A128GCM"),
        lambda signed, key: _sealed(signed, key, "A256GCM"),
        lambda signed, key: _sealed(signed, key, kid=None),
        lambda signed, key: _sealed(signed, key, cty=None),
        lambda signed, key: _sealed(signed, key, typ=REQUEST_TYP),
        lambda signed, _: signed,
    ],
    ids=["A128GCM", "A256GCM", "no kid", "no cty", "typ", "in the clear"],
)
def test_inros_wallet_answers_an_encrypted_request(inro_wallet: InroWallet, tmp_path: Path, seal: Seal) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        foreign.assert_answers(_request(foreign, seal))


def test_inros_wallet_offers_a_fresh_key_with_each_fetch(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Nothing in what it posts tells two fetches of one wallet as one's. Source: OpenID4VP §15.7."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        sessions = [_request(foreign, _sealed) for _ in range(2)]
        for session in sessions:
            foreign.assert_answers(session)
        first, second = (_offered(session) for session in sessions)
        assert all(first[name] != second[name] for name in ("x", "y", "kid"))
        assert (first["use"], first["alg"]) == ("enc", jwe.ALG)
        assert "d" not in first
        said = [parse_json_object(session.posted[0]["wallet_metadata"]) for session in sessions]
        assert said[0] | {"jwks": None} == said[1] | {"jwks": None}


def _unsigned(signed: str, key: JsonObject) -> str:
    header = b64url(json_bytes({"alg": "none", "typ": REQUEST_TYP}))
    return _sealed(f"{header}.{signed.split('.')[1]}.", key)


def _with_part(text: str, part: int, value: str) -> str:
    parts = text.split(".")
    parts[part] = value
    return ".".join(parts)


def _with_enc(text: str, enc: str) -> str:
    header = parse_json_object(b64url_decode(text.split(".")[0])) | {"enc": enc}
    return _with_part(text, 0, b64url(json_bytes(header)))


WRONG: dict[str, Seal] = {
    "another key": lambda signed, key: _sealed(signed, public_jwk(new_key()) | {"kid": key["kid"]}),
    "another kid": lambda signed, key: _sealed(signed, key, kid="another"),
    "dir": lambda signed, key: _sealed(signed, key, alg="dir"),
    "RSA-OAEP": lambda signed, key: _sealed(signed, key, alg="RSA-OAEP"),
    "ECDH-ES+A128KW": lambda signed, key: _sealed(signed, key, alg="ECDH-ES+A128KW"),
    "zip": lambda signed, key: _sealed(signed, key, zip="DEF"),
    "crit": lambda signed, key: _sealed(signed, key, crit=["x"], x=1),
    "enc not offered": lambda signed, key: _with_enc(_sealed(signed, key), "A128CBC-HS256"),
    "private epk": lambda signed, key: _sealed(signed, key, epk=public_jwk(new_key()) | {"d": b64url(b"\x01" * 32)}),
    "nobody signed": _unsigned,
    "bare parameters": lambda signed, key: jwe.encrypt(b64url_decode(signed.split(".")[1]), key, "A256GCM"),
    "encrypted twice": lambda signed, key: _sealed(_sealed(signed, key), key),
    "truncated tag": lambda signed, key: _with_part(_sealed(signed, key), 4, b64url(b"\x00" * 12)),
    "altered": lambda signed, key: _with_part(_sealed(signed, key), 3, b64url(b"\x00" * 64)),
    "wrapped key": lambda signed, key: _with_part(_sealed(signed, key), 1, b64url(b"\x00" * 24)),
}


@pytest.mark.parametrize("seal", WRONG.values(), ids=WRONG.keys())
def test_inros_wallet_refuses_a_wrongly_encrypted_request(inro_wallet: InroWallet, tmp_path: Path, seal: Seal) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(_request(foreign, _sealed))
        foreign.assert_refuses(_request(foreign, seal))


def test_inros_wallet_refuses_a_request_for_another_of_its_fetches(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        first = _request(foreign, _sealed)
        foreign.assert_answers(first)
        foreign.assert_refuses(_request(foreign, lambda signed, _: _sealed(signed, _offered(first))))


def test_inros_wallet_refuses_an_encrypted_request_where_it_offered_no_key(
    inro_wallet: InroWallet, tmp_path: Path
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(_request(foreign, lambda signed, _: signed, method="get"))
        foreign.assert_refuses(_request(foreign, _sealed, method="get"))


def test_inros_wallet_reads_no_huge_encrypted_request(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(_request(foreign, _sealed))
        huge = _request(foreign, lambda signed, key: _sealed(f"{signed}.{'A' * (1 << 20)}", key))
        ended_with_code(foreign.wallet.present(huge.authorization_request, expect=None), FAILED, REFUSED)
        assert not huge.responses
