"""A foreign wallet tells Inro's issuer what became of its credentials. Source: OpenID4VCI 1.0 §11."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from conftest import APPROVER
from expectations import refused
from inro_peers import jwe
from inro_peers.jose import JsonObject, json_bytes, new_key
from inro_peers.mdoc import FORMAT as MDOC
from inro_peers.processes import InroIssuer
from inro_peers.sdjwt_vc import FORMAT as SD_JWT
from inro_peers.transport import JSON, HttpsClient, Reply
from inro_peers.wallet_encryption import issuer_key
from inro_peers.wallet_issuance import IssuanceWallet
from products import EMPLOYEE_TYPE

ACCEPTED, FAILURE, DELETED = "credential_accepted", "credential_failure", "credential_deleted"
WRONG_REQUEST, WRONG_ID = "invalid_notification_request", "invalid_notification_id"
DEPTH = 1000


@dataclass(frozen=True)
class Issued:
    """A wallet whose credentials came with an id for notifications."""

    wallet: IssuanceWallet
    metadata: JsonObject
    token: JsonObject
    id: str

    def send(self, body: bytes, media_type: str = JSON) -> Reply:
        """Sends a body as it is."""
        return self.wallet.post(self.metadata["notification_endpoint"], self.token, body, media_type)

    def tell(self, event: object = ACCEPTED, **members: object) -> Reply:
        """Tells an event; `members` replace or add, None takes one away."""
        body: JsonObject = {"notification_id": self.id, "event": event} | members
        return self.send(json_bytes({name: value for name, value in body.items() if value is not None}))

    def assert_taken(self, event: str = ACCEPTED, **members: object) -> None:
        """The event is taken and there is nothing to say of it."""
        reply = self.tell(event, **members)
        assert (reply.status, reply.body) == (204, b""), reply.text


Issue = Callable[..., Issued]


@pytest.fixture
def issue(issuer: InroIssuer) -> Issue:
    """Receives a credential with a wallet of its own."""

    def start(form: str = SD_JWT, copies: int = 1) -> Issued:
        wallet = IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)
        offer, metadata, token = wallet.authorize(issuer.offer(APPROVER, EMPLOYEE_TYPE, form=form)["credential_offer"])
        nonce = wallet.nonce(metadata)
        proofs = [wallet.proof(new_key(), metadata["credential_issuer"], nonce) for _ in range(copies)]
        request = {"credential_configuration_id": offer.configuration_ids[0], "proofs": {"jwt": proofs}}
        reply = wallet.credential_request(metadata, token, request)
        assert reply.status == 200, reply.text
        assert len(reply.json()["credentials"]) == copies
        return Issued(wallet, metadata, token, reply.json()["notification_id"])

    return start


@pytest.mark.parametrize("form", [SD_JWT, MDOC])
@pytest.mark.parametrize("event", [ACCEPTED, FAILURE, DELETED])
def test_takes_each_event(issue: Issue, form: str, event: str) -> None:
    """Source: OpenID4VCI §11.1 and §11.2 (204)."""
    issue(form, copies=2).assert_taken(event)


@pytest.mark.parametrize(
    "members",
    [
        {"event_description": "Could not store the Credential. Out of storage."},
        {"event_description": "".join(map(chr, [*range(0x20, 0x22), *range(0x23, 0x5C), *range(0x5D, 0x7F)]))},
        {"event_description": ""},
        {"unknown": {"x": [1, None]}},
    ],
    ids=["description", "every character", "empty description", "unknown parameter"],
)
def test_takes_what_is_optional(issue: Issue, members: JsonObject) -> None:
    """Source: OpenID4VCI §11.1 (`event_description`; unrecognized parameters MUST be ignored)."""
    issue().assert_taken(FAILURE, **members)


def test_hears_the_same_again_and_more(issue: Issue) -> None:
    """Identical calls succeed, and one id may bring several events. Source: OpenID4VCI §11 and §11.1."""
    issued = issue()
    for event in (ACCEPTED, ACCEPTED, DELETED, DELETED):
        issued.assert_taken(event)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"event": "Credential_Accepted"}, WRONG_REQUEST),
        ({"event": "credential_lost"}, WRONG_REQUEST),
        ({"event": ""}, WRONG_REQUEST),
        ({"event": 1}, WRONG_REQUEST),
        ({"event": [ACCEPTED]}, WRONG_REQUEST),
        ({"event": None}, WRONG_REQUEST),
        ({"notification_id": None}, WRONG_REQUEST),
        ({"notification_id": 1}, WRONG_REQUEST),
        ({"notification_id": "nobody-gave-this-out"}, WRONG_ID),
        ({"event_description": 1}, WRONG_REQUEST),
        ({"event_description": "空き容量がない"}, WRONG_REQUEST),
        ({"event_description": 'a "quoted" word'}, WRONG_REQUEST),
        ({"event_description": "a\\b"}, WRONG_REQUEST),
        ({"event_description": "two\nlines"}, WRONG_REQUEST),
    ],
    ids=[
        *("another case", "unknown event", "empty event", "event as a number", "event as an array", "no event"),
        *("no id", "id as a number", "unknown id", "description as a number", "description in Japanese"),
        *("quotes", "backslash", "line break"),
    ],
)
def test_refuses_a_wrong_notification(issue: Issue, members: JsonObject, error: str) -> None:
    """Source: OpenID4VCI §11.1 and §11.3."""
    issued = issue()
    refused(issued.tell(**members), 400, error)
    issued.assert_taken()


def _twice(issued: Issued) -> bytes:
    return json_bytes({"notification_id": issued.id, "event": ACCEPTED})[:-1] + b',"event":"credential_deleted"}'


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda _: b"no JSON",
        lambda _: b"[]",
        lambda _: b'"text"',
        lambda _: b"[" * DEPTH,
        _twice,
        lambda issued: json_bytes({"notification_id": issued.id, "event": ACCEPTED}) + b" x",
        lambda issued: b"\xff" + json_bytes({"notification_id": issued.id, "event": ACCEPTED}),
    ],
    ids=["nothing", "no JSON", "array", "text", "deep", "event twice", "more after it", "no UTF-8"],
)
def test_refuses_a_body_that_is_no_notification(issue: Issue, make: Callable[[Issued], bytes]) -> None:
    issued = issue()
    refused(issued.send(make(issued)), 400, WRONG_REQUEST)
    issued.assert_taken()


def test_refuses_another_media_type(issue: Issue) -> None:
    """Source: OpenID4VCI §11.1 (`application/json`), RFC 9110 §15.5.16."""
    issued = issue()
    body = json_bytes({"notification_id": issued.id, "event": ACCEPTED})
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/jwt"):
        refused(issued.send(body, media_type), 415, WRONG_REQUEST)
    sealed = jwe.encrypt({"notification_id": issued.id, "event": ACCEPTED}, issuer_key(issued.metadata), "A128GCM")
    refused(issued.send(sealed.encode("ascii"), "application/jwt"), 415, WRONG_REQUEST)
    issued.assert_taken()


def test_refuses_the_id_of_another_issuance(issue: Issue) -> None:
    """Source: OpenID4VCI §11.1 (the id identifies the wallet's own issuance flow)."""
    mine, yours = issue(), issue()
    assert mine.id != yours.id
    refused(replace(mine, id=yours.id).tell(), 400, WRONG_ID)
    mine.assert_taken()
    yours.assert_taken()


def test_refuses_a_notification_without_its_token(issue: Issue) -> None:
    """Source: OpenID4VCI §11.3 (an authorization error of RFC 6750 §3), RFC 9449 §7.1."""
    issued, other = issue(), issue()
    body = json_bytes({"notification_id": issued.id, "event": ACCEPTED})
    url = issued.metadata["notification_endpoint"]
    bare = issued.wallet.https.request("POST", url, {"Content-Type": JSON}, body)
    unknown = replace(issued, token=issued.token | {"access_token": "nobody-gave-this-out"}).tell()
    # The token is bound to the key of the wallet that it was issued to.
    stolen = replace(issued, wallet=other.wallet).tell()
    bearer = replace(issued, token=issued.token | {"token_type": "Bearer"}).tell()
    for reply in (bare, unknown, stolen, bearer):
        assert reply.status == 401, reply.text
        assert reply.headers["www-authenticate"]
    issued.assert_taken()
