"""CBOR with definite lengths: what mdocs are made of. Source: RFC 8949 §3, §3.1 to §3.4, §5.3, §5.6, §6.1.

The reader keeps the received bytes of every tagged item, because the digests of an mdoc are computed over them, and
refuses what ISO mdocs have no use for: indefinite lengths, repeated map keys, undefined, unassigned simple values.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 32
DATE_TIME = 0
ENCODED_CBOR = 24
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None}


class CborError(Exception):
    """Bytes that are not the CBOR that belongs here."""


@dataclass(frozen=True)
class Tagged:
    """A tagged item; `raw` is what was received, tag included, or None for one made here."""

    tag: int
    value: Any
    raw: bytes | None = field(default=None, compare=False)


def embed(value: Any) -> Tagged:
    """`#6.24(bstr .cbor value)`. Source: RFC 8949 §3.4.5.1."""
    return Tagged(ENCODED_CBOR, encode(value))


def embedded(item: Any) -> Any:
    """What lies inside `#6.24(bstr .cbor …)`."""
    if not isinstance(item, Tagged) or item.tag != ENCODED_CBOR or not isinstance(item.value, bytes):
        raise CborError("not an embedded CBOR item")
    return decode(item.value)


def encode(value: Any) -> bytes:
    """Encodes with the shortest heads and in the order of each dict; a received `Tagged` leaves as it came."""
    match value:
        case None | bool():
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int() if value >= 0:
            return _head(0, value)
        case int():
            return _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode("utf-8"))) + value.encode("utf-8")
        case list() | tuple():
            return _head(4, len(value)) + b"".join(encode(element) for element in value)
        case dict():
            return _head(5, len(value)) + b"".join(encode(key) + encode(member) for key, member in value.items())
        case Tagged():
            return value.raw if value.raw is not None else _head(6, value.tag) + encode(value.value)
    raise CborError(f"no CBOR for {type(value).__name__}")


def decode(data: bytes, *, floats: bool = True) -> Any:
    """Decodes exactly one item that takes up all of `data`; without `floats` it refuses them."""
    reader = _Reader(data, floats)
    value = reader.item(0)
    if reader.place != len(data):
        raise CborError("bytes after the item")
    return value


def to_json(value: Any) -> Any:
    """The JSON value that a CBOR value matches, for text, numbers, booleans and dates. Source: RFC 8949 §6.1."""
    if isinstance(value, Tagged):
        return to_json(value.value)
    if isinstance(value, list):
        return [to_json(element) for element in value]
    if isinstance(value, dict):
        return {str(key): to_json(member) for key, member in value.items()}
    return value


def _head(major: int, argument: int) -> bytes:
    """Source: RFC 8949 §3 and §4.2.1 (shortest form)."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for information, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | information]) + argument.to_bytes(size, "big")
    raise CborError("a number that is too large")


class _Reader:
    def __init__(self, data: bytes, floats: bool) -> None:
        self._data = data
        self._floats = floats
        self.place = 0

    def item(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise CborError("nested too deeply")
        start = self.place
        [initial] = self._take(1)
        major, information = initial >> 5, initial & 0x1F
        if major == 7:
            return self._simple(information)
        argument = self._argument(information)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            case 4:
                return [self.item(depth + 1) for _ in range(self._count(argument))]
            case 5:
                return self._map(argument, depth + 1)
        value = self.item(depth + 1)
        return Tagged(argument, value, self._data[start : self.place])

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self.place:
            raise CborError("the item ends early")
        self.place += size
        return self._data[self.place - size : self.place]

    def _argument(self, information: int) -> int:
        if information < 24:
            return information
        if information > 27:
            raise CborError("an indefinite length or a reserved head")
        return int.from_bytes(self._take(1 << (information - 24)), "big")

    def _count(self, count: int) -> int:
        """Every element takes a byte at least, so a count beyond the rest is a lie."""
        if count > len(self._data) - self.place:
            raise CborError("the item ends early")
        return count

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise CborError("text that is not UTF-8") from error

    def _map(self, count: int, depth: int) -> dict[int | str, Any]:
        result: dict[int | str, Any] = {}
        for _ in range(self._count(count)):
            key = self.item(depth)
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise CborError("a map key that is neither a number nor text")
            if key in result:
                raise CborError("a map key occurs twice")
            result[key] = self.item(depth)
        return result

    def _simple(self, information: int) -> Any:
        if information in _SIMPLE:
            return _SIMPLE[information]
        if self._floats and information in _FLOATS:
            form = _FLOATS[information]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        raise CborError("a simple value that does not belong here")
