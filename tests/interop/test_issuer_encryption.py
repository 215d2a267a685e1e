"""A foreign wallet encrypts its requests to Inro's issuer and gets encrypted answers. Source: OpenID4VCI §8.2, §10."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from conftest import APPROVER, hr_file
from expectations import refused
from inro_peers import jwe
from inro_peers.issuer_messages import JWT
from inro_peers.jose import JsonObject, PrivateKey, b64url, json_bytes, key_from_jwk, new_key, public_jwk
from inro_peers.jwe import Recipient
from inro_peers.processes import Binaries, InroIssuer
from inro_peers.transport import JSON, HttpsClient, Reply
from inro_peers.wallet_encryption import issuer_key, open_answer, response_encryption
from inro_peers.wallet_issuance import IssuanceWallet
from products import EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE

ENCS = ("A128GCM", "A256GCM")
# What OpenID4VCI §8.3.1.2 has for a message that cannot be opened; it does not say which of the two.
UNREADABLE = ("invalid_encryption_parameters", "invalid_credential_request")
MISSING = "missing"


@dataclass
class Started:
    """A redeemed offer and a fresh key for the answer."""

    wallet: IssuanceWallet
    metadata: JsonObject
    token: JsonObject
    recipient: Recipient = field(default_factory=Recipient.create)
    key: PrivateKey = field(default_factory=new_key)

    def request(self, enc: str | None = "A128GCM", **changes: object) -> JsonObject:
        """A request for the employee id; `enc` of the answer, None for one in the clear."""
        nonce = self.wallet.nonce(self.metadata)
        proof = self.wallet.proof(self.key, self.metadata["credential_issuer"], nonce)
        request: JsonObject = {"credential_configuration_id": EMPLOYEE_CONFIGURATION, "proofs": {"jwt": [proof]}}
        if enc is not None:
            request["credential_response_encryption"] = response_encryption(self.recipient, enc)
        return request | changes

    def sealed(self, request: JsonObject, enc: str = "A128GCM", header: JsonObject | None = None) -> str:
        """The encrypted request."""
        return jwe.encrypt(request, issuer_key(self.metadata), enc, header)

    def post(self, body: str | bytes, media_type: str = JWT, *, endpoint: str = "credential_endpoint") -> Reply:
        """Sends a body as it is."""
        data = body if isinstance(body, bytes) else body.encode("ascii")
        return self.wallet.post(self.metadata[endpoint], self.token, data, media_type)

    def assert_issues(self) -> None:
        """The unaltered request is answered encrypted, with a credential for our key."""
        reply = self.post(self.sealed(self.request()))
        assert reply.status == 200, reply.text
        [entry] = open_answer(reply, self.recipient, "A128GCM")["credentials"]
        claims = self.wallet.verify(entry["credential"]).claims
        assert key_from_jwk(claims["cnf"]["jwk"]) == self.key.public_key()


Begin = Callable[..., Started]


def _start(issuer: InroIssuer, *flags: str) -> Started:
    wallet = IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)
    arguments = ("--employee", APPROVER, "--credential", EMPLOYEE_TYPE, "--format", "dc+sd-jwt", *flags, "--json")
    offer = wallet.resolve_offer(issuer.command("offer", "create", *arguments).json()["credential_offer"])
    metadata = wallet.issuer_metadata(offer.issuer)
    reply = wallet.token(wallet.server_metadata(metadata), offer)
    assert reply.status == 200, reply.text
    return Started(wallet, metadata, reply.json())


@pytest.fixture
def begin(issuer: InroIssuer) -> Begin:
    """Redeems an offer with a wallet of its own."""
    return lambda *flags: _start(issuer, *flags)


@pytest.fixture(scope="module")
def demanding(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InroIssuer]:
    """An issuer that requires encryption."""
    folder = tmp_path_factory.mktemp("demanding")
    service = InroIssuer(binaries, folder / "agency")
    config = service.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    assert "required = false" in text
    config.write_text(text.replace("required = false", "required = true"), encoding="utf-8")
    service.import_employees(hr_file(folder / "employees.csv"))
    service.start()
    yield service
    service.stop()


def test_metadata_say_how_to_encrypt(begin: Begin) -> None:
    metadata = begin().metadata
    requests, responses = metadata["credential_request_encryption"], metadata["credential_response_encryption"]
    assert set(requests["enc_values_supported"]) == set(responses["enc_values_supported"]) == set(ENCS)
    assert responses["alg_values_supported"] == [jwe.ALG]
    assert requests["encryption_required"] is responses["encryption_required"] is False
    for key in requests["jwks"]["keys"]:
        assert key["kid"]
        assert key["alg"]
        assert "d" not in key


@pytest.mark.parametrize("answer", ENCS)
@pytest.mark.parametrize("request_enc", ENCS)
def test_reads_and_answers_each_content_encryption(begin: Begin, request_enc: str, answer: str) -> None:
    started = begin()
    reply = started.post(started.sealed(started.request(answer), request_enc))
    assert reply.status == 200, reply.text
    [entry] = open_answer(reply, started.recipient, answer)["credentials"]
    assert started.wallet.verify(entry["credential"])


def test_answers_in_the_clear_where_no_key_was_given(begin: Begin) -> None:
    started = begin()
    reply = started.post(started.sealed(started.request(None)))
    assert (reply.status, reply.media_type) == (200, JSON)
    assert len(reply.json()["credentials"]) == 1


def test_names_the_key_of_the_answer(begin: Begin) -> None:
    """Source: OpenID4VCI §10 (the `kid` of the key, if it has one)."""
    started = begin()
    without = {name: value for name, value in started.recipient.jwk.items() if name != "kid"}
    request = started.request(credential_response_encryption={"jwk": without, "enc": "A128GCM"})
    reply = started.post(started.sealed(request))
    assert (reply.status, reply.media_type) == (200, JWT)
    begin().assert_issues()


def test_an_error_is_never_encrypted(begin: Begin) -> None:
    """Source: OpenID4VCI §8.3.1.2."""
    started = begin()
    wrong = started.request(proofs={"jwt": [started.wallet.proof(started.key, "https://another.example", None)]})
    reply = started.post(started.sealed(wrong))
    refused(reply, 400, "invalid_proof")
    assert reply.media_type == JSON
    started.assert_issues()


def test_refuses_a_key_for_the_answer_in_a_request_in_the_clear(begin: Begin) -> None:
    """Source: OpenID4VCI §8.2 (an attacker could put its own key there)."""
    started = begin()
    reply = started.post(json_bytes(started.request()), JSON)
    refused(reply, 400, *UNREADABLE)
    started.assert_issues()


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "another"},
        {"kid": None},
        {"alg": "dir"},
        {"alg": "ECDH-ES+A128KW"},
        {"alg": None},
        {"enc": "A192GCM"},
        {"enc": "A128CBC-HS256"},
        {"enc": None},
        {"zip": "DEF"},
        {"crit": ["exp"], "exp": 1},
        {"epk": None},
        {"epk": public_jwk(new_key()) | {"x": b64url(bytes(32))}},
    ],
    ids=[
        *("kid", "no kid", "alg", "wrapping", "no alg", "A192GCM", "A128CBC-HS256", "no enc", "zip", "crit", "no epk"),
        "epk off the curve",
    ],
)
def test_refuses_a_request_under_a_wrong_header(begin: Begin, header: JsonObject) -> None:
    started = begin()
    refused(started.post(started.sealed(started.request(), header=header)), 400, *UNREADABLE)
    started.assert_issues()


def _altered(started: Started) -> str:
    header, key, iv, ciphertext, tag = started.sealed(started.request()).split(".")
    return ".".join((header, key, iv, ("B" if ciphertext.startswith("A") else "A") + ciphertext[1:], tag))


def _to_another(started: Started) -> str:
    other = public_jwk(new_key()) | {"kid": issuer_key(started.metadata)["kid"]}
    return jwe.encrypt(started.request(), other, "A128GCM")


@pytest.mark.parametrize(
    "make",
    [
        _altered,
        _to_another,
        lambda started: started.sealed(started.request()).rpartition(".")[0],
        lambda started: json_bytes(started.request()),
        lambda started: started.sealed({}),
        lambda _: "",
    ],
    ids=["altered", "another key", "four parts", "not encrypted", "nothing inside", "empty"],
)
def test_refuses_a_request_that_it_cannot_open(begin: Begin, make: Callable[[Started], str | bytes]) -> None:
    started = begin()
    refused(started.post(make(started)), 400, *UNREADABLE)
    started.assert_issues()


def test_refuses_an_encrypted_request_under_another_media_type(begin: Begin) -> None:
    """Source: OpenID4VCI §10 (the media type MUST be application/jwt)."""
    started = begin()
    reply = started.post(started.sealed(started.request()), JSON)
    assert reply.status in (400, 415)
    refused(reply, reply.status, *UNREADABLE)
    started.assert_issues()


def _key(**members: object) -> JsonObject:
    key = Recipient.create().jwk | members
    return {"jwk": {name: value for name, value in key.items() if value is not MISSING}, "enc": "A128GCM"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"enc": "A128GCM"},
        {"jwk": Recipient.create().jwk},
        _key() | {"enc": "A192GCM"},
        _key() | {"enc": ["A128GCM"]},
        _key() | {"zip": "DEF"},
        _key(alg=MISSING),
        _key(alg="ECDH-ES+A128KW"),
        _key(x=b64url(bytes(32))),
        _key(kty="RSA"),
        _key(crv="P-384"),
        _key(d=b64url(bytes(31) + b"\x01")),
        {"jwk": "text", "enc": "A128GCM"},
    ],
    ids=[
        *("no key", "no enc", "unknown enc", "enc list", "zip", "no alg", "wrapping"),
        *("off the curve", "RSA", "P-384", "private key", "no object"),
    ],
)
def test_refuses_wrong_parameters_for_the_answer(begin: Begin, wanted: JsonObject) -> None:
    started = begin()
    request = started.request(credential_response_encryption=wanted)
    refused(started.post(started.sealed(request)), 400, "invalid_encryption_parameters")
    started.assert_issues()


def test_requires_encryption_of_both_where_it_says_so(demanding: InroIssuer) -> None:
    """Source: OpenID4VCI §8.3.1.2 (`invalid_encryption_parameters`) and §12.2.4 (`encryption_required`)."""
    started = _start(demanding)
    for name in ("credential_request_encryption", "credential_response_encryption"):
        assert started.metadata[name]["encryption_required"] is True
    refused(started.post(json_bytes(started.request(None)), JSON), 400, *UNREADABLE)
    refused(started.post(json_bytes(started.request()), JSON), 400, *UNREADABLE)
    refused(started.post(started.sealed(started.request(None))), 400, "invalid_encryption_parameters")
    started.assert_issues()


def test_puts_off_encrypted_and_to_the_key_of_the_latest_request(begin: Begin) -> None:
    """Source: OpenID4VCI §8.3 (whatever the content), §9.1 and §9.2 (the newly provided key)."""
    started = begin("--needs-approval")
    reply = started.post(started.sealed(started.request()))
    assert reply.status == 202
    transaction = open_answer(reply, started.recipient, "A128GCM")
    assert transaction["interval"] > 0

    second = Recipient.create()
    wanted = response_encryption(second, "A256GCM")
    poll = {"transaction_id": transaction["transaction_id"], "credential_response_encryption": wanted}
    reply = started.post(started.sealed(poll), endpoint="deferred_credential_endpoint")
    assert reply.status == 202
    assert open_answer(reply, second, "A256GCM")["transaction_id"] == transaction["transaction_id"]

    unknown = poll | {"transaction_id": "another"}
    reply = started.post(started.sealed(unknown), endpoint="deferred_credential_endpoint")
    refused(reply, 400, "invalid_transaction_id")
    reply = started.post(json_bytes(poll), JSON, endpoint="deferred_credential_endpoint")
    refused(reply, 400, *UNREADABLE)
