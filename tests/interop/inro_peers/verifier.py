"""A foreign verifier: OpenID4VP 1.0 over HTTPS with signed requests by reference.

They are fetched by GET or POST, and answered by `direct_post` or, where a test asks for it, by `direct_post.jwt`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from cryptography import x509

from . import dcql, jwe, mdoc
from .cbor import CborError
from .cose import CoseError
from .jose import JoseError, JsonObject, Jws, b64url, b64url_decode, parse_json_object, sha256_b64url, sign_jws
from .mdoc import MdocError, VerifiedMdoc
from .mdoc_response import request_transcript, verify_response
from .pki import EKU_VERIFIER, Authority, Identity, TrustError
from .registration import verifier_info
from .sdjwt import SdJwtError
from .sdjwt_vc import FORMAT, VerifiedCredential, verify_credential
from .transport import FORM, HttpsServer, HttpsService, Incoming, Outgoing
from .wallet_presentation import REQUEST_TYP, STATIC_AUDIENCE, encryption_key

REQUEST_LIFETIME = 300
NONCE_BYTES = 16
WRONG = (JoseError, SdJwtError, CborError, CoseError, MdocError, TrustError, dcql.DcqlError, KeyError)


@dataclass(frozen=True)
class Encryption:
    """How a request asks for an encrypted answer. Source: OpenID4VP §5.1 and §8.3."""

    # Content encryptions that are offered; None leaves the parameter out, which means A128GCM alone.
    encs: tuple[str, ...] | None = ("A128GCM", "A256GCM")
    # From the verifier's own key to the keys of the request.
    keys: Callable[[JsonObject], list[JsonObject]] = field(default=lambda own: [own])

    @property
    def accepted(self) -> tuple[str, ...]:
        """The content encryptions that an answer may have."""
        return ("A128GCM",) if self.encs is None else self.encs

    def metadata(self, own: JsonObject) -> JsonObject:
        """The members of `client_metadata`."""
        members: JsonObject = {"jwks": {"keys": self.keys(own)}}
        return members if self.encs is None else members | {"encrypted_response_enc_values_supported": self.encs}


@dataclass
class Session:
    """One presentation: the request as it goes out, and everything that came back for it."""

    id: str
    query: JsonObject
    parameters: JsonObject
    sign: Callable[[JsonObject], str]
    authorization_request: str
    fetched: int = 0
    # What came by POST for the request, and what the request object then says of the wallet's nonce.
    posted: list[dict[str, str]] = field(default_factory=list)
    repeat: Callable[[str | None], str | None] = field(default=lambda nonce: nonce)
    encryption: Encryption | None = None
    recipient: jwe.Recipient = field(default_factory=jwe.Recipient.create)
    # The JOSE header of the encrypted answer.
    sealed_with: JsonObject | None = None
    # "request" or "response": the endpoint that answers with an HTTP redirect to a place where all would go well.
    redirects: str | None = None
    # Where the holder's browser is to go after an answer that was taken; None: the wallet is on another device.
    redirect_uri: Any = None
    responses: list[JsonObject] = field(default_factory=list)
    verified: dict[str, list[VerifiedCredential]] | None = None
    mdocs: dict[str, list[VerifiedMdoc]] = field(default_factory=dict)
    problem: str | None = None

    @property
    def received_presentations(self) -> bool:
        """Whether any response carried a VP token."""
        return any("vp_token" in response for response in self.responses)


class ForeignVerifier(HttpsService):
    """Runs the verifier until the `with` block ends. It trusts credential issuers under `issuer_anchors`."""

    def __init__(self, issuer_anchors: list[x509.Certificate]) -> None:
        self.issuer_anchors = issuer_anchors
        self.authority = Authority.create("Foreign Verifier CA")
        self.identity: Identity = self.authority.issue("Foreign Verifier", EKU_VERIFIER, dns_names=("localhost",))
        self.tls_authority = Authority.create("Foreign Verifier TLS")
        self.registration: str | None = None
        # Answers in the place of the right answer, where it has one.
        self.intercept: Callable[[Incoming], Outgoing | None] = lambda _: None
        self._sessions: dict[str, Session] = {}
        self._server = HttpsServer(self.tls_authority.issue_tls(), self._handle)

    @property
    def host(self) -> str:
        """Host and port of the response endpoint."""
        return self._server.host

    @property
    def client_id(self) -> str:
        """The client identifier with the prefix `x509_hash`. Source: OpenID4VP §5.9.3."""
        return f"x509_hash:{self.identity.leaf_sha256}"

    def request(
        self,
        query: JsonObject,
        *,
        changes: JsonObject | None = None,
        outer_client_id: str | None = None,
        header: JsonObject | None = None,
        signer: Identity | None = None,
        encryption: Encryption | None = None,
        method: str | None = None,
    ) -> Session:
        """Prepares a request by reference, to be fetched by `method` (OpenID4VP §5.1).

        Source: OpenID4VP §5 and §5.10.

        The optional arguments make it a wrong one: `changes` replace parameters and `header` JOSE header members (None
        removes one; the algorithm `none` takes the signature away), `signer` signs in the verifier's place.
        """
        name = b64url(secrets.token_bytes(NONCE_BYTES))
        now = int(time.time())
        parameters: JsonObject = {
            "client_id": self.client_id,
            "aud": STATIC_AUDIENCE,
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "response_uri": f"{self._server.url}/response/{name}",
            "nonce": b64url(secrets.token_bytes(NONCE_BYTES)),
            "state": b64url(secrets.token_bytes(NONCE_BYTES)),
            "iat": now,
            "exp": now + REQUEST_LIFETIME,
            "dcql_query": query,
            "client_metadata": {
                "vp_formats_supported": {
                    FORMAT: {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
                    mdoc.FORMAT: {"issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9]},
                },
            },
        }
        if self.registration is not None:
            parameters["verifier_info"] = verifier_info(self.registration)
        recipient = jwe.Recipient.create()
        if encryption is not None:
            parameters["response_mode"] = "direct_post.jwt"
            parameters["client_metadata"] |= encryption.metadata(recipient.jwk)
        parameters = {key: value for key, value in (parameters | (changes or {})).items() if value is not None}
        outer = {
            "client_id": outer_client_id or parameters["client_id"],
            "request_uri": f"{self._server.url}/request/{name}",
        }
        session = Session(
            name,
            query,
            parameters,
            _signing(signer or self.identity, header or {}),
            f"openid4vp://?{urlencode(outer | ({'request_uri_method': method} if method else {}))}",
            encryption=encryption,
            recipient=recipient,
        )
        self._sessions[name] = session
        return session

    def _handle(self, incoming: Incoming) -> Outgoing:
        intercepted = self.intercept(incoming)
        if intercepted is not None:
            return intercepted
        kind, _, rest = incoming.path.removeprefix("/").partition("/")
        name, _, moved = rest.partition("/")
        session = self._sessions.get(name)
        if session is None:
            return Outgoing.json(404, {"error": "not_found"})
        if session.redirects == kind and not moved:
            return Outgoing(307, headers={"Location": f"{self._server.url}{incoming.path}/moved"})
        if (incoming.method, kind) == ("GET", "request"):
            return _hand_out(session, session.parameters)
        if (incoming.method, kind) == ("POST", "request"):
            return self._posted(session, incoming)
        if (incoming.method, kind) == ("POST", "response"):
            return self._respond(session, incoming)
        return Outgoing.json(405, {"error": "method_not_allowed"})

    def _posted(self, session: Session, incoming: Incoming) -> Outgoing:
        """Hands out the request to a wallet that posts, with its nonce inside. Source: OpenID4VP §5.10."""
        expected = {"content-type": FORM, "accept": f"application/{REQUEST_TYP}"}
        if any(incoming.headers.get(name) != value for name, value in expected.items()):
            return Outgoing.json(400, {"error": "invalid_request"})
        form = _form(incoming)
        session.posted.append(form)
        nonce = session.repeat(form.get("wallet_nonce"))
        return _hand_out(session, session.parameters | ({} if nonce is None else {"wallet_nonce": nonce}))

    def _respond(self, session: Session, incoming: Incoming) -> Outgoing:
        """Takes a response. Source: OpenID4VP §8.2, §8.3, §8.3.1 and §8.6."""
        try:
            form = _opened(session, _form(incoming))
        except JoseError as error:
            session.problem = f"JoseError: {error}"
            return Outgoing.json(400, {"error": "invalid_request"})
        session.responses.append(form)
        if form.get("state") != session.parameters.get("state"):
            session.problem = "another state"
            return Outgoing.json(400, {"error": "invalid_request"})
        if "error" in form:
            session.problem = form["error"]
            return Outgoing.json(200, {})
        try:
            vp_token = form["vp_token"]
            session.verified = self._verify(session, vp_token if session.encryption else parse_json_object(vp_token))
        except WRONG as error:
            session.problem = f"{type(error).__name__}: {error}"
            return Outgoing.json(400, {"error": "invalid_request"})
        return Outgoing.json(200, {} if session.redirect_uri is None else {"redirect_uri": session.redirect_uri})

    def _verify(self, session: Session, vp_token: dict[str, Any]) -> dict[str, list[VerifiedCredential]]:
        now = int(time.time())
        entries = {entry["id"]: entry for entry in dcql.credential_queries(session.query)}
        verified: dict[str, list[VerifiedCredential]] = {}
        mdocs: dict[str, list[VerifiedMdoc]] = {}
        for name, presentations in vp_token.items():
            if name not in entries or not isinstance(presentations, list):
                raise dcql.DcqlError("an entry that was not asked for, or no array")
            if entries[name]["format"] == mdoc.FORMAT:
                mdocs[name] = [self._verify_mdoc(session, text, now) for text in presentations]
                continue
            verified[name] = [verify_credential(text, self.issuer_anchors, now) for text in presentations]
            for credential in verified[name]:
                if dcql.requires_holder_binding(entries[name]):
                    credential.sd_jwt.verify_key_binding(
                        credential.claims,
                        audience=session.parameters["client_id"],
                        nonce=session.parameters["nonce"],
                        now=now,
                    )
        chains = [
            (name, one.chain) for answered in (verified, mdocs) for name, found in answered.items() for one in found
        ]
        if not all(dcql.of_trusted_authority(entries[name], chain) for name, chain in chains):
            raise dcql.DcqlError("a credential of another authority than was asked for")
        answers = {name: [(one.vct, one.claims) for one in found] for name, found in verified.items()}
        answers |= {name: [(one.doctype, one.claims) for one in found] for name, found in mdocs.items()}
        dcql.check_answer(session.query, answers)
        _check_transactions(session.parameters.get("transaction_data", []), verified)
        session.mdocs = mdocs
        return verified

    def _verify_mdoc(self, session: Session, text: str, now: int) -> VerifiedMdoc:
        """Source: OpenID4VP B.2.5 and B.2.6.1."""
        transcript = request_transcript(session.parameters, encryption_key(session.parameters))
        return verify_response(text, transcript, self.issuer_anchors, now)[0]


def _form(incoming: Incoming) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(incoming.body.decode("utf-8")).items()}


def _signing(signer: Identity, header: JsonObject) -> Callable[[JsonObject], str]:
    jose = {"typ": REQUEST_TYP, "x5c": signer.x5c, **header}
    jose = {key: value for key, value in jose.items() if value is not None}

    def sign(parameters: JsonObject) -> str:
        request_object = sign_jws(jose, parameters, signer.key)
        return request_object.rpartition(".")[0] + "." if jose.get("alg") == "none" else request_object

    return sign


def _hand_out(session: Session, parameters: JsonObject) -> Outgoing:
    session.fetched += 1
    return Outgoing(200, session.sign(parameters).encode(), f"application/{REQUEST_TYP}")


def _opened(session: Session, form: dict[str, str]) -> JsonObject:
    """The response parameters. An error may come in the clear where encryption was asked for; a VP token may not.

    Source: OpenID4VP §8.3 (top-level members of the payload) and §8.3.1.
    """
    if session.encryption is None or "error" in form:
        return dict(form)
    if set(form) != {"response"}:
        raise JoseError("a response in the clear")
    opened = jwe.decrypt(form["response"], session.recipient, session.encryption.accepted)
    if "error" not in opened.payload and not isinstance(opened.payload.get("vp_token"), dict):
        raise JoseError("no vp_token as a JSON object")
    session.sealed_with = opened.header
    return opened.payload


def _check_transactions(transactions: list[str], verified: dict[str, list[VerifiedCredential]]) -> None:
    """Each transaction is hashed in exactly one credential that it names, and nothing else is.

    Source: OpenID4VP §5.1 (`credential_ids`), §8.4, B.3.3.1.
    """
    bindings = [
        (name, Jws.parse(one.sd_jwt.key_binding).payload)
        for name, credentials in verified.items()
        for one in credentials
        if one.sd_jwt.key_binding is not None
    ]
    found = [(name, text) for name, claims in bindings for text in claims.get("transaction_data_hashes", [])]
    for transaction in transactions:
        data = parse_json_object(b64url_decode(transaction))
        digest = sha256_b64url(transaction.encode("ascii"))
        places = [name for name, text in found if text == digest]
        if len(places) != 1 or places[0] not in data["credential_ids"]:
            raise SdJwtError("a transaction that is not authorized exactly once")
        algorithms = [claims.get("transaction_data_hashes_alg") for name, claims in bindings if name == places[0]]
        if "transaction_data_hashes_alg" in data and algorithms != ["sha-256"]:
            raise SdJwtError("another hash algorithm than was asked for")
    if len(found) != len(transactions):
        raise SdJwtError("a transaction that nobody asked for")
