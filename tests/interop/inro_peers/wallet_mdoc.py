"""A wallet's side of mdocs: received by OpenID4VCI 1.0 A.2, presented by OpenID4VP 1.0 B.2."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import cbor, dcql, mdoc
from .jose import JsonObject, PrivateKey, b64url
from .mdoc import VerifiedMdoc
from .mdoc_response import device_response, document, request_transcript
from .wallet_issuance import COPIES, IssuanceError, IssuanceWallet, take_key
from .wallet_presentation import Request


@dataclass(frozen=True)
class HeldMdoc:
    """One copy of an mdoc with the device key that it is bound to."""

    text: str
    key: PrivateKey
    verified: VerifiedMdoc


@dataclass(frozen=True)
class Device:
    """How the device signs, and last changes to what it sends. Defaults are the right ones."""

    transcript: Callable[[Request], list[Any]] = lambda request: request_transcript(
        request.parameters, request.encryption_key
    )
    key: PrivateKey | None = None
    doctype: str | None = None
    more: set[tuple[str, str]] | None = None
    claims: JsonObject | None = None
    protected: dict[int | str, Any] | None = None
    alter: Callable[[JsonObject], Any] = lambda response: None
    encode: Callable[[JsonObject], bytes] = cbor.encode


def receive(wallet: IssuanceWallet, offer_uri: str, copies: int = COPIES, tx_code: str | None = None) -> list[HeldMdoc]:
    """Runs the pre-authorized code flow for an offer of mdocs alone."""
    offer, metadata, token = wallet.authorize(offer_uri, tx_code)
    held = []
    for configuration_id in offer.configuration_ids:
        configuration = metadata["credential_configurations_supported"][configuration_id]
        texts, keys = wallet.copies(metadata, token, configuration_id, copies)
        for text in texts:
            verified = mdoc.verify_credential(text, wallet.anchors, int(time.time()))
            if (configuration["format"], configuration["doctype"]) != (mdoc.FORMAT, verified.doctype):
                raise IssuanceError("a credential of another type")
            held.append(HeldMdoc(text, take_key(keys, verified.device_key), verified))
    return held


def answer(request: Request, held: list[HeldMdoc], device: Device = Device()) -> dict[str, str]:
    """The response parameters. Raises `DcqlError` if the mdocs do not satisfy the query. Source: OpenID4VP B.2.5."""
    query = request.parameters["dcql_query"]
    presentations: dict[str, list[str]] = {}
    for entry in dcql.credential_queries(query):
        for one in held:
            if not dcql.of_trusted_authority(entry, one.verified.chain):
                continue
            found = dcql.locations_to_disclose(entry, one.verified.doctype, one.verified.claims, mdoc.FORMAT)
            if found is not None and entry["id"] not in presentations:
                elements = {(str(space), str(name)) for space, name in found}
                presentations[entry["id"]] = [present(request, one, elements, device)]
    chosen = dcql.ids_to_answer(query, set(presentations))
    form = {"vp_token": json.dumps({name: presentations[name] for name in chosen})}
    if "state" in request.parameters:
        form["state"] = request.parameters["state"]
    return form


def present(request: Request, held: HeldMdoc, elements: set[tuple[str, str]], device: Device = Device()) -> str:
    """One presentation: base64url of a DeviceResponse with these elements."""
    shown = held.verified.disclosing(elements | (device.more or set()))
    signed = document(
        device.doctype or held.verified.doctype,
        shown,
        device.key or held.key,
        device.transcript(request),
        device.claims,
        device.protected,
    )
    response = device_response(signed)
    device.alter(response)
    return b64url(device.encode(response))
