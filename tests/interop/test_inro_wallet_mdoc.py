"""Inro's wallet shows mdocs to a foreign verifier: the elements that were asked for, signed for that request alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import APPROVER
from inro_peers import cbor, mdoc
from inro_peers.issuer import Options
from inro_peers.jose import JsonObject, b64url, json_bytes
from inro_peers.mdoc import NameSpaces
from inro_peers.processes import InroIssuer, InroWallet
from inro_peers.sdjwt_vc import FORMAT as SD_JWT
from inro_peers.verifier import Encryption
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    FOREIGN_SPACE,
    ODD_ELEMENTS,
    POWERS_SPACE,
    ROLE_DOCTYPE,
    ROLE_SPACE,
    ROLE_TYPE,
    ROLE_VCT,
    credential_query,
    employee_query,
    foreign_employee_mdoc,
    mdoc_credential_query,
    mdoc_query,
)
from world import World, world

REGISTERED = [[EMPLOYEE_SPACE, "employee_number"], [EMPLOYEE_SPACE, "grade"], [FOREIGN_SPACE]]
NOT_REGISTERED = "post"
NUMBER = {"id": "number", "path": [EMPLOYEE_SPACE, "employee_number"]}
OTHER_NUMBER = {"id": "other", "path": [EMPLOYEE_SPACE, "employee_number"], "values": ["F9999"]}
GRADE = {"id": "grade", "path": [EMPLOYEE_SPACE, "grade"]}
ON_CALL = {"id": "on-call", "path": [FOREIGN_SPACE, "on_call"]}
Enter = Callable[[JsonObject], Any]


@contextmanager
def mdoc_world(wallet: InroWallet, folder: Path, copies: int = 2) -> Iterator[World]:
    """A foreign agency whose mdocs the wallet holds, and a verifier that it registered for `REGISTERED`."""
    with world(wallet, folder, Options(batch_size=copies), foreign_employee_mdoc()) as foreign:
        foreign.register({"type": EMPLOYEE_DOCTYPE, "claims": REGISTERED})
        [credential] = foreign.receive()["credentials"]
        assert (credential["type"], credential["format"]) == (EMPLOYEE_DOCTYPE, mdoc.FORMAT)
        assert credential["copies"] == copies
        yield foreign


def _one(*claims: JsonObject, **members: Any) -> JsonObject:
    return {"credentials": [mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, list(claims), **members)]}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (_one(NUMBER), {EMPLOYEE_SPACE: {"employee_number": "F0001"}}),
        (_one(NUMBER, ON_CALL), {EMPLOYEE_SPACE: {"employee_number": "F0001"}, FOREIGN_SPACE: {"on_call": True}}),
        (_one({"path": [FOREIGN_SPACE, "teams"]}), {FOREIGN_SPACE: {"teams": ["A", "B"]}}),
        (_one(*({"path": [FOREIGN_SPACE, name]} for name in ODD_ELEMENTS)), {FOREIGN_SPACE: ODD_ELEMENTS}),
        (_one(GRADE | {"values": [2, 3]}), {EMPLOYEE_SPACE: {"grade": 3}}),
        (_one(ON_CALL | {"values": [True]}), {FOREIGN_SPACE: {"on_call": True}}),
        (_one(OTHER_NUMBER, GRADE, claim_sets=[["other"], ["grade"]]), {EMPLOYEE_SPACE: {"grade": 3}}),
        (_one(NUMBER | {"intent_to_retain": True}), {EMPLOYEE_SPACE: {"employee_number": "F0001"}}),
        (_one(NUMBER | {"intent_to_retain": False}), {EMPLOYEE_SPACE: {"employee_number": "F0001"}}),
        (_one(NUMBER, multiple=False, unknown=1), {EMPLOYEE_SPACE: {"employee_number": "F0001"}}),
        (_one(), {}),
    ],
    ids=[
        *("one element", "two name spaces", "array", "odd elements", "number", "boolean", "second claim set"),
        *("to be retained", "not to be retained", "unknown member", "no claims"),
    ],
)
def test_shows_what_was_asked_for_and_nothing_else(
    inro_wallet: InroWallet, tmp_path: Path, query: JsonObject, shown: NameSpaces
) -> None:
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        [mdoc_shown] = session.mdocs["employee"]
        assert mdoc_shown.claims == shown


def test_the_holder_sees_every_kind_of_element(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        [listed] = foreign.wallet.run("list", "--json").json()["credentials"]
        shown = foreign.wallet.run("show", listed["id"], "--json").stdout
        for text in ("F0001", "外部 花子", *ODD_ELEMENTS):
            assert text in shown


def test_one_format_of_two_is_enough(inro_wallet: InroWallet, tmp_path: Path) -> None:
    query = {
        "credentials": [
            credential_query("sd-jwt", EMPLOYEE_VCT, [{"path": ["employee_number"]}]),
            mdoc_credential_query("mdoc", EMPLOYEE_DOCTYPE, [NUMBER]),
        ],
        "credential_sets": [{"options": [["sd-jwt"], ["mdoc"]]}],
    }
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        foreign.register(
            {"type": EMPLOYEE_DOCTYPE, "claims": REGISTERED}, {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]}
        )
        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        assert session.verified == {}
        assert [one.claims for one in session.mdocs["mdoc"]] == [{EMPLOYEE_SPACE: {"employee_number": "F0001"}}]


def test_answers_a_verifier_by_its_dns_name(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """The transcript has the client identifier with its prefix. Source: OpenID4VP B.2.6.1."""
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        changes = {"client_id": "x509_san_dns:localhost"}
        session = foreign.verifier.request(_one(NUMBER), changes=changes)
        foreign.assert_answers(session)
        assert session.mdocs


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_signs_over_the_key_that_it_encrypts_to(inro_wallet: InroWallet, tmp_path: Path, enc: str) -> None:
    """Source: OpenID4VP B.2.6.1 (`jwkThumbprint`)."""
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        session = foreign.verifier.request(_one(NUMBER), encryption=Encryption(encs=(enc,)))
        foreign.assert_answers(session)
        assert session.sealed_with is not None
        assert session.sealed_with["enc"] == enc
        assert [one.claims for one in session.mdocs["employee"]] == [{EMPLOYEE_SPACE: {"employee_number": "F0001"}}]


def test_a_copy_is_shown_once(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        seen = []
        for _ in range(2):
            session = foreign.verifier.request(_one(NUMBER))
            foreign.assert_answers(session)
            seen += session.mdocs["employee"]
        for name in ("deviceKeyInfo", "valueDigests"):
            assert cbor.encode(seen[0].mso[name]) != cbor.encode(seen[1].mso[name])


def _meta(**meta: Any) -> Enter:
    return lambda entry: entry.update(meta=meta)


def _path(*path: Any) -> Enter:
    return lambda entry: entry.update(claims=[{"path": list(path)}])


@pytest.mark.parametrize(
    "change",
    [
        _meta(),
        _meta(doctype_value=1),
        _meta(doctype_value=ROLE_DOCTYPE),
        _meta(vct_values=[EMPLOYEE_DOCTYPE]),
        _path(EMPLOYEE_SPACE),
        _path("employee_number"),
        _path(EMPLOYEE_SPACE, "employee_number", "x"),
        _path(FOREIGN_SPACE, "teams", 0),
        _path(FOREIGN_SPACE, None),
        _path(EMPLOYEE_SPACE, 0),
        _path(ROLE_SPACE, "employee_number"),
        _path(FOREIGN_SPACE, "unknown"),
        lambda entry: entry.update(claims=[GRADE | {"values": ["3"]}]),
        lambda entry: entry.update(claims=[ON_CALL | {"values": [1]}]),
        lambda entry: entry.update(claims=[]),
        lambda entry: entry.update(claims=[NUMBER | {"intent_to_retain": "no"}]),
        _path(EMPLOYEE_SPACE, NOT_REGISTERED),
    ],
    ids=[
        *("no doctype", "doctype is a number", "another doctype", "vct instead", "name space alone", "element alone"),
        *("three components", "index", "null", "number", "another name space", "unknown element", "text for a number"),
        *("number for a boolean", "empty claims", "intent is text", "not registered"),
    ],
)
def test_refuses_a_query_that_no_mdoc_meets(inro_wallet: InroWallet, tmp_path: Path, change: Enter) -> None:
    """Source: OpenID4VP §6.1 and §6.3, §7.2, B.2.3, B.2.4."""
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        foreign.assert_answers(foreign.verifier.request(_one(NUMBER)))
        query = _one(NUMBER)
        change(query["credentials"][0])
        foreign.assert_refuses(foreign.verifier.request(query))


def _formats(**formats: Any) -> JsonObject:
    return {"client_metadata": {"vp_formats_supported": formats}}


@pytest.mark.parametrize(
    "changes",
    [
        _formats(mso_mdoc={"issuerauth_alg_values": [-8]}),
        _formats(mso_mdoc={"deviceauth_alg_values": [-8]}),
        _formats(mso_mdoc={"deviceauth_alg_values": [-65537]}),
    ],
    ids=["issuer's algorithm", "device's algorithm", "MAC alone"],
)
def test_sends_no_mdoc_that_the_verifier_cannot_check(
    inro_wallet: InroWallet, tmp_path: Path, changes: JsonObject
) -> None:
    """Source: OpenID4VP B.2.2, §8.5 (`vp_formats_not_supported`)."""
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        right = _formats(mso_mdoc={"issuerauth_alg_values": [-9], "deviceauth_alg_values": [-65537, -9]})
        foreign.assert_answers(foreign.verifier.request(_one(NUMBER), changes=right))
        session = foreign.verifier.request(_one(NUMBER), changes=changes)
        foreign.assert_refuses(session)
        assert [response["error"] for response in session.responses] == ["vp_formats_not_supported"]


def test_authorizes_nothing_by_an_mdoc(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """No element of the mdoc stands for a transaction. Source: OpenID4VP B.2.1, §8.5."""
    transaction = {"type": "urn:inro:approval:1", "credential_ids": ["employee"], "text": {"en": "x", "ja": "x"}}
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        foreign.assert_answers(foreign.verifier.request(_one(NUMBER)))
        session = foreign.verifier.request(
            _one(NUMBER), changes={"transaction_data": [b64url(json_bytes(transaction))]}
        )
        foreign.assert_refuses(session)
        assert [response["error"] for response in session.responses] == ["invalid_transaction_data"]


def test_an_mdoc_is_no_sd_jwt_and_the_other_way_round(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with mdoc_world(inro_wallet, tmp_path) as foreign:
        foreign.assert_answers(foreign.verifier.request(_one(NUMBER)))
        foreign.register({"type": EMPLOYEE_VCT, "claims": [["employee_number"]]})
        foreign.assert_refuses(foreign.verifier.request(employee_query(["employee_number"])))


def test_shows_inros_mdocs_to_a_foreign_verifier(issuer: InroIssuer, inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Both of Inro's ends, with a foreign verifier that Inro's agency registered between them."""
    inro_wallet.trust("issuer", issuer.anchor_file)
    inro_wallet.trust("tls", issuer.tls_ca)
    offer = issuer.offer(APPROVER, EMPLOYEE_TYPE, ROLE_TYPE, form=mdoc.FORMAT)
    received = inro_wallet.receive(offer["credential_offer"])["credentials"]
    assert {one["type"] for one in received} == {EMPLOYEE_DOCTYPE, ROLE_DOCTYPE}

    power = {"path": [POWERS_SPACE, "welfare.approve"], "values": [True]}
    query = mdoc_query("name_kanji", "department_name")
    query["credentials"].append(mdoc_credential_query("power", ROLE_DOCTYPE, [power]))
    with world(inro_wallet, tmp_path) as foreign:
        foreign.register_with(
            issuer,
            tmp_path,
            {"type": ROLE_DOCTYPE, "claims": [[POWERS_SPACE]]},
            {"type": EMPLOYEE_DOCTYPE, "claims": [[EMPLOYEE_SPACE]]},
        )

        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        assert {name: [one.claims for one in found] for name, found in session.mdocs.items()} == {
            "employee": [{EMPLOYEE_SPACE: {"name_kanji": "試験 花子", "department_name": "福祉課"}}],
            "power": [{POWERS_SPACE: {"welfare.approve": True}}],
        }


def _receive_both(issuer: InroIssuer, wallet: InroWallet) -> None:
    """An employee id as mdoc and a role as SD-JWT VC, from Inro's agency."""
    wallet.trust("issuer", issuer.anchor_file)
    wallet.trust("tls", issuer.tls_ca)
    for type_id, form in ((EMPLOYEE_TYPE, mdoc.FORMAT), (ROLE_TYPE, SD_JWT)):
        wallet.receive(issuer.offer(APPROVER, type_id, form=form)["credential_offer"])


BOTH_REGISTERED: list[JsonObject] = [
    {"type": EMPLOYEE_DOCTYPE, "claims": [[EMPLOYEE_SPACE]]},
    {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]},
    {"type": ROLE_VCT, "claims": [["clearance"], ["powers"]]},
]
AS_MDOC = mdoc_credential_query("person", EMPLOYEE_DOCTYPE, [{"path": [EMPLOYEE_SPACE, "post"]}])
AS_SD_JWT = credential_query("power", ROLE_VCT, [{"path": ["powers", None], "values": ["welfare.approve"]}])
# The employee id as SD-JWT VC, which this wallet does not hold.
MISSING = credential_query("missing", EMPLOYEE_VCT, [{"path": ["employee_number"]}])


@pytest.mark.parametrize("encryption", [None, Encryption()], ids=["plain", "encrypted"])
def test_shows_an_mdoc_and_an_sd_jwt_in_one_answer(
    issuer: InroIssuer, inro_wallet: InroWallet, tmp_path: Path, encryption: Encryption | None
) -> None:
    """Each bound to the same request in the way of its format. Source: OpenID4VP §6.1, §8.1, B.2.5, B.3.6."""
    _receive_both(issuer, inro_wallet)
    with world(inro_wallet, tmp_path) as foreign:
        foreign.register_with(issuer, tmp_path, *BOTH_REGISTERED)
        session = foreign.verifier.request({"credentials": [AS_MDOC, AS_SD_JWT]}, encryption=encryption)
        foreign.assert_answers(session)
        assert session.verified is not None
        [person], [power] = session.mdocs["person"], session.verified["power"]
        assert person.claims == {EMPLOYEE_SPACE: {"post": "課長"}}
        assert power.claims["powers"] == ["welfare.approve"]
        assert "clearance" not in power.claims


def test_shows_a_part_where_a_part_is_enough_and_else_nothing(
    issuer: InroIssuer, inro_wallet: InroWallet, tmp_path: Path
) -> None:
    """Source: OpenID4VP §6.4.2 (all queries, or the sets that are required; else no credential at all)."""
    _receive_both(issuer, inro_wallet)
    queries = [AS_MDOC, MISSING, AS_SD_JWT]
    optional: JsonObject = {"options": [["missing"]], "required": False}
    with world(inro_wallet, tmp_path) as foreign:
        foreign.register_with(issuer, tmp_path, *BOTH_REGISTERED)
        for sets, shown in (
            ([{"options": [["person", "power"]]}, optional], {"person", "power"}),
            ([{"options": [["person", "missing"], ["power"]]}], {"power"}),
            ([{"options": [["person"]]}, {"options": [["missing"], ["power"]]}], {"person", "power"}),
        ):
            session = foreign.verifier.request({"credentials": queries, "credential_sets": sets})
            foreign.assert_answers(session)
            assert session.verified is not None
            assert set(session.verified) | set(session.mdocs) == shown
        impossible: list[JsonObject | None] = [
            None,
            {"options": [["missing"]]},
            {"options": [["person", "missing"], ["power", "missing"]]},
        ]
        for one in impossible:
            members = {} if one is None else {"credential_sets": [one]}
            foreign.assert_refuses(foreign.verifier.request({"credentials": queries, **members}))
