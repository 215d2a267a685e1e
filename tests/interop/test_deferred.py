"""A foreign wallet waits for an approval and collects. Source: OpenID4VCI §8.3, §9."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from conftest import APPROVER
from inro_peers.jose import JsonObject, PrivateKey, json_bytes, new_key
from inro_peers.processes import InroIssuer
from inro_peers.sdjwt_vc import verify_credential
from inro_peers.transport import JSON, Reply
from inro_peers.wallet_issuance import IssuanceWallet, credential_reference
from products import EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE, EMPLOYEE_VCT


@dataclass
class Waiting:
    """A request that waits for somebody's decision."""

    wallet: IssuanceWallet
    metadata: JsonObject
    token: JsonObject
    key: PrivateKey
    offer_id: str
    transaction: JsonObject

    def poll(self, transaction_id: str | None = None) -> Reply:
        """Asks once."""
        body = json_bytes({"transaction_id": transaction_id or self.transaction["transaction_id"]})
        headers = {"Content-Type": JSON, "Accept": JSON}
        url = self.metadata["deferred_credential_endpoint"]
        return self.wallet.dpop.send_with_retry("POST", url, headers, body, access_token=self.token["access_token"])


@pytest.fixture
def waiting(issuer: InroIssuer, issuance: IssuanceWallet) -> Waiting:
    """An offer that needs approval, redeemed and asked for."""
    arguments = ("--employee", APPROVER, "--credential", EMPLOYEE_TYPE, "--needs-approval", "--json")
    created = issuer.command("offer", "create", *arguments).json()
    metadata = issuance.issuer_metadata(issuer.url)
    offer = issuance.resolve_offer(created["credential_offer"])
    token = issuance.token(issuance.server_metadata(metadata), offer).json()
    key = new_key()
    proof = issuance.proof(key, metadata["credential_issuer"], issuance.nonce(metadata))
    request = {**credential_reference(token, EMPLOYEE_CONFIGURATION), "proofs": {"jwt": [proof]}}
    reply = issuance.credential_request(metadata, token, request)
    assert reply.status == 202
    transaction = reply.json()
    assert set(transaction) == {"transaction_id", "interval"}
    offers = issuer.command("offer", "list", "--json").json()["offers"]
    [offer_id] = [entry["id"] for entry in offers if entry["approval"] == "waiting"]
    return Waiting(issuance, metadata, token, key, offer_id, transaction)


def test_collects_what_was_approved_and_only_once(issuer: InroIssuer, waiting: Waiting) -> None:
    early = waiting.poll()
    assert early.status == 202
    assert early.json()["transaction_id"] == waiting.transaction["transaction_id"]
    issuer.command("offer", "approve", waiting.offer_id, "--json")
    time.sleep(early.json()["interval"] + 1)
    [credential] = waiting.poll().json()["credentials"]
    assert verify_credential(credential["credential"], issuer.anchors, int(time.time())).vct == EMPLOYEE_VCT
    assert waiting.poll().json()["error"] == "invalid_transaction_id"


def test_is_told_of_a_rejection_and_of_no_other_transaction(issuer: InroIssuer, waiting: Waiting) -> None:
    assert waiting.poll("another").json()["error"] == "invalid_transaction_id"
    issuer.command("offer", "reject", waiting.offer_id, "--json")
    time.sleep(waiting.transaction["interval"] + 1)
    refused = waiting.poll()
    assert (refused.status, refused.json()["error"]) == (400, "credential_request_denied")
