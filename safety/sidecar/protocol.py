"""The wire format between a controller and the filter's process: frames and their limits.

Everything is little-endian and laid out without gaps. A message is a header of 24 bytes and a
payload; payloads put their numbers first, on multiples of 8 bytes, and their text last:

    offset  type   header
         0  4s     magic, ``HIER``
         4  u16    version of the format, 1
         6  u16    kind, see `Kind`
         8  u64    sequence number; an answer repeats that of its question
        16  u32    bytes of payload
        20  u32    0

The server speaks first: `Kind.HELLO` to whom it takes, `Kind.ERROR` to whom it does not. What is
inside the payloads is in `request` and `answers`.
"""

from __future__ import annotations

import socket
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

MAGIC = b"HIER"
VERSION = 1
HEADER = Struct("<4sHHQII")

MAX_NUMBERS = 1024
"""Most numbers in a state or in an action."""
MAX_MARGINS = 4096
MAX_MOVERS = 4096
MAX_POINTS = 65536
"""Most obstacle points, rays of a scan, or entries of a mask."""
MAX_TEXT = 1023
"""Most bytes of a reason, or of the names of what was active; longer ones are cut."""
MAX_NAME = 255
"""Most bytes of a filter's or a backup's name; longer ones are cut."""
MAX_PAYLOAD = 2 << 20


class Kind(IntEnum):
    """What a message is."""

    HELLO = 1
    """Server, once: sizes, budget, resting action, name of the filter."""
    REQUEST = 2
    """Client: state, wanted action, context."""
    REPLY = 3
    """Server: the action that may be executed."""
    RESET = 4
    """Client, without payload; the server repeats it when the filter has forgotten the episode."""
    STATS = 5
    """Client, without payload; the server answers with its counters."""
    BACKUP = 6
    """Server, unasked, laid out like a reply: nobody asked in time, so the backup acted."""
    ERROR = 7
    """Server: a code and one sentence."""
    BYE = 8
    """Client, without payload: it leaves on purpose, and no backup needs to act."""


class Fault(IntEnum):
    """Why the server refuses; after the first three the connection is closed."""

    NOT_A_MESSAGE = 1
    VERSION = 2
    TOO_LARGE = 3
    MALFORMED = 4
    """The payload contradicts itself."""
    SIZE = 5
    """The state or the action has another size than the filter's."""
    KIND = 6
    """A client does not send messages of this kind."""
    BUSY = 7
    """Another controller is connected."""


class SidecarError(Exception):
    """The sidecar cannot be reached, opened or asked; the text is one sentence."""


class ProtocolError(SidecarError):
    """Bytes that are no message of this version, or a message that contradicts itself."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault

    @property
    def fatal(self) -> bool:
        """True if it is unknown where the next message begins."""
        return self.fault <= Fault.TOO_LARGE


class Message(NamedTuple):
    """A frame; its payload is valid until the next `Inbox.receive`."""

    kind: int
    sequence: int
    payload: memoryview


def frame(kind: Kind, sequence: int, *parts: bytes) -> bytes:
    """A message, ready to be sent."""
    size = sum(map(len, parts))
    return b"".join((HEADER.pack(MAGIC, VERSION, kind, sequence, size, 0), *parts))


class Inbox:
    """Cuts what arrives on a socket into messages."""

    def __init__(self) -> None:
        self._bytes = memoryview(bytearray(HEADER.size + MAX_PAYLOAD))
        self._begin = 0
        self._end = 0

    def clear(self) -> None:
        """Forgets what has arrived, for a new connection."""
        self._begin = self._end = 0

    def receive(self, connection: socket.socket) -> int:
        """Takes what has arrived; returns the number of bytes, 0 when the other side has closed.

        Raises:
            OSError: As the socket does, `BlockingIOError` and `TimeoutError` included.
        """
        if self._begin:
            left = self._end - self._begin
            self._bytes[:left] = bytes(self._bytes[self._begin : self._end])
            self._begin, self._end = 0, left
        count = connection.recv_into(self._bytes[self._end :])
        self._end += count
        return count

    def next(self) -> Message | None:
        """The next complete message, or None.

        Raises:
            ProtocolError: If what comes next is no message; the stream cannot be read on.
        """
        at = self._begin + HEADER.size
        if at > self._end:
            return None
        magic, version, kind, sequence, size, _ = HEADER.unpack_from(self._bytes, self._begin)
        if magic != MAGIC:
            raise ProtocolError(
                Fault.NOT_A_MESSAGE, f"a message begins with {MAGIC!r}, not {magic!r}"
            )
        if version != VERSION:
            raise ProtocolError(
                Fault.VERSION, f"this side speaks version {VERSION} of the format, not {version}"
            )
        if size > MAX_PAYLOAD:
            raise ProtocolError(
                Fault.TOO_LARGE, f"a payload has at most {MAX_PAYLOAD} bytes, not {size}"
            )
        if at + size > self._end:
            return None
        self._begin = at + size
        return Message(kind, sequence, self._bytes[at : at + size])
