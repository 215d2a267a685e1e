"""A foreign wallet receives mdocs from Inro's issuer and presents them to Inro's verifier."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from conftest import APPROVER, CLERK
from expectations import rejected_presentation
from inro_peers import cbor, mdoc, wallet_mdoc
from inro_peers.jose import JsonObject
from inro_peers.processes import InroIssuer
from inro_peers.sdjwt_vc import FORMAT
from inro_peers.wallet_issuance import HeldCredential, IssuanceWallet
from inro_peers.wallet_mdoc import Device, HeldMdoc
from mdoc_counter import ASKED, ENCRYPTED, PLAIN, Counter, vp_token
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    POWERS_SPACE,
    ROLE_DOCTYPE,
    ROLE_SPACE,
    ROLE_TYPE,
    ROLE_VCT,
    credential_query,
    mdoc_credential_query,
    mdoc_query,
)

Held = Callable[..., list[HeldCredential]]
HeldMdocs = Callable[..., list[HeldMdoc]]
SHOWN = {EMPLOYEE_SPACE: {"employee_number": APPROVER, "post": "課長"}}
# OpenID4VP B.2.2: ES256, and the same on P-256 alone.
ES256_VALUES = {-7, -9}


def test_metadata_name_what_a_wallet_needs(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    """Source: OpenID4VCI A.2.2, §12.2.4 (`cose_key` for mdocs)."""
    configurations = issuance.issuer_metadata(issuer.url)["credential_configurations_supported"]
    for type_id, doctype in ((EMPLOYEE_TYPE, EMPLOYEE_DOCTYPE), (ROLE_TYPE, ROLE_DOCTYPE)):
        configuration = configurations[f"{type_id}.{mdoc.FORMAT}"]
        assert (configuration["format"], configuration["doctype"]) == (mdoc.FORMAT, doctype)
        assert configuration["cryptographic_binding_methods_supported"] == ["cose_key"]
        assert set(configuration["credential_signing_alg_values_supported"]) <= ES256_VALUES
        assert "ES256" in configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
        assert all(len(claim["path"]) >= 2 for claim in configuration["credential_metadata"]["claims"])


def test_an_mdoc_says_what_hr_says(mdocs: HeldMdocs) -> None:
    copies = mdocs(EMPLOYEE_TYPE, ROLE_TYPE)
    assert [copy.verified.doctype for copy in copies] == [EMPLOYEE_DOCTYPE] * 3 + [ROLE_DOCTYPE] * 3
    employee, role = copies[0].verified.claims, copies[3].verified.claims
    assert employee[EMPLOYEE_SPACE] == {
        "employee_number": APPROVER,
        "name_kanji": "試験 花子",
        "name_kana": "シケン ハナコ",
        "name_latin": "Hanako Shiken",
        "agency_code": "131032",
        "agency_name": "試験市",
        "department_code": "D10",
        "department_name": "福祉課",
        "post": "課長",
        "employment": "permanent",
        "grade": 6,
    }
    assert role[POWERS_SPACE] == {"welfare.view": True, "welfare.approve": True}
    assert role[ROLE_SPACE]["scope_agency"] == "131032"


def test_copies_share_nothing_that_joins_them(mdocs: HeldMdocs) -> None:
    copies = [copy.verified for copy in mdocs(EMPLOYEE_TYPE)]
    assert len(copies) == 3
    places = {(one["uri"], one["idx"]) for one in (copy.mso["status"]["status_list"] for copy in copies)}
    assert len(places) == len(copies)
    assert len({cbor.encode(copy.mso["validityInfo"]) for copy in copies}) == 1
    randoms = [
        cbor.embedded(item)["random"] for copy in copies for items in copy.items.values() for item in items.values()
    ]
    digests = [digest for copy in copies for space in copy.mso["valueDigests"].values() for digest in space.values()]
    assert len(set(randoms)) == len(randoms)
    assert len(set(digests)) == len(digests)
    assert len(digests) > len(randoms), "digests that stand for nothing hide which optional elements exist"
    for copy in copies:
        validity = {name: mdoc.read_date(value) for name, value in copy.mso["validityInfo"].items()}
        assert validity["validFrom"] <= time.time() < validity["validUntil"]


@pytest.mark.parametrize("mode", (PLAIN, ENCRYPTED))
def test_the_verifier_sees_what_it_asked_for(counter: Counter, mdocs: HeldMdocs, mode: str) -> None:
    assert counter.claims(mdocs(EMPLOYEE_TYPE), mode=mode) == SHOWN


def _longer_heads(response: JsonObject) -> bytes:
    """The outer map and its status under longer heads than they need."""
    data = cbor.encode(response)
    status = cbor.encode("status") + cbor.encode(0)
    assert (data[0], data.endswith(status)) == (0xA3, True)
    return b"\xb8\x03" + data[1:-1] + b"\x19\x00\x00"


@pytest.mark.parametrize("mode", (PLAIN, ENCRYPTED))
def test_bytes_are_taken_as_they_come(counter: Counter, mdocs: HeldMdocs, mode: str) -> None:
    """Longer heads than needed are no fault. Source: RFC 8949 §4.2 (a deterministic encoding is for who asks for it)."""
    assert counter.claims(mdocs(EMPLOYEE_TYPE), Device(encode=_longer_heads), mode=mode) == SHOWN


@pytest.mark.parametrize(
    "alter",
    [
        lambda response: response["documents"][0].update(errors={EMPLOYEE_SPACE: {"grade": 0}}),
        lambda response: response["documents"][0].update(errors={"another.space": {"x": 1}}),
        lambda response: response.update(documentErrors=[{"org.iso.18013.5.1.mDL": 0}]),
    ],
    ids=["an element not returned", "another name space", "a document not returned"],
)
def test_a_device_may_say_what_it_does_not_return(
    counter: Counter, mdocs: HeldMdocs, alter: Callable[[JsonObject], None]
) -> None:
    """Everything that was asked for is there. Source: ISO/IEC 18013-5 §8.3.2.1.2.2 (`errors`, `documentErrors`)."""
    assert counter.claims(mdocs(EMPLOYEE_TYPE), Device(alter=alter)) == SHOWN


def test_what_is_said_not_to_be_returned_is_missing(counter: Counter, mdocs: HeldMdocs) -> None:
    """The reason does not stand for the element."""

    def alter(response: JsonObject) -> None:
        [document] = response["documents"]
        items = document["issuerSigned"]["nameSpaces"][EMPLOYEE_SPACE]
        left_out = cbor.embedded(items.pop())["elementIdentifier"]
        document["errors"] = {EMPLOYEE_SPACE: {left_out: 0}}

    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held[:1]) == SHOWN
    rejected_presentation(*counter.show(held[1:], Device(alter=alter)))


def test_the_request_says_what_will_be_kept(counter: Counter, mdocs: HeldMdocs) -> None:
    """Source: OpenID4VP B.2.4 (`intent_to_retain`)."""
    paths = [{"path": [EMPLOYEE_SPACE, name]} for name in ("employee_number", "post")]
    for intent in (True, False):
        claims: list[JsonObject] = [paths[0] | {"intent_to_retain": intent}, paths[1]]
        query = {"credentials": [mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, claims)]}
        _, request = counter.ask(query)
        assert request.parameters["dcql_query"]["credentials"][0]["claims"] == claims
        assert counter.claims(mdocs(EMPLOYEE_TYPE), query=query) == SHOWN
    for wrong in ("no", 1, None):
        claims = [paths[0] | {"intent_to_retain": wrong}]
        query = {"credentials": [mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, claims)]}
        reply = counter.verifier.post_presentation({"dcql_query": query})
        assert reply.status in (400, 422), reply.text


def test_the_policies_take_mdocs(counter: Counter, mdocs: HeldMdocs) -> None:
    held = mdocs(EMPLOYEE_TYPE, ROLE_TYPE)
    names = {"agency_name": "試験市", "department_name": "福祉課", "name_kanji": "試験 花子"}
    assert counter.claims(held, query={"policy": "identify-employee"}) == {
        EMPLOYEE_SPACE: names | {"employee_number": APPROVER}
    }
    assert counter.claims(held, query={"policy": "approve-welfare"}) == {
        POWERS_SPACE: {"welfare.approve": True},
        ROLE_SPACE: {"scope_agency": "131032"},
    }


def test_the_request_names_the_algorithms_of_mdocs(counter: Counter) -> None:
    """Source: OpenID4VP B.2.2."""
    formats = counter.ask()[1].parameters["client_metadata"]["vp_formats_supported"]
    for name in ("issuerauth_alg_values", "deviceauth_alg_values"):
        assert ES256_VALUES >= set(formats[mdoc.FORMAT][name]) != set()


def test_an_mdoc_without_elements_answers_a_query_without_claims(counter: Counter, mdocs: HeldMdocs) -> None:
    """Source: OpenID4VP §6.4.1 (absent claims ask for nothing that can be left out)."""
    assert not counter.claims(mdocs(EMPLOYEE_TYPE), query=mdoc_query()).get(EMPLOYEE_SPACE)


def test_values_are_matched_as_json(counter: Counter, mdocs: HeldMdocs) -> None:
    """Source: OpenID4VP §6.3, RFC 8949 §6.1."""
    held = mdocs(EMPLOYEE_TYPE)
    grade = {"path": [EMPLOYEE_SPACE, "grade"], "values": [5, 6]}
    query = {"credentials": [mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, [grade])]}
    assert counter.claims(held, query=query) == {EMPLOYEE_SPACE: {"grade": 6}}

    grade["values"] = ["6", 7]
    name, request = counter.ask(query)
    shown = wallet_mdoc.present(request, held[1], {(EMPLOYEE_SPACE, "grade")})
    rejected_presentation(*counter.send(name, request, vp_token(request, [shown])))


def test_two_mdocs_come_where_several_may(counter: Counter, mdocs: HeldMdocs) -> None:
    """Two presentations of one document each. Source: OpenID4VP §6.1, §8.1, B.2.5."""
    held = [mdocs(EMPLOYEE_TYPE)[0], mdocs(EMPLOYEE_TYPE, employee=CLERK)[0]]
    for multiple in (True, False):
        name, request = counter.ask(mdoc_query("employee_number", "post", multiple=multiple))
        shown = [wallet_mdoc.present(request, one, ASKED) for one in held]
        reply, result = counter.send(name, request, vp_token(request, shown))
        if multiple:
            found = [one["claims"][EMPLOYEE_SPACE]["employee_number"] for one in result["credentials"]["employee"]]
            assert found == [APPROVER, CLERK]
        else:
            rejected_presentation(reply, result)


def test_two_types_come_in_one_answer(counter: Counter, mdocs: HeldMdocs) -> None:
    """Each document has a device signature of its own over the same transcript."""
    power = {"path": [POWERS_SPACE, "welfare.approve"], "values": [True]}
    query = mdoc_query("post")
    query["credentials"].append(mdoc_credential_query("power", ROLE_DOCTYPE, [power]))
    reply, result = counter.show(mdocs(EMPLOYEE_TYPE, ROLE_TYPE), query=query)
    assert reply.status == 200
    assert {name: [one["claims"] for one in found] for name, found in result["credentials"].items()} == {
        "employee": [{EMPLOYEE_SPACE: {"post": "課長"}}],
        "power": [{POWERS_SPACE: {"welfare.approve": True}}],
    }


def test_both_formats_come_in_one_answer(counter: Counter, mdocs: HeldMdocs, held: Held) -> None:
    query = mdoc_query("post")
    query["credentials"].append(credential_query("power", ROLE_VCT, [{"path": ["clearance"]}]))
    name, request = counter.ask(query)
    halves = [
        replace(request, parameters=request.parameters | {"dcql_query": {"credentials": [one]}})
        for one in query["credentials"]
    ]
    forms = [wallet_mdoc.answer(halves[0], mdocs(EMPLOYEE_TYPE)), counter.wallet.answer(halves[1], held(ROLE_TYPE))]
    tokens = [json.loads(form["vp_token"]) for form in forms]
    reply, result = counter.send(name, request, forms[0] | {"vp_token": json.dumps(tokens[0] | tokens[1])})
    assert reply.status == 200, reply.text
    assert {name: found[0]["format"] for name, found in result["credentials"].items()} == {
        "employee": mdoc.FORMAT,
        "power": FORMAT,
    }

    name, request = counter.ask(query)
    swapped = {"employee": tokens[1]["power"], "power": tokens[0]["employee"]}
    rejected_presentation(
        *counter.send(name, request, forms[0] | {"vp_token": json.dumps(swapped), "state": request.parameters["state"]})
    )


def test_what_was_not_asked_for_goes_no_further(counter: Counter, mdocs: HeldMdocs) -> None:
    """Elements beyond the query are refused or dropped, never handed to the relying system."""
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    reply, result = counter.show(held[1:], Device(more={(EMPLOYEE_SPACE, "name_kanji")}))
    if reply.status == 200:
        assert result["credentials"]["employee"][0]["claims"] == SHOWN
    else:
        rejected_presentation(reply, result)
