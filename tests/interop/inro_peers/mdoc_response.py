"""The holder's side of an mdoc: DeviceResponse, DeviceAuthentication, and the transcript of OpenID4VP.

Sources: ISO/IEC 18013-5 §8.3.2.1.2.2 (DeviceResponse), §9.1.3.4 (DeviceAuthentication), §9.1.3.6 (signature),
§9.1.5.1 (SessionTranscript); OpenID4VP 1.0 B.2.5 and B.2.6.1.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography import x509

from . import cbor
from .cbor import Tagged
from .cose import Sign1
from .jose import JsonObject, PrivateKey, b64url_decode, thumbprint
from .mdoc import VERSION, MdocError, VerifiedMdoc, verify_issuer_signed

OK = 0
HANDOVER = "OpenID4VPHandover"
_RESPONSE, _DOCUMENT = {"version", "documents", "status"}, {"docType", "issuerSigned", "deviceSigned"}


def handover_info(client_id: str, nonce: str, jwk: JsonObject | None, response_uri: str) -> list[Any]:
    """OpenID4VPHandoverInfo; `jwk` is the key that the answer is encrypted to, None for a plain one."""
    return [client_id, nonce, b64url_decode(thumbprint(jwk)) if jwk else None, response_uri]


def session_transcript(info: list[Any]) -> list[Any]:
    """SessionTranscript around an OpenID4VPHandover. Source: OpenID4VP B.2.6.1."""
    return [None, None, [HANDOVER, hashlib.sha256(cbor.encode(info)).digest()]]


def request_transcript(parameters: JsonObject, jwk: JsonObject | None) -> list[Any]:
    """The transcript of a request whose parameters these are."""
    return session_transcript(
        handover_info(parameters["client_id"], parameters["nonce"], jwk, parameters["response_uri"])
    )


def device_authentication(transcript: list[Any], doctype: str, name_spaces: Tagged) -> bytes:
    """DeviceAuthenticationBytes, which the device signs. Source: ISO/IEC 18013-5 §9.1.3.4."""
    return cbor.encode(cbor.embed(["DeviceAuthentication", transcript, doctype, name_spaces]))


def document(
    doctype: str,
    issuer_signed: JsonObject,
    key: PrivateKey,
    transcript: list[Any],
    device_claims: JsonObject | None = None,
    protected: dict[int | str, Any] | None = None,
) -> JsonObject:
    """A Document that the device signs; `device_claims` are device-signed elements by name space."""
    name_spaces = cbor.embed(device_claims or {})
    signed = device_authentication(transcript, doctype, name_spaces)
    signature = Sign1.make(signed, key, detached=True, protected=protected)
    return {
        "docType": doctype,
        "issuerSigned": issuer_signed,
        "deviceSigned": {"nameSpaces": name_spaces, "deviceAuth": {"deviceSignature": signature.to_cbor()}},
    }


def device_response(*documents: JsonObject, **changes: Any) -> JsonObject:
    """A DeviceResponse; `changes` replace members."""
    return {"version": VERSION, "documents": list(documents), "status": OK} | changes


def verify_response(
    text: str, transcript: list[Any], anchors: list[x509.Certificate], now: int
) -> tuple[VerifiedMdoc, JsonObject]:
    """Verifies a presentation with its issuer's and its device's side; returns the mdoc and the document.

    OpenID4VP B.2.5 puts one document into each presentation. Source: ISO/IEC 18013-5 §9.1.3, §9.3.1.
    """
    response = cbor.decode(b64url_decode(text))
    if not isinstance(response, dict) or set(response) != _RESPONSE or response["version"] != VERSION:
        raise MdocError("not a DeviceResponse of version 1.0 with documents alone")
    if type(response["status"]) is not int or response["status"] != OK:
        raise MdocError("the device reports an error")
    match response["documents"]:
        case [dict() as found] if set(found) == _DOCUMENT:
            pass
        case _:
            raise MdocError("not exactly one whole document")
    mdoc = verify_issuer_signed(found["issuerSigned"], anchors, now)
    if found["docType"] != mdoc.doctype:
        raise MdocError("a document under another type than its issuer signed")
    _verify_device(found["deviceSigned"], mdoc, transcript)
    return mdoc, found


def _verify_device(device_signed: Any, mdoc: VerifiedMdoc, transcript: list[Any]) -> None:
    if not isinstance(device_signed, dict) or set(device_signed) != {"nameSpaces", "deviceAuth"}:
        raise MdocError("not DeviceSigned")
    name_spaces, auth = device_signed["nameSpaces"], device_signed["deviceAuth"]
    if cbor.embedded(name_spaces) != {}:
        raise MdocError("elements of the device's own, which nobody allowed")
    if not isinstance(auth, dict) or set(auth) != {"deviceSignature"}:
        raise MdocError("no device signature, or something beside it")
    signed = device_authentication(transcript, mdoc.doctype, name_spaces)
    Sign1.from_cbor(auth["deviceSignature"]).verify(mdoc.device_key, signed)
