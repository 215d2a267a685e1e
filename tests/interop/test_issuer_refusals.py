"""A foreign wallet that misbehaves towards Inro's issuer: first the unaltered message, then one change."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conftest import APPROVER
from expectations import refused, refused_by_resource
from inro_peers.jose import JsonObject, Jws, PrivateKey, b64url, new_key, public_jwk, sign_jws
from inro_peers.processes import InroIssuer
from inro_peers.transport import HttpsClient, Reply
from inro_peers.wallet_issuance import PROOF_TYP, IssuanceWallet, Offer
from products import EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE, ROLE_CONFIGURATION

WRONG_GUESSES = 5
AT_ONCE = 6


@dataclass
class Started:
    """An offer that was resolved, with the metadata to redeem it."""

    wallet: IssuanceWallet
    metadata: JsonObject
    server: JsonObject
    offer: Offer
    tx_code: str | None

    @property
    def token_endpoint(self) -> str:
        """Where the code is redeemed."""
        return str(self.server["token_endpoint"])

    @property
    def credential_endpoint(self) -> str:
        """Where credentials are requested."""
        return str(self.metadata["credential_endpoint"])

    def token(self) -> JsonObject:
        """Redeems the code as it should be."""
        reply = self.wallet.token(self.server, self.offer, self.tx_code)
        assert reply.status == 200, reply.text
        assert "no-store" in reply.headers.get("cache-control", ""), "RFC 6749 §5.1"
        return reply.json()

    def proof(self, key: PrivateKey | None = None, **changes: Any) -> str:
        """A right key proof, but for `changes`."""
        nonce = changes.pop("nonce") if "nonce" in changes else self.wallet.nonce(self.metadata)
        return self.wallet.proof(key or new_key(), self.metadata["credential_issuer"], nonce, **changes)

    def request(self, token: JsonObject, *proofs: str, dpop_proof: str | None = None, **changes: Any) -> Reply:
        """Requests the employee id."""
        body: JsonObject = {"credential_configuration_id": EMPLOYEE_CONFIGURATION, "proofs": {"jwt": list(proofs)}}
        return self.wallet.credential_request(self.metadata, token, body | changes, dpop_proof)


Begin = Callable[..., Started]


@pytest.fixture
def begin(issuer: InroIssuer) -> Begin:
    """Starts an issuance with a wallet of its own."""

    def start(*, tx_code: bool = False) -> Started:
        wallet = IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)
        created = issuer.offer(APPROVER, EMPLOYEE_TYPE, tx_code=tx_code)
        offer = wallet.resolve_offer(created["credential_offer"])
        metadata = wallet.issuer_metadata(offer.issuer)
        return Started(wallet, metadata, wallet.server_metadata(metadata), offer, created["tx_code"])

    return start


def test_refuses_a_code_that_was_redeemed(begin: Begin) -> None:
    started = begin()
    assert started.token()["token_type"] == "DPoP"
    refused(started.wallet.token(started.server, started.offer), 400, "invalid_grant")


def test_of_many_redemptions_at_once_one_succeeds(begin: Begin) -> None:
    """Single use holds under concurrency. Source: OpenID4VCI §4.1.1 (`pre-authorized_code` is single use)."""
    started = begin()
    wallets = [begin().wallet for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(lambda wallet: wallet.token(started.server, started.offer), wallets))
    assert sorted(reply.status for reply in replies) == [200, *[400] * (AT_ONCE - 1)]
    for reply in replies:
        if reply.status != 200:
            refused(reply, 400, "invalid_grant")


def test_of_many_uses_of_a_c_nonce_at_once_one_succeeds(begin: Begin) -> None:
    many = [begin() for _ in range(AT_ONCE)]
    tokens = [started.token() for started in many]
    nonce = many[0].wallet.nonce(many[0].metadata)

    def use(index: int) -> Reply:
        return many[index].request(tokens[index], many[index].proof(nonce=nonce))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(use, range(AT_ONCE)))
    assert sorted(reply.status for reply in replies) == [200, *[400] * (AT_ONCE - 1)]
    for reply in replies:
        if reply.status != 200:
            refused(reply, 400, "invalid_nonce")


def test_refuses_a_parameter_that_occurs_twice(begin: Begin) -> None:
    """Source: RFC 6749 §3.2 (parameters must not occur more than once)."""
    started = begin()
    headers, body = started.wallet.token_request(started.offer)
    twice = body + b"&pre-authorized_code=another"
    reply = started.wallet.dpop.send_with_retry("POST", started.token_endpoint, headers, twice)
    refused(reply, 400, "invalid_request")
    assert started.token()


def test_refuses_a_code_that_nobody_gave_out(begin: Begin) -> None:
    started = begin()
    assert started.token()
    refused(started.wallet.token(started.server, replace(started.offer, code="unknown")), 400, "invalid_grant")


def test_refuses_another_grant_type(begin: Begin) -> None:
    started = begin()
    reply = started.wallet.token(started.server, started.offer, grant_type="authorization_code")
    refused(reply, 400, "unsupported_grant_type")
    assert started.token()


def test_a_code_dies_after_five_wrong_guesses(begin: Begin) -> None:
    assert begin(tx_code=True).token()

    started = begin(tx_code=True)
    assert started.tx_code is not None
    wrong = f"{(int(started.tx_code) + 1) % 1_000_000:06}"
    for _ in range(WRONG_GUESSES):
        refused(started.wallet.token(started.server, started.offer, wrong), 400, "invalid_grant")
    refused(started.wallet.token(started.server, started.offer, started.tx_code), 400, "invalid_grant")


def test_a_code_survives_four_wrong_guesses(begin: Begin) -> None:
    started = begin(tx_code=True)
    assert started.tx_code is not None
    wrong = f"{(int(started.tx_code) + 1) % 1_000_000:06}"
    for _ in range(WRONG_GUESSES - 1):
        refused(started.wallet.token(started.server, started.offer, wrong), 400, "invalid_grant")
    assert started.token()


def test_refuses_a_missing_transaction_code(begin: Begin) -> None:
    assert begin(tx_code=True).token()
    started = begin(tx_code=True)
    refused(started.wallet.token(started.server, started.offer), 400, "invalid_request")


def test_refuses_a_transaction_code_that_is_not_expected(begin: Begin) -> None:
    assert begin().token()
    started = begin()
    refused(started.wallet.token(started.server, started.offer, "123456"), 400, "invalid_request")


def test_the_token_endpoint_asks_for_its_nonce(begin: Begin) -> None:
    started = begin()
    headers, body = started.wallet.token_request(started.offer)
    without = started.wallet.dpop.proof("POST", started.token_endpoint, nonce=None)
    reply = started.wallet.dpop.send("POST", started.token_endpoint, headers, body, proof=without)
    refused(reply, 400, "use_dpop_nonce")
    assert reply.headers["dpop-nonce"]
    # The same code is still good: only the nonce was missing.
    assert started.wallet.dpop.send("POST", started.token_endpoint, headers, body).status == 200


def test_the_token_endpoint_refuses_a_request_without_dpop(begin: Begin) -> None:
    assert begin().token()
    started = begin()
    headers, body = started.wallet.token_request(started.offer)
    reply = started.wallet.https.request("POST", started.token_endpoint, headers, body)
    refused(reply, 400, "invalid_dpop_proof", "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [{"htm": "GET"}, {"htu": "https://localhost:1/token"}, {"iat": 1}, {"jti": None}, {"htu": None}, {"iat": None}],
    ids=["htm", "htu", "iat", "no jti", "no htu", "no iat"],
)
def test_the_token_endpoint_refuses_a_wrong_dpop_proof(begin: Begin, changes: JsonObject) -> None:
    started = begin()
    assert started.token()

    started = replace(begin(), wallet=started.wallet)
    headers, body = started.wallet.token_request(started.offer)
    proof = started.wallet.dpop.proof("POST", started.token_endpoint, **changes)
    refused(_sent_with_own_nonce(started, headers, body, proof, changes), 400, "invalid_dpop_proof")
    assert started.token()


def _sent_with_own_nonce(
    started: Started, headers: dict[str, str], body: bytes, proof: str, changes: JsonObject
) -> Reply:
    """Sends the wrong proof; if the server's nonce was used up, once more with the new one."""
    reply = started.wallet.dpop.send("POST", started.token_endpoint, headers, body, proof=proof)
    if reply.status == 400 and reply.json()["error"] == "use_dpop_nonce":
        proof = started.wallet.dpop.proof("POST", started.token_endpoint, **changes)
        reply = started.wallet.dpop.send("POST", started.token_endpoint, headers, body, proof=proof)
    return reply


def test_the_token_endpoint_refuses_a_dpop_proof_of_another_type(begin: Begin) -> None:
    first = begin()
    assert first.token()
    started = replace(begin(), wallet=first.wallet)
    dpop = started.wallet.dpop
    right = Jws.parse(dpop.proof("POST", started.token_endpoint))
    proof = sign_jws(right.header | {"typ": "JWT"}, right.payload, dpop.key)
    headers, body = started.wallet.token_request(started.offer)
    refused(dpop.send("POST", started.token_endpoint, headers, body, proof=proof), 400, "invalid_dpop_proof")
    assert started.token()


def test_the_token_endpoint_refuses_a_replayed_dpop_proof(begin: Begin) -> None:
    first = begin()
    dpop, url = first.wallet.dpop, first.token_endpoint
    headers, body = first.wallet.token_request(first.offer)
    assert dpop.send("POST", url, headers, body).status == 400, "the first answer only brings the nonce"
    proof = dpop.proof("POST", url)
    assert dpop.send("POST", url, headers, body, proof=proof).status == 200

    second = begin()
    headers, body = second.wallet.token_request(second.offer)
    reply = dpop.send("POST", url, headers, body, proof=proof)
    refused(reply, 400, "invalid_dpop_proof", "use_dpop_nonce")
    assert second.token()


def test_the_credential_endpoint_refuses_a_replayed_dpop_proof(begin: Begin) -> None:
    started = begin()
    token = started.token()
    warm_up = started.request(token, started.proof())
    assert warm_up.status == 200, warm_up.text

    other = replace(begin(), wallet=started.wallet)
    token = other.token()
    proof = other.wallet.dpop.proof("POST", other.credential_endpoint, token["access_token"])
    assert other.request(token, other.proof(), dpop_proof=proof).status == 200
    reply = other.request(token, other.proof(), dpop_proof=proof)
    refused_by_resource(reply, "invalid_dpop_proof", "use_dpop_nonce")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ath": None}, "invalid_dpop_proof"),
        ({"ath": "x"}, "invalid_dpop_proof"),
        ({"nonce": "x"}, "use_dpop_nonce"),
        ({"nonce": None}, "use_dpop_nonce"),
    ],
    ids=["no ath", "another ath", "another nonce", "no nonce"],
)
def test_the_credential_endpoint_refuses_a_wrong_dpop_proof(begin: Begin, changes: JsonObject, error: str) -> None:
    started = begin()
    token = started.token()
    dpop_proof = started.wallet.dpop.proof("POST", started.credential_endpoint, token["access_token"], **changes)
    reply = started.request(token, started.proof(), dpop_proof=dpop_proof)
    refused_by_resource(reply, error)
    assert started.request(token, started.proof()).status == 200


def test_the_credential_endpoint_refuses_another_dpop_key(begin: Begin) -> None:
    started = begin()
    token = started.token()
    thief = replace(started, wallet=begin().wallet)
    refused_by_resource(thief.request(token, thief.proof()), "invalid_token", "invalid_dpop_proof")
    assert started.request(token, started.proof()).status == 200


def test_the_credential_endpoint_refuses_a_bound_token_as_bearer(begin: Begin) -> None:
    started = begin()
    token = started.token()
    reply = started.request(token | {"token_type": "Bearer"}, started.proof())
    assert reply.status == 401, reply.text
    assert reply.headers["www-authenticate"]
    assert started.request(token, started.proof()).status == 200


def test_refuses_a_c_nonce_that_was_used(begin: Begin) -> None:
    first, second = begin(), begin()
    nonce = first.wallet.nonce(first.metadata)
    assert first.request(first.token(), first.proof(nonce=nonce)).status == 200

    token = second.token()
    refused(second.request(token, second.proof(nonce=nonce)), 400, "invalid_nonce")
    assert second.request(token, second.proof()).status == 200


def _proof(started: Started, *, private: bool = False, other_key: bool = False, **changes: str) -> str:
    """A key proof that is wrong in one way; `changes` go to its header."""
    key = new_key()
    jwk = public_jwk(key)
    if private:
        jwk["d"] = b64url(key.private_numbers().private_value.to_bytes(32, "big"))
    claims = {
        "aud": started.metadata["credential_issuer"],
        "iat": int(time.time()),
        "nonce": started.wallet.nonce(started.metadata),
    }
    return sign_jws({"typ": PROOF_TYP, "jwk": jwk, **changes}, claims, new_key() if other_key else key)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda started: started.proof(aud="https://another.example"), "invalid_proof"),
        (lambda started: started.proof(aud=None), "invalid_proof"),
        (lambda started: started.proof(nonce=None), "invalid_proof"),
        (lambda started: started.proof(nonce="nobody-gave-this-out"), "invalid_nonce"),
        (lambda started: started.proof(iat=1), "invalid_proof"),
        (lambda started: started.proof(iat=None), "invalid_proof"),
        (lambda started: _proof(started, private=True), "invalid_proof"),
        (lambda started: _proof(started, other_key=True), "invalid_proof"),
        (lambda started: _proof(started, typ="JWT"), "invalid_proof"),
        (lambda started: _proof(started, alg="none"), "invalid_proof"),
        (lambda started: _proof(started, alg="HS256"), "invalid_proof"),
        (lambda started: _proof(started, kid="beside-the-jwk"), "invalid_proof"),
        (lambda started: started.proof(iss="an-anonymous-wallet"), "invalid_proof"),
        (lambda _: "not a JWT", "invalid_proof"),
    ],
    ids=[
        *("aud", "no aud", "no nonce", "nonce", "iat", "no iat", "private key", "signature", "typ"),
        *("alg none", "alg HS256", "jwk and kid", "iss", "garbage"),
    ],
)
def test_refuses_a_wrong_key_proof(begin: Begin, make: Callable[[Started], str], error: str) -> None:
    assert (unaltered := begin()).request(unaltered.token(), unaltered.proof()).status == 200

    started = begin()
    token = started.token()
    refused(started.request(token, make(started)), 400, error)
    assert started.request(token, started.proof()).status == 200


def test_one_wrong_proof_spoils_its_batch(begin: Begin) -> None:
    started = begin()
    token = started.token()
    nonce = started.wallet.nonce(started.metadata)
    right, wrong = started.proof(nonce=nonce), started.proof(nonce=nonce, aud="https://another.example")
    refused(started.request(token, right, wrong), 400, "invalid_proof")
    nonce = started.wallet.nonce(started.metadata)
    assert started.request(token, started.proof(nonce=nonce), started.proof(nonce=nonce)).status == 200


def test_refuses_more_proofs_than_a_batch_has(begin: Begin) -> None:
    started = begin()
    token = started.token()
    size = started.metadata["batch_credential_issuance"]["batch_size"]
    assert size == 10

    nonce = started.wallet.nonce(started.metadata)
    too_many = [started.proof(nonce=nonce) for _ in range(size + 1)]
    refused(started.request(token, *too_many), 400, "invalid_proof", "invalid_credential_request")

    nonce = started.wallet.nonce(started.metadata)
    full = [started.proof(nonce=nonce) for _ in range(size)]
    reply = started.request(token, *full)
    assert (reply.status, len(reply.json()["credentials"])) == (200, size)


def test_refuses_an_unknown_configuration(begin: Begin) -> None:
    started = begin()
    token = started.token()
    reply = started.request(token, started.proof(), credential_configuration_id="driving-licence.mso_mdoc")
    refused(reply, 400, "unknown_credential_configuration")
    assert started.request(token, started.proof()).status == 200


def test_refuses_a_configuration_that_was_not_offered(begin: Begin) -> None:
    """An access token reaches no further than its offer. Source: OpenID4VCI §6.1 and §8.3.1."""
    started = begin()
    token = started.token()
    reply = started.request(token, started.proof(), credential_configuration_id=ROLE_CONFIGURATION)
    refused(reply, 400, "unknown_credential_configuration", "invalid_credential_request")
    assert started.request(token, started.proof()).status == 200


def test_refuses_a_request_that_names_its_credential_twice(begin: Begin) -> None:
    started = begin()
    token = started.token()
    refused(started.request(token, started.proof(), credential_identifier="x"), 400, "invalid_credential_request")
    assert started.request(token, started.proof()).status == 200


def test_refuses_two_credentials_for_one_key(begin: Begin) -> None:
    """Source: OpenID4VCI §8.3 (each key is bound to at most one credential)."""
    started = begin()
    token, key = started.token(), new_key()
    nonce = started.wallet.nonce(started.metadata)
    twice = [started.proof(key, nonce=nonce), started.proof(key, nonce=nonce)]
    refused(started.request(token, *twice), 400, "invalid_proof")
    assert started.request(token, started.proof(key)).status == 200


def test_ignores_parameters_that_it_does_not_know(begin: Begin) -> None:
    """Source: OpenID4VCI §6.1 and §8.2 (unrecognized parameters MUST be ignored)."""
    started = begin()
    reply = started.wallet.token(started.server, started.offer, an_unknown_parameter="x")
    assert reply.status == 200, reply.text
    proof = started.proof(an_unknown_claim={"x": 1})
    assert started.request(reply.json(), proof, an_unknown_member={"x": 1}).status == 200


def test_refuses_a_request_without_proofs(begin: Begin) -> None:
    started = begin()
    token = started.token()
    refused(started.request(token, proofs={"jwt": []}), 400, "invalid_proof", "invalid_credential_request")
    assert started.request(token, started.proof()).status == 200
