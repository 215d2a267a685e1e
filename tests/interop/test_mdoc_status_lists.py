"""Inro's verifier follows the status of a foreign agency's mdocs, by lists that the agency serves as CWT or as JWT.

Source: Token Status List §4, §5.1, §5.2, §6.3 (mdocs), §7.1, §8. Each test publishes at an address of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from expectations import coded
from inro_peers import cbor, cose
from inro_peers.cbor import Tagged
from inro_peers.jose import JsonObject, b64url
from inro_peers.mdoc import Draft
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority, Identity
from inro_peers.processes import InroVerifier, free_port
from inro_peers.status_issuer import Publication, StatusIssuer, list_answer
from inro_peers.status_list import (
    COSE_SIGN1,
    CWT_TYPE,
    INVALID,
    JWT_TYPE,
    OWN,
    SUSPENDED,
    TYPE,
    VALID,
    compressed,
    sign_list,
    sign_list_cwt,
)
from inro_peers.transport import Outgoing
from mdoc_counter import QUERY
from mdoc_partner import CLAIMS, MdocPartner
from partner import Partner, claims

REVOKED, HELD, UNDETERMINED = "INRO-VERIFIER-060", "INRO-VERIFIER-061", "INRO-VERIFIER-018"
OUTSIDE = "INRO-STATUS-012"
VERIFIED, UNKNOWN = "valid", "undetermined"
SIZE = 4096
FAR_FUTURE = 32_503_680_000
# The tag around a whole CWT, and the one of a message under a shared key (RFC 8392 §6, RFC 9052 §2).
CWT_TAG, COSE_MAC0 = 61, 17
# Seconds within which a renewed list has to count. A bound for a stuck verifier, not an expectation.
LIMIT = 60

Form = Callable[..., Publication]


def _jwt(signer: Identity, entries: dict[int, int], *, bits: int = 2, **changes: Any) -> Publication:
    """Publishes a list as JWT."""
    lst = compressed(entries, SIZE, bits)
    return lambda uri: list_answer(sign_list(uri, lst, signer, bits=bits, **changes))


def _cwt(signer: Identity, entries: dict[int, int], *, bits: int = 2, **changes: Any) -> Publication:
    """Publishes a list as CWT."""
    lst = compressed(entries, SIZE, bits)
    return lambda uri: list_answer(sign_list_cwt(uri, lst, signer, bits=bits, **changes))


FORMS = pytest.mark.parametrize("form", [_jwt, _cwt], ids=["JWT", "CWT"])


def _referring(uri: Any, index: Any) -> Callable[[Draft], Any]:
    """Refers to a place in a list. Source: Token Status List §6.3."""
    return _stating({"status_list": {"idx": index, "uri": uri}})


def _stating(status: JsonObject) -> Callable[[Draft], Any]:
    """Puts a status into the MobileSecurityObject."""
    return lambda draft: draft.mso.update(status=status)


def _outcome(agency: MdocPartner, uri: Any, index: Any, query: JsonObject = QUERY) -> str:
    """The status that a verified result tells, or the code of the rejection, which comes without any claim."""
    reply, result = agency.present(_referring(uri, index), query=query)
    if result["status"] == "verified":
        assert reply.status == 200
        [credential] = result["credentials"]["employee"]
        assert credential["claims"] == CLAIMS
        return str(credential["status"])
    assert reply.status == 400, reply.text
    assert coded(reply.json())
    assert result["status"] == "rejected"
    assert not result.get("credentials")
    return str(result["error"]["inro_code"])


@pytest.fixture
def accepting(verifier: InroVerifier) -> Iterator[JsonObject]:
    """Asks by a policy that takes credentials of which nobody can say the status."""
    with verifier.policy(QUERY, on_undetermined="accept") as body:
        yield body


@pytest.fixture
def rejecting(verifier: InroVerifier) -> Iterator[JsonObject]:
    """Asks by a policy that does not."""
    with verifier.policy(QUERY, on_undetermined="reject") as body:
        yield body


@FORMS
@pytest.mark.parametrize("index", [0, 3, SIZE - 1])
@pytest.mark.parametrize(
    ("status", "outcome"), [(VALID, VERIFIED), (INVALID, REVOKED), (SUSPENDED, HELD), (OWN, UNDETERMINED)]
)
def test_reads_the_status_at_its_place(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, form: Form, status: int, outcome: str, index: int
) -> None:
    """The neighbours all say something else."""
    others = {place: INVALID if status != INVALID else SUSPENDED for place in range(SIZE) if place != index}
    uri = statuses.publish(form(mdoc_agency.signer, others | {index: status}))
    assert _outcome(mdoc_agency, uri, index) == outcome
    [asked] = statuses.asked(uri)
    assert {JWT_TYPE, CWT_TYPE} <= {one.split(";")[0].strip() for one in asked.headers["accept"].split(",")}


@FORMS
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_reads_each_width(mdoc_agency: MdocPartner, statuses: StatusIssuer, form: Form, bits: int) -> None:
    uri = statuses.publish(form(mdoc_agency.signer, {9: INVALID, 10: VALID, 11: INVALID}, bits=bits))
    assert [_outcome(mdoc_agency, uri, index) for index in (9, 10, 11)] == [REVOKED, VERIFIED, REVOKED]
    assert len(statuses.asked(uri)) == 1, "one list for all of them, within its ttl"


@FORMS
def test_takes_a_list_without_what_is_optional(mdoc_agency: MdocPartner, statuses: StatusIssuer, form: Form) -> None:
    """Source: Token Status List §5.1 and §5.2."""
    uri = statuses.publish(form(mdoc_agency.signer, {1: INVALID}, exp=None, ttl=None, unknown={"x": [1]}))
    assert [_outcome(mdoc_agency, uri, index) for index in (0, 1)] == [VERIFIED, REVOKED]


def test_takes_a_certificate_in_either_header(mdoc_agency: MdocPartner, statuses: StatusIssuer) -> None:
    """Source: RFC 9360 §2 (`x5chain` may be protected or not)."""
    signer = mdoc_agency.signer
    protected = _cwt(
        signer, {1: INVALID}, protected={cose.X5CHAIN: signer.der}, unprotected={cose.X5CHAIN: None, 4: b"kid"}
    )
    uri = statuses.publish(protected)
    assert [_outcome(mdoc_agency, uri, index) for index in (0, 1)] == [VERIFIED, REVOKED]


def test_one_list_serves_both_formats(agency: Partner, mdoc_agency: MdocPartner, statuses: StatusIssuer) -> None:
    """An mdoc and an SD-JWT VC with places in one list."""
    uri = statuses.publish(_jwt(mdoc_agency.signer, {3: SUSPENDED, 4: INVALID}))
    assert [_outcome(mdoc_agency, uri, index) for index in (2, 3, 4)] == [VERIFIED, HELD, REVOKED]
    assert _outcomes_of_sd_jwts(agency, uri) == ["verified", HELD, REVOKED]


def test_the_list_of_an_sd_jwt_vc_is_a_jwt(agency: Partner, mdoc_agency: MdocPartner, statuses: StatusIssuer) -> None:
    """Source: SD-JWT VC §2.2.2.3."""
    uri = statuses.publish(_cwt(mdoc_agency.signer, {3: SUSPENDED, 4: INVALID}))
    assert [_outcome(mdoc_agency, uri, index) for index in (2, 3, 4)] == [VERIFIED, HELD, REVOKED]
    assert _outcomes_of_sd_jwts(agency, uri) == [UNDETERMINED] * 3


def _outcomes_of_sd_jwts(agency: Partner, uri: str) -> list[str]:
    """What becomes of an SD-JWT VC at the places 2, 3 and 4."""
    results = [agency.present(claims(status={"status_list": {"uri": uri, "idx": index}}))[1] for index in (2, 3, 4)]
    return [result["error"]["inro_code"] if result["status"] == "rejected" else result["status"] for result in results]


@FORMS
def test_an_agency_suspends_resumes_and_revokes(mdoc_agency: MdocPartner, statuses: StatusIssuer, form: Form) -> None:
    """What the newest list says counts once the older one's `ttl` is over. Source: Token Status List §8.3 step 4d."""
    now = VALID

    def publish(uri: str) -> Outgoing:
        return form(mdoc_agency.signer, {7: now}, ttl=1)(uri)

    uri = statuses.publish(publish)
    for now, outcome in ((VALID, VERIFIED), (SUSPENDED, HELD), (VALID, VERIFIED), (INVALID, REVOKED)):
        deadline = time.monotonic() + LIMIT
        while (found := _outcome(mdoc_agency, uri, 7)) != outcome:
            assert time.monotonic() < deadline, found


def _stranger(agency: MdocPartner, form: Form) -> Publication:
    return form(Authority.create("Stranger CA").issue("Stranger", EKU_CREDENTIAL_ISSUER), {1: INVALID})


def _another_use(agency: MdocPartner, form: Form) -> Publication:
    return form(agency.authority.issue("Partner Registrar", EKU_REGISTRAR), {1: INVALID})


def _another_key(agency: MdocPartner, form: Form) -> Publication:
    return form(Identity(agency.holder, agency.signer.certificate), {1: INVALID})


def _claiming(**changes: Any) -> Callable[[MdocPartner, Form], Publication]:
    return lambda agency, form: form(agency.signer, {1: INVALID}, **changes)


def _altered(agency: MdocPartner, form: Form) -> Publication:
    """One byte of the signature is another."""

    def publish(uri: str) -> Outgoing:
        answer = form(agency.signer, {1: INVALID})(uri)
        # The signature ends the CWT; the JWT's last character holds stray bits, so another one is changed.
        spoilt = bytearray(answer.body)
        spoilt[-5] = ord("A") if spoilt[-5] != ord("A") else ord("B")
        return Outgoing(answer.status, bytes(spoilt), answer.media_type)

    return publish


def _cut(agency: MdocPartner, form: Form) -> Publication:
    def publish(uri: str) -> Outgoing:
        answer = form(agency.signer, {1: INVALID})(uri)
        return Outgoing(answer.status, answer.body[:-1], answer.media_type)

    return publish


def _of_the_other_type(agency: MdocPartner, form: Form) -> Publication:
    def publish(uri: str) -> Outgoing:
        answer = form(agency.signer, {1: INVALID})(uri)
        return Outgoing(200, answer.body, JWT_TYPE if answer.media_type == CWT_TYPE else CWT_TYPE)

    return publish


def _of_no_type(agency: MdocPartner, form: Form) -> Publication:
    return lambda uri: Outgoing(200, form(agency.signer, {1: INVALID})(uri).body, "application/octet-stream")


def _answering(outgoing: Outgoing) -> Callable[[MdocPartner, Form], Publication]:
    return lambda *_: lambda _: outgoing


def _saying(bits: Any, lst: Any) -> Callable[[MdocPartner, Form], Publication]:
    def make(agency: MdocPartner, form: Form) -> Publication:
        content = b64url(lst) if form is _jwt and isinstance(lst, bytes) else lst
        members = {"bits": bits, "lst": content}
        return form(
            agency.signer, {}, status_list={name: value for name, value in members.items() if value is not None}
        )

    return make


LIST = compressed({}, SIZE)
WRONG: dict[str, Callable[[MdocPartner, Form], Publication]] = {
    "stranger": _stranger,
    "another use": _another_use,
    "another key": _another_key,
    "altered": _altered,
    "cut": _cut,
    "another sub": _claiming(sub="https://localhost/another"),
    "no sub": _claiming(sub=None),
    "expired": _claiming(iat=int(time.time()) - 7200, exp=int(time.time()) - 3600),
    "exp is text": _claiming(exp="never"),
    "no iat": _claiming(iat=None),
    "from the future": _claiming(iat=FAR_FUTURE, exp=FAR_FUTURE + 60),
    "ttl is 0": _claiming(ttl=0),
    "no list": _claiming(status_list=None),
    "bits": _saying(3, LIST),
    "no bits": _saying(None, LIST),
    "no lst": _saying(2, None),
    "lst is a number": _saying(2, 1),
    "no zlib": _saying(2, bytes(SIZE)),
    "cut short": _saying(2, LIST[:-5]),
    "the other media type": _of_the_other_type,
    "no media type": _of_no_type,
    "server error": _answering(Outgoing.json(500, {})),
    "not found": _answering(Outgoing.json(404, {})),
    "no content": _answering(Outgoing(204)),
    "garbage": _answering(Outgoing(200, b"garbage", CWT_TYPE)),
}


@FORMS
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_list_says_nothing(
    mdoc_agency: MdocPartner,
    statuses: StatusIssuer,
    rejecting: JsonObject,
    accepting: JsonObject,
    make: Callable[[MdocPartner, Form], Publication],
    form: Form,
) -> None:
    """Neither valid nor revoked; the policy says what follows. Source: Token Status List §8.3."""
    right = statuses.publish(form(mdoc_agency.signer, {1: INVALID}))
    assert [_outcome(mdoc_agency, right, index, accepting) for index in (0, 1)] == [VERIFIED, REVOKED]
    wrong = statuses.publish(make(mdoc_agency, form))
    assert _outcome(mdoc_agency, wrong, 0, rejecting) == UNDETERMINED
    assert _outcome(mdoc_agency, wrong, 1, accepting) == UNKNOWN


def _cwt_only(**changes: Any) -> Callable[[MdocPartner], Publication]:
    return lambda agency: _cwt(agency.signer, {1: INVALID}, **changes)


def _indefinite(agency: MdocPartner) -> Publication:
    """The outer array without its length."""

    def publish(uri: str) -> Outgoing:
        body = sign_list_cwt(uri, compressed({1: INVALID}, SIZE), agency.signer)
        assert body[:2] == b"\xd2\x84"
        return list_answer(b"\xd2\x9f" + body[2:] + b"\xff")

    return publish


def _claim_twice(agency: MdocPartner) -> Publication:
    """The list occurs twice in the signed claims."""

    def publish(uri: str) -> Outgoing:
        now = int(time.time())
        lst = cbor.encode({"bits": 2, "lst": compressed({1: INVALID}, SIZE)})
        key = cbor.encode(65533)
        claims = b"\xa4" + cbor.encode(2) + cbor.encode(uri) + cbor.encode(6) + cbor.encode(now) + (key + lst) * 2
        header: dict[int | str, Any] = {cose.ALG: cose.ES256, TYPE: CWT_TYPE}
        chain: dict[int | str, Any] = {cose.X5CHAIN: agency.signer.der}
        message = cose.Sign1.make(claims, agency.signer.key, protected=header, unprotected=chain)
        return list_answer(cbor.encode(Tagged(COSE_SIGN1, message.to_cbor())))

    return publish


WRONG_CWT: dict[str, Callable[[MdocPartner], Publication]] = {
    "no tag": _cwt_only(tags=()),
    "tag of a CWT around": _cwt_only(tags=(CWT_TAG, COSE_SIGN1)),
    "tag of a MAC": _cwt_only(tags=(COSE_MAC0,)),
    "type of a JWT": _cwt_only(protected={TYPE: JWT_TYPE}),
    "no type": _cwt_only(protected={TYPE: None}),
    "type not protected": _cwt_only(protected={TYPE: None}, unprotected={TYPE: CWT_TYPE}),
    "another algorithm": _cwt_only(protected={cose.ALG: -8}),
    "no algorithm": _cwt_only(protected={cose.ALG: None}),
    "algorithm not protected": _cwt_only(protected={cose.ALG: None}, unprotected={cose.ALG: cose.ES256}),
    "critical header": _cwt_only(protected={cose.CRIT: ["x"], "x": 1}),
    "no certificate": _cwt_only(unprotected={cose.X5CHAIN: None}),
    "negative ttl": _cwt_only(ttl=-1),
    "lst as text": _cwt_only(status_list={"bits": 2, "lst": b64url(LIST)}),
    "indefinite length": _indefinite,
    "claim twice": _claim_twice,
}


@pytest.mark.parametrize("make", WRONG_CWT.values(), ids=WRONG_CWT.keys())
def test_a_wrong_cwt_says_nothing(
    mdoc_agency: MdocPartner,
    statuses: StatusIssuer,
    accepting: JsonObject,
    make: Callable[[MdocPartner], Publication],
) -> None:
    """Source: Token Status List §5.2, RFC 9052 §3.1 and §4.2."""
    right = statuses.publish(_cwt(mdoc_agency.signer, {1: INVALID}))
    assert [_outcome(mdoc_agency, right, index) for index in (0, 1)] == [VERIFIED, REVOKED]
    wrong = statuses.publish(make(mdoc_agency))
    assert [_outcome(mdoc_agency, wrong, index) for index in (0, 1)] == [UNDETERMINED] * 2
    assert _outcome(mdoc_agency, wrong, 1, accepting) == UNKNOWN


def test_a_server_that_is_down_says_nothing(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, rejecting: JsonObject, accepting: JsonObject
) -> None:
    up = statuses.publish(_cwt(mdoc_agency.signer, {}))
    assert _outcome(mdoc_agency, up, 0, rejecting) == VERIFIED
    down = f"https://localhost:{free_port()}/lists/1"
    assert _outcome(mdoc_agency, down, 0, rejecting) == UNDETERMINED
    assert _outcome(mdoc_agency, down, 0, accepting) == UNKNOWN


@FORMS
@pytest.mark.parametrize("index", [SIZE, SIZE + 1, 1 << 40], ids=["one too far", "two", "far"])
def test_a_place_outside_its_list_is_refused_by_every_policy(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, accepting: JsonObject, form: Form, index: int
) -> None:
    """Source: Token Status List §8.3 step 6 (MUST be rejected)."""
    uri = statuses.publish(form(mdoc_agency.signer, {}))
    assert _outcome(mdoc_agency, uri, SIZE - 1, accepting) == VERIFIED
    assert _outcome(mdoc_agency, uri, index) == OUTSIDE
    assert _outcome(mdoc_agency, uri, index, accepting) == OUTSIDE


@pytest.mark.parametrize(
    ("uri", "index"),
    [
        (None, -1),
        (None, "1"),
        (None, True),
        (None, 1.0),
        (None, None),
        (b"https://localhost/list", 0),
        (1, 0),
    ],
    ids=[
        *("negative", "place as text", "place as a boolean", "place as a float", "no place"),
        *("address as bytes", "address as a number"),
    ],
)
def test_a_reference_of_another_kind_is_refused_by_every_policy(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, accepting: JsonObject, uri: Any, index: Any
) -> None:
    """Source: Token Status List §6.3 (an unsigned integer and a text string)."""
    right = statuses.publish(_cwt(mdoc_agency.signer, {}))
    assert _outcome(mdoc_agency, right, 0, accepting) == VERIFIED
    for query in (QUERY, accepting):
        outcome = _outcome(mdoc_agency, right if uri is None else uri, index, query)
        assert outcome not in (VERIFIED, UNKNOWN, REVOKED, HELD)
    assert len(statuses.asked(right)) == 1


@pytest.mark.parametrize(
    "uri",
    ["", "lists/1", "not a URI", "https:", "urn:example:list", "http://localhost/list"],
    ids=["empty", "relative", "no URI", "no host", "no place on the web", "without TLS"],
)
def test_an_address_that_leads_to_no_list_says_nothing(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, accepting: JsonObject, uri: str
) -> None:
    """Source: Token Status List §8.3 (where a check of the reference fails, no statement can be made)."""
    assert _outcome(mdoc_agency, statuses.publish(_cwt(mdoc_agency.signer, {})), 0) == VERIFIED
    assert _outcome(mdoc_agency, uri, 0) == UNDETERMINED
    assert _outcome(mdoc_agency, uri, 0, accepting) == UNKNOWN


def test_an_mdoc_that_does_not_hold_costs_no_fetch(mdoc_agency: MdocPartner, statuses: StatusIssuer) -> None:
    """Source: Token Status List §8.3 (MUST NOT be performed, e.g. fetching)."""
    uri = statuses.publish(_cwt(mdoc_agency.signer, {}))

    def spoil(draft: Draft) -> None:
        _referring(uri, 0)(draft)
        draft.mso["valueDigests"] = {}

    _, result = mdoc_agency.present(spoil)
    assert result["status"] == "rejected"
    assert not statuses.asked(uri)
    assert _outcome(mdoc_agency, uri, 0) == VERIFIED
    assert len(statuses.asked(uri)) == 1


@pytest.mark.parametrize("beside", [True, False], ids=["beside a list", "alone"])
def test_a_mechanism_that_nobody_here_knows(
    mdoc_agency: MdocPartner, statuses: StatusIssuer, accepting: JsonObject, beside: bool
) -> None:
    """A list counts whatever stands beside it; without one nobody can say. Source: Token Status List §6.3 and §8.3."""
    uri = statuses.publish(_cwt(mdoc_agency.signer, {1: INVALID}))
    found = []
    for index, query in ((0, QUERY), (1, QUERY), (0, accepting)):
        status: JsonObject = {"identifier_list": {"id": b"1", "uri": "https://localhost/identifiers"}}
        if beside:
            status["status_list"] = {"idx": index, "uri": uri}
        _, result = mdoc_agency.present(_stating(status), query=query)
        found.append(
            result["credentials"]["employee"][0]["status"]
            if result["status"] == "verified"
            else result["error"]["inro_code"]
        )
    assert found == ([VERIFIED, REVOKED, VERIFIED] if beside else [UNDETERMINED, UNDETERMINED, UNKNOWN])
