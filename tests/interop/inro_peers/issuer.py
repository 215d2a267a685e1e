"""A foreign credential issuer: OpenID4VCI 1.0 with the pre-authorized code flow and as many options as a test wants.

With `Options()` as it stands it has no optional feature at all: no DPoP, no nonce endpoint, no batches, no transaction
code, no signed metadata, no encryption, no deferral, no notifications. Credentials that it issues have no optional
claim but `cnf`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from cryptography import x509

from . import mdoc
from .issuer_messages import Encryption, Message, Messages, Refusal
from .jose import JoseError, JsonObject, Jws, b64url, key_from_jwk, parse_json_object, sha256_b64url, thumbprint
from .key_attestation import read_attestation
from .paths import Location
from .pki import EKU_CREDENTIAL_ISSUER, EKU_REGISTRAR, Authority, Identity, TrustError
from .sdjwt_vc import FORMAT, draft_credential
from .transport import JSON, HttpsServer, HttpsService, Incoming, Outgoing
from .wallet_issuance import PRE_AUTHORIZED, PROOF_TYP

TOKEN_BYTES = 16
# Digests in each credential that stand for nothing (RFC 9901 §4.2.5).
DECOYS = 3
CREDENTIAL_IDENTIFIER = "the-one-employee"
EVENTS = {"credential_accepted", "credential_failure", "credential_deleted"}


@dataclass(frozen=True)
class Options:
    """The optional features of OpenID4VCI that this issuer has."""

    dpop: bool = False
    dpop_nonce: bool = False
    nonce_endpoint: bool = False
    batch_size: int | None = None
    tx_code: str | None = None
    by_reference: bool = False
    path: str = ""
    # Path of an authorization server apart from the credential issuer; None: they are one.
    server_path: str | None = None
    # Whether the token response names credential identifiers, which a wallet must then use.
    identifiers: bool = False
    encryption: Encryption | None = None
    # Seconds to wait before the deferred credential endpoint is asked; None: nothing is deferred.
    interval: int | None = None
    notifications: bool = False
    # Proof types that are taken, and of those, the ones that need a key attestation.
    proof_types: tuple[str, ...] = ("jwt",)
    attested: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """What the issuer hands out: one credential type with its claims."""

    configuration_id: str
    vct: str
    claims: JsonObject
    disclosable: list[Location]


@dataclass(frozen=True)
class MdocProduct:
    """The same as an mdoc, with its claims by name space."""

    configuration_id: str
    doctype: str
    claims: mdoc.NameSpaces


@dataclass
class _State:
    codes: set[str] = field(default_factory=set)
    tokens: dict[str, str | None] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    proofs: set[str] = field(default_factory=set)
    dpop_nonces: set[str] = field(default_factory=set)
    # Keys that wait for their credentials, by transaction.
    deferred: dict[str, list[JsonObject]] = field(default_factory=dict)
    notification_ids: set[str] = field(default_factory=set)


class ForeignIssuer(HttpsService):
    """Runs the issuer until the `with` block ends. Its authority can register verifiers, too."""

    def __init__(self, product: Product | MdocProduct, type_id: str, options: Options = Options()) -> None:
        self.options = options
        self.authority = Authority.create("Foreign Agency CA")
        self.registrar: Identity = self.authority.issue("Foreign Registrar", EKU_REGISTRAR)
        self.tls_authority = Authority.create("Foreign Agency TLS")
        self.requests: list[Incoming] = []
        # What a test does to a document before it leaves; the keys are the documents' names used with `_altered`.
        self.alter: dict[str, Callable[[JsonObject], JsonObject]] = {}
        # What a test does to an mdoc before it is signed.
        self.spoil: Callable[[mdoc.Draft], Any] = lambda draft: None
        # Answers in the place of the right answer, where it has one.
        self.intercept: Callable[[Incoming], Outgoing | None] = lambda _: None
        # Whether deferred credentials are ready.
        self.ready = False
        # The answer of the deferred credential endpoint where it is to be another one than the right one.
        self.deferral: Callable[[], Outgoing] | None = None
        self.notifications: list[JsonObject] = []
        # The status by which the notification endpoint refuses everything.
        self.refuses_notifications: int | None = None
        self.messages = Messages(options.encryption)
        # Whose key attestations count.
        self.wallet_providers: list[x509.Certificate] = []
        self._product = product
        self.signer = self.authority.issue("Foreign Agency", EKU_CREDENTIAL_ISSUER, credential_types=(type_id,))
        self._state = _State()
        self._server = HttpsServer(self.tls_authority.issue_tls(), self._handle)

    @property
    def identifier(self) -> str:
        """The credential issuer identifier. Source: OpenID4VCI §12.2.1."""
        return f"{self._server.url}{self.options.path}"

    @property
    def server(self) -> str:
        """The authorization server's issuer identifier. Source: RFC 8414 §2."""
        return self.identifier if self.options.server_path is None else f"{self._server.url}{self.options.server_path}"

    def offer(self) -> str:
        """A fresh offer. Source: OpenID4VCI §4.1."""
        code = b64url(secrets.token_bytes(TOKEN_BYTES))
        self._state.codes.add(code)
        if self.options.by_reference:
            return f"openid-credential-offer://?credential_offer_uri={quote(f'{self.identifier}/offers/{code}', '')}"
        return f"openid-credential-offer://?credential_offer={quote(json.dumps(self._offer(code)), '')}"

    def _handle(self, incoming: Incoming) -> Outgoing:
        self.requests.append(incoming)
        intercepted = self.intercept(incoming)
        if intercepted is not None:
            return intercepted
        path, server_path = self.options.path, urlsplit(self.server).path
        routes = {
            ("GET", f"/.well-known/openid-credential-issuer{path}"): self._metadata,
            ("GET", f"/.well-known/oauth-authorization-server{server_path}"): self._server_metadata,
            ("POST", f"{server_path}/token"): self._token,
            ("POST", f"{path}/credential"): self._credential,
        }
        if self.options.nonce_endpoint:
            routes["POST", f"{path}/nonce"] = self._nonce
        if self.options.interval is not None:
            routes["POST", f"{path}/deferred"] = self._deferred
        if self.options.notifications:
            routes["POST", f"{path}/notification"] = self._notification
        if self.options.by_reference and incoming.path.startswith(f"{path}/offers/"):
            return Outgoing.json(200, self._offer(incoming.path.rpartition("/")[2]))
        handler = routes.get((incoming.method, incoming.path))
        if handler is None:
            return Outgoing.json(404, {"error": "not_found"})
        try:
            return handler(incoming)
        except Refusal as refusal:
            return refusal.answer
        except (JoseError, KeyError, ValueError):
            return Outgoing.json(400, {"error": "invalid_request"})

    def _offer(self, code: str) -> JsonObject:
        grant: JsonObject = {"pre-authorized_code": code}
        if self.options.tx_code is not None:
            grant["tx_code"] = {}
        offer = {
            "credential_issuer": self.identifier,
            "credential_configuration_ids": [self._product.configuration_id],
            "grants": {PRE_AUTHORIZED: grant},
        }
        return self._altered("offer", offer)

    def _altered(self, name: str, document: JsonObject) -> JsonObject:
        alter = self.alter.get(name)
        return alter(document) if alter else document

    def _metadata(self, _: Incoming) -> Outgoing:
        """Source: OpenID4VCI §12.2.4."""
        metadata: JsonObject = {
            "credential_issuer": self.identifier,
            "credential_endpoint": f"{self.identifier}/credential",
            "credential_configurations_supported": {
                self._product.configuration_id: {
                    **_format_members(self._product),
                    "proof_types_supported": {name: self._proof_type(name) for name in self.options.proof_types},
                }
            },
        }
        if self.options.nonce_endpoint:
            metadata["nonce_endpoint"] = f"{self.identifier}/nonce"
        if self.options.interval is not None:
            metadata["deferred_credential_endpoint"] = f"{self.identifier}/deferred"
        if self.options.notifications:
            metadata["notification_endpoint"] = f"{self.identifier}/notification"
        metadata |= self.messages.metadata()
        if self.options.batch_size is not None:
            metadata["batch_credential_issuance"] = {"batch_size": self.options.batch_size}
        if self.options.server_path is not None:
            metadata["authorization_servers"] = [self.server]
        return Outgoing.json(200, self._altered("metadata", metadata))

    def _proof_type(self, name: str) -> JsonObject:
        members: JsonObject = {"proof_signing_alg_values_supported": ["ES256"]}
        return members | ({"key_attestations_required": {}} if name in self.options.attested else {})

    def _server_metadata(self, _: Incoming) -> Outgoing:
        """Source: RFC 8414 §2, OpenID4VCI §12.3."""
        metadata: JsonObject = {
            "issuer": self.server,
            "token_endpoint": f"{self.server}/token",
            "pre-authorized_grant_anonymous_access_supported": True,
        }
        if self.options.dpop:
            metadata["dpop_signing_alg_values_supported"] = ["ES256"]
        return Outgoing.json(200, self._altered("server metadata", metadata))

    def _token(self, incoming: Incoming) -> Outgoing:
        """Source: OpenID4VCI §6, RFC 9449 §5."""
        form = {name: values[0] for name, values in parse_qs(incoming.body.decode("utf-8")).items()}
        if form.get("grant_type") != PRE_AUTHORIZED:
            raise Refusal(400, "unsupported_grant_type")
        if ("tx_code" in form) != (self.options.tx_code is not None):
            raise Refusal(400, "invalid_request")
        holder = self._dpop(incoming, f"{self.server}/token", None) if self.options.dpop else None
        code = form.get("pre-authorized_code", "")
        if code not in self._state.codes or form.get("tx_code") != self.options.tx_code:
            raise Refusal(400, "invalid_grant")
        self._state.codes.remove(code)
        token = b64url(secrets.token_bytes(TOKEN_BYTES))
        self._state.tokens[token] = holder
        document: JsonObject = {"access_token": token, "token_type": "DPoP" if holder else "Bearer"}
        if self.options.identifiers:
            document["authorization_details"] = [
                {
                    "type": "openid_credential",
                    "credential_configuration_id": self._product.configuration_id,
                    "credential_identifiers": [CREDENTIAL_IDENTIFIER],
                }
            ]
        return Outgoing.json(200, self._altered("token", document))

    def _nonce(self, _: Incoming) -> Outgoing:
        """Source: OpenID4VCI §7."""
        nonce = b64url(secrets.token_bytes(TOKEN_BYTES))
        self._state.nonces.add(nonce)
        return Outgoing.json(200, {"c_nonce": nonce})

    def _credential(self, incoming: Incoming) -> Outgoing:
        """Source: OpenID4VCI §8."""
        self._authorize(incoming, "credential")
        message = self.messages.read(incoming)
        by_configuration = {"credential_configuration_id": self._product.configuration_id}
        wanted = {"credential_identifier": CREDENTIAL_IDENTIFIER} if self.options.identifiers else by_configuration
        others = {"proofs", "credential_response_encryption"}
        if {name: value for name, value in message.request.items() if name not in others} != wanted:
            raise Refusal(400, "invalid_credential_request")
        jwks = self._proof_keys(message.request["proofs"])
        if self.options.interval is None:
            return self._issue(jwks, message)
        transaction = b64url(secrets.token_bytes(TOKEN_BYTES))
        self._state.deferred[transaction] = jwks
        return self._put_off(transaction, message)

    def _deferred(self, incoming: Incoming) -> Outgoing:
        """Source: OpenID4VCI §9."""
        self._authorize(incoming, "deferred")
        message = self.messages.read(incoming)
        if self.deferral is not None:
            return self.deferral()
        transaction = message.request["transaction_id"]
        if transaction not in self._state.deferred:
            raise Refusal(400, "invalid_transaction_id")
        if not self.ready:
            return self._put_off(transaction, message)
        return self._issue(self._state.deferred.pop(transaction), message)

    def _notification(self, incoming: Incoming) -> Outgoing:
        """Source: OpenID4VCI §11."""
        self._authorize(incoming, "notification")
        if self.refuses_notifications is not None:
            raise Refusal(self.refuses_notifications, "invalid_notification_id")
        event = parse_json_object(incoming.body)
        if event["event"] not in EVENTS or incoming.headers.get("content-type") != JSON:
            raise Refusal(400, "invalid_notification_request")
        if event["notification_id"] not in self._state.notification_ids:
            raise Refusal(400, "invalid_notification_id")
        self.notifications.append(event)
        return Outgoing(204)

    def _authorize(self, incoming: Incoming, endpoint: str) -> None:
        """Checks the access token. Source: OpenID4VCI §8.3.1.1, RFC 6750 §2.1, RFC 9449 §7."""
        scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
        if token not in self._state.tokens:
            raise Refusal(401, "invalid_token")
        holder = self._state.tokens[token]
        if scheme.lower() != ("dpop" if holder else "bearer"):
            raise Refusal(401, "invalid_token")
        if holder and self._dpop(incoming, f"{self.identifier}/{endpoint}", token) != holder:
            raise Refusal(401, "invalid_token")

    def _put_off(self, transaction: str, message: Message) -> Outgoing:
        """Source: OpenID4VCI §8.3 and §9.2 (202)."""
        document: JsonObject = {"transaction_id": transaction, "interval": self.options.interval}
        return self.messages.answer(202, self._altered("put off", document), message)

    def _issue(self, jwks: list[JsonObject], message: Message) -> Outgoing:
        """Source: OpenID4VCI §8.3 and §9.2 (200)."""
        entries = [{"credential": self._copy(self._altered("holder key", jwk))} for jwk in jwks]
        document: JsonObject = {"credentials": entries}
        if self.options.notifications:
            document["notification_id"] = b64url(secrets.token_bytes(TOKEN_BYTES))
            self._state.notification_ids.add(document["notification_id"])
        return self.messages.answer(200, self._altered("credentials", document), message)

    def _copy(self, holder_jwk: JsonObject) -> str:
        """One copy. Source: OpenID4VCI A.2.4, A.3.4."""
        product, signer = self._product, self.signer
        if isinstance(product, MdocProduct):
            device_key = key_from_jwk(holder_jwk)
            mdoc_draft = mdoc.draft_credential(product.doctype, product.claims, signer, device_key, int(time.time()))
            self.spoil(mdoc_draft)
            return mdoc.to_text(mdoc_draft.sign(signer.key))
        claims = self._altered("claims", {"vct": product.vct, **product.claims})
        return str(draft_credential(claims, product.disclosable, signer, holder_jwk, DECOYS).sign(signer.key))

    def _proof_keys(self, proofs: JsonObject) -> list[JsonObject]:
        """The holder's keys of a batch. Source: OpenID4VCI §8.2, §8.3 and F."""
        [[name, texts]] = proofs.items()
        if name not in self.options.proof_types or not 0 < len(texts) <= (self.options.batch_size or 1):
            raise Refusal(400, "invalid_proof")
        if name == "attestation":
            jwks = self._attested(texts, must_end=False)
        else:
            jwks = [jwk for text in texts for jwk in self._proof_key(text)]
        if len({thumbprint(jwk) for jwk in jwks}) != len(jwks):
            raise Refusal(400, "invalid_proof")
        return jwks

    def _proof_key(self, text: str) -> list[JsonObject]:
        """Checks one key proof; its key, or all that its attestation vouches for. Source: OpenID4VCI F.1 and F.4."""
        jws = Jws.parse(text, PROOF_TYP)
        jwk: JsonObject = jws.header["jwk"]
        payload = jws.verify(key_from_jwk(jwk))
        if payload.get("aud") != self.identifier or not isinstance(payload.get("iat"), int) or "iss" in payload:
            raise Refusal(400, "invalid_proof")
        self._check_nonce(payload)
        if "jwt" not in self.options.attested:
            return [jwk]
        attested = self._attested([jws.header["key_attestation"]], must_end=True)
        if thumbprint(jwk) not in map(thumbprint, attested):
            raise Refusal(400, "invalid_proof")
        return attested

    def _attested(self, texts: list[str], *, must_end: bool) -> list[JsonObject]:
        """The keys of the one attestation. Source: OpenID4VCI F, F.3 and D.1."""
        if len(texts) != 1:
            raise Refusal(400, "invalid_proof")
        try:
            claims = read_attestation(texts[0], self.wallet_providers, must_end=must_end)
        except (JoseError, TrustError) as error:
            raise Refusal(400, "invalid_proof") from error
        self._check_nonce(claims)
        jwks: list[JsonObject] = claims["attested_keys"]
        return jwks

    def _check_nonce(self, claims: JsonObject) -> None:
        if self.options.nonce_endpoint and claims.get("nonce") not in self._state.nonces:
            raise Refusal(400, "invalid_nonce")

    def _dpop(self, incoming: Incoming, url: str, access_token: str | None) -> str:
        """Checks a DPoP proof and returns its key's thumbprint. Source: RFC 9449 §4.3, §8 and §9."""
        status = 400 if access_token is None else 401
        jws = Jws.parse(incoming.headers.get("dpop", ""), "dpop+jwt")
        payload = jws.verify(key_from_jwk(jws.header["jwk"]))
        expected = {"htm": incoming.method, "htu": url}
        if access_token is not None:
            expected["ath"] = sha256_b64url(access_token.encode("ascii"))
        if any(payload.get(name) != value for name, value in expected.items()) or payload["jti"] in self._state.proofs:
            raise Refusal(status, "invalid_dpop_proof")
        self._state.proofs.add(payload["jti"])
        if self.options.dpop_nonce and payload.get("nonce") not in self._state.dpop_nonces:
            nonce = b64url(secrets.token_bytes(TOKEN_BYTES))
            self._state.dpop_nonces = {nonce}
            challenge = {"DPoP-Nonce": nonce, "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
            raise Refusal(status, "use_dpop_nonce", **challenge)
        # A nonce is good for one request, so that the next one needs the retry again.
        self._state.dpop_nonces.clear()
        return thumbprint(jws.header["jwk"])


def _format_members(product: Product | MdocProduct) -> JsonObject:
    """What a credential configuration says of its format. Source: OpenID4VCI §12.2.4, A.2.2, A.3.2."""
    if isinstance(product, MdocProduct):
        members = {"format": mdoc.FORMAT, "doctype": product.doctype}
        return members | {"cryptographic_binding_methods_supported": ["cose_key"]}
    members = {"format": FORMAT, "vct": product.vct}
    return members | {"cryptographic_binding_methods_supported": ["jwk"]}
