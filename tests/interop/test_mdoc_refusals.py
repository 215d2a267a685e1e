"""A foreign wallet that presents mdocs wrongly to Inro's verifier: first the unaltered answer, then one change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import APPROVER
from expectations import rejected_presentation
from inro_peers import cbor, mdoc, wallet_mdoc
from inro_peers.cbor import Tagged
from inro_peers.cose import ALG, X5CHAIN, Sign1
from inro_peers.jose import JsonObject, b64url_decode, new_key, public_jwk
from inro_peers.mdoc_response import document, handover_info, request_transcript, session_transcript
from inro_peers.wallet_mdoc import Device, HeldMdoc
from inro_peers.wallet_presentation import Request
from mdoc_counter import ASKED, ENCRYPTED, PLAIN, Counter, vp_token
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    ROLE_DOCTYPE,
    ROLE_SPACE,
    ROLE_TYPE,
)

HeldMdocs = Callable[..., list[HeldMdoc]]
SHOWN = {EMPLOYEE_SPACE: {"employee_number": APPROVER, "post": "課長"}}


Alter = Callable[[JsonObject], Any]


def _document(response: JsonObject) -> JsonObject:
    found = response["documents"][0]
    assert isinstance(found, dict)
    return found


def _item(**members: Any) -> Alter:
    """Changes a member of the first item, the digest staying as it is."""

    def alter(response: JsonObject) -> None:
        items = _document(response)["issuerSigned"]["nameSpaces"][EMPLOYEE_SPACE]
        items[0] = cbor.embed(cbor.embedded(items[0]) | members)

    return alter


def _renumbered(*, digest: bool) -> Alter:
    """Gives the first item another number: one that stands for another digest, or for none."""

    def alter(response: JsonObject) -> None:
        issuer_signed = _document(response)["issuerSigned"]
        mso = cbor.embedded(cbor.decode(Sign1.from_cbor(issuer_signed["issuerAuth"]).payload or b""))
        numbers = mso["valueDigests"][EMPLOYEE_SPACE]
        own = cbor.embedded(issuer_signed["nameSpaces"][EMPLOYEE_SPACE][0])["digestID"]
        other = next(number for number in numbers if number != own) if digest else max(numbers) + 1
        _item(digestID=other)(response)

    return alter


def _items(change: Callable[[list[Tagged]], Any]) -> Alter:
    return lambda response: change(_document(response)["issuerSigned"]["nameSpaces"][EMPLOYEE_SPACE])


def _other_space(response: JsonObject) -> None:
    spaces = _document(response)["issuerSigned"]["nameSpaces"]
    spaces[ROLE_SPACE] = [spaces[EMPLOYEE_SPACE].pop()]


def _mso(change: Callable[[JsonObject], Any]) -> Alter:
    """Changes the issuer's statement under the issuer's signature."""

    def alter(response: JsonObject) -> None:
        issuer_signed = _document(response)["issuerSigned"]
        auth = Sign1.from_cbor(issuer_signed["issuerAuth"])
        mso = cbor.embedded(cbor.decode(auth.payload or b""))
        change(mso)
        issuer_signed["issuerAuth"] = auth.with_payload(cbor.encode(cbor.embed(mso))).to_cbor()

    return alter


def _issuer_header(**changes: Any) -> Alter:
    """Replaces the unprotected header of the issuer's signature."""

    def alter(response: JsonObject) -> None:
        header = _document(response)["issuerSigned"]["issuerAuth"][1]
        header.update({X5CHAIN: changes["chain"]} if changes.get("chain") is not None else {})
        if changes.get("chain") is None:
            header.pop(X5CHAIN)

    return alter


def _device(change: Callable[[JsonObject], Any]) -> Alter:
    return lambda response: change(_document(response)["deviceSigned"])


def _attached(device_signed: JsonObject) -> None:
    device_signed["deviceAuth"]["deviceSignature"][2] = b"anything"


def _zeroed(device_signed: JsonObject) -> None:
    device_signed["deviceAuth"]["deviceSignature"][3] = bytes(64)


def _as_mac(device_signed: JsonObject) -> None:
    device_signed["deviceAuth"] = {"deviceMac": device_signed["deviceAuth"]["deviceSignature"]}


def _algorithm_unprotected(device_signed: JsonObject) -> None:
    device_signed["deviceAuth"]["deviceSignature"][:2] = [b"", {ALG: -7}]


ALTERED: dict[str, Alter] = {
    "item altered": _item(elementValue="T0009"),
    "item renamed": _item(elementIdentifier="clearance"),
    "item with other random": _item(random=bytes(32)),
    "item with another digest's id": _renumbered(digest=True),
    "item without a digest": _renumbered(digest=False),
    "item twice": _items(lambda items: items.append(items[0])),
    "item that nobody signed": _items(lambda items: items.append(mdoc.make_item(98, "clearance", 5))),
    "item untagged": _items(lambda items: items.append(items.pop().value)),
    "item under another tag": _items(lambda items: items.append(Tagged(25, items.pop().value))),
    "asked item left out": _items(lambda items: items.pop()),
    "item in another name space": _other_space,
    "no name spaces": lambda response: _document(response)["issuerSigned"].pop("nameSpaces"),
    "digest taken out": _mso(lambda mso: mso["valueDigests"][EMPLOYEE_SPACE].pop(0)),
    "validity prolonged": _mso(lambda mso: mso["validityInfo"].update(validUntil=mdoc.date(32_503_680_000))),
    "status taken out": _mso(lambda mso: mso.pop("status")),
    "no certificate": _issuer_header(chain=None),
    "certificate that is none": _issuer_header(chain=b"none"),
    "no issuer's signature": lambda response: _document(response)["issuerSigned"].pop("issuerAuth"),
    "document type swapped": lambda response: _document(response).update(docType=ROLE_DOCTYPE),
    "no document type": lambda response: _document(response).pop("docType"),
    "two documents": lambda response: response["documents"].append(_document(response)),
    "no document": lambda response: response.update(documents=[]),
    "documents left out": lambda response: response.pop("documents"),
    "an error status": lambda response: response.update(status=10),
    "another version": lambda response: response.update(version="2.0"),
    "no device side": lambda response: _document(response).pop("deviceSigned"),
    "no device signature": _device(lambda signed: signed.update(deviceAuth={})),
    "signature called a MAC": _device(_as_mac),
    "signature of zeros": _device(_zeroed),
    "payload inside": _device(_attached),
    "algorithm unprotected": _device(_algorithm_unprotected),
    "device's elements swapped in": _device(lambda signed: signed.update(nameSpaces=cbor.embed({"x": {"y": 1}}))),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED.keys())
def test_the_verifier_refuses_an_altered_response(counter: Counter, mdocs: HeldMdocs, alter: Alter) -> None:
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    rejected_presentation(*counter.show(held[1:], Device(alter=alter)))


def _other(**changes: Any) -> Device:
    """Signs over the transcript of a request that differs."""
    return Device(lambda request: request_transcript(request.parameters | changes, request.encryption_key))


def _without_thumbprint(request: Request) -> list[Any]:
    return request_transcript(request.parameters, None)


def _with_thumbprint(request: Request) -> list[Any]:
    return request_transcript(request.parameters, request.encryption_key or public_jwk(new_key()))


def _unhashed(request: Request) -> list[Any]:
    info = handover_info(request.client_id, request.parameters["nonce"], None, request.parameters["response_uri"])
    return [None, None, ["OpenID4VPHandover", cbor.encode(info)]]


def _dc_api(request: Request) -> list[Any]:
    transcript = request_transcript(request.parameters, request.encryption_key)
    return [None, None, ["OpenID4VPDCAPIHandover", transcript[2][1]]]


UNSIGNED_ELEMENTS = {EMPLOYEE_SPACE: {"grade": 11}}
SIGNED_WRONGLY: dict[str, tuple[str, Device]] = {
    "another nonce": (ENCRYPTED, _other(nonce="n-of-another-transaction")),
    "another client": (ENCRYPTED, _other(client_id="x509_san_dns:localhost")),
    "another response_uri": (ENCRYPTED, _other(response_uri="https://another.example/response")),
    "another encryption key": (
        ENCRYPTED,
        Device(lambda request: request_transcript(request.parameters, public_jwk(new_key()))),
    ),
    "no key though encrypted": (ENCRYPTED, Device(_without_thumbprint)),
    "a key though plain": (PLAIN, Device(_with_thumbprint)),
    "another nonce, plain": (PLAIN, _other(nonce="n-of-another-transaction")),
    "unhashed handover": (PLAIN, Device(_unhashed)),
    "handover of the DC API": (ENCRYPTED, Device(_dc_api)),
    "an empty transcript": (ENCRYPTED, Device(lambda _: session_transcript([]))),
    "another key": (ENCRYPTED, Device(key=new_key())),
    "another document type": (ENCRYPTED, Device(doctype=ROLE_DOCTYPE)),
    "elements that nobody allowed": (ENCRYPTED, Device(claims=UNSIGNED_ELEMENTS)),
    "another algorithm": (ENCRYPTED, Device(protected={ALG: -35})),
    "no algorithm": (ENCRYPTED, Device(protected={})),
    "a critical header": (ENCRYPTED, Device(protected={ALG: -7, 2: ["x"], "x": 1})),
}


@pytest.mark.parametrize(("mode", "device"), SIGNED_WRONGLY.values(), ids=SIGNED_WRONGLY.keys())
def test_the_verifier_refuses_a_wrong_device_signature(
    counter: Counter, mdocs: HeldMdocs, mode: str, device: Device
) -> None:
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held, mode=mode) == SHOWN
    rejected_presentation(*counter.show(held[1:], device, mode=mode))


def _twice(response: JsonObject) -> bytes:
    data = cbor.encode(response)
    return bytes([data[0] + 1]) + data[1:] + cbor.encode("version") + cbor.encode("1.0")


def _twice_inside(response: JsonObject) -> bytes:
    data, inner = cbor.encode(response), cbor.encode(_document(response))
    return data.replace(
        inner, bytes([inner[0] + 1]) + inner[1:] + cbor.encode("docType") + cbor.encode(EMPLOYEE_DOCTYPE)
    )


def _indefinite(response: JsonObject) -> bytes:
    data = cbor.encode(response)
    return b"\xbf" + data[1:] + b"\xff"


def _indefinite_text(response: JsonObject) -> bytes:
    text = cbor.encode("docType")
    return cbor.encode(response).replace(text, b"\x7f" + text + b"\xff", 1)


@pytest.mark.parametrize(
    "encode",
    [
        _twice,
        _twice_inside,
        _indefinite,
        _indefinite_text,
        lambda response: cbor.encode(response) + b"\0",
        lambda response: cbor.encode(response)[:-1],
        lambda response: cbor.encode([response]),
        lambda response: cbor.encode(cbor.embed(response)),
        lambda _: b"",
        lambda _: b"\x81" * 100_000,
        lambda _: b"\x9b" + b"\xff" * 8,
    ],
    ids=[
        *("key twice", "key twice inside", "indefinite map", "indefinite text", "bytes after", "cut off"),
        *("in an array", "in a tag", "empty", "deep", "huge count"),
    ],
)
def test_the_verifier_refuses_wrong_cbor(
    counter: Counter, mdocs: HeldMdocs, encode: Callable[[JsonObject], bytes]
) -> None:
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    rejected_presentation(*counter.show(held[1:], Device(encode=encode)))


def test_the_verifier_refuses_the_items_of_another_mdoc(counter: Counter, mdocs: HeldMdocs) -> None:
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    foreign = held[2].verified.disclosing(ASKED)["nameSpaces"]
    alter = _issuer_signed(lambda issuer_signed: issuer_signed.update(nameSpaces=foreign))
    rejected_presentation(*counter.show(held[1:2], Device(alter=alter)))


def test_the_verifier_refuses_an_mdoc_with_the_key_of_another_copy(counter: Counter, mdocs: HeldMdocs) -> None:
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    rejected_presentation(*counter.show(held[1:2], Device(key=held[2].key)))


def _issuer_signed(change: Callable[[JsonObject], Any]) -> Alter:
    return lambda response: change(_document(response)["issuerSigned"])


def test_the_verifier_refuses_another_credential_than_it_asked_for(counter: Counter, mdocs: HeldMdocs) -> None:
    held = mdocs(EMPLOYEE_TYPE, ROLE_TYPE)
    assert counter.claims(held) == SHOWN
    name, request = counter.ask()
    shown = wallet_mdoc.present(request, held[3], {(ROLE_SPACE, "clearance")})
    rejected_presentation(*counter.send(name, request, vp_token(request, [shown])))


@pytest.mark.parametrize("what", ["padding", "standard alphabet", "bare issuer side", "one document", "object", "text"])
def test_the_verifier_refuses_another_wrapping(counter: Counter, mdocs: HeldMdocs, what: str) -> None:
    """Source: OpenID4VP §8.1 (an array of presentations), B.2.5 (base64url of a DeviceResponse)."""
    held = mdocs(EMPLOYEE_TYPE)
    assert counter.claims(held) == SHOWN
    name, request = counter.ask()
    right = wallet_mdoc.present(request, held[1], ASKED)
    shown = held[1].verified.disclosing(ASKED)
    signed = document(EMPLOYEE_DOCTYPE, shown, held[1].key, request_transcript(request.parameters, None))
    wrong: dict[str, Any] = {
        "padding": [right + "="],
        "standard alphabet": [right.replace("-", "+").replace("_", "/")],
        "bare issuer side": [mdoc.to_text(shown)],
        "one document": [mdoc.to_text(signed)],
        "object": [cbor.to_json({"version": "1.0"})],
        "text": right,
    }
    assert wrong["standard alphabet"] != [right]
    assert b64url_decode(right)
    rejected_presentation(*counter.send(name, request, vp_token(request, wrong[what])))
