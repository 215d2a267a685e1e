"""Inro's wallet encrypts its answer to a foreign verifier's key, or sends none. Source: OpenID4VP §8.3 and §8.3.1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from expectations import REFUSED, ended_with_code
from foreign_keys import X25519
from inro_peers.issuer import Options
from inro_peers.jose import JsonObject, new_key, public_jwk
from inro_peers.jwe import Recipient
from inro_peers.processes import InroWallet
from inro_peers.verifier import Encryption, Session
from products import employee_query
from world import World, world

NUMBER = employee_query(["employee_number"])
Keys = Callable[[JsonObject], list[JsonObject]]


def _answered(foreign: World, encryption: Encryption) -> Session:
    session = foreign.verifier.request(NUMBER, encryption=encryption)
    foreign.assert_answers(session)
    assert session.sealed_with is not None
    assert session.sealed_with["kid"] == session.recipient.kid
    return session


@pytest.mark.parametrize(
    ("encs", "chosen"),
    [
        (None, {"A128GCM"}),
        (("A128GCM",), {"A128GCM"}),
        (("A256GCM",), {"A256GCM"}),
        (("A128GCM", "A256GCM"), {"A128GCM", "A256GCM"}),
        (("A128CBC-HS256", "unknown", "A256GCM"), {"A256GCM"}),
    ],
    ids=["default", "A128GCM", "A256GCM", "both", "beside unknown ones"],
)
def test_encrypts_by_what_the_verifier_offers(
    inro_wallet: InroWallet, tmp_path: Path, encs: tuple[str, ...] | None, chosen: set[str]
) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        session = _answered(foreign, Encryption(encs))
        assert session.sealed_with is not None
        assert session.sealed_with["enc"] in chosen
        [response] = session.responses
        assert set(response) == {"vp_token", "state"}


def test_makes_an_ephemeral_key_for_each_answer(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: RFC 7518 §4.6 (the ephemeral key is new for each agreement)."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        headers = [_answered(foreign, Encryption()).sealed_with for _ in range(2)]
        assert headers[0] and headers[1]
        assert headers[0]["epk"] != headers[1]["epk"]
        assert "d" not in headers[0]["epk"]


def _other(**members: object) -> JsonObject:
    """A key that nobody could open an answer with; None removes a member."""
    key = Recipient.create().jwk | members
    return {name: value for name, value in key.items() if value is not None}


P384 = {
    "kty": "EC",
    "kid": "lc",
    "use": "enc",
    "crv": "P-384",
    "alg": "ECDH-ES",
    "x": "iHytgLNtXjEyYMAIGwfgjINZRmLfObYbmjPhkaPD8OiTkJtRHjegTNdH31Mxg4nV",
    "y": "MizXWSqNB7sSt_SNjg3spvaJnmjB-LpxsPpLUaea33rvINL3Mq-gEaANErRQpbLx",
}
UNUSABLE = {
    "X25519": X25519,
    "P-384": P384,
    "for signatures": _other(use="sig"),
    "wrapping": _other(alg="ECDH-ES+A128KW"),
    "no alg": _other(alg=None),
    "off the curve": _other(x=public_jwk(new_key())["x"]),
    "RSA": {"kty": "RSA", "kid": "r", "use": "enc", "alg": "RSA-OAEP-256", "n": "AQAB", "e": "AQAB"},
    "unknown": {"kty": "unknown", "kid": "u", "alg": "unknown"},
}


@pytest.mark.parametrize("other", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_passes_over_a_key_that_it_cannot_use(inro_wallet: InroWallet, tmp_path: Path, other: JsonObject) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        _answered(foreign, Encryption(keys=lambda own: [other, own]))


def test_a_key_without_a_use_is_for_encryption(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP §5.1 and §8.3 (`use` absent or `enc`)."""
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        _answered(foreign, Encryption(keys=lambda own: [{name: own[name] for name in own if name != "use"}]))


def _assert_refuses(foreign: World, session: Session) -> None:
    """Refused with a code; whatever reaches the verifier is an error, be it in the clear or not."""
    ended_with_code(foreign.wallet.present(session.authorization_request, expect=REFUSED), REFUSED)
    assert not session.received_presentations
    assert session.verified is None
    assert all(set(response) <= {"error", "state"} for response in session.responses)


@pytest.mark.parametrize(
    "keys", [lambda _: [], *(lambda _, one=one: [one] for one in UNUSABLE.values())], ids=["no key", *UNUSABLE]
)
def test_refuses_a_request_without_a_usable_key(inro_wallet: InroWallet, tmp_path: Path, keys: Keys) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        _answered(foreign, Encryption())
        _assert_refuses(foreign, foreign.verifier.request(NUMBER, encryption=Encryption(keys=keys)))


@pytest.mark.parametrize("encs", [("A128CBC-HS256",), ()], ids=["unknown", "empty"])
def test_refuses_content_encryptions_that_it_does_not_have(
    inro_wallet: InroWallet, tmp_path: Path, encs: tuple[str, ...]
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        _answered(foreign, Encryption())
        _assert_refuses(foreign, foreign.verifier.request(NUMBER, encryption=Encryption(encs)))


@pytest.mark.parametrize("metadata", [{"jwks": None}, {"jwks": {}}, {"jwks": []}], ids=["no jwks", "no keys", "list"])
def test_refuses_a_request_for_encryption_without_a_key_set(
    inro_wallet: InroWallet, tmp_path: Path, metadata: JsonObject
) -> None:
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        session = _answered(foreign, Encryption())
        members: JsonObject = session.parameters["client_metadata"] | metadata
        changed = {name: value for name, value in members.items() if value is not None}
        _assert_refuses(
            foreign, foreign.verifier.request(NUMBER, encryption=Encryption(), changes={"client_metadata": changed})
        )


def test_a_refusal_gives_no_reason(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP §8.5 and §15.4.1 (a verifier learns no reason from `access_denied`)."""
    with world(inro_wallet, tmp_path, Options(batch_size=2)) as foreign:
        foreign.receive()
        _answered(foreign, Encryption())
        query = employee_query(["employee_number"])
        query["credentials"][0]["claims"][0]["values"] = ["F9999"]
        session = foreign.verifier.request(query, encryption=Encryption())
        _assert_refuses(foreign, session)
        assert session.responses == [{"error": "access_denied", "state": session.parameters["state"]}]
