"""Inro's wallet waits for a foreign issuer, collects, and tells it what became of it. Source: OpenID4VCI §9 and §11."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expectations import DONE, FAILED, REFUSED, coded_text, ended_with_code
from inro_peers.issuer import Options
from inro_peers.issuer_messages import Encryption
from inro_peers.jose import JsonObject, new_key, public_jwk
from inro_peers.processes import Finished, InroWallet
from inro_peers.transport import Outgoing
from products import EMPLOYEE_VCT, ROLE_VCT, employee_query
from world import World, world

# Seconds, and how long a test waits for the wallet to ask.
INTERVAL = 1
LIMIT = 10
PUT_OFF = Options(interval=INTERVAL, notifications=True)


@pytest.fixture
def foreign(inro_wallet: InroWallet, tmp_path: Path) -> Iterator[World]:
    """A world whose issuer puts everything off."""
    with world(inro_wallet, tmp_path, PUT_OFF) as foreign:
        yield foreign


def _wait(foreign: World) -> None:
    """Receives an offer, which brings nothing yet."""
    received = foreign.receive()
    assert not received["credentials"]
    [pending] = received["pending"]
    assert pending["type"] == EMPLOYEE_VCT


def _asked(foreign: World) -> int:
    return sum(one.path.endswith("/deferred") for one in foreign.issuer.requests)


def _collect(foreign: World) -> Finished:
    """Collects again and again until the wallet has asked the issuer."""
    before, deadline = _asked(foreign), time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        finished = foreign.wallet.run("collect", "--json", expect=None)
        if _asked(foreign) > before:
            return finished
        assert finished.status == DONE, finished
    raise AssertionError("the wallet does not ask")


def _assert_collects(foreign: World) -> JsonObject:
    """The wallet gets what is ready and can show it."""
    foreign.issuer.ready, foreign.issuer.deferral = True, None
    finished = _collect(foreign)
    assert finished.status == DONE, finished
    collected = finished.json()
    assert not collected["pending"]
    assert not collected["failed"]
    [credential] = collected["credentials"]
    foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))
    return dict(credential)


@pytest.mark.parametrize(
    "options",
    [
        Options(interval=INTERVAL),
        Options(interval=INTERVAL, dpop=True, dpop_nonce=True, nonce_endpoint=True, batch_size=4, path="/agency"),
        Options(interval=INTERVAL, encryption=Encryption(), identifiers=True),
        Options(interval=INTERVAL, encryption=Encryption(required=True), dpop=True, dpop_nonce=True),
    ],
    ids=["plain", "dpop, nonce, batch, path", "encrypted, identifiers", "encryption required, dpop"],
)
def test_collects_what_is_ready(inro_wallet: InroWallet, tmp_path: Path, options: Options) -> None:
    with world(inro_wallet, tmp_path, options) as foreign:
        _wait(foreign)
        assert len(_collect(foreign).json()["pending"]) == 1
        assert _assert_collects(foreign)["copies"] == (options.batch_size or 1)
        if options.encryption is not None:
            assert all(message.header for message in foreign.issuer.messages.received)
            keys = [message.response_encryption for message in foreign.issuer.messages.received]
            assert len({str(key) for key in keys}) == len(keys), "a key for each answer"


def test_asks_no_sooner_than_it_was_told(foreign: World) -> None:
    """Source: OpenID4VCI §8.3 and §9.2 (`interval` counts from the answer)."""
    told: list[float] = []

    def in_the_middle_of_a_second(document: JsonObject) -> JsonObject:
        time.sleep((0.5 - time.time()) % 1)
        told.append(time.monotonic())
        return document

    foreign.issuer.alter["put off"] = in_the_middle_of_a_second
    _wait(foreign)
    for _ in range(3):
        assert len(_collect(foreign).json()["pending"]) == 1
    asked = [one.at for one in foreign.issuer.requests if one.path.endswith("/deferred")]
    gaps = [later - earlier for earlier, later in zip(told, asked, strict=False)]
    assert len(gaps) == 3
    assert all(gap >= INTERVAL for gap in gaps), gaps


def _answering(status: int, document: JsonObject) -> Callable[[], Outgoing]:
    return lambda: Outgoing.json(status, document)


@pytest.mark.parametrize(
    "answer",
    [
        _answering(202, {"transaction_id": "another", "interval": INTERVAL}),
        _answering(202, {"interval": INTERVAL}),
        _answering(202, {}),
        _answering(200, {"credentials": []}),
        _answering(400, {"error": "issuance_pending", "interval": INTERVAL}),
        _answering(500, {}),
        lambda: Outgoing(200, b"no JSON"),
    ],
    ids=[
        *("another transaction", "no transaction", "empty", "no credentials", "issuance_pending of a draft"),
        *("server error", "no JSON"),
    ],
)
def test_keeps_waiting_where_an_answer_says_nothing_for_good(foreign: World, answer: Callable[[], Outgoing]) -> None:
    """What is no answer to this transaction ends nothing: the keys wait. Source: OpenID4VCI §9.2 and §9.3.

    `issuance_pending` is an error code of drafts before 1.0.
    """
    _wait(foreign)
    foreign.issuer.deferral = answer
    finished = _collect(foreign)
    assert finished.status == FAILED
    [failed] = finished.json()["failed"]
    assert failed["over"] is False
    assert coded_text(failed["error"])
    _assert_collects(foreign)


@pytest.mark.parametrize("error", ["invalid_transaction_id", "credential_request_denied"])
def test_stops_asking_when_it_is_told_that_all_is_over(foreign: World, error: str) -> None:
    """Source: OpenID4VCI §9.3."""
    _wait(foreign)
    assert len(_collect(foreign).json()["pending"]) == 1
    foreign.issuer.deferral = _answering(400, {"error": error})
    [failed] = _collect(foreign).json()["failed"]
    assert failed["over"] is True
    assert coded_text(failed["error"])
    asked = _asked(foreign)
    over = foreign.wallet.run("collect", "--json").json()
    assert over == {"credentials": [], "pending": [], "failed": []}
    assert _asked(foreign) == asked

    _wait(foreign)
    _assert_collects(foreign)


def test_a_transaction_brings_its_credentials_once(foreign: World) -> None:
    """Source: OpenID4VCI §9.1 (the `transaction_id` is invalid once the credential was obtained)."""
    _wait(foreign)
    _assert_collects(foreign)
    asked = _asked(foreign)
    assert not foreign.wallet.run("collect", "--json").json()["credentials"]
    assert _asked(foreign) == asked


def _events(foreign: World) -> list[str]:
    return [notification["event"] for notification in foreign.issuer.notifications]


def test_tells_what_it_stored(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VCI §11.1 (`credential_accepted`)."""
    with world(inro_wallet, tmp_path, Options(notifications=True, batch_size=3, dpop=True, dpop_nonce=True)) as foreign:
        foreign.receive()
        assert _events(foreign) == ["credential_accepted"]
        foreign.receive()
        assert _events(foreign) == ["credential_accepted"] * 2
        first, second = foreign.issuer.notifications
        assert first["notification_id"] != second["notification_id"]


def test_tells_what_it_stored_later(foreign: World) -> None:
    _wait(foreign)
    _collect(foreign)
    assert not foreign.issuer.notifications
    _assert_collects(foreign)
    assert _events(foreign) == ["credential_accepted"]


def _replacing(**members: Any) -> Callable[[JsonObject], JsonObject]:
    return lambda document: document | members


WRONG = pytest.mark.parametrize(
    ("document", "alter"),
    [
        ("claims", _replacing(vct=ROLE_VCT)),
        ("claims", _replacing(exp=1)),
        ("holder key", lambda _: public_jwk(new_key())),
        ("credentials", _replacing(credentials=[{"credential": "no SD-JWT"}])),
    ],
    ids=["type", "expired", "another key", "garbage"],
)


@WRONG
def test_tells_what_it_could_not_keep(
    inro_wallet: InroWallet, tmp_path: Path, document: str, alter: Callable[[JsonObject], JsonObject]
) -> None:
    """Source: OpenID4VCI §11.1 (`credential_failure`)."""
    with world(inro_wallet, tmp_path, Options(notifications=True)) as foreign:
        foreign.receive()
        foreign.issuer.alter[document] = alter
        ended_with_code(foreign.wallet.run("receive", foreign.issuer.offer(), "--json", expect=None), FAILED, REFUSED)
        assert _events(foreign) == ["credential_accepted", "credential_failure"]
        assert set(foreign.issuer.notifications[1]) <= {"notification_id", "event", "event_description"}


@WRONG
def test_tells_what_it_could_not_keep_later(
    foreign: World, document: str, alter: Callable[[JsonObject], JsonObject]
) -> None:
    _wait(foreign)
    _assert_collects(foreign)
    _wait(foreign)
    foreign.issuer.alter[document] = alter
    [failed] = _collect(foreign).json()["failed"]
    assert coded_text(failed["error"])
    assert _events(foreign) == ["credential_accepted", "credential_failure"]


@pytest.mark.parametrize("answer", [400, 401, 500])
def test_a_notification_that_fails_loses_nothing(inro_wallet: InroWallet, tmp_path: Path, answer: int) -> None:
    """Source: OpenID4VCI §11 (no guarantee that a notification arrives)."""
    with world(inro_wallet, tmp_path, Options(notifications=True)) as foreign:
        foreign.issuer.refuses_notifications = answer
        assert foreign.receive()["credentials"]
        assert not foreign.issuer.notifications
        foreign.assert_answers(foreign.verifier.request(employee_query(["employee_number"])))
