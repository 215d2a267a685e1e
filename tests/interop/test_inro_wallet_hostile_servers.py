"""Issuers and verifiers that lead Inro's wallet astray, send too much, or do not end.

Each is one that the wallet trusts; the wallet stops with a code, and works again with the same server once it is right.
Source: OpenID4VCI 1.0 §13.9, OpenID4VP 1.0 §14.7 and §14.8 (no redirects), RFC 9110 §15.4, RFC 9112 §6.
"""

from __future__ import annotations

import functools
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from expectations import FAILED, REFUSED, ended_with_code
from hostile_bodies import CHUNK, LIMIT, Body, chunk, endless, send_all, slow
from inro_peers.issuer import Options
from inro_peers.processes import InroWallet
from inro_peers.transport import JSON, Incoming, Outgoing
from products import employee_query
from world import World, world

ISSUANCE = Options(nonce_endpoint=True, by_reference=True, batch_size=2)
ENDPOINTS = ["/offers/", "openid-credential-issuer", "oauth-authorization-server", "/token", "/nonce", "/credential"]
BOMB = 1 << 29
Answer = Callable[[Incoming], Outgoing | None]


@pytest.fixture
def foreign(inro_wallet: InroWallet, tmp_path: Path) -> Iterator[World]:
    """A world whose issuer uses every endpoint, and whose wallet holds two copies."""
    with world(inro_wallet, tmp_path, ISSUANCE) as foreign:
        assert foreign.receive()["credentials"]
        yield foreign


def _at(endpoint: str, answer: Answer) -> Callable[[Incoming], Outgoing | None]:
    return lambda incoming: answer(incoming) if endpoint in incoming.path else None


def _assert_receives_nothing(foreign: World, endpoint: str, answer: Answer) -> None:
    """The issuer answers wrongly at one endpoint; with a fresh offer and the right answer all is well."""
    before = foreign.wallet.run("list", "--json").json()
    foreign.issuer.intercept = _at(endpoint, answer)
    asked = len(foreign.issuer.requests)
    ended_with_code(foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None), FAILED, REFUSED)
    paths = [one.path for one in foreign.issuer.requests[asked:]]
    assert [path for path in paths if endpoint in path], "the wallet came as far as there"
    assert foreign.wallet.run("list", "--json").json() == before
    foreign.issuer.intercept = lambda _: None
    assert foreign.receive()["credentials"]


def _endless(incoming: Incoming) -> Outgoing:
    return Outgoing(200, b"", JSON, {"Transfer-Encoding": "chunked"}, Body(lambda: endless(chunk(CHUNK))))


def _endless_spaces(incoming: Incoming) -> Outgoing:
    """JSON may begin with as many spaces as one likes."""
    return Outgoing(200, b"", JSON, {"Connection": "close"}, Body(lambda: endless(b" " * len(CHUNK))))


def _huge(incoming: Incoming) -> Outgoing:
    return Outgoing(200, b"", JSON, {"Content-Length": str(1 << 40)}, lambda send: send_all(send, b"{}"))


def _cut(incoming: Incoming) -> Outgoing:
    return Outgoing(200, b"", JSON, {"Content-Length": "1000"}, lambda send: send_all(send, b"{}"))


@functools.cache
def _packed() -> bytes:
    """Half a gibibyte of spaces and an empty object in gzip."""
    compressor = zlib.compressobj(9, wbits=31)
    pieces = [compressor.compress(b" " * len(CHUNK)) for _ in range(BOMB // len(CHUNK))]
    return b"".join([*pieces, compressor.compress(b"{}"), compressor.flush()])


def _bomb(_: Incoming) -> Outgoing:
    return Outgoing(200, _packed(), JSON, {"Content-Encoding": "gzip"})


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_reads_no_answer_of_an_issuer_without_end(foreign: World, endpoint: str) -> None:
    _assert_receives_nothing(foreign, endpoint, _endless)


@pytest.mark.parametrize("endpoint", ["openid-credential-issuer", "/credential"])
@pytest.mark.parametrize(
    "answer", [_endless_spaces, _huge, _cut, _bomb], ids=["without end", "huge length", "cut short", "bomb"]
)
def test_reads_no_answer_of_an_issuer_that_is_too_long(foreign: World, endpoint: str, answer: Answer) -> None:
    """Source: RFC 9112 §6.3, RFC 9110 §8.4 (a content coding that the wallet did not ask for)."""
    _assert_receives_nothing(foreign, endpoint, answer)


def test_waits_for_no_issuer_forever(foreign: World) -> None:
    """One that sends byte by byte, and one that says nothing."""
    body, released = Body(lambda: slow(b"{")), threading.Event()

    def crawling(_: Incoming) -> Outgoing:
        return Outgoing(200, b"", JSON, {"Content-Length": "100000"}, body)

    def silent(_: Incoming) -> Outgoing:
        released.wait(LIMIT)
        return Outgoing(404)

    _assert_receives_nothing(foreign, "openid-credential-issuer", crawling)
    assert body.hung_up.wait(LIMIT)
    _assert_receives_nothing(foreign, "/credential", silent)
    released.set()


def _once(foreign: World, status: int) -> Answer:
    """Redirects the first request to where it came, at which the second would get the right answer."""
    redirected: list[str] = []

    def answer(incoming: Incoming) -> Outgoing | None:
        redirected.append(incoming.path)
        if len(redirected) > 1:
            return None
        origin = foreign.issuer.identifier.removesuffix(foreign.issuer.options.path)
        return Outgoing(status, b"", JSON, {"Location": f"{origin}{incoming.path}"})

    return answer


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [*((endpoint, 307) for endpoint in ENDPOINTS), *((ENDPOINTS[1], status) for status in (301, 302, 303, 308))],
)
def test_follows_no_issuer_elsewhere(foreign: World, endpoint: str, status: int) -> None:
    """Where it is sent to, all would go well."""
    _assert_receives_nothing(foreign, endpoint, _once(foreign, status))


def test_runs_in_no_circle(foreign: World) -> None:
    def back(incoming: Incoming) -> Outgoing:
        return Outgoing(302, b"", JSON, {"Location": f"{foreign.issuer.identifier}{incoming.path}"})

    _assert_receives_nothing(foreign, "openid-credential-issuer", back)


@pytest.mark.parametrize("answer", [_endless, _endless_spaces, _huge, _cut, _bomb])
def test_reads_no_request_that_is_too_long(foreign: World, answer: Answer) -> None:
    """The holder's copies are still there for a verifier that behaves."""
    query = employee_query(["employee_number"])
    session = foreign.verifier.request(query)
    foreign.verifier.intercept = _at("/request/", answer)
    finished = foreign.wallet.present(session.authorization_request, expect=None)
    ended_with_code(finished, FAILED, REFUSED)
    assert not session.responses
    foreign.verifier.intercept = lambda _: None
    foreign.assert_answers(foreign.verifier.request(query))


@pytest.mark.parametrize("answer", [_endless, _endless_spaces, _huge, _cut, _bomb])
def test_reads_no_thanks_that_are_too_long(foreign: World, answer: Answer) -> None:
    """The answer went out, so its copy is spent; the next goes to a verifier that behaves."""
    query = employee_query(["employee_number"])
    foreign.verifier.intercept = _at("/response/", answer)
    finished = foreign.wallet.present(foreign.verifier.request(query).authorization_request, expect=None)
    ended_with_code(finished, FAILED, REFUSED)
    foreign.verifier.intercept = lambda _: None
    foreign.assert_answers(foreign.verifier.request(query))
