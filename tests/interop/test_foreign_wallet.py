"""A foreign wallet receives from Inro's issuer and presents to Inro's verifier."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from conftest import APPROVER, CLERK
from expectations import coded
from inro_peers.jose import JsonObject, Jws
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, chain_from_header, leaf_key, trusted_leaf
from inro_peers.processes import Binaries, InroIssuer, InroVerifier
from inro_peers.registration import check_registration
from inro_peers.sdjwt_vc import FORMAT
from inro_peers.transport import JSON, HttpsClient
from inro_peers.wallet_issuance import PRE_AUTHORIZED, HeldCredential, IssuanceWallet
from inro_peers.wallet_presentation import PresentationWallet, RequestError
from products import (
    EMPLOYEE_CONFIGURATION,
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    ROLE_CONFIGURATION,
    ROLE_TYPE,
    ROLE_VCT,
    credential_query,
)

Held = Callable[..., list[HeldCredential]]


def test_an_offer_reads_the_same_by_value_and_by_reference(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    created = issuer.offer(APPROVER, EMPLOYEE_TYPE, ROLE_TYPE, tx_code=True)
    by_value = issuance.resolve_offer(created["credential_offer"])
    reference = f"openid-credential-offer://?credential_offer_uri={quote(created['credential_offer_uri'], '')}"
    assert by_value == issuance.resolve_offer(reference)
    assert by_value.issuer == issuer.url
    assert by_value.configuration_ids == [EMPLOYEE_CONFIGURATION, ROLE_CONFIGURATION]
    assert by_value.wants_tx_code


def test_metadata_name_what_a_wallet_needs(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    """Members that OpenID4VCI §12.2.4, A.3.2 and §12.3 and RFC 9449 §5.1 ask for when such a service runs."""
    metadata = issuance.issuer_metadata(issuer.url)
    assert metadata["credential_endpoint"].startswith(issuer.url)
    assert metadata["nonce_endpoint"].startswith(issuer.url)
    assert metadata["batch_credential_issuance"] == {"batch_size": 10}
    configurations = metadata["credential_configurations_supported"]
    for name, vct in ((EMPLOYEE_CONFIGURATION, EMPLOYEE_VCT), (ROLE_CONFIGURATION, ROLE_VCT)):
        assert (configurations[name]["format"], configurations[name]["vct"]) == (FORMAT, vct)
        assert "jwk" in configurations[name]["cryptographic_binding_methods_supported"]
        assert "ES256" in configurations[name]["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]

    for configuration in configurations.values():
        display = configuration["credential_metadata"]["display"]
        assert display
        assert all(isinstance(entry["name"], str) and entry["name"] for entry in display)
        assert len({entry.get("locale") for entry in display}) == len(display)

    server = issuance.server_metadata(metadata)
    assert server["token_endpoint"].startswith(issuer.url)
    assert PRE_AUTHORIZED in server["grant_types_supported"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is True
    assert server["dpop_signing_alg_values_supported"] == ["ES256"]


def test_server_metadata_hold_no_empty_list(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    """Source: RFC 8414 §3.2 (claims with zero elements MUST be omitted)."""
    server = issuance.server_metadata(issuance.issuer_metadata(issuer.url))
    assert [] not in server.values()


def test_signed_metadata_say_what_the_unsigned_say(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    unsigned = issuance.issuer_metadata(issuer.url)
    signed = issuance.signed_issuer_metadata(issuer.url)
    assert {name: signed[name] for name in unsigned} == unsigned
    assert set(signed) - set(unsigned) <= {"iss", "sub", "iat", "exp"}


@pytest.mark.parametrize(("type_id", "vct"), [(EMPLOYEE_TYPE, EMPLOYEE_VCT), (ROLE_TYPE, ROLE_VCT)])
def test_type_metadata_come_signed_and_unsigned(issuer: InroIssuer, type_id: str, vct: str) -> None:
    https, url = HttpsClient(issuer.tls_ca), f"{issuer.url}/types/{type_id}"
    unsigned = https.request("GET", url, {"Accept": JSON})
    assert (unsigned.status, unsigned.media_type, unsigned.json()["vct"]) == (200, JSON, vct)

    signed = https.request("GET", url)
    assert (signed.status, signed.media_type) == (200, "application/jwt")
    jws = Jws.parse(signed.text, "inro-type-metadata+jwt")
    leaf = trusted_leaf(chain_from_header(jws.header), issuer.anchors, EKU_CREDENTIAL_ISSUER)
    assert jws.verify(leaf_key(leaf))["vct"] == vct


def test_a_batch_holds_copies_that_differ_in_key_and_status_place(held: Held) -> None:
    own = {"cnf", "status"}
    copies = held(EMPLOYEE_TYPE)
    assert len(copies) == 3
    first, *others = [copy.verified for copy in copies]
    for other in others:
        assert {name: value for name, value in other.claims.items() if name not in own} == {
            name: value for name, value in first.claims.items() if name not in own
        }
        assert all(other.claims[name] != first.claims[name] for name in own)
        assert not set(other.sd_jwt.disclosures) & set(first.sd_jwt.disclosures)


def test_a_credential_is_typed_timed_and_shows_nothing_undisclosed(held: Held) -> None:
    copy = held(EMPLOYEE_TYPE)[0].verified
    assert copy.vct == EMPLOYEE_VCT
    assert copy.claims["iat"] <= time.time() < copy.claims["exp"]
    assert copy.claims["employee_number"] == APPROVER
    bare = copy.sd_jwt.disclosing([], copy.processed).verify_issuer(leaf_key(copy.issuer))
    assert not {"employee_number", "name_kanji", "name_kana", "name_latin", "post", "grade"} & set(bare.claims)


def test_a_transaction_code_redeems_its_offer(issuer: InroIssuer, issuance: IssuanceWallet) -> None:
    created = issuer.offer(APPROVER, EMPLOYEE_TYPE, tx_code=True)
    assert issuance.receive(created["credential_offer"], created["tx_code"])


def test_the_welfare_policy_sees_the_one_power_and_nothing_else(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    created = verifier.create({"policy": "approve-welfare"})
    assert verifier.result(created["id"])["status"] == "pending"
    assert presentation.present(created["authorization_request"], held(ROLE_TYPE)).status == 200

    credential = _verified_credential(verifier, created["id"])
    assert credential["type"] == ROLE_VCT
    assert credential["claims"]["powers"] == ["welfare.approve"]
    assert set(credential["claims"]["scope"]) == {"agency"}
    assert "clearance" not in credential["claims"]
    assert not credential["claims"].get("roles")


def test_the_identification_policy_sees_four_claims(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    created = verifier.create({"policy": "identify-employee"})
    reply = presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE, ROLE_TYPE))
    assert (reply.status, reply.media_type) == (200, JSON)

    claims = _verified_credential(verifier, created["id"])["claims"]
    assert claims["employee_number"] == APPROVER
    assert claims["name_kanji"] == "試験 花子"
    assert claims["agency"] == {"name": "試験市"}
    assert claims["department"] == {"name": "福祉課"}
    assert not {"name_kana", "name_latin", "post", "employment", "grade"} & set(claims)


def test_a_request_is_registered_for_what_it_asks(
    issuer: InroIssuer, verifier: InroVerifier, presentation: PresentationWallet
) -> None:
    request = presentation.fetch(verifier.create({"policy": "approve-welfare"})["authorization_request"])
    registration = request.parameters["verifier_info"]
    assert [entry["format"] for entry in registration] == ["inro-registration+jwt"]
    jws = Jws.parse(registration[0]["data"], "inro-verifier-registration+jwt")
    assert jws.payload["name"]["ja"] == "福祉システム"
    assert jws.payload["exp"] > time.time()
    assert check_registration(request.parameters, request.leaf, issuer.anchors) == jws.payload


def test_each_request_has_its_own_nonce_and_state(verifier: InroVerifier, presentation: PresentationWallet) -> None:
    links = [verifier.create({"policy": "approve-welfare"})["authorization_request"] for _ in range(2)]
    first, again, second = (presentation.fetch(link).parameters for link in (links[0], links[0], links[1]))
    assert (first["nonce"], first["state"]) == (again["nonce"], again["state"])
    assert first["nonce"] != second["nonce"]
    assert first["state"] != second["state"]


def test_a_request_by_post_is_made_for_the_wallet_that_asked(
    verifier: InroVerifier, presentation: PresentationWallet
) -> None:
    """Source: OpenID4VP §5.10."""
    link = verifier.create({"policy": "identify-employee"})["authorization_request"]
    assert "request_uri_method=post" in link
    posted, again, got = presentation.fetch(link), presentation.fetch(link), presentation.fetch(link, post=False)
    nonces = [request.parameters.get("wallet_nonce") for request in (posted, again, got)]
    assert nonces[0] != nonces[1]
    assert nonces[2] is None


WALLET_METADATA: JsonObject = {
    "vp_formats_supported": {FORMAT: {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]}},
    "client_id_prefixes_supported": ["x509_hash", "x509_san_dns"],
    "request_object_signing_alg_values_supported": ["ES256"],
    "authorization_encryption_alg_values_supported": ["ECDH-ES"],
    "authorization_encryption_enc_values_supported": ["A128GCM"],
}


@pytest.mark.parametrize(
    "more",
    [
        {"wallet_metadata": json.dumps(WALLET_METADATA)},
        {"wallet_metadata": json.dumps(WALLET_METADATA | {"unknown": {"x": [1, None]}})},
        {"wallet_metadata": json.dumps(WALLET_METADATA, indent=2), "unknown": "x"},
        {"wallet_metadata": json.dumps({"vp_formats_supported": WALLET_METADATA["vp_formats_supported"]})},
        {"wallet_metadata": "{}"},
        {"unknown": "試験"},
    ],
    ids=["metadata", "unknown member", "unknown parameter", "formats alone", "nothing inside", "no metadata"],
)
def test_a_wallet_may_say_what_it_can_do(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held, more: dict[str, str]
) -> None:
    """Source: OpenID4VP §5.10 (unrecognized parameters MUST be ignored) and §10.1."""
    created = verifier.create({"policy": "identify-employee"})
    request = presentation.fetch(created["authorization_request"], more=more)
    assert presentation.post(request, presentation.answer(request, held(EMPLOYEE_TYPE))).status == 200
    assert _verified_credential(verifier, created["id"])["claims"]["employee_number"] == APPROVER


@pytest.mark.parametrize(
    "metadata", ["", "no JSON", "[]", '"text"', '{"a":1,"a":2}', "[" * 1000], ids=lambda text: text[:8] or "empty"
)
def test_what_a_wallet_says_wrongly_is_refused_and_costs_nothing(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held, metadata: str
) -> None:
    """The same request is then fetched and answered. Source: OpenID4VP §5.10 (a string containing a JSON object)."""
    created = verifier.create({"policy": "identify-employee"})
    with pytest.raises(RequestError, match="HTTP 400"):
        presentation.fetch(created["authorization_request"], more={"wallet_metadata": metadata})
    assert presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE)).status == 200
    assert verifier.result(created["id"])["status"] == "verified"


def test_the_second_claim_set_serves_where_the_first_does_not(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    claims: list[JsonObject] = [
        {"id": "governor", "path": ["post"], "values": ["知事"]},
        {"id": "number", "path": ["employee_number"]},
    ]
    entry = credential_query("one", EMPLOYEE_VCT, claims, claim_sets=[["governor"], ["number"]])
    created = verifier.create({"dcql_query": {"credentials": [entry]}})
    assert presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE)).status == 200
    shown = _verified_credential(verifier, created["id"])["claims"]
    assert shown["employee_number"] == APPROVER
    assert "post" not in shown


def test_one_option_of_a_credential_set_is_enough(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    query = {
        "credentials": [
            credential_query("role", ROLE_VCT, [{"path": ["clearance"]}]),
            credential_query("person", EMPLOYEE_VCT, [{"path": ["employee_number"]}]),
        ],
        "credential_sets": [{"options": [["role"], ["person"]]}],
    }
    created = verifier.create({"dcql_query": query})
    assert presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE)).status == 200
    assert set(verifier.result(created["id"])["credentials"]) == {"person"}


def test_a_credential_may_come_without_a_key_binding_where_none_is_required(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": ["post"]}], require_cryptographic_holder_binding=False)
    created = verifier.create({"dcql_query": {"credentials": [entry]}})
    request = presentation.fetch(created["authorization_request"])
    form = presentation.answer(request, held(EMPLOYEE_TYPE))
    assert form["vp_token"].endswith('~"]}')
    assert presentation.post(request, form).status == 200
    assert _verified_credential(verifier, created["id"])["claims"]["post"] == "課長"


def test_two_credentials_come_where_several_may(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    """Source: OpenID4VP §6.1 (`multiple`)."""
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": ["employee_number"]}], multiple=True)
    created = verifier.create({"dcql_query": {"credentials": [entry]}})
    request = presentation.fetch(created["authorization_request"])
    holders = [held(EMPLOYEE_TYPE, employee=employee) for employee in (APPROVER, CLERK)]
    forms = [presentation.answer(request, credentials) for credentials in holders]
    texts = [text for form in forms for text in json.loads(form["vp_token"])["one"]]
    assert presentation.post(request, forms[0] | {"vp_token": json.dumps({"one": texts})}).status == 200
    credentials = verifier.result(created["id"])["credentials"]["one"]
    assert [one["claims"]["employee_number"] for one in credentials] == [APPROVER, CLERK]


def test_an_optional_credential_may_come_along_or_not(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    """Source: OpenID4VP §6.2 and §6.4.2."""
    query = {
        "credentials": [
            credential_query("person", EMPLOYEE_VCT, [{"path": ["employee_number"]}]),
            credential_query("role", ROLE_VCT, [{"path": ["clearance"]}]),
        ],
        "credential_sets": [{"options": [["person"]]}, {"options": [["role"]], "required": False}],
    }
    for credentials, optional in ((held(EMPLOYEE_TYPE), False), (held(EMPLOYEE_TYPE, ROLE_TYPE), True)):
        created = verifier.create({"dcql_query": query})
        request = presentation.fetch(created["authorization_request"])
        form = presentation.answer(request, credentials)
        if optional:
            asking_both = {name: value for name, value in query.items() if name != "credential_sets"}
            eager = replace(request, parameters=request.parameters | {"dcql_query": asking_both})
            form = presentation.answer(eager, credentials)
        assert presentation.post(request, form).status == 200
        result = verifier.result(created["id"])
        assert set(result["credentials"]) == ({"person", "role"} if optional else {"person"})


def test_a_redirect_brings_the_code_that_opens_the_result(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    """Who only started the presentation learns nothing. Source: OpenID4VP §8.2, §13.3, §14.3 (session fixation)."""
    query = {"credentials": [credential_query("one", EMPLOYEE_VCT, [{"path": ["post"]}])]}
    created = verifier.create({"dcql_query": query, "redirect_uri": "https://system.example/back"})
    reply = presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE))
    assert reply.status == 200, reply.text
    back, _, code = reply.json()["redirect_uri"].partition("#response_code=")
    assert (back, bool(code)) == ("https://system.example/back", True)

    path = f"/v1/presentations/{created['id']}"
    for wrong in ("", "?response_code=another"):
        assert coded(verifier.api("GET", path + wrong).json())
    assert verifier.api("GET", f"{path}?response_code={code}").json()["status"] == "verified"


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_wallet_on_another_device_is_sent_nowhere(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held, mode: str
) -> None:
    """Who asked reads the result without a code. Source: OpenID4VP §8.2, §3.2 (cross device)."""
    created = verifier.create({"policy": "identify-employee", "response_mode": mode})
    reply = presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE))
    assert (reply.status, "redirect_uri" in reply.json()) == (200, False)
    assert verifier.result(created["id"])["status"] == "verified"


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_each_answer_on_one_device_has_a_code_of_its_own(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held, mode: str
) -> None:
    """A code opens the result that it came with, and no other. Source: OpenID4VP §8.2, §13.3."""
    back = "https://system.example/back?session=7"
    body = {"policy": "identify-employee", "response_mode": mode, "redirect_uri": back}
    codes = {}
    for copy in held(EMPLOYEE_TYPE)[:2]:
        created = verifier.create(body)
        reply = presentation.present(created["authorization_request"], [copy])
        place, _, code = reply.json()["redirect_uri"].partition("#response_code=")
        assert place == back
        codes[created["id"]] = code
    (first, first_code), (second, second_code) = codes.items()
    assert len({first_code, second_code}) == 2
    assert min(map(len, codes.values())) >= 22, "128 bits or more in base64url"
    for name, own, other in ((first, first_code, second_code), (second, second_code, first_code)):
        assert coded(verifier.api("GET", f"/v1/presentations/{name}?response_code={other}").json())
        assert verifier.api("GET", f"/v1/presentations/{name}?response_code={own}").json()["status"] == "verified"


def test_who_declines_is_sent_back_too(verifier: InroVerifier, presentation: PresentationWallet) -> None:
    """An error is a response, after which the system goes on with the holder. Source: OpenID4VP §8.2 and §8.5."""
    created = verifier.create({"policy": "identify-employee", "redirect_uri": "https://system.example/back"})
    request = presentation.fetch(created["authorization_request"])
    reply = presentation.post(request, {"error": "access_denied", "state": request.parameters["state"]})
    assert reply.status == 200, reply.text
    back, _, code = reply.json()["redirect_uri"].partition("#response_code=")
    assert back == "https://system.example/back"
    path = f"/v1/presentations/{created['id']}"
    assert coded(verifier.api("GET", path).json())
    assert verifier.api("GET", f"{path}?response_code={code}").json()["status"] == "rejected"


def test_an_acknowledged_result_is_forgotten(
    verifier: InroVerifier, presentation: PresentationWallet, held: Held
) -> None:
    created = verifier.create({"policy": "identify-employee"})
    presentation.present(created["authorization_request"], held(EMPLOYEE_TYPE))
    path = f"/v1/presentations/{created['id']}"
    assert verifier.result(created["id"])["status"] == "verified"
    assert verifier.api("DELETE", path).status == 204
    assert verifier.api("GET", path).status == 404


def test_a_verifier_may_go_by_its_dns_name(binaries: Binaries, issuer: InroIssuer, held: Held, tmp_path: Path) -> None:
    verifier = InroVerifier(binaries, tmp_path / "by-name")
    verifier.register_with(issuer)
    config = verifier.folder / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace('"x509_hash"', '"x509_san_dns"'), encoding="utf-8")
    verifier.start()
    try:
        wallet = PresentationWallet(HttpsClient(verifier.tls_ca), verifier.anchors)
        created = verifier.create({"policy": "identify-employee"})
        assert wallet.fetch(created["authorization_request"]).client_id == "x509_san_dns:localhost"
        assert wallet.present(created["authorization_request"], held(EMPLOYEE_TYPE)).status == 200
        assert _verified_credential(verifier, created["id"])["claims"]["employee_number"] == APPROVER
    finally:
        verifier.stop()


def _verified_credential(verifier: InroVerifier, presentation: str) -> JsonObject:
    """The one credential of a verified presentation."""
    result = verifier.result(presentation)
    assert result["status"] == "verified", result
    [[credential]] = result["credentials"].values()
    assert isinstance(credential, dict)
    return credential
