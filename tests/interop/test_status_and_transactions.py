"""A foreign wallet authorizes transactions, and a foreign reader follows Inro's status lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conftest import LEAVER
from expectations import coded
from inro_peers import status_list
from inro_peers.jose import JsonObject, sha256_b64url
from inro_peers.processes import InroIssuer, InroVerifier
from inro_peers.transport import HttpsClient
from inro_peers.wallet_issuance import HeldCredential
from inro_peers.wallet_presentation import Binding, PresentationWallet
from products import EMPLOYEE_TYPE, EMPLOYEE_VCT, credential_query, mdoc_query

Held = Callable[..., list[HeldCredential]]
TEXT = {"en": "Approve application 7.", "ja": "申請7を承認する。"}


def test_a_foreign_reader_follows_suspension_and_revocation(
    issuer: InroIssuer, fresh_verifier: InroVerifier, held: Held
) -> None:
    https = HttpsClient(issuer.tls_ca)
    copies = held(EMPLOYEE_TYPE, employee=LEAVER)
    places = [copy.verified.claims["status"]["status_list"] for copy in copies]
    assert len({(place["uri"], place["idx"]) for place in places}) == len(copies)

    def statuses() -> set[int]:
        """What both formats say of the copies."""
        fetches = (status_list.fetch, status_list.fetch_cwt)
        return {
            fetch(https, place["uri"], issuer.anchors).status(place["idx"]) for fetch in fetches for place in places
        }

    def change(verb: str) -> None:
        arguments = ("--employee", LEAVER, "--type", EMPLOYEE_TYPE, "--reason", "test", "--json")
        issuer.command("credential", verb, *arguments)

    assert statuses() == {status_list.VALID}
    change("suspend")
    assert statuses() == {status_list.SUSPENDED}
    change("resume")
    assert statuses() == {status_list.VALID}
    change("revoke")
    assert statuses() == {status_list.INVALID}

    created = fresh_verifier.create({"policy": "identify-employee"})
    presentation = PresentationWallet(HttpsClient(fresh_verifier.tls_ca), fresh_verifier.anchors)
    presentation.present(created["authorization_request"], copies[:1])
    result = fresh_verifier.result(created["id"])
    assert result["status"] == "rejected"
    assert result["error"]["inro_code"] == "INRO-VERIFIER-060"
    assert held(EMPLOYEE_TYPE, employee=LEAVER), "a newer offer issues again"


def _ask(verifier: InroVerifier, presentation: PresentationWallet) -> tuple[JsonObject, str]:
    query = {"policy": "identify-employee"}
    plain = presentation.fetch(verifier.create(query)["authorization_request"])
    name = plain.parameters["dcql_query"]["credentials"][0]["id"]
    approval = {"type": "approval", "credential_ids": [name], "text": TEXT}
    return verifier.create(query | {"transaction_data": [approval]}), name


def test_a_foreign_wallet_authorizes_a_transaction(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    created, name = _ask(verifier, presentation)
    assert presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE)).status == 200
    result = verifier.result(created["id"])
    assert result["status"] == "verified"
    assert result["authorized"] == [{"type": "approval", "credential_id": name, "text": TEXT}]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"transaction_data_hashes": [sha256_b64url(b"another")]},
        {"transaction_data_hashes": []},
        {"transaction_data_hashes": "text"},
    ],
    ids=["none", "foreign", "empty", "no array"],
)
def test_the_verifier_takes_no_answer_without_the_right_hash(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held, more: JsonObject
) -> None:
    created, _ = _ask(verifier, presentation)
    request = presentation.fetch(created["authorization_request"])
    reply = presentation.post(request, presentation.answer(request, held(EMPLOYEE_TYPE), Binding(more=more)))
    assert reply.status == 400
    assert coded(reply.json())
    assert not verifier.result(created["id"]).get("authorized")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "payment"},
        {"type": "urn:example:payment:1"},
        {"type": None},
        {"type": "Approval"},
        {"credential_ids": ["unknown"]},
        {"credential_ids": []},
        {"credential_ids": None},
        {"text": {"en": "Approve."}},
        {"text": None},
        {"unknown": 1},
    ],
    ids=[
        *("another type", "type of somebody else", "no type", "type in another case", "unknown credential"),
        *("no credential", "no credentials", "half a text", "no text", "unknown member"),
    ],
)
def test_the_verifier_asks_for_no_transaction_that_a_wallet_could_not_read(
    verifier: InroVerifier, presentation: PresentationWallet, change: JsonObject
) -> None:
    """Source: OpenID4VP §5.1 (`type`, `credential_ids`), §8.4 (the type says what a wallet shows)."""
    policy = {"policy": "identify-employee"}
    plain = presentation.fetch(verifier.create(policy)["authorization_request"])
    name = plain.parameters["dcql_query"]["credentials"][0]["id"]
    right: JsonObject = {"type": "approval", "credential_ids": [name], "text": TEXT}
    wrong = {member: value for member, value in (right | change).items() if value is not None}
    for transactions in ([wrong], [right, wrong]):
        reply = verifier.post_presentation(policy | {"transaction_data": transactions})
        assert reply.status in (400, 422), reply.text
        assert coded(reply.json())
    assert verifier.create(policy | {"transaction_data": [right]})


def test_the_verifier_asks_no_mdoc_to_authorize(verifier: InroVerifier) -> None:
    """The type says nothing of how an mdoc would do it. Source: OpenID4VP §8.4, B.2.1."""
    query = mdoc_query("post")
    query["credentials"].append(credential_query("other", EMPLOYEE_VCT, [{"path": ["post"]}]))
    right = {"type": "approval", "credential_ids": ["other"], "text": TEXT}
    assert verifier.create({"dcql_query": query, "transaction_data": [right]})
    for names in (["employee"], ["other", "employee"]):
        reply = verifier.post_presentation(
            {"dcql_query": query, "transaction_data": [right | {"credential_ids": names}]}
        )
        assert reply.status in (400, 422), reply.text
        assert coded(reply.json())
