"""Pickled messages with their length in front, between a pool and its own worker processes."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

_LENGTH: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a worker.

    Attributes:
        path: The pool's ``sys.path``.
        folder: The pool's working directory.
        target: The pickled target; unpickled only when the path is set.
    """

    path: list[str]
    folder: str
    target: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker's answer: it can compute."""

    code: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The worker's answer: it has no target to compute with."""

    error: str


def pack(message: Any) -> bytes:
    """One frame."""
    raw = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(raw)) + raw


def read(stream: BinaryIO) -> Any:
    """The next message of a blocking stream.

    Raises:
        EOFError: If the other end is gone.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    raw = stream.read(length)
    if len(raw) < length:
        raise EOFError
    return pickle.loads(raw)


class Unpacker:
    """Collects bytes as they come in and hands out whole messages; a torn one stays inside."""

    def __init__(self) -> None:
        self._raw = bytearray()

    def feed(self, chunk: bytes) -> list[Any]:
        """Messages that are complete with this chunk, in order."""
        self._raw += chunk
        messages, at = [], 0
        while len(self._raw) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._raw, at)
            end = at + _LENGTH.size + length
            if len(self._raw) < end:
                break
            messages.append(pickle.loads(bytes(self._raw[at + _LENGTH.size : end])))
            at = end
        del self._raw[:at]
        return messages
