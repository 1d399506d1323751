"""The question to the filter, `Kind.REQUEST`.

f64 time_s; u32 n, m, previous, points, movers, scan, allowed, flags (1: there is a mask);
f64 x (n), u_nominal (m), u_previous (previous), points (points, 2), movers (movers, 2),
mover_radius (movers), mover_speed (movers), scan (scan); u8 allowed (allowed)
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

import numpy as np

from hiera.safety.contract import Context, FloatArray
from hiera.safety.sidecar.fields import fits, read_head, read_numbers, within, write_numbers
from hiera.safety.sidecar.protocol import (
    MAX_MOVERS,
    MAX_NUMBERS,
    MAX_POINTS,
    Fault,
    Kind,
    ProtocolError,
    frame,
)

LAYOUT = Struct("<2d10I")


@dataclass(frozen=True, slots=True)
class Request:
    """State ``(n,)``, wanted action ``(m,)`` and context, as they were sent."""

    x: FloatArray
    u_nominal: FloatArray
    context: Context


def encode_request(sequence: int, x: FloatArray, u_nominal: FloatArray, context: Context) -> bytes:
    """A question to the filter.

    Raises:
        ProtocolError: If an array has another shape than `Context` says, or is too long.
    """
    k, q = _rows("points", context.points), _rows("movers", context.movers)
    vectors = [x, u_nominal, context.u_previous]
    tail = [context.mover_radius, context.mover_speed, context.scan, context.p]
    for name, array in zip(
        ("x", "u_nominal", "u_previous", "mover_radius", "mover_speed", "scan", "p"),
        vectors + tail,
        strict=True,
    ):
        if np.ndim(array) != 1:
            raise ProtocolError(Fault.MALFORMED, f"{name} has one axis, not {np.ndim(array)}")
    if len(context.mover_radius) != q or len(context.mover_speed) != q:
        raise ProtocolError(Fault.MALFORMED, f"mover_radius and mover_speed have length {q}")
    mask = b""
    if context.allowed is not None:
        mask = np.asarray(context.allowed, dtype=np.bool_).tobytes()
    filled = mask + bytes(-len(mask) % 8)
    counts = (*map(len, vectors), k, q, len(context.scan), len(context.p), len(mask))
    _check_counts(*counts)
    flags = (context.allowed is not None) | (context.now_s is not None) << 1
    now_s = 0.0 if context.now_s is None else context.now_s
    head = LAYOUT.pack(context.time_s, now_s, *counts, flags, 0)
    arrays = [*vectors, context.points, context.movers, *tail]
    return frame(Kind.REQUEST, sequence, head, *map(write_numbers, arrays), filled)


def decode_request(payload: memoryview) -> Request:
    """Reads a question; the arrays are copies, contiguous and writable.

    Raises:
        ProtocolError: If it contradicts itself.
    """
    time_s, now_s, n, m, v, k, q, s, p, a, flags, _ = read_head(LAYOUT, payload, "request")
    _check_counts(n, m, v, k, q, s, p, a)
    total = n + m + v + 2 * k + 4 * q + s + p
    masked = LAYOUT.size + 8 * total
    fits("request", payload, masked + a + -a % 8)
    numbers = read_numbers(payload, LAYOUT.size, total)
    allowed = None
    if flags & 1:
        allowed = np.frombuffer(payload, np.uint8, a, masked) != 0
    cuts = [n, n + m]
    for length in (v, 2 * k, 2 * q, q, q, s):
        cuts.append(cuts[-1] + length)
    context = Context(
        time_s,
        numbers[cuts[1] : cuts[2]],
        numbers[cuts[2] : cuts[3]].reshape(k, 2),
        numbers[cuts[3] : cuts[4]].reshape(q, 2),
        numbers[cuts[4] : cuts[5]],
        numbers[cuts[5] : cuts[6]],
        numbers[cuts[6] : cuts[7]],
        allowed,
        numbers[cuts[7] :],
        now_s if flags & 2 else None,
    )
    return Request(numbers[:n], numbers[n : n + m], context)


def _check_counts(n: int, m: int, v: int, k: int, q: int, s: int, p: int, a: int) -> None:
    within("request", ("n", n, MAX_NUMBERS), ("m", m, MAX_NUMBERS), ("previous", v, MAX_NUMBERS))
    within("request", ("points", k, MAX_POINTS), ("movers", q, MAX_MOVERS))
    within("request", ("scan", s, MAX_POINTS), ("allowed", a, MAX_POINTS))
    within("request", ("parameters", p, MAX_POINTS))


def _rows(name: str, array: FloatArray) -> int:
    if np.ndim(array) != 2 or array.shape[1] != 2:
        raise ProtocolError(Fault.MALFORMED, f"{name} has shape (k, 2), not {np.shape(array)}")
    return len(array)
