"""Counts, numbers and text inside payloads: writing them, and reading them with suspicion.

Counts come first (u32 each), then numbers (f64), then masks (u8, filled up with zeros to a multiple
of 8) and text (UTF-8). A payload has exactly the size that its counts come to.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.sidecar.protocol import Fault, ProtocolError

F64 = np.dtype("<f8")


def within(what: str, *limits: tuple[str, int, int]) -> None:
    """Refuses counts beyond their limits, given as ``(name, count, most)``."""
    for name, count, most in limits:
        if count > most:
            raise ProtocolError(
                Fault.MALFORMED, f"{name} of a {what} is at most {most}, not {count}"
            )


def fits(what: str, payload: memoryview, size: int) -> None:
    """Refuses a payload of another size."""
    if len(payload) != size:
        raise ProtocolError(
            Fault.MALFORMED,
            f"a {what} with these counts has {size} bytes of payload, not {len(payload)}",
        )


def read_head(layout: Struct, payload: memoryview, what: str) -> tuple[Any, ...]:
    """The counts and fixed fields at the beginning of a payload."""
    if len(payload) < layout.size:
        raise ProtocolError(
            Fault.MALFORMED,
            f"a {what} has at least {layout.size} bytes of payload, not {len(payload)}",
        )
    return layout.unpack_from(payload)


def write_numbers(array: FloatArray) -> bytes:
    """An array as bytes."""
    return np.asarray(array, dtype=F64).tobytes()


def read_numbers(payload: memoryview, offset: int, count: int) -> FloatArray:
    """A copy of numbers in a payload, shape ``(count,)``."""
    return np.frombuffer(payload, F64, count, offset).astype(np.float64)


def write_text(text: str, most: int) -> bytes:
    """Text as bytes, cut between two characters if there are more than ``most``."""
    coded = text.encode("utf-8", "replace")
    return coded if len(coded) <= most else coded[:most].decode("utf-8", "ignore").encode()


def read_text(coded: memoryview | bytes) -> str:
    """Bytes as text."""
    return bytes(coded).decode("utf-8", "replace")
