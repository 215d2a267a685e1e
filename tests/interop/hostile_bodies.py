"""Bodies of HTTP messages that do not end, or hardly move. Source: RFC 9112 §6 and §7.1."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Seconds until the other side has hung up. A bound for a stuck one, not an expectation.
LIMIT = 60
# Seconds between two bytes of a slow body.
PAUSE = 0.2
CHUNK = bytes(1 << 16)
# Bytes after which a body without end ends after all, so that a reader of everything fails its test.
ENOUGH = 1 << 30


@dataclass
class Body:
    """A body in pieces, sent until they end or the other side hangs up."""

    pieces: Callable[[], Iterator[bytes]]
    hung_up: threading.Event = field(default_factory=threading.Event)

    def __call__(self, send: Callable[[bytes], object]) -> None:
        """Sends it."""
        try:
            for piece in self.pieces():
                send(piece)
        except OSError:
            self.hung_up.set()


def endless(piece: bytes) -> Iterator[bytes]:
    """The same piece again and again."""
    for _ in range(ENOUGH // len(piece)):
        yield piece


def slow(text: bytes) -> Iterator[bytes]:
    """One byte after the other, far longer than anybody waits."""
    pause = threading.Event()
    for place in range(int(LIMIT / PAUSE)):
        yield text[place : place + 1] or b" "
        pause.wait(PAUSE)


def chunk(piece: bytes) -> bytes:
    """Source: RFC 9112 §7.1."""
    return f"{len(piece):x}\r\n".encode("ascii") + piece + b"\r\n"


def send_all(send: Callable[[bytes], object], body: bytes) -> None:
    """Sends a body to somebody who may have hung up."""
    try:
        send(body)
    except OSError:
        return
