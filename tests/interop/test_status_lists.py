"""Inro's verifier reads status lists that a foreign agency serves. Source: Token Status List §4, §5.1, §8.

Each credential names a list at an address of its own, so that no copy that the verifier keeps plays a part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from expectations import coded
from inro_peers.jose import JsonObject, b64url, sign_jws
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority
from inro_peers.processes import InroVerifier, free_port
from inro_peers.status_issuer import Publication, StatusIssuer, list_answer
from inro_peers.status_list import INVALID, JWT_TYP, OWN, SUSPENDED, VALID, compressed, sign_list
from inro_peers.transport import Outgoing
from partner import Partner, claims
from products import EMPLOYEE_TYPE, employee_query

REVOKED, HELD, UNDETERMINED = "INRO-VERIFIER-060", "INRO-VERIFIER-061", "INRO-VERIFIER-018"
OUTSIDE = "INRO-STATUS-012"
SIZE = 4096
MAX_AGE = 600
FAR_FUTURE = 32_503_680_000


def _status(uri: str, index: int) -> JsonObject:
    return {"status_list": {"uri": uri, "idx": index}}


def _outcome(agency: Partner, uri: str, index: int, body: JsonObject | None = None) -> str:
    """`verified`, or the code of the rejection, which comes without any claim."""
    reply, result = agency.present(claims(status=_status(uri, index)), body=body)
    if result["status"] == "verified":
        assert reply.status == 200
        return "verified"
    assert reply.status == 400, reply.text
    assert coded(reply.json())
    assert result["status"] == "rejected"
    assert not result.get("credentials")
    return str(result["error"]["inro_code"])


def _right(agency: Partner, entries: dict[int, int] | None = None, *, bits: int = 2, **changes: Any) -> Publication:
    """A list that is right but for `changes`."""
    lst = compressed(entries or {}, SIZE, bits)
    return lambda uri: list_answer(sign_list(uri, lst, agency.signer, bits=bits, **changes))


@pytest.mark.parametrize("index", [0, 1, 2, 3, 4, 1001, SIZE - 1])
@pytest.mark.parametrize(
    ("status", "outcome"), [(VALID, "verified"), (INVALID, REVOKED), (SUSPENDED, HELD), (OWN, UNDETERMINED)]
)
def test_reads_the_status_at_its_place(
    agency: Partner, statuses: StatusIssuer, status: int, outcome: str, index: int
) -> None:
    """The neighbours all say something else. Source: Token Status List §4.1 and §7.1."""
    others = {place: INVALID if status != INVALID else SUSPENDED for place in range(SIZE) if place != index}
    uri = statuses.publish(_right(agency, others | {index: status}))
    assert _outcome(agency, uri, index) == outcome
    [asked] = statuses.asked(uri)
    assert "application/statuslist+jwt" in asked.headers["accept"]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_reads_each_width(agency: Partner, statuses: StatusIssuer, bits: int) -> None:
    uri = statuses.publish(_right(agency, {9: INVALID, 10: VALID, 11: INVALID}, bits=bits))
    assert [_outcome(agency, uri, index) for index in (9, 10, 11)] == [REVOKED, "verified", REVOKED]
    assert len(statuses.asked(uri)) == 1, "one list for all of them, within its ttl"


def test_takes_a_list_without_what_is_optional(agency: Partner, statuses: StatusIssuer) -> None:
    """Source: Token Status List §5.1 (`exp` and `ttl` are recommended, other claims are allowed)."""
    uri = statuses.publish(_right(agency, {1: INVALID}, exp=None, ttl=None, unknown={"x": [1]}))
    assert _outcome(agency, uri, 0) == "verified"
    assert _outcome(agency, uri, 1) == REVOKED


def test_an_agency_may_have_another_signer_for_its_lists(agency: Partner, statuses: StatusIssuer) -> None:
    """Source: Token Status List §11.3 (certificates of one authority)."""
    other = agency.authority.issue("Partner Status", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    lst = compressed({1: INVALID}, SIZE)
    uri = statuses.publish(lambda uri: list_answer(sign_list(uri, lst, other)))
    assert _outcome(agency, uri, 0) == "verified"
    assert _outcome(agency, uri, 1) == REVOKED


def _signed_by_a_stranger(agency: Partner, lst: bytes) -> Publication:
    stranger = Authority.create("Stranger CA").issue("Stranger", EKU_CREDENTIAL_ISSUER)
    return lambda uri: list_answer(sign_list(uri, lst, stranger))


def _signed_for_another_use(agency: Partner, lst: bytes) -> Publication:
    registrar = agency.authority.issue("Partner Registrar", EKU_REGISTRAR)
    return lambda uri: list_answer(sign_list(uri, lst, registrar))


def _signed_by_another_key(agency: Partner, lst: bytes) -> Publication:
    other = agency.authority.issue("Partner Agency", EKU_CREDENTIAL_ISSUER)
    return lambda uri: list_answer(sign_list(uri, lst, other, header={"x5c": agency.signer.x5c}))


def _unsigned(agency: Partner, lst: bytes) -> Publication:
    def publish(uri: str) -> Outgoing:
        text = sign_list(uri, lst, agency.signer, header={"alg": "none"})
        return list_answer(text.rpartition(".")[0] + ".")

    return publish


def _altered(agency: Partner, lst: bytes) -> Publication:
    def publish(uri: str) -> Outgoing:
        header, _, signature = sign_list(uri, lst, agency.signer).split(".")
        _, revoked, _ = sign_list(uri, lst, agency.signer, unknown=1).split(".")
        return list_answer(f"{header}.{revoked}.{signature}")

    return publish


def _saying(status_list: Any) -> Callable[[Partner, bytes], Publication]:
    return lambda agency, lst: lambda uri: list_answer(sign_list(uri, lst, agency.signer, status_list=status_list))


def _claiming(**changes: Any) -> Callable[[Partner, bytes], Publication]:
    return lambda agency, lst: lambda uri: list_answer(sign_list(uri, lst, agency.signer, **changes))


def _headed(**header: Any) -> Callable[[Partner, bytes], Publication]:
    return lambda agency, lst: lambda uri: list_answer(sign_list(uri, lst, agency.signer, header=header))


def _answering(outgoing: Outgoing) -> Callable[[Partner, bytes], Publication]:
    return lambda *_: lambda _: outgoing


def _of_another_type(agency: Partner, lst: bytes) -> Publication:
    return lambda uri: Outgoing(200, sign_list(uri, lst, agency.signer).encode("ascii"), "text/plain")


def _another_payload(agency: Partner, _: bytes) -> Publication:
    jose = {"typ": JWT_TYP, "x5c": agency.signer.x5c}
    return lambda uri: list_answer(sign_jws(jose, {"sub": uri, "iat": int(time.time())}, agency.signer.key))


WRONG: dict[str, Callable[[Partner, bytes], Publication]] = {
    "stranger": _signed_by_a_stranger,
    "another use": _signed_for_another_use,
    "another key": _signed_by_another_key,
    "alg none": _unsigned,
    "altered": _altered,
    "another sub": _claiming(sub="https://localhost/another"),
    "no sub": _claiming(sub=None),
    "expired": _claiming(iat=int(time.time()) - 7200, exp=int(time.time()) - 3600),
    "exp is text": _claiming(exp="never"),
    "no iat": _claiming(iat=None),
    "from the future": _claiming(iat=FAR_FUTURE, exp=FAR_FUTURE + 60),
    "typ": _headed(typ="JWT"),
    "no typ": _headed(typ=None),
    "crit": _headed(crit=["x"], x=1),
    "no x5c": _headed(x5c=None),
    "no list": _another_payload,
    "bits": _saying({"bits": 3, "lst": b64url(compressed({}, SIZE))}),
    "no bits": _saying({"lst": b64url(compressed({}, SIZE))}),
    "no zlib": _saying({"bits": 2, "lst": b64url(bytes(SIZE))}),
    "cut short": _saying({"bits": 2, "lst": b64url(compressed({}, SIZE)[:-5])}),
    "no base64url": _saying({"bits": 2, "lst": "+/=="}),
    "server error": _answering(Outgoing.json(500, {})),
    "not found": _answering(Outgoing.json(404, {})),
    "no content": _answering(Outgoing(204)),
    "garbage": _answering(list_answer("garbage")),
    "media type": _of_another_type,
}


@pytest.mark.parametrize("index", [0, 1], ids=["would be valid", "would be revoked"])
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_list_says_nothing(
    agency: Partner, statuses: StatusIssuer, make: Callable[[Partner, bytes], Publication], index: int
) -> None:
    """Neither valid nor revoked. Source: Token Status List §8.3 (no statement about the status can be made)."""
    assert _outcome(agency, statuses.publish(_right(agency, {1: INVALID})), index) == ("verified", REVOKED)[index]
    wrong = make(agency, compressed({1: INVALID}, SIZE))
    assert _outcome(agency, statuses.publish(wrong), index) == UNDETERMINED


def test_a_server_that_is_down_says_nothing(agency: Partner, statuses: StatusIssuer) -> None:
    assert _outcome(agency, statuses.publish(_right(agency)), 0) == "verified"
    assert _outcome(agency, f"https://localhost:{free_port()}/lists/1", 0) == UNDETERMINED


def test_a_server_without_a_trusted_certificate_says_nothing(agency: Partner, statuses: StatusIssuer) -> None:
    assert _outcome(agency, statuses.publish(_right(agency)), 0) == "verified"
    with StatusIssuer() as stranger:
        assert _outcome(agency, stranger.publish(_right(agency)), 0) == UNDETERMINED
        assert not stranger.requests


def test_an_address_without_tls_says_nothing(agency: Partner, statuses: StatusIssuer) -> None:
    uri = statuses.publish(_right(agency))
    assert _outcome(agency, uri, 0) == "verified"
    assert _outcome(agency, uri.replace("https:", "http:"), 0) == UNDETERMINED


@pytest.fixture
def accepting(verifier: InroVerifier) -> Iterator[JsonObject]:
    """Asks by a policy that takes credentials of which nobody can say the status."""
    query = employee_query(["employee_number"])
    with verifier.policy(query, on_undetermined="accept", status_max_age=MAX_AGE) as body:
        yield body


def _said(agency: Partner, uri: str, index: int, policy: JsonObject) -> str:
    _, result = agency.present(claims(status=_status(uri, index)), body=policy)
    assert result["status"] == "verified", result
    [credential] = result["credentials"]["employee"]
    return str(credential["status"])


def test_a_policy_may_take_what_is_undetermined_but_nothing_revoked(
    agency: Partner, statuses: StatusIssuer, accepting: JsonObject
) -> None:
    uri = statuses.publish(_right(agency, {1: INVALID, 2: SUSPENDED}))
    assert _said(agency, uri, 0, accepting) == "valid"
    assert _outcome(agency, uri, 1, accepting) == REVOKED
    assert _outcome(agency, uri, 2, accepting) == HELD

    down = f"https://localhost:{free_port()}/lists/1"
    assert _said(agency, down, 1, accepting) == "undetermined"
    wrong = statuses.publish(_signed_by_a_stranger(agency, compressed({1: INVALID}, SIZE)))
    assert _said(agency, wrong, 1, accepting) == "undetermined"


def test_a_policy_may_call_a_list_too_old(agency: Partner, statuses: StatusIssuer, accepting: JsonObject) -> None:
    """Its `valid` counts no longer, while what it calls revoked is so for good.

    Source: Token Status List §8.3 step 4b (freshness is the verifier's own policy) and §7.1 (`INVALID`).
    """
    now = int(time.time())
    fresh = statuses.publish(_right(agency, {1: INVALID}, iat=now - MAX_AGE // 2))
    assert _said(agency, fresh, 0, accepting) == "valid"
    old = statuses.publish(_right(agency, {1: INVALID}, iat=now - 2 * MAX_AGE))
    assert _said(agency, old, 0, accepting) == "undetermined"
    assert _outcome(agency, old, 1, accepting) == REVOKED


@pytest.mark.parametrize("index", [SIZE, SIZE + 1, 1 << 40], ids=["one too far", "two", "far"])
def test_a_place_outside_its_list_is_refused_by_every_policy(
    agency: Partner, statuses: StatusIssuer, accepting: JsonObject, index: int
) -> None:
    """Source: Token Status List §8.3 step 6 (MUST be rejected)."""
    uri = statuses.publish(_right(agency))
    assert _outcome(agency, uri, SIZE - 1) == "verified"
    assert _outcome(agency, uri, index) == OUTSIDE
    assert _outcome(agency, uri, index, accepting) == OUTSIDE
