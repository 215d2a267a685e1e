"""Inro's wallet receives mdocs, or refuses them, from an issuer that nobody here wrote for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from expectations import FAILED, REFUSED, ended_with_code
from inro_peers import cbor, mdoc
from inro_peers.cbor import Tagged
from inro_peers.cose import X5CHAIN
from inro_peers.issuer import ForeignIssuer, Options
from inro_peers.jose import JsonObject, b64url, b64url_decode, new_key, public_jwk
from inro_peers.mdoc_response import device_response, document
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_VERIFIER, Authority, Identity
from inro_peers.processes import InroWallet
from mdoc_spoils import ALLOWED, WRONG, Spoil
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    ROLE_DOCTYPE,
    ROLE_TYPE,
    foreign_employee_mdoc,
    mdoc_query,
)
from world import World, world

QUERY = mdoc_query("employee_number")
REGISTERED = {"type": EMPLOYEE_DOCTYPE, "claims": [[EMPLOYEE_SPACE, "employee_number"]]}
ALL_OPTIONS = Options(
    dpop=True, dpop_nonce=True, nonce_endpoint=True, batch_size=4, tx_code="123456", by_reference=True, path="/agency"
)


def _assert_shows(foreign: World) -> None:
    """What the wallet holds satisfies a foreign verifier."""
    foreign.register(REGISTERED)
    session = foreign.verifier.request(QUERY)
    foreign.assert_answers(session)
    assert [one.claims for one in session.mdocs["employee"]] == [{EMPLOYEE_SPACE: {"employee_number": "F0001"}}]


@pytest.mark.parametrize(("options", "copies"), [(Options(), 1), (ALL_OPTIONS, 4)], ids=["plain", "everything"])
def test_an_mdoc_travels_from_issuer_to_verifier(
    inro_wallet: InroWallet, tmp_path: Path, options: Options, copies: int
) -> None:
    with world(inro_wallet, tmp_path, options, foreign_employee_mdoc()) as foreign:
        [credential] = foreign.receive()["credentials"]
        assert (credential["type"], credential["format"]) == (EMPLOYEE_DOCTYPE, mdoc.FORMAT)
        assert credential["copies"] == copies
        _assert_shows(foreign)


@pytest.mark.parametrize("spoil", ALLOWED.values(), ids=ALLOWED.keys())
def test_takes_what_is_allowed_beside(inro_wallet: InroWallet, tmp_path: Path, spoil: Spoil) -> None:
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        foreign.issuer.spoil = spoil
        assert foreign.receive()["credentials"]
        _assert_shows(foreign)


def _assert_keeps_nothing(foreign: World) -> None:
    before = foreign.wallet.run("list", "--json").json()
    ended_with_code(foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None), FAILED, REFUSED)
    assert foreign.wallet.run("list", "--json").json() == before


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_keeps_nothing_of_a_wrong_mdoc(inro_wallet: InroWallet, tmp_path: Path, spoil: Spoil) -> None:
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        assert foreign.receive()["credentials"]
        foreign.issuer.spoil = spoil
        _assert_keeps_nothing(foreign)


def _text(change: Callable[[str], str]) -> Callable[[JsonObject], JsonObject]:
    return lambda answer: {"credentials": [{"credential": change(one["credential"])} for one in answer["credentials"]]}


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[JsonObject], JsonObject]:
    return _text(lambda text: b64url(change(b64url_decode(text))))


def _signed(change: Callable[[JsonObject], Any]) -> Callable[[JsonObject], JsonObject]:
    """Changes IssuerSigned behind the issuer's back."""

    def alter(data: bytes) -> bytes:
        issuer_signed = cbor.decode(data)
        changed = change(issuer_signed)
        return cbor.encode(issuer_signed if changed is None else changed)

    return _bytes(alter)


def _forged(issuer_signed: JsonObject) -> None:
    items = issuer_signed["nameSpaces"][EMPLOYEE_SPACE]
    items[0] = cbor.embed(cbor.embedded(items[0]) | {"elementValue": "F0002"})


def _bad_signature(issuer_signed: JsonObject) -> None:
    issuer_signed["issuerAuth"][3] = bytes(64)


def _detached(issuer_signed: JsonObject) -> None:
    issuer_signed["issuerAuth"][2] = None


def _whole_response(issuer_signed: JsonObject) -> JsonObject:
    return device_response(document(EMPLOYEE_DOCTYPE, issuer_signed, new_key(), [None, None, None]))


def _name_spaces_twice(data: bytes) -> bytes:
    return bytes([data[0] + 1]) + data[1:] + cbor.encode("nameSpaces") + cbor.encode({})


@pytest.mark.parametrize(
    ("what", "alter"),
    [
        ("holder key", lambda _: public_jwk(new_key())),
        ("credentials", _text(lambda text: text + "=")),
        ("credentials", _text(lambda _: "no mdoc")),
        ("credentials", _text(lambda _: "")),
        ("credentials", _bytes(lambda data: data + b"\0")),
        ("credentials", _bytes(lambda data: data[:-1])),
        ("credentials", _bytes(lambda data: b"\xbf" + data[1:] + b"\xff")),
        ("credentials", _bytes(_name_spaces_twice)),
        ("credentials", _bytes(lambda data: data.hex().encode())),
        ("credentials", _signed(_forged)),
        ("credentials", _signed(_bad_signature)),
        ("credentials", _signed(_detached)),
        ("credentials", _signed(lambda issuer_signed: {"nameSpaces": issuer_signed["nameSpaces"]})),
        ("credentials", _signed(_whole_response)),
        ("credentials", lambda answer: {"credentials": answer["credentials"] * 2}),
    ],
    ids=[
        *("key of somebody else", "padding", "garbage", "nothing", "bytes after", "cut off", "indefinite length"),
        *("key twice", "hex", "forged item", "signature of zeros", "detached payload", "no signature"),
        *("device response", "one copy twice"),
    ],
)
def test_keeps_nothing_of_a_wrong_issuance(
    inro_wallet: InroWallet, tmp_path: Path, what: str, alter: Callable[[JsonObject], JsonObject]
) -> None:
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        assert foreign.receive()["credentials"]
        foreign.issuer.alter[what] = alter
        _assert_keeps_nothing(foreign)


def _configured(**members: Any) -> Callable[[JsonObject], JsonObject]:
    def alter(metadata: JsonObject) -> JsonObject:
        [(name, configuration)] = metadata["credential_configurations_supported"].items()
        changed = {key: value for key, value in (configuration | members).items() if value is not None}
        return metadata | {"credential_configurations_supported": {name: changed}}

    return alter


@pytest.mark.parametrize(
    "members",
    [{"doctype": ROLE_DOCTYPE}, {"doctype": None}, {"format": "dc+sd-jwt", "vct": EMPLOYEE_DOCTYPE}],
    ids=["another doctype", "no doctype", "another format"],
)
def test_keeps_nothing_that_the_metadata_name_otherwise(
    inro_wallet: InroWallet, tmp_path: Path, members: JsonObject
) -> None:
    """Source: OpenID4VCI A.2.2."""
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        assert foreign.receive()["credentials"]
        foreign.issuer.alter["metadata"] = _configured(**members)
        _assert_keeps_nothing(foreign)


@pytest.mark.parametrize("who", ["stranger", "same name", "another use", "another type"])
def test_keeps_nothing_of_a_signer_without_the_right(inro_wallet: InroWallet, tmp_path: Path, who: str) -> None:
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        assert foreign.receive()["credentials"]
        foreign.issuer.signer = _signer(who, foreign.issuer)
        _assert_keeps_nothing(foreign)


def _signer(who: str, issuer: ForeignIssuer) -> Identity:
    usage, types = EKU_CREDENTIAL_ISSUER, (EMPLOYEE_TYPE,)
    if who == "stranger":
        return Authority.create("Stranger CA").issue("Stranger", usage, credential_types=types)
    if who == "same name":
        return Authority.create("Foreign Agency CA").issue("Foreign Agency", usage, credential_types=types)
    if who == "another use":
        return issuer.authority.issue("Foreign Agency", EKU_VERIFIER, credential_types=types)
    return issuer.authority.issue("Foreign Agency", usage, credential_types=(ROLE_TYPE,))


@pytest.mark.parametrize("path_length", [1, 0])
def test_follows_a_chain_as_far_as_its_anchor_allows(inro_wallet: InroWallet, tmp_path: Path, path_length: int) -> None:
    """Source: RFC 9360 §2 (`x5chain` as an array), RFC 5280 §4.2.1.9 and §6.1.4 (path length)."""
    root = Authority.create("Foreign Root CA", path_length)
    department = root.subordinate("Foreign Department CA")
    signer = department.issue("Foreign Department", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    chain = [signer.der, department.certificate.public_bytes(Encoding.DER)]
    inro_wallet.trust("issuer", root.write(tmp_path / "root.pem"))
    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        foreign.issuer.signer = signer
        foreign.issuer.spoil = lambda draft: draft.unprotected.update({X5CHAIN: chain})
        if path_length == 0:
            _assert_keeps_nothing(foreign)
            return
        assert foreign.receive()["credentials"]
        foreign.verifier.issuer_anchors = [root.certificate]
        _assert_shows(foreign)


def test_a_received_item_leaves_byte_for_byte(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """A longer head than needed is part of what the issuer's digest covers. Source: ISO/IEC 18013-5 §9.1.2.5."""

    def long_head(draft: mdoc.Draft) -> None:
        item = draft.items[EMPLOYEE_SPACE][0]
        raw = b"\xd8\x18\x59" + len(item.value).to_bytes(2, "big") + item.value
        draft.items[EMPLOYEE_SPACE][0] = Tagged(item.tag, item.value, raw)
        draft.mso["valueDigests"][EMPLOYEE_SPACE][0] = mdoc.digest_of(draft.items[EMPLOYEE_SPACE][0])

    with world(inro_wallet, tmp_path, product=foreign_employee_mdoc()) as foreign:
        foreign.issuer.spoil = long_head
        assert foreign.receive()["credentials"]
        _assert_shows(foreign)
