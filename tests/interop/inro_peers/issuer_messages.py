"""Requests to a credential issuer and its answers, encrypted or not. Source: OpenID4VCI §8.2, §8.3, §10 and §12.2.4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import jwe
from .jose import JoseError, JsonObject, key_from_jwk, parse_json_object
from .transport import JSON, Incoming, Outgoing

JWT = "application/jwt"


class Refusal(Exception):
    """An error answer, which is never encrypted. Source: OpenID4VCI §8.3.1.2."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        self.answer = Outgoing.json(status, {"error": error}, **headers)


def sealed_answer(text: str, status: int = 200) -> Outgoing:
    """An encrypted answer. Source: OpenID4VCI §10 (media type)."""
    return Outgoing(status, text.encode("ascii"), JWT, {"Cache-Control": "no-store"})


@dataclass(frozen=True)
class Encryption:
    """Which directions can be encrypted, and which must be."""

    requests: bool = True
    responses: bool = True
    required: bool = False
    request_encs: tuple[str, ...] = ("A128GCM", "A256GCM")
    response_encs: tuple[str, ...] = ("A128GCM", "A256GCM")


@dataclass(frozen=True)
class Message:
    """One request as it was read; `header` is its JWE header, None for one in the clear."""

    path: str
    header: JsonObject | None
    request: JsonObject

    @property
    def response_encryption(self) -> JsonObject | None:
        """How the wallet wants its answer encrypted."""
        wanted: JsonObject | None = self.request.get("credential_response_encryption")
        return wanted


@dataclass
class Messages:
    """An issuer's mail room; `encryption` None has no encryption at all."""

    encryption: Encryption | None
    recipient: jwe.Recipient = field(default_factory=jwe.Recipient.create)
    received: list[Message] = field(default_factory=list)
    # From a document and the wallet's wish to another answer than the right one.
    spoil: Callable[[JsonObject, JsonObject], Outgoing] | None = None

    def metadata(self) -> JsonObject:
        """The two members of the issuer's metadata. Source: OpenID4VCI §12.2.4."""
        members: JsonObject = {}
        if self.encryption is not None and self.encryption.requests:
            members["credential_request_encryption"] = {
                "jwks": {"keys": [self.recipient.jwk]},
                "enc_values_supported": list(self.encryption.request_encs),
                "encryption_required": self.encryption.required,
            }
        if self.encryption is not None and self.encryption.responses:
            members["credential_response_encryption"] = {
                "alg_values_supported": [jwe.ALG],
                "enc_values_supported": list(self.encryption.response_encs),
                "encryption_required": self.encryption.required,
            }
        return members

    def read(self, incoming: Incoming) -> Message:
        """Opens and remembers a request; refuses wrong encryption. Source: OpenID4VCI §8.2, §8.3.1.2 and §10."""
        media_type = incoming.headers.get("content-type", "")
        if media_type == JWT:
            message = self._opened(incoming)
        elif media_type == JSON:
            message = Message(incoming.path, None, parse_json_object(incoming.body))
        else:
            raise Refusal(400, "invalid_credential_request")
        self.received.append(message)
        self._check(message)
        return message

    def answer(self, status: int, document: JsonObject, message: Message) -> Outgoing:
        """Answers as the request wants it. Source: OpenID4VCI §8.3 and §10."""
        wanted = message.response_encryption
        if wanted is None:
            return Outgoing.json(status, document)
        if self.spoil is not None:
            return self.spoil(document, wanted)
        return sealed_answer(jwe.encrypt(document, wanted["jwk"], wanted["enc"]), status)

    def _opened(self, incoming: Incoming) -> Message:
        if self.encryption is None or not self.encryption.requests:
            raise Refusal(400, "invalid_encryption_parameters")
        opened = jwe.decrypt(incoming.body.decode("ascii"), self.recipient, self.encryption.request_encs)
        return Message(incoming.path, opened.header, opened.payload)

    def _check(self, message: Message) -> None:
        wanted, offered = message.response_encryption, self.encryption
        required = offered is not None and offered.required
        if message.header is None and (wanted is not None or (required and offered is not None and offered.requests)):
            raise Refusal(400, "invalid_encryption_parameters")
        if wanted is None:
            if required and offered is not None and offered.responses:
                raise Refusal(400, "invalid_encryption_parameters")
            return
        if offered is None or not offered.responses or wanted.get("enc") not in offered.response_encs:
            raise Refusal(400, "invalid_encryption_parameters")
        if "zip" in wanted or wanted["jwk"].get("alg") != jwe.ALG:
            raise Refusal(400, "invalid_encryption_parameters")
        try:
            key_from_jwk(wanted["jwk"])
        except JoseError as error:
            raise Refusal(400, "invalid_encryption_parameters") from error
