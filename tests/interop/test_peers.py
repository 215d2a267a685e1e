"""The foreign peers against one another, so that a fault of theirs is found before it is blamed on Inro."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509

from inro_peers import jwe
from inro_peers.dcql import DcqlError
from inro_peers.issuer import ForeignIssuer, MdocProduct, Options, Product
from inro_peers.issuer_messages import JWT
from inro_peers.issuer_messages import Encryption as IssuerEncryption
from inro_peers.jose import JoseError, JsonObject, PrivateKey, b64url, json_bytes, new_key, public_jwk, sha256_b64url
from inro_peers.key_attestation import WalletProvider
from inro_peers.pki import Authority
from inro_peers.registration import RegistrationError, check_registration, sign_registration
from inro_peers.transport import HttpsClient, Reply
from inro_peers.verifier import Encryption, ForeignVerifier
from inro_peers.wallet_encryption import issuer_key, open_answer, response_encryption
from inro_peers.wallet_issuance import HeldCredential, IssuanceWallet, Refused
from inro_peers.wallet_presentation import APPROVAL, Binding, PresentationWallet, RequestError
from products import EMPLOYEE_TYPE, EMPLOYEE_VCT, ClaimPath, employee_query, foreign_employee_id

ALL_OPTIONS = Options(
    dpop=True, dpop_nonce=True, nonce_endpoint=True, batch_size=10, tx_code="123456", by_reference=True, path="/a"
)


@dataclass
class Field:
    """A foreign issuer, verifier and wallet that trust each other."""

    issuer: ForeignIssuer
    verifier: ForeignVerifier
    issuance: IssuanceWallet
    presentation: PresentationWallet

    def credentials(self) -> list[HeldCredential]:
        """Fresh copies of the employee id."""
        return self.issuance.receive(self.issuer.offer(), self.issuer.options.tx_code)


@contextmanager
def field(folder: Path, options: Options = Options(), product: Product | MdocProduct | None = None) -> Iterator[Field]:
    """Starts both services."""
    issuer = ForeignIssuer(product or foreign_employee_id(), EMPLOYEE_TYPE, options)
    verifier = ForeignVerifier([issuer.authority.certificate])
    ca_files = [
        issuer.tls_authority.write(folder / "issuer-tls.pem"),
        verifier.tls_authority.write(folder / "verifier-tls.pem"),
    ]
    https = HttpsClient(*ca_files)
    with issuer, verifier:
        yield Field(
            issuer,
            verifier,
            IssuanceWallet(https, [issuer.authority.certificate]),
            PresentationWallet(https, [verifier.authority.certificate]),
        )


@pytest.mark.parametrize(
    ("options", "copies"),
    [
        (Options(), 1),
        (Options(nonce_endpoint=True), 1),
        (Options(dpop=True), 1),
        (Options(dpop=True, dpop_nonce=True), 1),
        (Options(server_path="/as"), 1),
        (Options(identifiers=True), 1),
        (ALL_OPTIONS, 3),
    ],
    ids=["plain", "nonce", "dpop", "dpop nonce", "other server", "identifiers", "everything"],
)
def test_a_credential_travels_from_issuer_to_verifier(tmp_path: Path, options: Options, copies: int) -> None:
    with field(tmp_path, options) as peers:
        held = peers.credentials()
        assert len(held) == copies
        session = peers.verifier.request(employee_query(["department", "name"], ["post"]))
        assert peers.presentation.present(session.authorization_request, held).status == 200, session.problem
        assert session.verified is not None
        claims = session.verified["employee"][0].claims
        assert claims["department"] == {"name": "福祉課"}
        assert not {"agency", "employee_number", "name_kanji", "employment"} & set(claims)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("encs", [None, ("A128GCM",), ("A256GCM",)], ids=["default", "A128GCM", "A256GCM"])
def test_an_encrypted_answer_travels(tmp_path: Path, encs: tuple[str, ...] | None, method: str) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        session = peers.verifier.request(employee_query(["post"]), encryption=Encryption(encs), method=method)
        assert peers.presentation.present(session.authorization_request, held).status == 200, session.problem
        assert session.verified is not None
        assert session.sealed_with is not None
        assert session.sealed_with["enc"] == (encs or ("A128GCM",))[0]
        assert len(session.posted) == (method == "post")


def test_the_foreign_verifier_refuses_an_answer_in_the_clear_or_to_another_key(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        session = peers.verifier.request(employee_query(["post"]), encryption=Encryption())
        request = peers.presentation.fetch(session.authorization_request)
        form = peers.presentation.answer(request, held)
        assert peers.presentation.post(request, form).status == 200, session.problem

        session = peers.verifier.request(employee_query(["post"]), encryption=Encryption())
        request = peers.presentation.fetch(session.authorization_request)
        form = peers.presentation.answer(request, held)
        plain = replace(request, parameters=request.parameters | {"response_mode": "direct_post"})
        assert peers.presentation.post(plain, form).status == 400
        other = jwe.encrypt(form, public_jwk(new_key()) | {"kid": session.recipient.kid}, "A128GCM")
        assert peers.presentation.post(plain, {"response": other}).status == 400
        assert session.verified is None


def test_the_foreign_wallet_wants_its_nonce_back(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        assert peers.presentation.fetch(
            peers.verifier.request(employee_query(["post"]), method="post").authorization_request
        )
        for repeat in (lambda _: None, lambda _: "another"):
            session = peers.verifier.request(employee_query(["post"]), method="post")
            session.repeat = repeat
            with pytest.raises(RequestError):
                peers.presentation.fetch(session.authorization_request)


@pytest.mark.parametrize(
    "more", [{}, {"transaction_data_hashes": [sha256_b64url(b"x")]}, {"transaction_data_hashes": []}]
)
def test_the_foreign_verifier_wants_each_transaction_authorized(tmp_path: Path, more: JsonObject) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        text = b64url(json_bytes({"type": APPROVAL, "credential_ids": ["employee"], "text": {"en": "Yes", "ja": "可"}}))
        changes = {"transaction_data": [text]}
        session = peers.verifier.request(employee_query(["post"]), changes=changes)
        assert peers.presentation.present(session.authorization_request, held).status == 200, session.problem

        session = peers.verifier.request(employee_query(["post"]), changes=changes)
        request = peers.presentation.fetch(session.authorization_request)
        form = peers.presentation.answer(request, held, Binding(more=more))
        assert peers.presentation.post(request, form).status == 400
        assert session.verified is None


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_an_encrypted_request_brings_an_encrypted_credential(tmp_path: Path, enc: str) -> None:
    with field(tmp_path, Options(encryption=IssuerEncryption(required=True))) as peers:
        wallet, recipient = peers.issuance, jwe.Recipient.create()
        with pytest.raises(Refused) as refused:
            peers.credentials()
        assert refused.value.reply.json()["error"] == "invalid_encryption_parameters"

        offer = wallet.resolve_offer(peers.issuer.offer())
        metadata = wallet.issuer_metadata(offer.issuer)
        token = wallet.token(wallet.server_metadata(metadata), offer).json()
        request = {
            "credential_configuration_id": offer.configuration_ids[0],
            "proofs": {"jwt": [wallet.proof(new_key(), offer.issuer, None)]},
            "credential_response_encryption": response_encryption(recipient, enc),
        }
        body = jwe.encrypt(request, issuer_key(metadata), enc).encode("ascii")
        [entry] = open_answer(wallet.post(metadata["credential_endpoint"], token, body, JWT), recipient, enc)[
            "credentials"
        ]
        assert wallet.verify(entry["credential"]).vct == EMPLOYEE_VCT


def test_a_code_is_good_for_one_use(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        offer = peers.issuer.offer()
        assert peers.issuance.receive(offer)
        with pytest.raises(Refused) as refused:
            peers.issuance.receive(offer)
        assert refused.value.reply.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("what", ["audience", "nonce", "issued_at", "disclosure", "state"])
def test_the_foreign_verifier_refuses_an_altered_answer(tmp_path: Path, what: str) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        query = employee_query(["employee_number"])
        unaltered = peers.verifier.request(query)
        assert peers.presentation.present(unaltered.authorization_request, held).status == 200

        session = peers.verifier.request(query)
        request = peers.presentation.fetch(session.authorization_request)
        bindings = {
            "audience": Binding(audience="x509_hash:another"),
            "nonce": Binding(nonce=unaltered.parameters["nonce"]),
            "issued_at": Binding(issued_at=1),
            "disclosure": Binding(alter=lambda shown: shown.forging("F0002")),
        }
        form = peers.presentation.answer(request, held, bindings.get(what, Binding()))
        if what == "state":
            form["state"] = unaltered.parameters["state"]
        assert peers.presentation.post(request, form).status == 400
        assert session.verified is None


def test_the_foreign_verifier_refuses_an_unknown_issuer(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        query = employee_query(["employee_number"])
        assert peers.presentation.present(peers.verifier.request(query).authorization_request, held).status == 200

        peers.verifier.issuer_anchors = [Authority.create("Another Agency CA").certificate]
        session = peers.verifier.request(query)
        assert peers.presentation.present(session.authorization_request, held).status == 400
        assert session.problem is not None
        assert session.problem.startswith("TrustError")


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"aud": "https://another.example"}, {}),
        ({"exp": 1}, {}),
        ({"nonce": None}, {}),
        ({"client_id": "x509_hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, {}),
        ({"client_id": "x509_san_dns:another.example"}, {}),
        ({"redirect_uri": "https://localhost/"}, {}),
        ({"response_mode": "fragment"}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"alg": "none"}),
    ],
    ids=["aud", "exp", "nonce", "hash", "dns", "redirect_uri", "mode", "typ", "alg"],
)
def test_the_foreign_wallet_refuses_a_wrong_request(tmp_path: Path, changes: JsonObject, header: JsonObject) -> None:
    with field(tmp_path) as peers:
        query = employee_query(["employee_number"])
        assert peers.presentation.fetch(peers.verifier.request(query).authorization_request)
        session = peers.verifier.request(query, changes=changes, header=header)
        with pytest.raises((RequestError, JoseError)):
            peers.presentation.fetch(session.authorization_request)


def test_the_foreign_wallet_refuses_another_outer_client_id(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        session = peers.verifier.request(employee_query(["post"]), outer_client_id="x509_san_dns:localhost")
        with pytest.raises(RequestError):
            peers.presentation.fetch(session.authorization_request)


def test_the_foreign_wallet_sends_nothing_when_a_value_differs(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        held = peers.credentials()
        query = employee_query(["post"])
        request = peers.presentation.fetch(peers.verifier.request(query).authorization_request)
        assert peers.presentation.answer(request, held)

        query["credentials"][0]["claims"][0]["values"] = ["Governor"]
        request = peers.presentation.fetch(peers.verifier.request(query).authorization_request)
        with pytest.raises(DcqlError):
            peers.presentation.answer(request, held)


def test_a_registration_covers_what_it_names_and_no_more(tmp_path: Path) -> None:
    with field(tmp_path) as peers:
        registered = [{"type": EMPLOYEE_VCT, "claims": [["department", "name"]]}]
        verifier, registrars = peers.verifier, [peers.issuer.authority.certificate]
        verifier.registration = sign_registration(peers.issuer.registrar, verifier.identity, verifier.host, registered)

        def check(anchors: list[x509.Certificate], *paths: ClaimPath) -> JsonObject:
            session = verifier.request(employee_query(*paths))
            request = peers.presentation.fetch(session.authorization_request)
            return check_registration(request.parameters, request.leaf, anchors)

        assert check(registrars, ["department", "name"])["name"]["ja"] == "外部検証者"
        with pytest.raises(RegistrationError, match="more than was registered"):
            check(registrars, ["department", "name"], ["post"])


@pytest.mark.parametrize("name", ["jwt", "attestation"])
def test_the_foreign_issuer_serves_attested_keys_alone(tmp_path: Path, name: str) -> None:
    """Source: OpenID4VCI D.1, F.1 and F.3."""
    options = Options(nonce_endpoint=True, proof_types=(name,), attested=(name,))
    provider, key = WalletProvider.create("Foreign Wallets"), new_key()
    with field(tmp_path, options) as peers:
        peers.issuer.wallet_providers = [provider.authority.certificate]
        wallet = peers.issuance
        offer, metadata, token = wallet.authorize(peers.issuer.offer())
        [configuration] = offer.configuration_ids

        def ask(attestation: str, nonce: str, signer: PrivateKey) -> Reply:
            audience, jose = metadata["credential_issuer"], {"key_attestation": attestation}
            text = attestation if name == "attestation" else wallet.proof(signer, audience, nonce, header=jose)
            request = {"credential_configuration_id": configuration, "proofs": {name: [text]}}
            return wallet.credential_request(metadata, token, request)

        nonce = wallet.nonce(metadata)
        assert nonce is not None
        assert ask(provider.attest([key], nonce), nonce, key).status == 200
        wrong = {
            WalletProvider.create("Stranger").attest([key], nonce): "invalid_proof",
            provider.attest([key], nonce, exp=1): "invalid_proof",
            provider.attest([], nonce): "invalid_proof",
            provider.attest([key], "another"): "invalid_nonce",
            provider.attest([key], nonce, header={"typ": "JWT"}): "invalid_proof",
        }
        if name == "jwt":
            wrong[provider.attest([new_key()], nonce)] = "invalid_proof"
            wrong[provider.attest([key], nonce, exp=None)] = "invalid_proof"
        for attestation, error in wrong.items():
            reply = ask(attestation, nonce, key)
            assert (reply.status, reply.json()["error"]) == (400, error)
