"""The wallet's side of OpenID4VCI 1.0: offers, metadata, token, nonce, key proofs and credentials.

Each step is a method of its own, so that a test can alter one message and send the rest as it should be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509

from .dpop import DpopClient
from .jose import (
    JsonObject,
    Jws,
    PrivateKey,
    PublicKey,
    json_bytes,
    key_from_jwk,
    new_key,
    parse_json_object,
    public_jwk,
    sign_jws,
)
from .pki import EKU_CREDENTIAL_ISSUER, chain_from_header, leaf_key, trusted_leaf
from .sdjwt_vc import VerifiedCredential, verify_credential
from .transport import FORM, JSON, HttpsClient, Reply

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
PROOF_TYP = "openid4vci-proof+jwt"
# Copies that a wallet asks for where the issuer offers batches (OpenID4VCI §8.2 leaves the number to the wallet).
COPIES = 3


class IssuanceError(Exception):
    """An issuer's message that the specification tells a wallet not to use."""


class Refused(Exception):
    """The issuer answered with an error; `reply` is that answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"HTTP {reply.status}")
        self.reply = reply


@dataclass(frozen=True)
class Offer:
    """A credential offer with the pre-authorized code grant. Source: OpenID4VCI §4.1.1."""

    issuer: str
    configuration_ids: list[str]
    code: str
    wants_tx_code: bool


@dataclass(frozen=True)
class HeldCredential:
    """One copy of a credential with the key that it is bound to."""

    text: str
    key: PrivateKey
    verified: VerifiedCredential


class IssuanceWallet:
    """A wallet that receives credentials. `anchors` are the credential issuers' certification authorities."""

    def __init__(self, https: HttpsClient, anchors: list[x509.Certificate]) -> None:
        self.https = https
        self.dpop = DpopClient(https)
        self.anchors = anchors

    def receive(self, offer_uri: str, tx_code: str | None = None, copies: int = COPIES) -> list[HeldCredential]:
        """Runs the whole pre-authorized code flow. Raises `Refused` with the issuer's error answer."""
        offer, metadata, token = self.authorize(offer_uri, tx_code)
        return [
            credential
            for configuration_id in offer.configuration_ids
            for credential in self.credentials(metadata, token, configuration_id, copies)
        ]

    def authorize(self, offer_uri: str, tx_code: str | None = None) -> tuple[Offer, JsonObject, JsonObject]:
        """The flow up to the token: offer, metadata and token response."""
        offer = self.resolve_offer(offer_uri)
        metadata = self.issuer_metadata(offer.issuer)
        server = self.server_metadata(metadata)
        return offer, metadata, _expect(self.token(server, offer, tx_code)).json()

    def resolve_offer(self, offer_uri: str) -> Offer:
        """Reads an offer by value or by reference. Source: OpenID4VCI §4.1."""
        query = parse_qs(urlsplit(offer_uri).query, strict_parsing=True)
        if ("credential_offer" in query) == ("credential_offer_uri" in query):
            raise IssuanceError("an offer has exactly one of its two parameters")
        if "credential_offer" in query:
            offer = parse_json_object(query["credential_offer"][0])
        else:
            reply = _expect(self.https.request("GET", query["credential_offer_uri"][0]))
            if reply.media_type != JSON:
                raise IssuanceError("an offer by reference must be application/json")
            offer = reply.json()
        grant = offer["grants"][PRE_AUTHORIZED]
        ids = offer["credential_configuration_ids"]
        if not ids or len(set(ids)) != len(ids):
            raise IssuanceError("configuration ids must be unique, and there must be one")
        return Offer(offer["credential_issuer"], ids, grant["pre-authorized_code"], "tx_code" in grant)

    def issuer_metadata(self, issuer: str) -> JsonObject:
        """Fetches the unsigned metadata. Source: OpenID4VCI §12.2.2 and §12.2.4."""
        reply = self._well_known(issuer, "openid-credential-issuer", JSON)
        if reply.media_type != JSON:
            raise IssuanceError("unsigned metadata must be application/json")
        return _check_issuer(reply.json(), "credential_issuer", issuer)

    def signed_issuer_metadata(self, issuer: str) -> JsonObject:
        """Fetches and verifies the signed metadata. Source: OpenID4VCI §12.2.3."""
        reply = self._well_known(issuer, "openid-credential-issuer", "application/jwt")
        if reply.media_type != "application/jwt":
            raise IssuanceError("signed metadata must be application/jwt")
        jws = Jws.parse(reply.text, "openidvci-issuer-metadata+jwt")
        payload = jws.verify(leaf_key(trusted_leaf(chain_from_header(jws.header), self.anchors, EKU_CREDENTIAL_ISSUER)))
        if not isinstance(payload.get("iat"), int) or payload.get("exp", time.time() + 1) <= time.time():
            raise IssuanceError("signed metadata without a time, or expired")
        return _check_issuer(_check_issuer(payload, "sub", issuer), "credential_issuer", issuer)

    def server_metadata(self, metadata: JsonObject) -> JsonObject:
        """Fetches the authorization server's metadata. Source: OpenID4VCI §12.2.4, RFC 8414 §3."""
        server = metadata.get("authorization_servers", [metadata["credential_issuer"]])[0]
        reply = self._well_known(server, "oauth-authorization-server", JSON)
        return _check_issuer(reply.json(), "issuer", server)

    def token(self, server: JsonObject, offer: Offer, tx_code: str | None = None, **changes: str) -> Reply:
        """Redeems the code; DPoP is used when the server's metadata names ES256 for it. `changes` add parameters.

        Source: OpenID4VCI §6.1, RFC 9449 §5.
        """
        headers, body = self.token_request(offer, tx_code, **changes)
        url = server["token_endpoint"]
        if "ES256" in server.get("dpop_signing_alg_values_supported", []):
            return self.dpop.send_with_retry("POST", url, headers, body)
        return self.https.request("POST", url, headers, body)

    def token_request(self, offer: Offer, tx_code: str | None = None, **changes: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of a token request. Source: OpenID4VCI §6.1."""
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": offer.code}
        if tx_code is not None:
            form["tx_code"] = tx_code
        return {"Content-Type": FORM, "Accept": JSON}, urlencode(form | changes).encode("ascii")

    def nonce(self, metadata: JsonObject) -> str | None:
        """A fresh `c_nonce`, or None if the issuer has no nonce endpoint. Source: OpenID4VCI §7."""
        if "nonce_endpoint" not in metadata:
            return None
        reply = _expect(self.https.request("POST", metadata["nonce_endpoint"], {"Accept": JSON}))
        if "no-store" not in reply.headers.get("cache-control", ""):
            raise IssuanceError("a c_nonce must not be cacheable")
        return str(reply.json()["c_nonce"])

    def proof(
        self, key: PrivateKey, audience: str, nonce: str | None, *, header: JsonObject | None = None, **changes: Any
    ) -> str:
        """A key proof of type `jwt`. `header` changes header members and `changes` claims; None leaves one out.

        Source: OpenID4VCI F.1.
        """
        payload = {"aud": audience, "iat": int(time.time()), "nonce": nonce} | changes
        jose = {"typ": PROOF_TYP, "jwk": public_jwk(key)} | (header or {})
        parts = [{name: value for name, value in part.items() if value is not None} for part in (jose, payload)]
        return sign_jws(parts[0], parts[1], key)

    def credential_request(
        self, metadata: JsonObject, token: JsonObject, request: JsonObject, dpop_proof: str | None = None
    ) -> Reply:
        """Sends one credential request in the clear. Source: OpenID4VCI §8.2."""
        return self.post(metadata["credential_endpoint"], token, json_bytes(request), JSON, dpop_proof)

    def post(self, url: str, token: JsonObject, body: bytes, media_type: str, dpop_proof: str | None = None) -> Reply:
        """Sends one request under an access token, with or without DPoP as the token says."""
        access_token = token["access_token"]
        headers = {"Content-Type": media_type, "Accept": f"{JSON}, application/jwt"}
        if token["token_type"].lower() == "bearer":
            return self.https.request("POST", url, headers | {"Authorization": f"Bearer {access_token}"}, body)
        if dpop_proof is not None:
            return self.dpop.send("POST", url, headers, body, access_token=access_token, proof=dpop_proof)
        return self.dpop.send_with_retry("POST", url, headers, body, access_token=access_token)

    def credentials(
        self, metadata: JsonObject, token: JsonObject, configuration_id: str, copies: int
    ) -> list[HeldCredential]:
        """Requests a batch of one credential and verifies every copy."""
        configuration = metadata["credential_configurations_supported"][configuration_id]
        texts, keys = self.copies(metadata, token, configuration_id, copies)
        return [self._accept(text, keys, configuration["vct"]) for text in texts]

    def copies(
        self, metadata: JsonObject, token: JsonObject, configuration_id: str, copies: int
    ) -> tuple[list[str], list[PrivateKey]]:
        """A batch of one credential as it comes, with the keys that it was asked for. Source: OpenID4VCI §8.2, §8.3."""
        batch = metadata.get("batch_credential_issuance", {"batch_size": 1})
        keys = [new_key() for _ in range(min(copies, batch["batch_size"]))]
        nonce = self.nonce(metadata)
        proofs = [self.proof(key, metadata["credential_issuer"], nonce) for key in keys]
        request = {**credential_reference(token, configuration_id), "proofs": {"jwt": proofs}}
        reply = _expect(self.credential_request(metadata, token, request))
        texts = [entry["credential"] for entry in reply.json()["credentials"]]
        if not 0 < len(texts) <= len(keys):
            raise IssuanceError("more credentials than keys, or none")
        return texts, keys

    def verify(self, text: str) -> VerifiedCredential:
        """Verifies one credential as it came."""
        return verify_credential(text, self.anchors, int(time.time()))

    def _accept(self, text: str, keys: list[PrivateKey], vct: str) -> HeldCredential:
        verified = self.verify(text)
        if verified.sd_jwt.key_binding is not None:
            raise IssuanceError("an issuer must not send a key binding")
        if verified.vct != vct:
            raise IssuanceError("a credential of another type")
        bound_to = key_from_jwk(verified.claims["cnf"]["jwk"])
        return HeldCredential(text, take_key(keys, bound_to), verified)

    def _well_known(self, issuer: str, name: str, accept: str) -> Reply:
        parts = urlsplit(issuer)
        url = f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"
        return _expect(self.https.request("GET", url, {"Accept": accept}))


def credential_reference(token: JsonObject, configuration_id: str) -> JsonObject:
    """How a request names its credential. Source: OpenID4VCI §3.3.4 and §8.2.

    A token response with authorization details gives identifiers, and those must be used; else the configuration id.
    """
    for details in token.get("authorization_details", []):
        if details.get("credential_configuration_id") == configuration_id:
            return {"credential_identifier": details["credential_identifiers"][0]}
    return {"credential_configuration_id": configuration_id}


def take_key(keys: list[PrivateKey], bound_to: PublicKey) -> PrivateKey:
    """Takes the key that a credential is bound to out of those that it was asked for."""
    key = next((key for key in keys if key.public_key() == bound_to), None)
    if key is None:
        raise IssuanceError("a credential bound to a key that is not ours")
    keys.remove(key)
    return key


def _expect(reply: Reply) -> Reply:
    if reply.status != 200:
        raise Refused(reply)
    return reply


def _check_issuer(document: JsonObject, member: str, issuer: str) -> JsonObject:
    if document.get(member) != issuer:
        raise IssuanceError(f"{member} is not the issuer that was asked")
    return document
