"""A foreign verifier: OpenID4VP 1.0 over HTTPS with signed requests by reference and `direct_post`."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

from cryptography import x509

from . import dcql, mdoc
from .cbor import CborError
from .cose import CoseError
from .jose import JoseError, JsonObject, b64url, parse_json_object, sign_jws
from .mdoc import MdocError, VerifiedMdoc
from .mdoc_response import request_transcript, verify_response
from .pki import EKU_VERIFIER, Authority, Identity, TrustError
from .registration import verifier_info
from .sdjwt import SdJwtError
from .sdjwt_vc import FORMAT, VerifiedCredential, verify_credential
from .transport import HttpsServer, Incoming, Outgoing
from .wallet_presentation import REQUEST_TYP, STATIC_AUDIENCE, encryption_key

REQUEST_LIFETIME = 300
NONCE_BYTES = 16
WRONG = (JoseError, SdJwtError, CborError, CoseError, MdocError, TrustError, dcql.DcqlError, KeyError)


@dataclass
class Session:
    """One presentation: the request as it goes out, and everything that came back for it."""

    id: str
    query: JsonObject
    parameters: JsonObject
    request_object: str
    authorization_request: str
    fetched: int = 0
    # "request" or "response": the endpoint that answers with an HTTP redirect to a place where all would go well.
    redirects: str | None = None
    responses: list[dict[str, str]] = field(default_factory=list)
    verified: dict[str, list[VerifiedCredential]] | None = None
    mdocs: dict[str, list[VerifiedMdoc]] = field(default_factory=dict)
    problem: str | None = None

    @property
    def received_presentations(self) -> bool:
        """Whether any response carried a VP token."""
        return any("vp_token" in response for response in self.responses)


class ForeignVerifier:
    """Runs the verifier until the `with` block ends. It trusts credential issuers under `issuer_anchors`."""

    def __init__(self, issuer_anchors: list[x509.Certificate]) -> None:
        self.issuer_anchors = issuer_anchors
        self.authority = Authority.create("Foreign Verifier CA")
        self.identity: Identity = self.authority.issue("Foreign Verifier", EKU_VERIFIER, dns_names=("localhost",))
        self.tls_authority = Authority.create("Foreign Verifier TLS")
        self.registration: str | None = None
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
    ) -> Session:
        """Prepares a request by reference. Source: OpenID4VP §5.

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
        parameters = {key: value for key, value in (parameters | (changes or {})).items() if value is not None}
        signer = signer or self.identity
        jose = {"typ": REQUEST_TYP, "x5c": signer.x5c, **(header or {})}
        jose = {key: value for key, value in jose.items() if value is not None}
        request_object = sign_jws(jose, parameters, signer.key)
        if jose.get("alg") == "none":
            request_object = request_object.rpartition(".")[0] + "."
        outer = urlencode(
            {
                "client_id": outer_client_id or parameters["client_id"],
                "request_uri": f"{self._server.url}/request/{name}",
            }
        )
        session = Session(name, query, parameters, request_object, f"openid4vp://?{outer}")
        self._sessions[name] = session
        return session

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(*_)

    def _handle(self, incoming: Incoming) -> Outgoing:
        kind, _, rest = incoming.path.removeprefix("/").partition("/")
        name, _, moved = rest.partition("/")
        session = self._sessions.get(name)
        if session is None:
            return Outgoing.json(404, {"error": "not_found"})
        if session.redirects == kind and not moved:
            return Outgoing(307, headers={"Location": f"{self._server.url}{incoming.path}/moved"})
        if (incoming.method, kind) == ("GET", "request"):
            session.fetched += 1
            return Outgoing(200, session.request_object.encode(), f"application/{REQUEST_TYP}")
        if (incoming.method, kind) == ("POST", "response"):
            return self._respond(session, incoming)
        return Outgoing.json(405, {"error": "method_not_allowed"})

    def _respond(self, session: Session, incoming: Incoming) -> Outgoing:
        """Takes a response. Source: OpenID4VP §8.2 and §8.6."""
        form = {name: values[0] for name, values in parse_qs(incoming.body.decode("utf-8")).items()}
        session.responses.append(form)
        if form.get("state") != session.parameters.get("state"):
            session.problem = "another state"
            return Outgoing.json(400, {"error": "invalid_request"})
        if "error" in form:
            session.problem = form["error"]
            return Outgoing.json(200, {})
        try:
            session.verified = self._verify(session, parse_json_object(form["vp_token"]))
        except WRONG as error:
            session.problem = f"{type(error).__name__}: {error}"
            return Outgoing.json(400, {"error": "invalid_request"})
        return Outgoing.json(200, {})

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
        answers = {name: [(one.vct, one.claims) for one in found] for name, found in verified.items()}
        answers |= {name: [(one.doctype, one.claims) for one in found] for name, found in mdocs.items()}
        dcql.check_answer(session.query, answers)
        session.mdocs = mdocs
        return verified

    def _verify_mdoc(self, session: Session, text: str, now: int) -> VerifiedMdoc:
        """Source: OpenID4VP B.2.5 and B.2.6.1."""
        transcript = request_transcript(session.parameters, encryption_key(session.parameters))
        return verify_response(text, transcript, self.issuer_anchors, now)[0]
