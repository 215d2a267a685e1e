"""Mdocs that a trusted agency signed but that ISO 18013-5 tells a verifier to reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from expectations import rejected_presentation
from inro_peers.cose import cose_key
from inro_peers.jose import JsonObject, new_key
from inro_peers.mdoc import Draft
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority, Identity
from mdoc_partner import MdocPartner, assert_taken
from mdoc_spoils import ALLOWED, WRONG, WRONG_STATUS, Spoil
from products import (
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    ODD_ELEMENTS,
    ODD_JSON,
    ROLE_DOCTYPE,
    ROLE_SPACE,
    ROLE_TYPE,
    mdoc_query,
)


@pytest.fixture
def agency(mdoc_agency: MdocPartner) -> MdocPartner:
    """The partner, whose unspoilt mdoc the verifier takes."""
    return mdoc_agency


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_the_verifier_refuses_an_mdoc(agency: MdocPartner, spoil: Spoil) -> None:
    rejected_presentation(*agency.present(spoil))


@pytest.mark.parametrize("spoil", WRONG_STATUS.values(), ids=WRONG_STATUS.keys())
def test_the_verifier_refuses_an_mdoc_whose_status_nobody_can_look_up(agency: MdocPartner, spoil: Spoil) -> None:
    rejected_presentation(*agency.present(spoil))


@pytest.mark.parametrize("spoil", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_verifier_takes_what_is_allowed_beside(agency: MdocPartner, spoil: Spoil) -> None:
    assert_taken(*agency.present(spoil))


def test_the_verifier_hands_out_elements_of_every_kind_as_json(agency: MdocPartner) -> None:
    """Source: RFC 8949 §6.1 (byte strings as base64url, tags left away)."""
    claims = {EMPLOYEE_SPACE: ODD_ELEMENTS}
    reply, result = agency.present(claims=claims, query=mdoc_query(*ODD_ELEMENTS))
    assert (reply.status, result["status"]) == (200, "verified"), reply.text
    assert [one["claims"] for one in result["credentials"]["employee"]] == [{EMPLOYEE_SPACE: ODD_JSON}]


def _another_key(draft: Draft) -> None:
    draft.mso["deviceKeyInfo"] = {"deviceKey": cose_key(new_key())}


def test_the_verifier_refuses_an_mdoc_of_somebody_else(agency: MdocPartner) -> None:
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
    agency: MdocPartner, authorizations: JsonObject, allowed: bool
) -> None:
    """What it signs is nothing that its issuer says, so no claim comes of it. Source: ISO/IEC 18013-5 §9.1.3.5."""
    reply, result = agency.present(_authorizing(**authorizations), device_claims={ROLE_SPACE: {"clearance": 5}})
    if allowed:
        assert_taken(reply, result)
    else:
        rejected_presentation(reply, result)


@pytest.mark.parametrize("authorizations", [{}, {"nameSpaces": [EMPLOYEE_SPACE]}], ids=["not allowed", "allowed"])
def test_the_device_does_not_speak_for_its_issuer(agency: MdocPartner, authorizations: JsonObject) -> None:
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
def test_the_verifier_refuses_a_signer_without_the_right(agency: MdocPartner, issue: Issue) -> None:
    rejected_presentation(*agency.present(signer=issue(agency.authority)))


def test_the_verifier_refuses_a_certificate_that_another_key_signs_under(agency: MdocPartner) -> None:
    stolen = Identity(new_key(), agency.signer.certificate)
    rejected_presentation(*agency.present(signer=stolen))


def test_the_verifier_refuses_another_type_than_it_asked_for(agency: MdocPartner) -> None:
    signer = agency.authority.issue(
        "Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE, ROLE_TYPE)
    )
    assert_taken(*agency.present(signer=signer))
    rejected_presentation(*agency.present(lambda draft: draft.mso.update(docType=ROLE_DOCTYPE), signer=signer))
