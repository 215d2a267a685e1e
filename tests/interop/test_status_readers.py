"""The foreign readers of status lists: the examples of the specification, and Inro's lists in both formats."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from inro_peers import cbor, cose, status_list
from inro_peers.cbor import CborError, Tagged
from inro_peers.processes import InroIssuer
from inro_peers.status_list import CWT_TYPE, JWT_TYPE, StatusList, StatusListError
from inro_peers.transport import HttpsClient
from inro_peers.wallet_issuance import HeldCredential
from products import EMPLOYEE_TYPE

# Token Status List §4.1: both examples, each with the compressed array and what stands at each place.
ONE_BIT = ("78dadbb918000217015d", [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1])
TWO_BITS = ("78da3be9f2130003df0207", [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])


@pytest.mark.parametrize(("bits", "example"), [(1, ONE_BIT), (2, TWO_BITS)], ids=["1 bit", "2 bits"])
def test_reads_and_makes_the_examples_of_the_specification(bits: int, example: tuple[str, list[int]]) -> None:
    text, statuses = example
    array = zlib.decompress(bytes.fromhex(text))
    read = StatusList("", 0, None, None, bits, array)
    assert [read.status(index) for index in range(len(statuses))] == statuses
    with pytest.raises(StatusListError):
        read.status(len(statuses))
    assert zlib.decompress(status_list.compressed(dict(enumerate(statuses)), len(statuses), bits)) == array


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1a000f4240", 1_000_000),
        ("1b000000e8d4a51000", 1_000_000_000_000),
        ("20", -1),
        ("3903e7", -1000),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("6449455446", "IETF"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("a201020304", {1: 2, 3: 4}),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("c11a514b67b0", Tagged(1, 1_363_896_240)),
    ],
)
def test_reads_the_examples_of_rfc_8949(data: str, value: object) -> None:
    """Source: RFC 8949 Appendix A."""
    assert cbor.decode(bytes.fromhex(data), floats=False) == value


@pytest.mark.parametrize(
    "data",
    ["", "18", "4401", "0000", "5f42010243030405ff", "9fff", "bfff", "a201020102", "62c328", "1c", "f97e00", "81" * 40],
)
def test_reads_nothing_else(data: str) -> None:
    with pytest.raises(CborError):
        cbor.decode(bytes.fromhex(data), floats=False)


def test_covers_by_the_signature_what_rfc_9052_says() -> None:
    """Source: RFC 9052 §4.4: an array of the context, the protected header, no external data and the payload."""
    covered = cose.signed_bytes(bytes.fromhex("a10126"), b"x" * 300)
    assert cbor.decode(covered) == ["Signature1", bytes.fromhex("a10126"), b"", b"x" * 300]


def test_inros_lists_say_the_same_in_both_formats(
    issuer: InroIssuer, held: Callable[..., list[HeldCredential]]
) -> None:
    """Source: Token Status List §5.1, §5.2 and §8.1 (the `Accept` header chooses)."""
    https = HttpsClient(issuer.tls_ca)
    places = [copy.verified.claims["status"]["status_list"] for copy in held(EMPLOYEE_TYPE)]
    for uri in {place["uri"] for place in places}:
        jwt, cwt = (fetch(https, uri, issuer.anchors) for fetch in (status_list.fetch, status_list.fetch_cwt))
        assert jwt.expires_at is not None and cwt.expires_at is not None
        # Each is kept for its own `ttl`.
        assert abs(jwt.issued_at - cwt.issued_at) <= 30
        assert jwt.expires_at - jwt.issued_at == cwt.expires_at - cwt.issued_at
        assert (jwt.ttl, jwt.bits, jwt.array) == (cwt.ttl, cwt.bits, cwt.array)
        assert jwt.bits >= 2, "room for SUSPENDED (§7.1)"
        for place in places:
            assert jwt.status(place["idx"]) == cwt.status(place["idx"]) == status_list.VALID


@pytest.mark.parametrize(
    ("accept", "media_types"),
    [
        (JWT_TYPE, {JWT_TYPE}),
        (CWT_TYPE, {CWT_TYPE}),
        (f"{JWT_TYPE};q=0.1, {CWT_TYPE}", {CWT_TYPE}),
        (f"{JWT_TYPE}, {CWT_TYPE};q=0.1", {JWT_TYPE}),
        ("*/*", {JWT_TYPE, CWT_TYPE}),
    ],
    ids=["JWT", "CWT", "rather CWT", "rather JWT", "any"],
)
def test_inros_issuer_answers_in_the_format_that_was_asked_for(
    issuer: InroIssuer, held: Callable[..., list[HeldCredential]], accept: str, media_types: set[str]
) -> None:
    """Source: Token Status List §8.1 and §8.2, RFC 9110 §12.5.1 (quality values)."""
    uri = held(EMPLOYEE_TYPE)[0].verified.claims["status"]["status_list"]["uri"]
    reply = HttpsClient(issuer.tls_ca).request("GET", uri, {"Accept": accept})
    assert reply.status == 200
    assert reply.media_type in media_types
