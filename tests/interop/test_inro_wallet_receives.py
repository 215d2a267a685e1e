"""Inro's wallet receives, or refuses, from an issuer that nobody here wrote for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations import FAILED, REFUSED, ended_with_code
from inro_peers.issuer import ForeignIssuer, Options
from inro_peers.jose import JsonObject, new_key, public_jwk
from inro_peers.processes import InroWallet
from inro_peers.sdjwt import SdJwt
from inro_peers.wallet_issuance import PRE_AUTHORIZED
from products import (
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    ROLE_TYPE,
    ROLE_VCT,
    employee_query,
    foreign_employee_id,
)
from world import world

ALL_OPTIONS = Options(
    dpop=True, dpop_nonce=True, nonce_endpoint=True, batch_size=4, tx_code="123456", by_reference=True, path="/agency"
)


@pytest.mark.parametrize(
    ("options", "copies"),
    [
        (Options(), 1),
        (Options(nonce_endpoint=True), 1),
        (Options(dpop=True), 1),
        (Options(dpop=True, dpop_nonce=True), 1),
        (Options(server_path="/as"), 1),
        (Options(identifiers=True), 1),
        (Options(by_reference=True), 1),
        (Options(path="/agency"), 1),
        (Options(tx_code="4711"), 1),
        (Options(batch_size=4), 4),
        (ALL_OPTIONS, 4),
    ],
    ids=[
        "plain",
        "nonce",
        "dpop",
        "dpop nonce",
        "other server",
        "identifiers",
        "by reference",
        "path",
        "tx_code",
        "batch",
        "everything",
    ],
)
def test_receives_with_or_without_each_optional_feature(
    inro_wallet: InroWallet, tmp_path: Path, options: Options, copies: int
) -> None:
    with world(inro_wallet, tmp_path, options) as foreign:
        [credential] = foreign.receive()["credentials"]
        assert (credential["type"], credential["format"]) == (EMPLOYEE_VCT, "dc+sd-jwt")
        assert credential["copies"] == copies
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))


def test_uses_no_feature_that_the_metadata_lack(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        assert not [one.path for one in foreign.issuer.requests if one.path.endswith("/nonce")]
        posts = [one for one in foreign.issuer.requests if one.method == "POST"]
        assert [one.path for one in posts] == ["/token", "/credential"]
        assert posts[1].headers["authorization"].startswith("Bearer ")


def test_refuses_an_issuer_that_it_does_not_trust(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        assert foreign.receive()["credentials"]

    stranger = ForeignIssuer(foreign_employee_id(), EMPLOYEE_TYPE)
    inro_wallet.trust("tls", stranger.tls_authority.write(tmp_path / "stranger-tls.pem"))
    with stranger:
        ended_with_code(inro_wallet.run("receive", stranger.offer(), "--json", expect=None), FAILED, REFUSED)


def test_refuses_a_type_that_the_issuers_certificate_does_not_name(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        assert foreign.receive()["credentials"]

    other = ForeignIssuer(foreign_employee_id(), ROLE_TYPE)
    inro_wallet.trust("issuer", other.authority.write(tmp_path / "other.pem"))
    inro_wallet.trust("tls", other.tls_authority.write(tmp_path / "other-tls.pem"))
    with other:
        ended_with_code(inro_wallet.run("receive", other.offer(), "--json", expect=None), FAILED, REFUSED)


def test_tells_a_service_without_a_trusted_certificate_nothing(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        assert foreign.receive()["credentials"]

    stranger = ForeignIssuer(foreign_employee_id(), EMPLOYEE_TYPE)
    inro_wallet.trust("issuer", stranger.authority.write(tmp_path / "stranger.pem"))
    with stranger:
        ended_with_code(inro_wallet.run("receive", stranger.offer(), "--json", expect=None), FAILED, REFUSED)
        assert not stranger.requests


def test_refuses_an_offer_without_tls(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(by_reference=True)) as foreign:
        assert foreign.receive()["credentials"]
        offer = foreign.issuer.offer().replace("https%3A", "http%3A")
        ended_with_code(inro_wallet.run("receive", offer, "--json", expect=None), FAILED, REFUSED)


def _replacing(**members: Any) -> Callable[[JsonObject], JsonObject]:
    return lambda document: document | members


@pytest.mark.parametrize(
    ("document", "alter"),
    [
        ("offer", _replacing(unknown={"x": 1})),
        ("metadata", _replacing(unknown=["x"], display=[{"name": "架空町", "locale": "ja"}])),
        ("server metadata", _replacing(unknown=1, grant_types_supported=[PRE_AUTHORIZED])),
        ("token", _replacing(token_type="bearer", expires_in=60, unknown="x")),
        ("claims", _replacing(unknown={"deep": [1, {"x": None}]}, iat=1_700_000_000)),
        ("credentials", _replacing(notification_id="n", unknown=True)),
    ],
    ids=["offer", "metadata", "server metadata", "token", "claims", "credentials"],
)
def test_takes_what_the_specifications_allow_beside(
    inro_wallet: InroWallet, tmp_path: Path, document: str, alter: Callable[[JsonObject], JsonObject]
) -> None:
    """Unrecognized parameters are ignored, and a token type has no case. Source: OpenID4VCI throughout, RFC 6749 §5.1."""
    with world(inro_wallet, tmp_path) as foreign:
        foreign.issuer.alter[document] = alter
        assert foreign.receive()["credentials"]
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))


def test_takes_fewer_copies_than_it_asked_for(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VCI §8.3 (the issuer may decide to issue fewer credentials)."""
    with world(inro_wallet, tmp_path, Options(batch_size=4)) as foreign:
        foreign.issuer.alter["credentials"] = lambda document: {"credentials": document["credentials"][1:3]}
        [credential] = foreign.receive()["credentials"]
        assert credential["copies"] == 2
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))


def _with_key_binding(document: JsonObject) -> JsonObject:
    [entry] = document["credentials"]
    return {"credentials": [{"credential": entry["credential"] + entry["credential"].partition("~")[0]}]}


def _forged(document: JsonObject) -> JsonObject:
    [entry] = document["credentials"]
    return {"credentials": [{"credential": str(SdJwt.parse(entry["credential"]).forging("forged"))}]}


@pytest.mark.parametrize(
    ("document", "alter"),
    [
        ("offer", _replacing(credential_configuration_ids=[])),
        ("offer", _replacing(credential_configuration_ids=["unknown"])),
        ("offer", _replacing(grants={})),
        ("metadata", _replacing(credential_issuer="https://another.example")),
        ("metadata", _replacing(credential_endpoint="http://localhost/credential")),
        ("metadata", _replacing(credential_configurations_supported={})),
        ("server metadata", _replacing(issuer="https://another.example")),
        ("server metadata", _replacing(token_endpoint="http://localhost/token")),
        ("token", _replacing(token_type="mac")),
        ("token", _replacing(access_token=None)),
        ("claims", _replacing(vct=ROLE_VCT)),
        ("claims", _replacing(exp=1)),
        ("claims", _replacing(nbf=32_503_680_000)),
        ("holder key", lambda _: public_jwk(new_key())),
        ("credentials", lambda document: {"credentials": document["credentials"] * 2}),
        ("credentials", _replacing(credentials=[])),
        ("credentials", _replacing(credentials=[{"credential": "no SD-JWT"}])),
        ("credentials", _with_key_binding),
        ("credentials", _forged),
    ],
    ids=[
        *("empty offer", "unknown configuration", "no grant", "other issuer", "endpoint without TLS", "no types"),
        *("other server", "token endpoint without TLS", "token type", "no token", "vct", "expired", "not yet valid"),
        *("other key", "one copy twice", "none", "garbage", "key binding", "forged disclosure"),
    ],
)
def test_keeps_nothing_of_a_wrong_issuance(
    inro_wallet: InroWallet, tmp_path: Path, document: str, alter: Callable[[JsonObject], JsonObject]
) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        assert foreign.receive()["credentials"]
        before = inro_wallet.run("list", "--json").json()

        foreign.issuer.alter[document] = alter
        finished = inro_wallet.run("receive", foreign.issuer.offer(), "--json", expect=None)
        ended_with_code(finished, FAILED, REFUSED)
        assert inro_wallet.run("list", "--json").json() == before


@pytest.mark.parametrize(
    ("proof_types", "attested"),
    [
        (("jwt",), ("jwt",)),
        (("attestation",), ("attestation",)),
        (("attestation",), ()),
        (("jwt", "attestation"), ("jwt", "attestation")),
    ],
    ids=["beside a proof", "alone", "alone, not required", "either"],
)
def test_sends_no_proof_where_its_keys_would_have_to_be_attested(
    inro_wallet: InroWallet, tmp_path: Path, proof_types: tuple[str, ...], attested: tuple[str, ...]
) -> None:
    """Nobody attests the software keys of this wallet. Source: OpenID4VCI §12.2.4 (`key_attestations_required`)."""
    options = Options(nonce_endpoint=True, proof_types=proof_types, attested=attested, batch_size=2)
    with world(inro_wallet, tmp_path, options) as foreign:
        ended_with_code(foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None), FAILED, REFUSED)
        assert not [one.path for one in foreign.issuer.requests if one.path.endswith("/credential")]
        assert not foreign.wallet.run("list", "--json").json()["credentials"]


@pytest.mark.parametrize("attested", [(), ("attestation",)], ids=["nowhere", "alone"])
def test_proves_its_keys_itself_where_it_may(
    inro_wallet: InroWallet, tmp_path: Path, attested: tuple[str, ...]
) -> None:
    """Of the proof types that an issuer takes it uses the one that it can make."""
    options = Options(nonce_endpoint=True, proof_types=("attestation", "jwt"), attested=attested, batch_size=2)
    with world(inro_wallet, tmp_path, options) as foreign:
        [credential] = foreign.receive()["credentials"]
        assert credential["copies"] == 2
        requests = [message.request for message in foreign.issuer.messages.received]
        assert [list(request["proofs"]) for request in requests] == [["jwt"]]
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))


@pytest.mark.parametrize("algorithms", [["ES384"], ["es256"], []], ids=["another", "in small letters", "none"])
def test_sends_no_proof_by_an_algorithm_that_the_issuer_does_not_name(
    inro_wallet: InroWallet, tmp_path: Path, algorithms: list[str]
) -> None:
    """Source: OpenID4VCI §12.2.4 (`proof_signing_alg_values_supported`) and F.1 (case sensitive)."""

    def naming(values: list[str]) -> Callable[[JsonObject], JsonObject]:
        def alter(metadata: JsonObject) -> JsonObject:
            for configuration in metadata["credential_configurations_supported"].values():
                configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"] = values
            return metadata

        return alter

    with world(inro_wallet, tmp_path) as foreign:
        foreign.issuer.alter["metadata"] = naming(algorithms)
        ended_with_code(foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None), FAILED, REFUSED)
        assert not [one.path for one in foreign.issuer.requests if one.path.endswith("/credential")]
        foreign.issuer.alter["metadata"] = naming(["ES384", "ES256"])
        assert foreign.receive()["credentials"]
