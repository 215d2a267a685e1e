"""Inro's wallet fetches a foreign verifier's request by POST, and authorizes its transactions.

Source: OpenID4VP §5.10 (POST and `wallet_nonce`), §5.1, §8.4 and B.3.3.1 (transaction data).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations import DONE, REFUSED, ended_with_code
from inro_peers.issuer import Options
from inro_peers.jose import JsonObject, b64url, parse_json_object
from inro_peers.processes import InroWallet
from inro_peers.sdjwt_vc import FORMAT
from inro_peers.verifier import Encryption
from inro_peers.wallet_presentation import APPROVAL
from products import EMPLOYEE_VCT, credential_query, employee_query
from world import World, world

NUMBER = employee_query(["employee_number"])
TEXT = {"en": "Approve application 7.", "ja": "申請7を承認する。"}


def test_fetches_a_request_by_post_with_a_fresh_nonce(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        sessions = [foreign.verifier.request(NUMBER, method="post") for _ in range(2)]
        for session in sessions:
            foreign.assert_answers(session)
            assert session.fetched == len(session.posted) == 1
        nonces = {session.posted[0]["wallet_nonce"] for session in sessions}
        assert len(nonces) == 2
        assert all(len(nonce) >= 22 for nonce in nonces), "128 bits or more in base64url"


def test_tells_in_its_metadata_what_it_can_do(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP §5.10 and §10.1, B.3.4; nothing of it names the holder (§15.6)."""
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        session = foreign.verifier.request(NUMBER, method="post")
        foreign.assert_answers(session)
        assert set(session.posted[0]) <= {"wallet_metadata", "wallet_nonce"}
        metadata = parse_json_object(session.posted[0]["wallet_metadata"])
        assert "ES256" in metadata["vp_formats_supported"][FORMAT]["sd-jwt_alg_values"]
        assert "ES256" in metadata["vp_formats_supported"][FORMAT]["kb-jwt_alg_values"]
        assert "x509_hash" in metadata["client_id_prefixes_supported"]


@pytest.mark.parametrize(
    "repeat", [lambda _: None, lambda _: "another", lambda nonce: f"{nonce}x"], ids=["none", "another", "longer"]
)
def test_refuses_a_request_that_was_not_made_for_it(
    inro_wallet: InroWallet, tmp_path: Path, repeat: Callable[[str | None], str | None]
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(NUMBER, method="post"))
        session = foreign.verifier.request(NUMBER, method="post")
        session.repeat = repeat
        foreign.assert_refuses(session)


def test_refuses_the_request_of_another_fetch(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        first = foreign.verifier.request(NUMBER, method="post")
        foreign.assert_answers(first)
        session = foreign.verifier.request(NUMBER, method="post")
        session.repeat = lambda _: first.posted[0]["wallet_nonce"]
        foreign.assert_refuses(session)


def test_gets_where_the_method_says_so(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP §5.1 (`request_uri_method` is case-sensitive)."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        session = foreign.verifier.request(NUMBER, method="get")
        foreign.assert_answers(session)
        assert not session.posted
        for method in ("POST", "put"):
            foreign.assert_refuses(foreign.verifier.request(NUMBER, method=method))


def _encoded(data: Any, **layout: Any) -> str:
    return b64url(json.dumps(data, **layout).encode("utf-8"))


def _approval(**changes: Any) -> JsonObject:
    approval = {"type": APPROVAL, "credential_ids": ["employee"], "text": TEXT} | changes
    return {name: value for name, value in approval.items() if value is not None}


def _assert_authorizes(foreign: World, *transactions: str, encryption: Encryption | None = None) -> None:
    """The holder reads each text, agrees, and the verifier finds each hash."""
    changes: JsonObject = {"transaction_data": list(transactions)}
    session = foreign.verifier.request(NUMBER, changes=changes, encryption=encryption, method="post")
    finished = foreign.wallet.present_at_terminal(session.authorization_request, "yes")
    assert finished.status == DONE, finished
    assert TEXT["en"] in finished.stderr
    assert session.verified is not None, session.problem


@pytest.mark.parametrize(
    "transactions",
    [
        [_encoded(_approval())],
        [_encoded(_approval(), indent=2)],
        [_encoded(_approval(), ensure_ascii=False, sort_keys=True)],
        [_encoded(_approval(transaction_data_hashes_alg=["sha-256"]))],
        [_encoded(_approval(transaction_data_hashes_alg=["sha-512", "sha-256"]))],
        [_encoded(_approval()), _encoded(_approval(text=TEXT | {"ja": "申請8を承認する。"}))],
    ],
    ids=["plain", "white space", "raw UTF-8", "algorithm", "one of two algorithms", "two"],
)
def test_authorizes_by_the_hash_of_the_string_as_sent(
    inro_wallet: InroWallet, tmp_path: Path, transactions: list[str]
) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        _assert_authorizes(foreign, *transactions)


def test_authorizes_in_an_encrypted_answer(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        _assert_authorizes(foreign, _encoded(_approval()), encryption=Encryption())


def test_authorizes_nothing_that_the_holder_declines_or_has_not_read(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        changes = {"transaction_data": [_encoded(_approval())]}
        _assert_authorizes(foreign, *changes["transaction_data"])
        foreign.assert_refuses(foreign.verifier.request(NUMBER, changes=changes))
        declined = foreign.verifier.request(NUMBER, changes=changes)
        ended_with_code(foreign.wallet.present_at_terminal(declined.authorization_request, "no"), REFUSED)
        assert declined.responses == [{"error": "access_denied", "state": declined.parameters["state"]}]


def test_authorizes_with_one_of_the_credentials_that_a_transaction_names(
    inro_wallet: InroWallet, tmp_path: Path
) -> None:
    """Source: OpenID4VP §5.1 (`credential_ids`: the wallet uses only one of them)."""
    query = {
        "credentials": [credential_query(name, EMPLOYEE_VCT, [{"path": ["employee_number"]}]) for name in ("a", "b")]
    }
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        changes = {"transaction_data": [_encoded(_approval(credential_ids=["a", "b"]))]}
        session = foreign.verifier.request(query, changes=changes)
        assert foreign.wallet.present_at_terminal(session.authorization_request, "yes").status == DONE
        assert session.verified is not None, session.problem
        assert set(session.verified) == {"a", "b"}


@pytest.mark.parametrize(
    "transaction_data",
    [
        [_encoded(_approval(type="urn:example:payment:1"))],
        [_encoded(_approval(type="approval"))],
        [_encoded(_approval(type=None))],
        [_encoded(_approval()), _encoded(_approval(type="urn:example:payment:1"))],
        [_encoded(_approval(amount=1))],
        [_encoded(_approval(text="Approve."))],
        [_encoded(_approval(text={"en": "Approve."}))],
        [_encoded(_approval(text=None))],
        [_encoded(_approval(credential_ids=["unknown"]))],
        [_encoded(_approval(credential_ids=[]))],
        [_encoded(_approval(credential_ids=None))],
        [_encoded(_approval(transaction_data_hashes_alg=["sha-512"]))],
        [_encoded(_approval(transaction_data_hashes_alg=[]))],
        [_encoded([])],
        ["no base64url!"],
        [_approval()],
        [],
        "text",
    ],
    ids=[
        *("unknown type", "another type", "no type", "one unknown of two", "unknown member", "text of wrong type"),
        *("half a text", "no text", "unknown credential", "no credentials", "no credential_ids", "unknown algorithm"),
        *("no algorithm", "array", "no base64url", "not encoded", "empty", "no array"),
    ],
)
def test_refuses_wrong_transaction_data_and_tells_the_verifier(
    inro_wallet: InroWallet, tmp_path: Path, transaction_data: Any
) -> None:
    """Source: OpenID4VP §5.1 (one unrecognized type spoils the request), §8.5 (`invalid_transaction_data`)."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        _assert_authorizes(foreign, _encoded(_approval()))
        session = foreign.verifier.request(NUMBER, changes={"transaction_data": transaction_data})
        finished = foreign.wallet.present_at_terminal(session.authorization_request, "yes")
        ended_with_code(finished, REFUSED)
        assert session.responses == [{"error": "invalid_transaction_data", "state": session.parameters["state"]}]


def test_refuses_a_transaction_for_a_credential_without_holder_binding(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP B.3.3."""
    query = employee_query(["employee_number"])
    query["credentials"][0]["require_cryptographic_holder_binding"] = False
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        _assert_authorizes(foreign, _encoded(_approval()))
        session = foreign.verifier.request(query, changes={"transaction_data": [_encoded(_approval())]})
        ended_with_code(foreign.wallet.present_at_terminal(session.authorization_request, "yes"), REFUSED)
        assert session.responses == [{"error": "invalid_transaction_data", "state": session.parameters["state"]}]
