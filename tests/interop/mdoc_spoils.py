"""What an issuer can do wrong in an mdoc, for everybody who must refuse it. Source: ISO/IEC 18013-5 §9.1.2, §9.3.1."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from inro_peers import cbor
from inro_peers.cbor import Tagged
from inro_peers.cose import ALG, CRIT, X5CHAIN, D, X
from inro_peers.mdoc import Draft, date, make_item
from products import EMPLOYEE_SPACE, ROLE_DOCTYPE, ROLE_SPACE

FAR_FUTURE = 32_503_680_000
Spoil = Callable[[Draft], Any]


def _mso(**members: Any) -> Spoil:
    """Replaces members of the MobileSecurityObject; None takes one away."""

    def spoil(draft: Draft) -> None:
        draft.mso = {name: value for name, value in (draft.mso | members).items() if value is not None}

    return spoil


def _item(*, sign: bool, **members: Any) -> Spoil:
    """Changes the first item, its digest with it or not."""
    return lambda draft: draft.replace_item(EMPLOYEE_SPACE, 0, sign=sign, **members)


def _validity(**moments: int) -> Spoil:
    return lambda draft: draft.mso["validityInfo"].update({name: date(value) for name, value in moments.items()})


def _ended(now: int) -> dict[str, int]:
    """A validity that began and ended within the time of a certificate of a moment ago."""
    return {"signed": now - 270, "validFrom": now - 270, "validUntil": now - 240}


def _date(text: Any) -> Spoil:
    return lambda draft: draft.mso["validityInfo"].update(validUntil=text)


def _digests(change: Callable[[dict[Any, Any]], Any]) -> Spoil:
    return lambda draft: change(draft.mso["valueDigests"][EMPLOYEE_SPACE])


def _device_key(**changes: Any) -> Spoil:
    """Changes members of the device's COSE_Key by the names in `cose`."""
    labels = {"d": D, "x": X}
    return lambda draft: draft.mso["deviceKeyInfo"]["deviceKey"].update(
        {labels[name]: value for name, value in changes.items()}
    )


def _protected(header: dict[int | str, Any]) -> Spoil:
    return lambda draft: setattr(draft, "protected", header)


def _chain(value: Any) -> Spoil:
    return lambda draft: setattr(draft, "unprotected", {} if value is None else {X5CHAIN: value})


def _other_space(draft: Draft) -> None:
    draft.items[ROLE_SPACE] = [draft.items[EMPLOYEE_SPACE].pop()]


def _one_item_twice(draft: Draft) -> None:
    draft.items[EMPLOYEE_SPACE].append(draft.items[EMPLOYEE_SPACE][0])


def _unsigned_item(draft: Draft) -> None:
    draft.items[EMPLOYEE_SPACE].append(make_item(99, "clearance", 5))


def _untagged_item(draft: Draft) -> None:
    draft.items[EMPLOYEE_SPACE][0] = draft.items[EMPLOYEE_SPACE][0].value


def _item_with_a_key_twice(draft: Draft) -> None:
    item = draft.items[EMPLOYEE_SPACE][0]
    inner = bytes([item.value[0] + 1]) + item.value[1:] + cbor.encode("elementValue") + cbor.encode("F0002")
    draft.replace_bytes(EMPLOYEE_SPACE, 0, inner)


def _item_of_indefinite_length(draft: Draft) -> None:
    item = draft.items[EMPLOYEE_SPACE][0]
    draft.replace_bytes(EMPLOYEE_SPACE, 0, b"\xbf" + item.value[1:] + b"\xff")


def _item_with_longer_heads(draft: Draft) -> None:
    """A map of four under a head of two bytes, and the number in it under one of nine; the digest covers both."""
    first = cbor.embedded(draft.items[EMPLOYEE_SPACE][0])
    members = [cbor.encode(name) + cbor.encode(value) for name, value in first.items() if name != "digestID"]
    number = cbor.encode("digestID") + b"\x1b" + first["digestID"].to_bytes(8, "big")
    draft.replace_bytes(EMPLOYEE_SPACE, 0, b"\xb8\x04" + number + b"".join(members))


WRONG: dict[str, Spoil] = {
    "version": _mso(version="2.0"),
    "no version": _mso(version=None),
    "weak digest": _mso(digestAlgorithm="MD5"),
    "no digest algorithm": _mso(digestAlgorithm=None),
    "another document type": _mso(docType=ROLE_DOCTYPE),
    "no document type": _mso(docType=None),
    "no digests": _mso(valueDigests={}),
    "digests of another name space": lambda draft: draft.mso.update(
        valueDigests={ROLE_SPACE: draft.mso["valueDigests"][EMPLOYEE_SPACE]}
    ),
    "no device key": _mso(deviceKeyInfo={}),
    "no device key info": _mso(deviceKeyInfo=None),
    "private device key": _device_key(d=bytes(32)),
    "device key off the curve": _device_key(x=bytes(32)),
    "no validity": _mso(validityInfo=None),
    "expired": lambda draft: _validity(**_ended(int(time.time())))(draft),
    "not yet valid": _validity(validFrom=FAR_FUTURE - 1, validUntil=FAR_FUTURE),
    "ends before it begins": lambda draft: draft.mso["validityInfo"].update(
        validFrom=draft.mso["validityInfo"]["validUntil"], validUntil=draft.mso["validityInfo"]["validFrom"]
    ),
    "signed before its certificate": _validity(signed=1),
    "date without a tag": _date("2099-01-01T00:00:00Z"),
    "date as a number": _date(Tagged(1, FAR_FUTURE)),
    "date without a time": _date(Tagged(0, "2099-01-01")),
    "date of no calendar": _date(Tagged(0, "2099-02-30T00:00:00Z")),
    "altered item": _item(sign=False, elementValue="F0002"),
    "renamed item": _item(sign=False, elementIdentifier="clearance"),
    "item that could be guessed": _item(sign=True, random=b"short"),
    "item without random": _item(sign=True, random=None),
    "item without a value": _item(sign=True, elementValue=None),
    "one element in two items": _item(sign=True, elementIdentifier="post"),
    "one item twice": _one_item_twice,
    "item in another name space": _other_space,
    "item without a digest": _unsigned_item,
    "item without a tag": _untagged_item,
    "item with a key twice": _item_with_a_key_twice,
    "item of indefinite length": _item_of_indefinite_length,
    "missing digest": _digests(lambda digests: digests.pop(0)),
    "altered digest": _digests(lambda digests: digests.update({0: bytes(32)})),
    "swapped digests": _digests(lambda digests: digests.update({0: digests[1], 1: digests[0]})),
    "short digest": _digests(lambda digests: digests.update({0: digests[0][:16]})),
    "another algorithm": _protected({ALG: -8}),
    "no algorithm": _protected({}),
    "critical header": _protected({ALG: -7, CRIT: ["x"], "x": 1}),
    "no certificate": _chain(None),
    "empty chain": _chain([]),
    "certificate that is none": _chain(b"none"),
}
# What only a reader of status lists can see.
WRONG_STATUS: dict[str, Spoil] = {
    "status that is no map": _mso(status=1),
    "negative place": _mso(status={"status_list": {"idx": -1, "uri": "https://localhost/list"}}),
    "place without a list": _mso(status={"status_list": {"idx": 1}}),
    "list without TLS": _mso(status={"status_list": {"idx": 1, "uri": "http://localhost/list"}}),
}
# What the standards allow beside the least.
ALLOWED: dict[str, Spoil] = {
    "expected update": lambda draft: draft.mso["validityInfo"].update(
        expectedUpdate=draft.mso["validityInfo"]["validUntil"]
    ),
    "key information": lambda draft: draft.mso["deviceKeyInfo"].update(keyInfo={-1: "x"}),
    "key authorizations": lambda draft: draft.mso["deviceKeyInfo"].update(
        keyAuthorizations={"nameSpaces": [ROLE_SPACE]}
    ),
    "decoys": _digests(lambda digests: digests.update({number: bytes([number]) * 32 for number in range(10, 20)})),
    "name space of decoys alone": lambda draft: draft.mso["valueDigests"].update({ROLE_SPACE: {0: bytes(32)}}),
    "large digest id": _item(sign=True, digestID=2**31 - 1),
    "16 bytes of random": _item(sign=True, random=bytes(range(16))),
    "longer heads than needed": _item_with_longer_heads,
    "unknown member": _mso(unknown={"x": [1, None]}),
    "unknown header": lambda draft: draft.unprotected.update({4: b"kid", "unknown": 1}),
}
