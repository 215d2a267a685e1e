"""A foreign wallet says in its token request which credentials it wants, and gets identifiers for them.

Source: OpenID4VCI 1.0 §3.3.4, §5.1.1, §6.1.1, §6.2, §8.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from conftest import APPROVER
from expectations import refused
from inro_peers.jose import JsonObject, new_key
from inro_peers.processes import InroIssuer
from inro_peers.transport import HttpsClient, Reply
from inro_peers.wallet_issuance import IssuanceWallet, Offer, credential_reference
from products import EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE, EMPLOYEE_VCT, ROLE_CONFIGURATION, ROLE_TYPE, ROLE_VCT

IDENTIFIER, CONFIGURATION = "credential_identifier", "credential_configuration_id"
UNKNOWN = "unknown_credential_identifier"


def _detail(configuration: str, **members: Any) -> JsonObject:
    return {"type": "openid_credential", CONFIGURATION: configuration} | members


@dataclass
class Started:
    """An offer of two credentials that nobody has redeemed."""

    wallet: IssuanceWallet
    metadata: JsonObject
    server: JsonObject
    offer: Offer

    def token(self, details: Any = None) -> Reply:
        """Redeems it for the credentials of `details`, or for all."""
        changes = {} if details is None else {"authorization_details": json.dumps(details)}
        return self.wallet.token(self.server, self.offer, **changes)

    def request(self, token: JsonObject, **reference: Any) -> Reply:
        """Asks for one credential."""
        proof = self.wallet.proof(new_key(), self.metadata["credential_issuer"], self.wallet.nonce(self.metadata))
        return self.wallet.credential_request(self.metadata, token, {**reference, "proofs": {"jwt": [proof]}})

    def vct(self, token: JsonObject, **reference: Any) -> str:
        """The type of the one credential that comes."""
        reply = self.request(token, **reference)
        assert reply.status == 200, reply.text
        [entry] = reply.json()["credentials"]
        return self.wallet.verify(entry["credential"]).vct


Begin = Callable[[], Started]


@pytest.fixture
def begin(issuer: InroIssuer) -> Begin:
    """Starts an issuance with a wallet of its own."""

    def start() -> Started:
        wallet = IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)
        offer = wallet.resolve_offer(issuer.offer(APPROVER, EMPLOYEE_TYPE, ROLE_TYPE)["credential_offer"])
        metadata = wallet.issuer_metadata(offer.issuer)
        return Started(wallet, metadata, wallet.server_metadata(metadata), offer)

    return start


def test_gives_identifiers_for_what_was_asked_for(begin: Begin) -> None:
    """Source: OpenID4VCI §6.2 (`authorization_details` REQUIRED, `credential_identifiers` non-empty)."""
    started = begin()
    reply = started.token([_detail(EMPLOYEE_CONFIGURATION), _detail(ROLE_CONFIGURATION)])
    assert reply.status == 200, reply.text
    token = reply.json()
    assert {one["type"] for one in token["authorization_details"]} == {"openid_credential"}
    found = {one[CONFIGURATION]: one["credential_identifiers"] for one in token["authorization_details"]}
    assert set(found) == {EMPLOYEE_CONFIGURATION, ROLE_CONFIGURATION}
    identifiers = [name for names in found.values() for name in names]
    assert len(set(identifiers)) == len(identifiers) >= 2
    for configuration, vct in ((EMPLOYEE_CONFIGURATION, EMPLOYEE_VCT), (ROLE_CONFIGURATION, ROLE_VCT)):
        assert started.vct(token, **credential_reference(token, configuration)) == vct


def test_gives_a_part_of_the_offer_to_who_asks_for_a_part(begin: Begin) -> None:
    """Source: OpenID4VCI §6.1.1 (a specific credential configuration)."""
    started = begin()
    token = started.token([_detail(ROLE_CONFIGURATION)]).json()
    [detail] = token["authorization_details"]
    assert detail[CONFIGURATION] == ROLE_CONFIGURATION
    refused(started.request(token, credential_identifier=EMPLOYEE_CONFIGURATION), 400, UNKNOWN)
    refused(
        started.request(token, credential_configuration_id=EMPLOYEE_CONFIGURATION), 400, "invalid_credential_request"
    )
    assert started.vct(token, **credential_reference(token, ROLE_CONFIGURATION)) == ROLE_VCT


def test_an_identifier_stands_for_its_token_alone(begin: Begin) -> None:
    """Source: OpenID4VCI §8.2 (identifier or configuration, never both) and §8.3.1.2."""
    mine, yours = begin(), begin()
    tokens = [started.token([_detail(EMPLOYEE_CONFIGURATION)]).json() for started in (mine, yours)]
    own, other = (token["authorization_details"][0]["credential_identifiers"][0] for token in tokens)
    for wrong in (other, f"{own}x", own.swapcase(), ""):
        if wrong != own:
            refused(mine.request(tokens[0], credential_identifier=wrong), 400, UNKNOWN, "invalid_credential_request")
    refused(
        mine.request(tokens[0], credential_configuration_id=EMPLOYEE_CONFIGURATION), 400, "invalid_credential_request"
    )
    both = {IDENTIFIER: own, CONFIGURATION: EMPLOYEE_CONFIGURATION}
    refused(mine.request(tokens[0], **both), 400, "invalid_credential_request")
    refused(mine.request(tokens[0]), 400, "invalid_credential_request")
    refused(mine.request(tokens[0], credential_identifier=[own]), 400, "invalid_credential_request")
    assert mine.vct(tokens[0], credential_identifier=own) == EMPLOYEE_VCT
    assert yours.vct(tokens[1], credential_identifier=other) == EMPLOYEE_VCT


def test_gives_no_identifiers_to_who_did_not_ask(begin: Begin) -> None:
    """Source: OpenID4VCI §8.2 (`credential_identifier` MUST NOT be used otherwise)."""
    started = begin()
    token = started.token().json()
    assert "authorization_details" not in token
    for guess in (EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE):
        refused(started.request(token, credential_identifier=guess), 400, UNKNOWN, "invalid_credential_request")
    assert started.vct(token, credential_configuration_id=EMPLOYEE_CONFIGURATION) == EMPLOYEE_VCT


@pytest.mark.parametrize(
    "details",
    [
        [],
        {},
        "text",
        [{"type": "openid_credential"}],
        [{CONFIGURATION: EMPLOYEE_CONFIGURATION}],
        [_detail("driving-licence.mso_mdoc")],
        [_detail(f"{EMPLOYEE_TYPE}.mso_mdoc")],
        [_detail(EMPLOYEE_CONFIGURATION), {"type": "payment_initiation"}],
        [_detail(EMPLOYEE_CONFIGURATION, locations=["https://another.example"])],
    ],
    ids=[
        *("empty", "object", "text", "no configuration", "no type", "unknown", "not offered", "another type"),
        "another issuer",
    ],
)
def test_refuses_details_that_it_cannot_meet(begin: Begin, details: Any) -> None:
    """And the code is still good. Source: RFC 9396 §5 (`invalid_authorization_details`)."""
    started = begin()
    errors = ("invalid_authorization_details", "invalid_request")
    refused(started.token(details), 400, *errors)
    assert started.token([_detail(EMPLOYEE_CONFIGURATION)]).status == 200


def test_takes_the_issuer_as_the_place_and_passes_over_the_unknown(begin: Begin) -> None:
    """Source: OpenID4VCI §5.1.1 (`locations`), RFC 9396 §2.2."""
    started = begin()
    reply = started.token([_detail(EMPLOYEE_CONFIGURATION, locations=[started.metadata["credential_issuer"]])])
    assert reply.status == 200, reply.text
    token = reply.json()
    assert started.vct(token, **credential_reference(token, EMPLOYEE_CONFIGURATION)) == EMPLOYEE_VCT
