"""A reader of the CBOR that a signed CWT has, and the bytes that its signature covers.

Sources: RFC 8949 §3 (definite lengths alone) and §4.2.1, RFC 9052 §4.4 (Sig_structure).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 16
_SIMPLE = {20: False, 21: True, 22: None}


class CborError(Exception):
    """Bytes that are not the CBOR that this reader knows."""


@dataclass(frozen=True)
class Tagged:
    """A tagged item. Source: RFC 8949 §3.4."""

    tag: int
    value: Any


def read(data: bytes) -> Any:
    """Reads exactly one item: int, bytes, str, list, dict, bool, None or `Tagged`."""
    value, end = _item(data, 0, MAX_DEPTH)
    if end != len(data):
        raise CborError("bytes behind the item")
    return value


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """What the signature of a COSE_Sign1 covers, without external data. Source: RFC 9052 §4.4."""
    context = b"Signature1"
    parts = [_head(3, len(context)) + context, *(_head(2, len(part)) + part for part in (protected, b"", payload))]
    return _head(4, len(parts)) + b"".join(parts)


def _head(major: int, number: int) -> bytes:
    """The shortest head. Source: RFC 8949 §4.2.1."""
    if number < 24:
        return bytes([major << 5 | number])
    for more, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | more]) + number.to_bytes(size, "big")
    raise CborError("a number too large")


def _take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise CborError("the end came too early")
    return data[at : at + size], at + size


def _argument(data: bytes, at: int, more: int) -> tuple[int, int]:
    if more < 24:
        return more, at
    if more > 27:
        raise CborError("an indefinite length, or a reserved one")
    number, at = _take(data, at, 1 << more - 24)
    return int.from_bytes(number, "big"), at


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth == 0:
        raise CborError("nested too deeply")
    first, at = _take(data, at, 1)
    major, more = first[0] >> 5, first[0] & 0x1F
    if major == 7:
        if more not in _SIMPLE:
            raise CborError("a simple value or float that no CWT of ours has")
        return _SIMPLE[more], at
    number, at = _argument(data, at, more)
    if major in (0, 1):
        return (number if major == 0 else -1 - number), at
    if major in (2, 3):
        content, at = _take(data, at, number)
        return (content if major == 2 else _text(content)), at
    if major == 4:
        return _array(data, at, number, depth)
    if major == 5:
        return _map(data, at, number, depth)
    value, at = _item(data, at, depth - 1)
    return Tagged(number, value), at


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CborError("text that is not UTF-8") from error


def _array(data: bytes, at: int, number: int, depth: int) -> tuple[list[Any], int]:
    values = []
    for _ in range(number):
        value, at = _item(data, at, depth - 1)
        values.append(value)
    return values, at


def _map(data: bytes, at: int, number: int, depth: int) -> tuple[dict[Any, Any], int]:
    values: dict[Any, Any] = {}
    for _ in range(number):
        key, at = _item(data, at, depth - 1)
        if not isinstance(key, int | str | bytes) or key in values:
            raise CborError("a key of another kind, or one that occurs twice")
        values[key], at = _item(data, at, depth - 1)
    return values, at
