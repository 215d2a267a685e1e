"""The wallet's side of OpenID4VP 1.0: a signed request by reference, and its answer, encrypted or not."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import dcql, jwe
from .jose import JsonObject, Jws, b64url, b64url_decode, parse_json_object, sha256_b64url
from .pki import EKU_VERIFIER, chain_from_header, dns_names, leaf_key, trusted_leaf
from .sdjwt import SdJwt
from .transport import FORM, HttpsClient, Reply
from .wallet_issuance import HeldCredential

REQUEST_TYP = "oauth-authz-req+jwt"
NONCE_BYTES = 24
APPROVAL = "urn:inro:approval:1"
STATIC_AUDIENCE = "https://self-issued.me/v2"


class RequestError(Exception):
    """A presentation request that a wallet must not answer."""


@dataclass(frozen=True)
class Request:
    """A request whose signature, certificate and client identifier were checked."""

    parameters: JsonObject
    leaf: x509.Certificate

    @property
    def client_id(self) -> str:
        """The full client identifier with its prefix."""
        return str(self.parameters["client_id"])

    @property
    def encryption_key(self) -> JsonObject | None:
        """The key that the answer is encrypted to; None where it goes in the clear."""
        return encryption_key(self.parameters)


@dataclass(frozen=True)
class Binding:
    """What a key-binding JWT says, and a last change to the SD-JWT before it is signed. Defaults are the right ones."""

    audience: str | None = None
    nonce: str | None = None
    issued_at: int | None = None
    more: JsonObject | None = None
    alter: Callable[[SdJwt], SdJwt] = field(default=lambda sd_jwt: sd_jwt)


class PresentationWallet:
    """A wallet that answers verifiers under `anchors` with the credentials that it is handed."""

    def __init__(self, https: HttpsClient, anchors: list[x509.Certificate]) -> None:
        self._https = https
        self._anchors = anchors
        # From a request object as it is delivered to the signed one in it.
        self.unseal: Callable[[str], str] = lambda text: text

    def present(self, authorization_request: str, credentials: list[HeldCredential]) -> Reply:
        """Answers a request with the least that satisfies it, and returns the verifier's reply."""
        request = self.fetch(authorization_request)
        return self.post(request, self.answer(request, credentials))

    def fetch(self, authorization_request: str, *, post: bool = True, more: dict[str, str] | None = None) -> Request:
        """Fetches the request object, by POST where that is offered and `post` says so, and checks it.

        `more` parameters go along with a POST. Source: OpenID4VP §5, §5.8, §5.9.3, §5.10.
        """
        outer = {name: values[0] for name, values in parse_qs(urlsplit(authorization_request).query).items()}
        headers = {"Accept": f"application/{REQUEST_TYP}"}
        wallet_nonce = None
        if post and outer.get("request_uri_method") == "post":
            wallet_nonce = b64url(secrets.token_bytes(NONCE_BYTES))
            body = urlencode({"wallet_nonce": wallet_nonce, **(more or {})}).encode("ascii")
            reply = self._https.request("POST", outer["request_uri"], headers | {"Content-Type": FORM}, body)
        else:
            reply = self._https.request("GET", outer["request_uri"], headers)
        if reply.status != 200 or reply.media_type != f"application/{REQUEST_TYP}":
            raise RequestError(f"no request object: HTTP {reply.status}")
        jws = Jws.parse(self.unseal(reply.text), REQUEST_TYP)
        leaf = trusted_leaf(chain_from_header(jws.header), self._anchors, EKU_VERIFIER)
        parameters = jws.verify(leaf_key(leaf))
        if parameters.get("client_id") != outer["client_id"]:
            raise RequestError("inner and outer client_id differ")
        if parameters.get("wallet_nonce") != wallet_nonce:
            raise RequestError("the request was not made for this wallet")
        _check_client_id(leaf, parameters)
        _check_parameters(parameters)
        return Request(parameters, leaf)

    def answer(
        self, request: Request, credentials: list[HeldCredential], binding: Binding = Binding()
    ) -> dict[str, str]:
        """The response parameters. Raises `DcqlError` if the credentials do not satisfy the query.

        Source: OpenID4VP §8.1 and §8.2, B.3.6 (aud and nonce).
        """
        query = request.parameters["dcql_query"]
        presentations: dict[str, list[str]] = {}
        for entry in dcql.credential_queries(query):
            for credential in credentials:
                if not dcql.of_trusted_authority(entry, credential.verified.chain):
                    continue
                claims = credential.verified.claims
                locations = dcql.locations_to_disclose(entry, credential.verified.vct, claims)
                if locations is not None and entry["id"] not in presentations:
                    shown = credential.verified.sd_jwt.disclosing(locations, credential.verified.processed)
                    if dcql.requires_holder_binding(entry):
                        shown = _bind(shown, credential, request, entry["id"], binding)
                    presentations[entry["id"]] = [str(shown)]
        chosen = dcql.ids_to_answer(query, set(presentations))
        form = {"vp_token": json.dumps({name: presentations[name] for name in chosen})}
        if "state" in request.parameters:
            form["state"] = request.parameters["state"]
        return form

    def encrypt(self, request: Request, form: dict[str, str], header: JsonObject | None = None) -> str:
        """The JWE of the response parameters; `header` changes header members. Source: OpenID4VP §8.3."""
        metadata, key = request.parameters["client_metadata"], request.encryption_key
        assert key is not None, "a request for an encrypted answer"
        offered = metadata.get("encrypted_response_enc_values_supported", ["A128GCM"])
        enc = next(enc for enc in offered if enc in jwe.KEY_BYTES)
        try:
            vp_token = json.loads(form["vp_token"])
        except ValueError:  # A wrong one, sent as it is.
            vp_token = form["vp_token"]
        return jwe.encrypt(form | {"vp_token": vp_token}, key, enc, header)

    def post(self, request: Request, form: dict[str, str]) -> Reply:
        """Posts the response parameters, encrypted where the request demands it. Source: OpenID4VP §8.2, §8.3, §8.3.1."""
        if request.parameters["response_mode"] == "direct_post.jwt" and "vp_token" in form:
            form = {"response": self.encrypt(request, form)}
        body = urlencode(form).encode("ascii")
        return self._https.request("POST", request.parameters["response_uri"], {"Content-Type": FORM}, body)


def encryption_key(parameters: JsonObject) -> JsonObject | None:
    """The key of a request that its answer is encrypted to, None where it goes in the clear. Source: OpenID4VP §8.3."""
    if parameters["response_mode"] != "direct_post.jwt":
        return None
    keys: list[JsonObject] = parameters["client_metadata"]["jwks"]["keys"]
    return next(key for key in keys if key.get("alg") == "ECDH-ES" and key.get("crv") == "P-256")


def _bind(shown: SdJwt, credential: HeldCredential, request: Request, query_id: str, binding: Binding) -> SdJwt:
    return binding.alter(shown).bind(
        credential.key,
        audience=binding.audience or request.client_id,
        nonce=binding.nonce or request.parameters["nonce"],
        issued_at=binding.issued_at or int(time.time()),
        more=_authorized(request, query_id) if binding.more is None else binding.more,
    )


def _authorized(request: Request, query_id: str) -> JsonObject:
    """The hashes of the transactions that this credential authorizes, being the first that each names.

    Source: OpenID4VP §8.4, B.3.3.1.
    """
    transactions: list[str] = request.parameters.get("transaction_data", [])
    named = [(text, parse_json_object(b64url_decode(text))) for text in transactions]
    hashes = [sha256_b64url(text.encode("ascii")) for text, data in named if data["credential_ids"][0] == query_id]
    if not hashes:
        return {}
    algorithm = any("transaction_data_hashes_alg" in data for _, data in named)
    return {"transaction_data_hashes": hashes} | ({"transaction_data_hashes_alg": "sha-256"} if algorithm else {})


def _check_client_id(leaf: x509.Certificate, parameters: JsonObject) -> None:
    """Compares the certificate with what the prefix promises. Source: OpenID4VP §5.9.3."""
    prefix, _, original = parameters["client_id"].partition(":")
    if prefix == "x509_hash":
        der = leaf.public_bytes(Encoding.DER)
        if original != sha256_b64url(der):
            raise RequestError("the client_id is the hash of another certificate")
    elif prefix == "x509_san_dns":
        if original not in dns_names(leaf):
            raise RequestError("the client_id is no DNS name of the certificate")
        if urlsplit(parameters.get("response_uri", "")).hostname != original:
            raise RequestError("the response_uri belongs to another host")
    else:
        raise RequestError("a client identifier prefix that this wallet does not know")


def _check_parameters(parameters: JsonObject) -> None:
    """The remaining rules for a request. Source: OpenID4VP §5.1, §5.2, §5.8, §8.2."""
    expected = {"response_type": "vp_token", "aud": STATIC_AUDIENCE}
    for name, value in expected.items():
        if parameters.get(name) != value:
            raise RequestError(f"{name} is not {value}")
    if parameters.get("response_mode") not in ("direct_post", "direct_post.jwt"):
        raise RequestError("a response_mode that this wallet does not know")
    if "redirect_uri" in parameters or "scope" in parameters:
        raise RequestError("a parameter that does not belong here")
    for transaction in parameters.get("transaction_data", []):
        if parse_json_object(b64url_decode(transaction)).get("type") != APPROVAL:
            raise RequestError("a transaction of a type that this wallet does not know")
    if urlsplit(parameters.get("response_uri", "")).scheme != "https":
        raise RequestError("the response_uri is not https")
    if not isinstance(parameters.get("nonce"), str) or not parameters["nonce"]:
        raise RequestError("no nonce")
    if "vp_formats_supported" not in parameters.get("client_metadata", {}):
        raise RequestError("no vp_formats_supported")
    if parameters.get("exp", time.time() + 1) <= time.time():
        raise RequestError("the request has expired")
