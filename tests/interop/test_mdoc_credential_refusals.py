"""Mdocs that a trusted agency signed but that ISO 18013-5 tells a verifier to reject."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from expectations import rejected_presentation
from inro_peers import mdoc
from inro_peers.cose import cose_key
from inro_peers.jose import JsonObject, PrivateKey, new_key
from inro_peers.mdoc import Draft
from inro_peers.mdoc_response import device_response, document, request_transcript
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority, Identity
from inro_peers.transport import Reply
from mdoc_counter import QUERY, Counter, vp_token
from mdoc_spoils import ALLOWED, WRONG, WRONG_STATUS, Spoil
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    ODD_ELEMENTS,
    ODD_JSON,
    ROLE_DOCTYPE,
    ROLE_SPACE,
    ROLE_TYPE,
    mdoc_query,
)

CLAIMS: mdoc.NameSpaces = {EMPLOYEE_SPACE: {"employee_number": "P0001", "post": "主任"}}


@dataclass
class Partner:
    """A partner agency with a holder's device, asking and answering in one place."""

    authority: Authority
    signer: Identity
    counter: Counter
    holder: PrivateKey

    def present(
        self,
        spoil: Spoil = lambda _: None,
        *,
        signer: Identity | None = None,
        device_claims: JsonObject | None = None,
        claims: mdoc.NameSpaces = CLAIMS,
        query: JsonObject = QUERY,
    ) -> tuple[Reply, JsonObject]:
        """Drafts a good mdoc, spoils it, presents it; returns the answer and the verifier's result."""
        signer = signer or self.signer
        draft = mdoc.draft_credential(EMPLOYEE_DOCTYPE, claims, signer, self.holder.public_key(), int(time.time()))
        spoil(draft)
        name, request = self.counter.ask(query)
        transcript = request_transcript(request.parameters, request.encryption_key)
        doctype = draft.mso.get("docType", EMPLOYEE_DOCTYPE)
        shown = document(doctype, draft.sign(signer.key), self.holder, transcript, device_claims)
        return self.counter.send(name, request, vp_token(request, [mdoc.to_text(device_response(shown))]))


@pytest.fixture
def agency(partner: Authority, counter: Counter) -> Partner:
    """The partner, whose unspoilt mdoc the verifier takes."""
    signer = partner.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    agency = Partner(partner, signer, counter, new_key())
    _assert_taken(*agency.present())
    return agency


def _assert_taken(reply: Reply, result: JsonObject) -> None:
    assert (reply.status, result["status"]) == (200, "verified"), reply.text
    assert [one["claims"] for one in result["credentials"]["employee"]] == [CLAIMS]


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_the_verifier_refuses_an_mdoc(agency: Partner, spoil: Spoil) -> None:
    rejected_presentation(*agency.present(spoil))


@pytest.mark.parametrize("spoil", WRONG_STATUS.values(), ids=WRONG_STATUS.keys())
def test_the_verifier_refuses_an_mdoc_whose_status_nobody_can_look_up(agency: Partner, spoil: Spoil) -> None:
    rejected_presentation(*agency.present(spoil))


@pytest.mark.parametrize("spoil", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_verifier_takes_what_is_allowed_beside(agency: Partner, spoil: Spoil) -> None:
    _assert_taken(*agency.present(spoil))


def test_the_verifier_hands_out_elements_of_every_kind_as_json(agency: Partner) -> None:
    """Source: RFC 8949 §6.1 (byte strings as base64url, tags left away)."""
    claims = {EMPLOYEE_SPACE: ODD_ELEMENTS}
    reply, result = agency.present(claims=claims, query=mdoc_query(*ODD_ELEMENTS))
    assert (reply.status, result["status"]) == (200, "verified"), reply.text
    assert [one["claims"] for one in result["credentials"]["employee"]] == [{EMPLOYEE_SPACE: ODD_JSON}]


def _another_key(draft: Draft) -> None:
    draft.mso["deviceKeyInfo"] = {"deviceKey": cose_key(new_key())}


def test_the_verifier_refuses_an_mdoc_of_somebody_else(agency: Partner) -> None:
    rejected_presentation(*agency.present(_another_key))


def _authorizing(**authorizations: Any) -> Spoil:
    return lambda draft: draft.mso["deviceKeyInfo"].update(keyAuthorizations=authorizations)


@pytest.mark.parametrize(
    ("authorizations", "allowed"),
    [
        ({"nameSpaces": [ROLE_SPACE]}, True),
        ({"dataElements": {ROLE_SPACE: ["clearance"]}}, True),
        ({"nameSpaces": [EMPLOYEE_SPACE]}, False),
        ({"dataElements": {ROLE_SPACE: ["contract"]}}, False),
        ({"dataElements": {EMPLOYEE_SPACE: ["clearance"]}}, False),
        ({}, False),
    ],
    ids=["name space", "element", "other name space", "other element", "element elsewhere", "nothing"],
)
def test_the_device_signs_only_elements_that_its_issuer_allows(
    agency: Partner, authorizations: JsonObject, allowed: bool
) -> None:
    """What it signs is nothing that its issuer says, so no claim comes of it. Source: ISO/IEC 18013-5 §9.1.3.5."""
    reply, result = agency.present(_authorizing(**authorizations), device_claims={ROLE_SPACE: {"clearance": 5}})
    if allowed:
        _assert_taken(reply, result)
    else:
        rejected_presentation(reply, result)


@pytest.mark.parametrize("authorizations", [{}, {"nameSpaces": [EMPLOYEE_SPACE]}], ids=["not allowed", "allowed"])
def test_the_device_does_not_speak_for_its_issuer(agency: Partner, authorizations: JsonObject) -> None:
    """What the device says of a post is not what its issuer says of it, allowed or not."""

    def spoil(draft: Draft) -> None:
        _authorizing(**authorizations)(draft)
        draft.items[EMPLOYEE_SPACE].pop()

    rejected_presentation(*agency.present(spoil, device_claims={EMPLOYEE_SPACE: {"post": "局長"}}))


Issue = Callable[[Authority], Identity]
SIGNERS: dict[str, Issue] = {
    "another use": lambda authority: authority.issue("Partner", EKU_REGISTRAR, credential_types=(EMPLOYEE_TYPE,)),
    "another type": lambda authority: authority.issue("Partner", EKU_CREDENTIAL_ISSUER, credential_types=(ROLE_TYPE,)),
    "same name": lambda _: Authority.create("Partner Agency CA").issue(
        "Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,)
    ),
    "the authority itself": lambda authority: Identity(authority.key, authority.certificate),
}


@pytest.mark.parametrize("issue", SIGNERS.values(), ids=SIGNERS.keys())
def test_the_verifier_refuses_a_signer_without_the_right(agency: Partner, issue: Issue) -> None:
    rejected_presentation(*agency.present(signer=issue(agency.authority)))


def test_the_verifier_refuses_a_certificate_that_another_key_signs_under(agency: Partner) -> None:
    stolen = Identity(new_key(), agency.signer.certificate)
    rejected_presentation(*agency.present(signer=stolen))


def test_the_verifier_refuses_another_type_than_it_asked_for(agency: Partner) -> None:
    signer = agency.authority.issue(
        "Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE, ROLE_TYPE)
    )
    _assert_taken(*agency.present(signer=signer))
    rejected_presentation(*agency.present(lambda draft: draft.mso.update(docType=ROLE_DOCTYPE), signer=signer))
