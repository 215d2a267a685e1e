"""Inro's wallet answers, or refuses, a verifier that nobody here wrote for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from conftest import APPROVER
from expectations import DONE, FAILED, REFUSED, ended_with_code
from inro_peers.issuer import Options
from inro_peers.jose import JsonObject
from inro_peers.pki import EKU_VERIFIER, Authority
from inro_peers.processes import InroIssuer, InroWallet
from inro_peers.sdjwt_vc import FORMAT
from inro_peers.verifier import Encryption
from products import (
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    ROLE_TYPE,
    ROLE_VCT,
    credential_query,
    employee_query,
)
from world import NOT_REGISTERED, REGISTERED, World, world


def test_shows_a_registered_verifier_only_what_it_asked(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        session = foreign.verifier.request(employee_query(["department", "name"]))
        foreign.assert_answers(session)
        assert session.verified is not None
        [credential] = session.verified["employee"]
        assert credential.claims["department"] == {"name": "福祉課"}
        assert len(credential.sd_jwt.disclosures) == 2, "the department, and the name inside it"


NUMBER: JsonObject = {"id": "number", "path": ["employee_number"]}
NAME: JsonObject = {"id": "name", "path": ["name_kanji"]}
OTHER_NUMBER: JsonObject = {"id": "other", "path": ["employee_number"], "values": ["F9999"]}


def _query(*entries: JsonObject, **members: Any) -> JsonObject:
    return {"credentials": list(entries), **members}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (_query(credential_query("a", EMPLOYEE_VCT, [NUMBER, NAME])), {"a": {"employee_number", "name_kanji"}}),
        (
            _query(credential_query("a", EMPLOYEE_VCT, [NUMBER, NAME, OTHER_NUMBER], claim_sets=[["other"], ["name"]])),
            {"a": {"name_kanji"}},
        ),
        (
            _query(
                credential_query("a", ROLE_VCT, [{"path": ["clearance"]}]),
                credential_query("b", EMPLOYEE_VCT, [NUMBER]),
                credential_sets=[{"options": [["a"], ["b"]]}],
            ),
            {"b": {"employee_number"}},
        ),
        (
            _query(
                credential_query("a", EMPLOYEE_VCT, [NAME]),
                credential_query("b", ROLE_VCT, [{"path": ["clearance"]}]),
                credential_sets=[{"options": [["a"]]}, {"options": [["b"]], "required": False}],
            ),
            {"a": {"name_kanji"}},
        ),
        (
            _query(credential_query("a", EMPLOYEE_VCT, [NUMBER]), credential_query("b", EMPLOYEE_VCT, [NAME])),
            {"a": {"employee_number"}, "b": {"name_kanji"}},
        ),
        (
            _query(credential_query("a", EMPLOYEE_VCT, [NUMBER | {"values": ["F9999", "F0001"]}])),
            {"a": {"employee_number"}},
        ),
        (
            _query(credential_query("a", EMPLOYEE_VCT, [NUMBER], unknown={"x": 1}), unknown=[1]),
            {"a": {"employee_number"}},
        ),
        (_query({"id": "a", "format": FORMAT, "meta": {"vct_values": [EMPLOYEE_VCT]}}), {"a": set()}),
    ],
    ids=[
        *(
            "claims",
            "second claim set",
            "one option",
            "optional credential",
            "two queries",
            "values",
            "unknown members",
        ),
        "no claims",
    ],
)
def test_answers_each_kind_of_query_with_the_least(
    inro_wallet: InroWallet, tmp_path: Path, query: JsonObject, shown: dict[str, set[str]]
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.register({"type": EMPLOYEE_VCT, "claims": REGISTERED}, {"type": ROLE_VCT, "claims": [["clearance"]]})
        foreign.receive()
        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        assert session.verified is not None
        carried = {
            name: {str(place[0]) for one in credentials for place in one.processed.carriers}
            for name, credentials in session.verified.items()
        }
        assert carried == shown


def test_refuses_a_verifier_that_asks_for_more_than_was_registered(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=3)) as foreign:
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(employee_query(*REGISTERED)))

        foreign.assert_refuses(foreign.verifier.request(employee_query(*REGISTERED, NOT_REGISTERED)))

        approved = foreign.verifier.request(employee_query(*REGISTERED, NOT_REGISTERED))
        finished = foreign.wallet.present(approved.authorization_request, "--allow-unregistered", expect=DONE)
        assert finished.json()["status"] == "sent"
        assert approved.verified is not None


def test_refuses_a_verifier_without_a_registration(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))
        foreign.assert_refuses(
            foreign.verifier.request(employee_query(["employee_number"]), changes={"verifier_info": None})
        )


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({}, {"alg": "none"}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": None}),
        ({}, {"crit": ["x"], "x": 1}),
        ({"exp": 1}, {}),
        ({"aud": "https://another.example"}, {}),
        ({"client_id": "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"}, {}),
        ({"client_id": "x509_san_dns:another.example"}, {}),
        ({"client_id": "redirect_uri:https://localhost/response"}, {}),
        ({"client_id": "pre-registered"}, {}),
        ({"nonce": None}, {}),
        ({"response_mode": "fragment"}, {}),
        ({"response_type": "code"}, {}),
        ({"redirect_uri": "https://localhost/"}, {}),
        ({"dcql_query": None}, {}),
        ({"transaction_data": ["e30"]}, {}),
        ({"response_uri": "https://another.example/response"}, {}),
    ],
    ids=[
        *("unsigned", "typ", "no typ", "crit", "expired", "aud", "hash", "dns", "redirect_uri client"),
        *("pre-registered", "no nonce", "mode", "type", "redirect_uri", "no query", "transaction", "response host"),
    ],
)
def test_refuses_a_wrong_request(
    inro_wallet: InroWallet, tmp_path: Path, changes: JsonObject, header: JsonObject
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))
        foreign.assert_refuses(foreign.verifier.request(query, changes=changes, header=header))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://localhost/"}, "invalid_request"),
        ({"transaction_data": ["e30"]}, "invalid_transaction_data"),
    ],
)
def test_tells_a_known_verifier_what_is_wrong(
    inro_wallet: InroWallet, tmp_path: Path, changes: JsonObject, error: str
) -> None:
    """Source: OpenID4VP §8.2 (redirect_uri beside direct_post) and §8.5."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))
        session = foreign.verifier.request(query, changes=changes)
        foreign.assert_refuses(session)
        assert session.responses == [{"error": error, "state": session.parameters["state"]}]


def test_refuses_a_request_that_comes_without_a_request_object(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))

        session = foreign.verifier.request(query)
        by_value = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in session.parameters.items()
        }
        session.authorization_request = f"openid4vp://?{urlencode(by_value)}"
        foreign.assert_refuses(session)


def test_answers_a_verifier_by_its_dns_name(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        changes = {"client_id": "x509_san_dns:localhost"}
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"]), changes=changes))


def test_refuses_another_client_id_outside_than_inside(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))
        foreign.assert_refuses(foreign.verifier.request(query, outer_client_id="x509_san_dns:localhost"))


def test_refuses_a_verifier_of_an_unknown_authority(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))

        stranger = Authority.create("Stranger CA").issue("Stranger", EKU_VERIFIER, dns_names=("localhost",))
        changes = {"client_id": f"x509_hash:{stranger.leaf_sha256}"}
        foreign.assert_refuses(foreign.verifier.request(query, changes=changes, signer=stranger))


def test_refuses_a_signature_by_another_key(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))

        another = foreign.verifier.authority.issue("Another", EKU_VERIFIER, dns_names=("localhost",))
        header = {"x5c": foreign.verifier.identity.x5c}
        foreign.assert_refuses(foreign.verifier.request(query, header=header, signer=another))


@pytest.mark.parametrize("endpoint", ["request", "response"])
def test_follows_no_http_redirect(inro_wallet: InroWallet, tmp_path: Path, endpoint: str) -> None:
    """Source: OpenID4VP §14.8."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))

        session = foreign.verifier.request(query)
        session.redirects = endpoint
        ended_with_code(foreign.wallet.present(session.authorization_request, expect=None), FAILED, REFUSED)
        assert session.verified is None
        assert not session.responses


def test_answers_a_request_once(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        session = foreign.verifier.request(employee_query(["employee_number"]))
        foreign.assert_answers(session)
        again = foreign.wallet.present(session.authorization_request, expect=None)
        ended_with_code(again, FAILED, REFUSED)
        assert len(session.responses) == 1


def test_a_copy_is_shown_once(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        sessions = [foreign.verifier.request(employee_query(["employee_number"])) for _ in range(2)]
        for session in sessions:
            foreign.assert_answers(session)
        seen = [session.verified["employee"][0] for session in sessions if session.verified]
        assert seen[0].claims["cnf"] != seen[1].claims["cnf"]
        assert seen[0].sd_jwt.issuer_jwt != seen[1].sd_jwt.issuer_jwt


def test_a_wallet_whose_copies_are_spent_shows_nothing(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        foreign.assert_answers(foreign.verifier.request(query))
        _assert_spent(foreign, query)
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(query))


def test_a_lost_answer_spends_its_copy(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """The verifier may have seen the copy although no answer came back, so it is never shown again."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        query = employee_query(["employee_number"])
        lost = foreign.verifier.request(query)
        lost.redirects = "response"
        ended_with_code(foreign.wallet.present(lost.authorization_request, expect=None), FAILED, REFUSED)
        foreign.assert_answers(foreign.verifier.request(query))
        _assert_spent(foreign, query)


def _assert_spent(foreign: World, query: JsonObject) -> None:
    session = foreign.verifier.request(query)
    ended_with_code(foreign.wallet.present(session.authorization_request, expect=None), FAILED, REFUSED)
    assert not session.received_presentations


def test_no_match_and_another_value_and_a_refusal_look_the_same(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))

        other_value = employee_query(["employee_number"])
        other_value["credentials"][0]["claims"][0]["values"] = ["F9999"]
        no_match = employee_query(["employee_number"])
        no_match["credentials"][0]["meta"]["vct_values"] = [ROLE_VCT]
        over_asking = employee_query(["employee_number"], NOT_REGISTERED)
        sessions = [foreign.verifier.request(query) for query in (other_value, no_match, over_asking)]
        for session in sessions:
            foreign.assert_refuses(session)
        answers = [
            [{name: value for name, value in response.items() if name != "state"} for response in session.responses]
            for session in sessions
        ]
        assert answers[0] == answers[1] == answers[2]


def test_inros_agency_registers_a_foreign_verifier_for_inros_credentials(
    issuer: InroIssuer, inro_wallet: InroWallet, tmp_path: Path
) -> None:
    inro_wallet.trust("issuer", issuer.anchor_file)
    inro_wallet.trust("tls", issuer.tls_ca)
    offer = issuer.offer(APPROVER, EMPLOYEE_TYPE, ROLE_TYPE, tx_code=True)
    received = inro_wallet.receive(offer["credential_offer"], offer["tx_code"])["credentials"]
    assert {credential["type"] for credential in received} == {EMPLOYEE_VCT, ROLE_VCT}

    query = {
        "credentials": [
            credential_query("power", ROLE_VCT, [{"path": ["powers", None], "values": ["welfare.approve"]}]),
            credential_query("person", EMPLOYEE_VCT, [{"path": ["name_kanji"]}, {"path": ["department", "name"]}]),
        ]
    }
    with world(inro_wallet, tmp_path) as foreign:
        foreign.register_with(
            issuer,
            tmp_path,
            {"type": ROLE_VCT, "claims": [["powers"]]},
            {"type": EMPLOYEE_VCT, "claims": [["name_kanji"], ["department", "name"]]},
        )

        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        assert session.verified is not None
        assert session.verified["power"][0].claims["powers"] == ["welfare.approve"]
        person = session.verified["person"][0]
        assert person.claims["name_kanji"] == "試験 花子"
        assert len(person.sd_jwt.disclosures) == 2


@pytest.mark.parametrize("encryption", [None, Encryption()], ids=["plain", "encrypted"])
def test_hands_the_browser_to_where_the_verifier_says(
    inro_wallet: InroWallet, tmp_path: Path, encryption: Encryption | None
) -> None:
    """On one device; on another there is nowhere to go. Source: OpenID4VP §8.2 (`redirect_uri`)."""
    back = "https://system.example/back?session=7#response_code=091535f699ea575c7937fa5f0f454aee"
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        for place in (back, None):
            session = foreign.verifier.request(employee_query(["employee_number"]), encryption=encryption)
            session.redirect_uri = place
            finished = foreign.wallet.present(session.authorization_request).json()
            assert (finished["status"], finished["redirect_uri"]) == ("sent", place)
            assert session.verified is not None, session.problem


@pytest.mark.parametrize(
    "place",
    ["http://system.example/back", "javascript:alert(1)", "file:///etc/passwd", "system.example/back", "", 1, ["x"]],
    ids=["without TLS", "script", "file", "relative", "empty", "number", "array"],
)
def test_hands_the_browser_to_no_other_place(inro_wallet: InroWallet, tmp_path: Path, place: Any) -> None:
    """What was sent is sent, and the holder is told so. Source: OpenID4VP §8.2, §14.7."""
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        session = foreign.verifier.request(employee_query(["employee_number"]))
        session.redirect_uri = place
        finished = foreign.wallet.present(session.authorization_request, expect=None)
        assert session.verified is not None, session.problem
        ended_with_code(finished, FAILED)
        assert finished.json()["redirect_uri"] is None
