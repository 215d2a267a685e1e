"""The foreign mdoc room against ISO 18013-5's and OpenID4VP's own examples, and against spoilt mdocs of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from inro_peers import cbor
from inro_peers.cbor import CborError, Tagged
from inro_peers.cose import CoseError, D, Sign1, Y, cose_key, key_from_cose
from inro_peers.jose import JoseError, JsonObject, PublicKey, new_key, public_jwk
from inro_peers.mdoc import (
    Draft,
    MdocError,
    check_items,
    draft_credential,
    read_mso,
    to_text,
    verify_credential,
)
from inro_peers.mdoc_response import (
    device_response,
    document,
    handover_info,
    session_transcript,
    verify_response,
)
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_VERIFIER, Authority, TrustError
from mdoc_spoils import ALLOWED, WRONG
from products import EMPLOYEE_DOCTYPE as DOCTYPE
from products import EMPLOYEE_SPACE as SPACE

VECTORS = Path(os.environ.get("INRO_VECTORS") or Path(__file__).resolve().parents[3] / "shared/vectors") / "mdoc"
with_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"no vectors in {VECTORS}; set INRO_VECTORS")
CBOR_FILES = sorted([*VECTORS.glob("*.cbor"), *VECTORS.glob("cose*/**/*.cbor"), *VECTORS.glob("session/session_*")])
CLAIMS = {SPACE: {"employee_number": "F0001", "post": "主任", "grade": 3}}
REFUSALS = (CborError, CoseError, MdocError, TrustError, JoseError)


def _hex(name: str) -> bytes:
    return bytes.fromhex((VECTORS / name).read_text())


@with_vectors
def test_there_are_vectors() -> None:
    assert len(CBOR_FILES) == 9


@pytest.mark.parametrize("file", CBOR_FILES, ids=lambda file: str(file.relative_to(VECTORS)))
def test_a_vector_leaves_as_it_came(file: Path) -> None:
    data = bytes.fromhex(file.read_text())
    assert cbor.encode(cbor.decode(data)) == data
    with pytest.raises(CborError):
        cbor.decode(data[:-1])
    with pytest.raises(CborError):
        cbor.decode(data + b"\0")


@with_vectors
def test_the_issuer_signed_example_verifies() -> None:
    """Source: ISO/IEC 18013-5 D.5.2 (the example's issuer is under no anchor of ours, so its leaf's key is pinned)."""
    issuer_signed = cbor.decode(_hex("issuer_signed.cbor"))
    auth = Sign1.from_cbor(issuer_signed["issuerAuth"])
    key = auth.chain[0].public_key()
    assert isinstance(key, PublicKey)
    mso = read_mso(auth.verify(key))
    assert mso["docType"] == "org.iso.18013.5.1.mDL"
    [(space, items)] = check_items(issuer_signed["nameSpaces"], mso).items()
    assert space == "org.iso.18013.5.1"
    assert cbor.embedded(items["family_name"])["elementValue"] == "Doe"
    assert cbor.embedded(items["issue_date"])["elementValue"] == Tagged(1004, "2019-10-20")

    with pytest.raises(CoseError, match="does not verify"):
        auth.with_payload(cbor.encode(cbor.embed(mso | {"docType": "org.iso.18013.5.1.mDM"}))).verify(key)
    forged = cbor.embed(cbor.embedded(items["family_name"]) | {"elementValue": "Dot"})
    with pytest.raises(MdocError, match="did not sign"):
        check_items({space: [forged]}, mso)


@with_vectors
def test_the_sign1_example_verifies() -> None:
    secret = int.from_bytes(_hex("cose/sign1/secret_key"), "big")
    key = ec.derive_private_key(secret, ec.SECP256R1())
    message = Sign1.from_cbor(_untagged(cbor.decode(_hex("cose/sign1/serialized.cbor"))))
    assert message.verify(key.public_key()) == b"This is the content."
    with pytest.raises(CoseError):
        message.verify(new_key().public_key())


def _untagged(value: Any) -> Any:
    return value.value if isinstance(value, Tagged) else value


@with_vectors
def test_the_key_example_is_read() -> None:
    example = cbor.decode(_hex("cose_key/ec_p256.cbor"))
    assert cose_key(key_from_cose(example)) == example
    odd = bool(example[Y][-1] & 1)
    assert cose_key(key_from_cose(example | {Y: odd})) == example
    for wrong in ({D: bytes(32)}, {Y: bytes(32)}, {Y: b""}, {Y: None}):
        with pytest.raises(CoseError):
            key_from_cose(example | wrong)


def test_the_transcript_is_the_one_of_the_specification() -> None:
    """Source: OpenID4VP B.2.6.1, its examples."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0",
        "y": "XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc",
        "use": "enc",
        "alg": "ECDH-ES",
        "kid": "1",
    }
    nonce = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA"
    info = handover_info("x509_san_dns:example.com", nonce, jwk, "https://example.com/response")
    assert cbor.encode(info).hex() == (
        "847818783530395f73616e5f646e733a6578616d706c652e636f6d782b6578633767"
        "426b786a7831726463397564527276654b7653734a4971383061766c58654c486847"
        "7771744158204283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6"
        "bd669047781c68747470733a2f2f6578616d706c652e636f6d2f726573706f6e7365"
    )
    assert cbor.encode(session_transcript(info)).hex() == (
        "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8e"
        "ed494cefdd9d95240d254b046b11b68013722aad38ac"
    )
    plain = handover_info("x509_san_dns:example.com", nonce, None, "https://example.com/response")
    assert plain == [*info[:2], None, info[3]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1bffffffffffffffff", 18446744073709551615),
        ("3903e7", -1000),
        ("f97bff", 65504.0),
        ("fb3ff199999999999a", 1.1),
        ("c11a514b67b0", Tagged(1, 1363896240)),
        ("d818456449455446", Tagged(24, bytes.fromhex("6449455446"))),
        ("62c3bc", "ü"),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("1800", 0),
    ],
)
def test_reads_cbor(text: str, value: Any) -> None:
    """Source: RFC 8949 appendix A; the last has a longer head than it needs, which is valid where nobody asks for less."""
    assert cbor.decode(bytes.fromhex(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "18", "1c", "5f42010243030405ff", "7f61ff", "9fff", "bfff", "ff", "f7", "f820", "e0"),
        *("a201010102", "a2616101616102", "a1f400", "a14001", "a1f93c0001", "61ff", "9bffffffffffffffff", "0000"),
        "81" * 40 + "00",
    ],
)
def test_refuses_what_is_no_cbor_of_an_mdoc(text: str) -> None:
    with pytest.raises(CborError):
        cbor.decode(bytes.fromhex(text))


def test_a_tagged_item_keeps_the_bytes_that_came() -> None:
    """The digests are over what was received, whatever heads its sender chose."""
    data = bytes.fromhex("81d9001858024100")
    [item] = cbor.decode(data)
    assert cbor.encode([item]) == data
    assert cbor.encode([Tagged(item.tag, item.value)]) != data


class _Agency:
    def __init__(self) -> None:
        self.authority = Authority.create("Partner Agency CA")
        self.signer = self.authority.issue("Partner", EKU_CREDENTIAL_ISSUER, credential_types=("employee-id",))
        self.holder = new_key()
        self.now = int(time.time())
        self.transcript = session_transcript(["client", "nonce", None, "https://example.com/response"])

    def issue(self, spoil: Callable[[Draft], None] = lambda _: None) -> str:
        draft = draft_credential(DOCTYPE, CLAIMS, self.signer, self.holder.public_key(), self.now)
        spoil(draft)
        return to_text(draft.sign(self.signer.key))

    def verify(self, text: str) -> JsonObject:
        return verify_credential(text, [self.authority.certificate], self.now).claims

    def present(self, spoil: Callable[[JsonObject], Any] = lambda _: None) -> str:
        mdoc = verify_credential(self.issue(), [self.authority.certificate], self.now)
        shown = mdoc.disclosing({(SPACE, "post")})
        response = device_response(document(DOCTYPE, shown, self.holder, self.transcript))
        spoil(response)
        return to_text(response)

    def accept(self, text: str, transcript: list[Any] | None = None) -> JsonObject:
        anchors = [self.authority.certificate]
        return verify_response(text, transcript or self.transcript, anchors, self.now)[0].claims


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_the_foreign_room_refuses_a_wrong_mdoc(spoil: Callable[[Draft], None]) -> None:
    agency = _Agency()
    assert agency.verify(agency.issue()) == CLAIMS
    with pytest.raises(REFUSALS):
        agency.verify(agency.issue(spoil))


@pytest.mark.parametrize("spoil", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_foreign_room_takes_what_is_allowed(spoil: Callable[[Draft], None]) -> None:
    agency = _Agency()
    assert agency.verify(agency.issue(spoil)) == CLAIMS


def test_the_foreign_room_refuses_another_issuer() -> None:
    agency, other = _Agency(), _Agency()
    with pytest.raises(TrustError):
        agency.verify(other.issue())
    agency.signer = agency.authority.issue("Verifier", EKU_VERIFIER)
    with pytest.raises(TrustError):
        agency.verify(agency.issue())


def _with_device_claims(agency: _Agency, response: JsonObject) -> None:
    issuer_signed = response["documents"][0]["issuerSigned"]
    added = document(DOCTYPE, issuer_signed, agency.holder, agency.transcript, {SPACE: {"grade": 9}})
    response["documents"] = [added]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda response: response.update(version="1.1"),
        lambda response: response.update(status=10),
        lambda response: response.update(documents=[]),
        lambda response: response["documents"].append(response["documents"][0]),
        lambda response: response["documents"][0].update(docType="inro.role-authority.1"),
        lambda response: response["documents"][0]["deviceSigned"].update(deviceAuth={}),
        lambda response: response["documents"][0]["deviceSigned"].update(nameSpaces=cbor.embed({"x": {"y": 1}})),
    ],
)
def test_the_foreign_room_refuses_a_wrong_response(spoil: Callable[[JsonObject], Any]) -> None:
    agency = _Agency()
    assert agency.accept(agency.present()) == {SPACE: {"post": "主任"}}
    with pytest.raises(REFUSALS):
        agency.accept(agency.present(spoil))


def test_the_foreign_room_refuses_another_transcript_key_and_unallowed_elements() -> None:
    agency = _Agency()
    assert agency.accept(agency.present())
    with pytest.raises(CoseError):
        agency.accept(agency.present(), session_transcript(["c", "n", b"", "https://example.com/"]))
    with pytest.raises(MdocError):
        agency.accept(agency.present(lambda response: _with_device_claims(agency, response)))
    text = agency.issue()
    shown = verify_credential(text, [agency.authority.certificate], agency.now).disclosing(set())
    stolen = device_response(document(DOCTYPE, shown, new_key(), agency.transcript))
    with pytest.raises(CoseError):
        agency.accept(to_text(stolen))


def test_a_jwk_and_a_cose_key_are_the_same_key() -> None:
    key = new_key()
    assert public_jwk(key_from_cose(cose_key(key))) == public_jwk(key)
