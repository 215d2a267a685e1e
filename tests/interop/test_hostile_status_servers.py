"""Servers of status lists that lead astray, send too much, or do not end, in front of Inro's verifier.

A trusted agency names them in its credentials. Nothing that they do may make a status, hold up other presentations or
last beyond the server's recovery. Source: Token Status List §8.2 (response), §8.3, §11.1 and §11.4 (redirects), RFC 9110
§8.4 and §12.5.3 (content codings), RFC 9112 §6 (lengths of bodies).
"""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from expectations import coded
from hostile_bodies import CHUNK, LIMIT, Body, chunk, endless, send_all, slow
from inro_peers.jose import JsonObject, new_key
from inro_peers.processes import InroVerifier, free_port
from inro_peers.status_issuer import Publication, StatusIssuer, list_answer
from inro_peers.status_list import INVALID, JWT_TYPE, compressed, sign_list
from inro_peers.transport import Outgoing
from partner import Partner, claims
from products import employee_query

REVOKED, UNDETERMINED = "INRO-VERIFIER-060", "INRO-VERIFIER-018"
# Why a list could not be had, as the operator reads it in the log: it is malformed, it is none, nothing came, too much.
MALFORMED, NO_LIST, UNREACHABLE, TOO_LARGE = (f"INRO-STATUS-{number:03}" for number in (1, 2, 3, 11))
SIZE = 4096
BOMB = 1 << 29
# Servers that say nothing, at once: more than would be waited for one after the other.
SILENT = 10


def _right(agency: Partner) -> Publication:
    lst = compressed({1: INVALID}, SIZE)
    return lambda uri: list_answer(sign_list(uri, lst, agency.signer))


def _outcome(agency: Partner, uri: str, index: int, body: JsonObject | None = None) -> str:
    """The status that a verified result tells, or the code of the rejection, which comes without any claim."""
    reply, result = agency.present(claims(status={"status_list": {"uri": uri, "idx": index}}), body=body)
    if result["status"] == "verified":
        assert reply.status == 200
        return str(result["credentials"]["employee"][0]["status"])
    assert reply.status == 400, reply.text
    assert coded(reply.json())
    assert result["status"] == "rejected"
    assert not result.get("credentials")
    return str(result["error"]["inro_code"])


@dataclass
class Scene:
    """An agency with its status server, and the verifier that reads it."""

    agency: Partner
    statuses: StatusIssuer
    verifier: InroVerifier
    accepting: JsonObject

    def assert_honest(self, uri: str | None = None) -> None:
        """A right list at the address counts."""
        uri = self.statuses.publish(_right(self.agency), uri)
        assert [_outcome(self.agency, uri, index) for index in (0, 1)] == ["valid", REVOKED]

    def assert_says_nothing(self, publication: Publication, *reasons: str, asked: int = 2) -> str:
        """It is neither valid nor revoked, for one of the reasons; then the address recovers, and counts at once."""
        self.assert_honest()
        uri = self.statuses.publish(publication)
        before = len(self.verifier.logged())
        assert _outcome(self.agency, uri, 1) == UNDETERMINED
        assert _outcome(self.agency, uri, 0, self.accepting) == "undetermined"
        told = [line for line in self.verifier.logged()[before:] if "a status list could not be had" in line]
        assert len(told) == 2
        assert all(any(reason in line for reason in reasons) for line in told), told
        assert len(self.statuses.asked(uri)) == asked
        self.assert_honest(uri)
        return uri


@pytest.fixture
def scene(agency: Partner, statuses: StatusIssuer, verifier: InroVerifier) -> Iterator[Scene]:
    """The scene, with a policy that takes credentials of which nobody can say the status."""
    with verifier.policy(employee_query(["employee_number"]), on_undetermined="accept") as accepting:
        yield Scene(agency, statuses, verifier, accepting)


def _redirect(status: int, location: str) -> Outgoing:
    return Outgoing(status, b"", JWT_TYPE, {"Location": location})


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_follows_no_redirect_to_a_right_list(scene: Scene, status: int) -> None:
    """Inro's verifier goes where the credential says, and nowhere else."""
    target = scene.statuses.publish(_right(scene.agency))

    def publish(uri: str) -> Outgoing:
        # The list there is made for the address of the credential, so that it would count.
        scene.statuses.publish(lambda _: _right(scene.agency)(uri), target)
        return _redirect(status, target)

    scene.assert_says_nothing(publish, UNREACHABLE)
    assert not scene.statuses.asked(target)


def test_follows_no_redirect_to_another_host(scene: Scene, verifier: InroVerifier) -> None:
    with StatusIssuer() as other:
        verifier.command("trust", "add", "--tls", other.tls_authority.write(verifier.folder / "other-status.pem"))
        target = other.publish(_right(scene.agency))
        assert _outcome(scene.agency, target, 0) == "valid"
        before = len(other.requests)
        scene.assert_says_nothing(lambda _: _redirect(302, target), UNREACHABLE)
        assert len(other.requests) == before


@pytest.mark.parametrize("status", [301, 302, 307])
def test_runs_in_no_circle(scene: Scene, status: int) -> None:
    """An address that leads to itself, and two that lead to each other."""
    scene.assert_says_nothing(lambda uri: _redirect(status, uri), UNREACHABLE)
    there = scene.statuses.publish(_right(scene.agency))

    def publish(uri: str) -> Outgoing:
        scene.statuses.publish(lambda _: _redirect(status, uri), there)
        return _redirect(status, there)

    scene.assert_says_nothing(publish, UNREACHABLE)
    assert not scene.statuses.asked(there)


@pytest.mark.parametrize(
    "location",
    ["http://localhost/list", "file:///etc/passwd", "//localhost/list", "", "http://169.254.169.254/latest", "\t"],
    ids=["without TLS", "file", "without scheme", "empty", "inside of the network", "none"],
)
def test_a_redirect_opens_no_other_door(scene: Scene, location: str) -> None:
    scene.assert_says_nothing(lambda _: _redirect(302, location), UNREACHABLE)


def test_a_redirect_with_a_list_inside_is_no_list(scene: Scene) -> None:
    def publish(uri: str) -> Outgoing:
        return replace(_right(scene.agency)(uri), status=302, headers={"Location": uri})

    scene.assert_says_nothing(publish, UNREACHABLE)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Half a gibibyte of zeros, which says "valid" of two billion places."""
    compressor = zlib.compressobj(9)
    pieces = [compressor.compress(CHUNK) for _ in range(BOMB // len(CHUNK))]
    packed = b"".join([*pieces, compressor.flush()])
    assert len(packed) < 1 << 20
    return packed


def test_a_list_that_opens_to_half_a_gibibyte(scene: Scene, bomb: bytes) -> None:
    """It is signed as it should be; only its size is wrong. The verifier never holds what it would open to."""
    scene.assert_says_nothing(lambda uri: list_answer(sign_list(uri, bomb, scene.agency.signer)), TOO_LARGE)
    assert scene.verifier.peak_memory() < BOMB


def test_a_large_list_is_not_too_large(scene: Scene) -> None:
    """As many places as one list of Inro's issuer has."""
    lst = compressed({1: INVALID, (1 << 20) - 1: INVALID}, 1 << 20)
    uri = scene.statuses.publish(lambda uri: list_answer(sign_list(uri, lst, scene.agency.signer)))
    assert [_outcome(scene.agency, uri, index) for index in (0, 1, (1 << 20) - 1)] == ["valid", REVOKED, REVOKED]


@pytest.mark.parametrize("chunked", [True, False], ids=["in chunks", "until the end of the connection"])
@pytest.mark.parametrize("piece", [CHUNK, b"A" * 1024], ids=["large pieces", "small pieces"])
def test_a_body_without_end(scene: Scene, piece: bytes, chunked: bool) -> None:
    """The verifier hangs up. Source: RFC 9112 §6.3 and §7.1."""
    headers = {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"}
    body = Body(lambda: endless(chunk(piece) if chunked else piece))
    scene.assert_says_nothing(lambda _: Outgoing(200, b"", JWT_TYPE, headers, body), TOO_LARGE, UNREACHABLE)
    assert body.hung_up.wait(LIMIT)
    assert scene.verifier.peak_memory() < BOMB


def test_a_body_that_comes_byte_by_byte(scene: Scene) -> None:
    """A right list, but too slow for a wallet that waits."""
    body = Body(lambda: slow(b"eyJ"))
    length = {"Content-Length": "100000"}
    scene.assert_says_nothing(lambda _: Outgoing(200, b"", JWT_TYPE, length, body), UNREACHABLE)
    assert body.hung_up.wait(LIMIT)


@pytest.mark.parametrize(
    "length",
    [str(1 << 40), str((1 << 64) - 1), "9" * 40, "-1", "ten"],
    ids=["tebibyte", "64 bits", "more", "-1", "text"],
)
def test_a_length_that_is_a_lie(scene: Scene, length: str) -> None:
    """Nothing is made ready for what was only announced."""

    def publish(uri: str) -> Outgoing:
        right = _right(scene.agency)(uri)
        return replace(right, headers={"Content-Length": length}, stream=lambda send: send_all(send, right.body))

    scene.assert_says_nothing(publish, TOO_LARGE, UNREACHABLE)
    assert scene.verifier.peak_memory() < BOMB


@pytest.mark.parametrize("missing", [1, 100], ids=["one byte", "a hundred"])
def test_a_body_that_ends_early(scene: Scene, missing: int) -> None:
    def publish(uri: str) -> Outgoing:
        right = _right(scene.agency)(uri)
        length = {"Content-Length": str(len(right.body))}
        return replace(right, headers=length, stream=lambda send: send_all(send, right.body[:-missing]))

    scene.assert_says_nothing(publish, UNREACHABLE)


@pytest.mark.parametrize(
    "media_type",
    ["application/jwt", "application/json", "text/plain", "text/html", "application/statuslist+jwt2", ""],
)
def test_a_right_list_under_another_media_type(scene: Scene, media_type: str) -> None:
    """Source: Token Status List §8.2 (MUST use)."""
    scene.assert_says_nothing(lambda uri: replace(_right(scene.agency)(uri), media_type=media_type), NO_LIST)


@pytest.mark.parametrize(
    "media_type", ["Application/StatusList+JWT", "application/statuslist+jwt; charset=utf-8"], ids=["case", "parameter"]
)
def test_a_media_type_may_be_written_otherwise(scene: Scene, media_type: str) -> None:
    """Source: RFC 9110 §8.3.1 (case, parameters)."""
    uri = scene.statuses.publish(lambda uri: replace(_right(scene.agency)(uri), media_type=media_type))
    assert [_outcome(scene.agency, uri, index) for index in (0, 1)] == ["valid", REVOKED]


def _coded(right: Outgoing, body: bytes, coding: str) -> Outgoing:
    return replace(right, body=body, headers={"Content-Encoding": coding, "Vary": "Accept-Encoding"})


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_content_coding_that_nobody_asked_for(scene: Scene, coding: str) -> None:
    def publish(uri: str) -> Outgoing:
        right = _right(scene.agency)(uri)
        return _coded(right, gzip.compress(right.body) if coding == "gzip" else zlib.compress(right.body), coding)

    uri = scene.assert_says_nothing(publish, MALFORMED, NO_LIST)
    assert coding not in scene.statuses.asked(uri)[0].headers.get("accept-encoding", "")


@pytest.fixture(scope="module")
def spaces() -> bytes:
    """Half a gibibyte of spaces in gzip."""
    compressor = zlib.compressobj(9, wbits=31)
    piece = b" " * len(CHUNK)
    return b"".join([*(compressor.compress(piece) for _ in range(BOMB // len(CHUNK))), compressor.flush()])


def test_a_content_coding_is_no_way_around_the_bound(scene: Scene, spaces: bytes) -> None:
    """A right list behind half a gibibyte of spaces. Source: RFC 1952 §2.2 (members follow one another)."""

    def publish(uri: str) -> Outgoing:
        right = _right(scene.agency)(uri)
        return _coded(right, spaces + gzip.compress(right.body), "gzip")

    scene.assert_says_nothing(publish, MALFORMED, NO_LIST, TOO_LARGE)
    assert scene.verifier.peak_memory() < BOMB


def test_reads_the_content_coding_that_a_server_may_choose(scene: Scene) -> None:
    """Without Accept-Encoding any coding is acceptable; a server SHOULD use gzip where it may.

    Source: Token Status List §8.2, RFC 9110 §12.5.3.
    """

    def publish(uri: str) -> Outgoing:
        right = _right(scene.agency)(uri)
        accepted = scene.statuses.asked(uri)[-1].headers.get("accept-encoding")
        if accepted is None or "gzip" in accepted:
            return _coded(right, gzip.compress(right.body), "gzip")
        return right

    uri = scene.statuses.publish(publish)
    assert [_outcome(scene.agency, uri, index) for index in (0, 1)] == ["valid", REVOKED]


@pytest.mark.parametrize("status", [201, 203])
def test_any_status_of_success_is_one(scene: Scene, status: int) -> None:
    """Source: Token Status List §8.2 (2xx); 203 is a list that a proxy passed on (RFC 9110 §15.3.4)."""
    uri = scene.statuses.publish(lambda uri: replace(_right(scene.agency)(uri), status=status))
    assert [_outcome(scene.agency, uri, index) for index in (0, 1)] == ["valid", REVOKED]


@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_a_right_list_under_a_status_of_failure(scene: Scene, status: int) -> None:
    scene.assert_says_nothing(lambda uri: replace(_right(scene.agency)(uri), status=status), NO_LIST, UNREACHABLE)


def test_servers_that_say_nothing_hold_up_nobody(scene: Scene) -> None:
    """Each costs one wait, all of them together no more, and others are served meanwhile."""
    released = threading.Event()

    def silent(_: str) -> Outgoing:
        released.wait(LIMIT)
        return Outgoing(404)

    uris = [scene.statuses.publish(silent) for _ in range(SILENT)]
    holders = [replace(scene.agency, holder=new_key()) for _ in uris]
    with ThreadPoolExecutor(SILENT) as pool:
        waiting = [pool.submit(_outcome, holder, uri, 1) for holder, uri in zip(holders, uris, strict=True)]
        scene.assert_honest()
        assert [one.result() for one in waiting] == [UNDETERMINED] * SILENT
    released.set()
    for uri in uris:
        assert len(scene.statuses.asked(uri)) == 1
    scene.assert_honest(uris[0])


def test_of_many_that_need_a_list_one_fetches_it(scene: Scene) -> None:
    """And if it fails, it fails for all of them that wait."""
    asked = threading.Event()
    released = threading.Event()

    def held_back(_: str) -> Outgoing:
        asked.set()
        released.wait(LIMIT)
        return Outgoing(404)

    uri = scene.statuses.publish(held_back)
    with ThreadPoolExecutor(SILENT) as pool:
        waiting = [pool.submit(_outcome, scene.agency, uri, 1) for _ in range(SILENT)]
        assert asked.wait(LIMIT)
        scene.assert_honest()
        released.set()
        assert [one.result() for one in waiting] == [UNDETERMINED] * SILENT
    assert len(scene.statuses.asked(uri)) < SILENT
    scene.assert_honest(uri)


def test_a_server_that_ends_the_connection(scene: Scene) -> None:
    def publish(uri: str) -> Outgoing:
        return Outgoing(200, b"", JWT_TYPE, {"Content-Length": "1000"}, lambda send: None)

    scene.assert_says_nothing(publish, UNREACHABLE)
    down = f"https://localhost:{free_port()}/lists/1"
    assert _outcome(scene.agency, down, 0) == UNDETERMINED
