"""Inro's wallet encrypts its requests to a foreign issuer and opens its answers. Source: OpenID4VCI §8.2, §8.3, §10."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from expectations import FAILED, REFUSED, ended_with_code
from foreign_keys import X25519
from inro_peers import jwe
from inro_peers.issuer import Options
from inro_peers.issuer_messages import Encryption, sealed_answer
from inro_peers.jose import JsonObject, key_from_jwk, new_key, public_jwk
from inro_peers.jwe import Recipient
from inro_peers.processes import InroWallet
from inro_peers.transport import Incoming, Outgoing
from products import employee_query
from world import World, world

Spoil = Callable[[JsonObject, JsonObject], Outgoing]
ALL_OPTIONS = Options(
    dpop=True, dpop_nonce=True, nonce_endpoint=True, batch_size=4, encryption=Encryption(), path="/agency"
)


def _assert_receives(foreign: World) -> None:
    assert foreign.receive()["credentials"]
    foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))


def _assert_keeps_nothing(foreign: World) -> None:
    before = foreign.wallet.run("list", "--json").json()
    finished = foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None)
    ended_with_code(finished, FAILED, REFUSED)
    assert foreign.wallet.run("list", "--json").json() == before


def _credential_requests(foreign: World) -> list[Incoming]:
    return [one for one in foreign.issuer.requests if one.path.endswith("/credential")]


@pytest.mark.parametrize(
    ("encryption", "request_encs", "response_encs"),
    [
        (Encryption(), {"A128GCM", "A256GCM"}, {"A128GCM", "A256GCM"}),
        (Encryption(required=True), {"A128GCM", "A256GCM"}, {"A128GCM", "A256GCM"}),
        (Encryption(request_encs=("A128GCM",), response_encs=("A256GCM",)), {"A128GCM"}, {"A256GCM"}),
        (Encryption(request_encs=("A256GCM",), response_encs=("A128GCM",)), {"A256GCM"}, {"A128GCM"}),
        (
            Encryption(request_encs=("A128CBC-HS256", "A256GCM"), response_encs=("unknown", "A128GCM")),
            {"A256GCM"},
            {"A128GCM"},
        ),
    ],
    ids=["offered", "required", "A128GCM and A256GCM", "A256GCM and A128GCM", "beside unknown ones"],
)
def test_encrypts_by_what_the_issuer_offers(
    inro_wallet: InroWallet, tmp_path: Path, encryption: Encryption, request_encs: set[str], response_encs: set[str]
) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=encryption)) as foreign:
        _assert_receives(foreign)
        [message] = foreign.issuer.messages.received
        assert message.header is not None
        assert message.header["enc"] in request_encs
        wanted = message.response_encryption
        assert wanted is not None
        assert wanted["enc"] in response_encs
        assert wanted["jwk"]["alg"] == "ECDH-ES"
        assert key_from_jwk(wanted["jwk"])


def test_encrypts_with_every_other_feature(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, ALL_OPTIONS) as foreign:
        [credential] = foreign.receive()["credentials"]
        assert credential["copies"] == 4
        assert [message.header is not None for message in foreign.issuer.messages.received] == [True]


def test_makes_fresh_keys_for_each_request(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption())) as foreign:
        foreign.receive()
        foreign.receive()
        first, second = foreign.issuer.messages.received
        assert first.header and second.header and first.response_encryption and second.response_encryption
        assert first.header["epk"] != second.header["epk"]
        for name in ("x", "y"):
            assert first.response_encryption["jwk"][name] != second.response_encryption["jwk"][name]


def test_asks_for_no_encrypted_answer_in_a_request_in_the_clear(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VCI §8.2 (request encryption MUST be used if the answer is to be encrypted)."""
    with world(inro_wallet, tmp_path, Options(encryption=Encryption(requests=False))) as foreign:
        _assert_receives(foreign)
        [message] = foreign.issuer.messages.received
        assert message.header is None
        assert message.response_encryption is None


def test_encrypts_its_request_where_answers_cannot_be(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption(responses=False, required=True))) as foreign:
        _assert_receives(foreign)
        [message] = foreign.issuer.messages.received
        assert message.header is not None
        assert message.response_encryption is None


FOR_SIGNATURES = Recipient.create().jwk | {"use": "sig"}
UNUSABLE = {
    "wrapping": Recipient.create().jwk | {"alg": "ECDH-ES+A128KW"},
    "off the curve": Recipient.create().jwk | {"x": public_jwk(new_key())["x"]},
    "OKP": X25519,
}


def _with_keys(*keys: JsonObject) -> Callable[[JsonObject], JsonObject]:
    def alter(metadata: JsonObject) -> JsonObject:
        own = metadata["credential_request_encryption"]
        return metadata | {"credential_request_encryption": own | {"jwks": {"keys": [*keys]}}}

    return alter


EACH_UNUSABLE = pytest.mark.parametrize(
    "other",
    [*UNUSABLE.values(), FOR_SIGNATURES],
    ids=[*UNUSABLE.keys(), "for signatures"],
)


@EACH_UNUSABLE
def test_passes_over_a_key_that_it_cannot_use(inro_wallet: InroWallet, tmp_path: Path, other: JsonObject) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption(required=True))) as foreign:
        foreign.issuer.alter["metadata"] = _with_keys(other, foreign.issuer.messages.recipient.jwk)
        _assert_receives(foreign)
        [message] = foreign.issuer.messages.received
        assert message.header is not None


@EACH_UNUSABLE
def test_stops_where_it_must_encrypt_and_cannot(inro_wallet: InroWallet, tmp_path: Path, other: JsonObject) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption(required=True))) as foreign:
        _assert_receives(foreign)
        foreign.issuer.alter["metadata"] = _with_keys(other)
        foreign.issuer.requests.clear()
        _assert_keeps_nothing(foreign)
        assert not _credential_requests(foreign)


def _demanding(requests: JsonObject | None, responses: JsonObject) -> Callable[[JsonObject], JsonObject]:
    """Changes what the metadata say of both directions; None takes the offer for requests away."""

    def alter(metadata: JsonObject) -> JsonObject:
        changed = metadata | {
            "credential_request_encryption": metadata["credential_request_encryption"] | (requests or {}),
            "credential_response_encryption": metadata["credential_response_encryption"] | responses,
        }
        if requests is None:
            del changed["credential_request_encryption"]
        return changed

    return alter


UNKNOWN = {"enc_values_supported": ["A128CBC-HS256"]}


@pytest.mark.parametrize(
    "alter",
    [
        _demanding(None, {}),
        _demanding(UNKNOWN, {}),
        _demanding({}, UNKNOWN),
        _demanding({}, {"alg_values_supported": ["RSA-OAEP-256"]}),
        _demanding({"jwks": {"keys": []}}, {}),
    ],
    ids=["answers alone", "unknown enc of requests", "unknown enc of answers", "unknown alg of answers", "no key"],
)
def test_stops_where_encryption_is_required_that_it_cannot_do(
    inro_wallet: InroWallet, tmp_path: Path, alter: Callable[[JsonObject], JsonObject]
) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption(required=True))) as foreign:
        _assert_receives(foreign)
        foreign.issuer.alter["metadata"] = alter
        foreign.issuer.requests.clear()
        _assert_keeps_nothing(foreign)
        assert not _credential_requests(foreign)


def _altered(document: JsonObject, wanted: JsonObject) -> Outgoing:
    header, key, iv, ciphertext, tag = jwe.encrypt(document, wanted["jwk"], wanted["enc"]).split(".")
    first = "B" if ciphertext.startswith("A") else "A"
    return sealed_answer(".".join((header, key, iv, first + ciphertext[1:], tag)))


def _with_header(**header: object) -> Spoil:
    return lambda document, wanted: sealed_answer(jwe.encrypt(document, wanted["jwk"], wanted["enc"], dict(header)))


def _to_another(document: JsonObject, wanted: JsonObject) -> Outgoing:
    other = wanted["jwk"] | public_jwk(new_key())
    return sealed_answer(jwe.encrypt(document, other, wanted["enc"]))


def _by_another_enc(document: JsonObject, wanted: JsonObject) -> Outgoing:
    [other] = set(jwe.KEY_BYTES) - {wanted["enc"]}
    return sealed_answer(jwe.encrypt(document, wanted["jwk"], other))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document, _: Outgoing.json(200, document),
        lambda document, wanted: Outgoing(
            200, _altered(document, wanted).body.replace(b".", b"", 1), "application/jwt"
        ),
        _altered,
        _to_another,
        _by_another_enc,
        _with_header(alg="dir"),
        _with_header(zip="DEF"),
        _with_header(crit=["exp"], exp=1),
        _with_header(epk=None),
        lambda _, wanted: sealed_answer(jwe.encrypt({}, wanted["jwk"], wanted["enc"])),
    ],
    ids=[
        *("in the clear", "four parts", "altered", "another key", "another enc", "alg", "zip", "crit"),
        *("no epk", "nothing inside"),
    ],
)
def test_keeps_nothing_of_an_answer_that_is_wrongly_encrypted(
    inro_wallet: InroWallet, tmp_path: Path, spoil: Spoil
) -> None:
    with world(inro_wallet, tmp_path, Options(encryption=Encryption())) as foreign:
        _assert_receives(foreign)
        foreign.issuer.messages.spoil = spoil
        _assert_keeps_nothing(foreign)


def test_reads_an_error_in_the_clear(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VCI §8.3.1.2 (error responses are never encrypted)."""
    with world(inro_wallet, tmp_path, Options(encryption=Encryption())) as foreign:
        _assert_receives(foreign)
        foreign.issuer.messages.spoil = lambda *_: Outgoing.json(400, {"error": "credential_request_denied"})
        _assert_keeps_nothing(foreign)
