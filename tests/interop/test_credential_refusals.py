"""Credentials that a trusted agency signed but that RFC 9901 or SD-JWT VC tell a verifier to reject."""

from __future__ import annotations

import pytest

from expectations import coded
from inro_peers.jose import JsonObject, b64url
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority
from inro_peers.sdjwt import Disclosure
from inro_peers.sdjwt_vc import Draft, disclosure
from inro_peers.transport import Reply
from partner import Partner, Spoil, claims, header
from products import EMPLOYEE_TYPE, ROLE_TYPE, ROLE_VCT

FAR_FUTURE = 32_503_680_000


def _assert_refused(reply: Reply, result: JsonObject) -> None:
    assert reply.status == 400, reply.text
    assert coded(reply.json())
    assert result["status"] in {"pending", "rejected"}
    assert not result.get("credentials")


def _both(first: Spoil, second: Spoil) -> Spoil:
    def spoil(draft: Draft) -> None:
        first(draft)
        second(draft)

    return spoil


def _disclosing(name: str) -> Spoil:
    """Makes a claim selectively disclosable that must not be."""

    def spoil(draft: Draft) -> None:
        _add(draft, disclosure([name, draft.payload.pop(name, "x")]))

    return spoil


def _adding(*content: object) -> Spoil:
    return lambda draft: _add(draft, disclosure(list(content)))


def _add(draft: Draft, added: Disclosure) -> None:
    draft.disclosures.append(added)
    draft.payload["_sd"] = sorted([*draft.payload["_sd"], added.digest])


def _digest_twice(draft: Draft) -> None:
    draft.payload["_sd"] = [*draft.payload["_sd"], draft.payload["_sd"][0]]


def _digest_twice_elsewhere(draft: Draft) -> None:
    draft.payload["agency"] = {"_sd": [draft.payload["_sd"][0]]}


def _name_in_an_array(draft: Draft) -> None:
    added = disclosure(["name", "value"])
    draft.disclosures.append(added)
    draft.payload["teams"] = [*draft.payload["teams"], {"...": added.digest}]


def _private_holder_key(draft: Draft) -> None:
    draft.payload["cnf"]["jwk"]["d"] = b64url(bytes(32))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(header(typ="JWT"), id="typ"),
        pytest.param(header(typ=None), id="no typ"),
        pytest.param(header(alg="none"), id="alg none"),
        pytest.param(header(alg="HS256"), id="alg HS256"),
        pytest.param(header(crit=["x"], x=1), id="crit"),
        pytest.param(header(x5c=None), id="no x5c"),
        pytest.param(header(x5c=[]), id="empty x5c"),
        pytest.param(claims(_sd_alg="md5"), id="weak hash"),
        pytest.param(claims(vct=None), id="no vct"),
        pytest.param(claims(cnf=None), id="no cnf"),
        pytest.param(claims(exp=1), id="expired"),
        pytest.param(claims(exp="never"), id="exp is text"),
        pytest.param(claims(nbf=FAR_FUTURE), id="not yet valid"),
        pytest.param(claims(vct=ROLE_VCT), id="type that the certificate does not name"),
        pytest.param(claims(_sd="no array"), id="_sd is text"),
        pytest.param(claims(agency={"...": "x"}), id="ellipsis in an object"),
        *(pytest.param(_disclosing(name), id=f"{name} disclosed") for name in ("exp", "vct", "cnf", "iss", "status")),
        pytest.param(_adding("_sd", ["x"]), id="disclosure named _sd"),
        pytest.param(_adding("...", "x"), id="disclosure named ..."),
        pytest.param(_adding("teams", "x"), id="claim that exists"),
        pytest.param(_adding("value only"), id="array element in an object"),
        pytest.param(_name_in_an_array, id="object property in an array"),
        pytest.param(_digest_twice, id="digest twice"),
        pytest.param(_digest_twice_elsewhere, id="digest twice, in two objects"),
        pytest.param(lambda draft: draft.disclosures.append(disclosure(["x", 1])), id="disclosure without digest"),
        pytest.param(lambda draft: draft.disclosures.append(draft.disclosures[0]), id="disclosure twice"),
        pytest.param(_private_holder_key, id="private holder key"),
    ],
)
def test_the_verifier_refuses_a_credential(agency: Partner, spoil: Spoil) -> None:
    _assert_refused(*agency.present(spoil))


def test_no_iss_leads_to_a_key(agency: Partner) -> None:
    named = claims(iss="https://issuer.partner.example")
    reply, result = agency.present(named)
    assert (reply.status, result["status"]) == (200, "verified"), reply.text

    nobody = Authority.create("Nobody CA")
    stranger = nobody.issue("Stranger", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    for spoil, signer in [(header(x5c=None, kid="1"), agency.signer), (lambda _: None, stranger)]:
        codes = set()
        for also in (lambda _: None, named):
            reply, result = agency.present(_both(spoil, also), signer=signer)
            _assert_refused(reply, result)
            codes.add(reply.json()["inro_code"])
        assert len(codes) == 1


def test_the_verifier_refuses_a_signature_by_another_use(agency: Partner) -> None:
    registrar = agency.authority.issue("Partner Registrar", EKU_REGISTRAR, credential_types=(EMPLOYEE_TYPE,))
    _assert_refused(*agency.present(lambda _: None, signer=registrar))


def test_the_verifier_refuses_an_issuer_without_this_type(agency: Partner) -> None:
    other = agency.authority.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(ROLE_TYPE,))
    _assert_refused(*agency.present(lambda _: None, signer=other))


def test_the_verifier_refuses_a_certificate_of_the_same_name(agency: Partner) -> None:
    impostor = Authority.create("Partner Agency CA")
    signer = impostor.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    _assert_refused(*agency.present(lambda _: None, signer=signer))
