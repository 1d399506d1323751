"""The rows of `CbfFilter` with their margins, compiled.

See `hiera.safety.barriers.rows` for what the margins are for. All of them are rigorous: bounds
come from interval arithmetic over the box that holds the true state during the whole tick.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.filters.packed import (
    FLOW,
    KNOWN,
    MOTION,
    MOVES,
    NOISE,
    ROWS,
    UNSURE,
    K,
    M,
    N,
    Q,
    curvature_of,
    limits_of,
    program_of,
)
from hiera.safety.tape.intervals import run_interval
from hiera.safety.tape.machine import run
from hiera.safety.tape.program import IntArray

_GROW = 1.2
_ATTEMPTS = 6
ROUNDING = 1e-12
"""Taken off every row [unit of h / s]: less than that is rounding, not a violation."""


@compiled
def scratch_size(ints: IntArray, registers: int) -> int:
    """Floats that `rows_at` needs as scratch."""
    n, m, q, k = ints[N], ints[M], ints[Q], ints[K]
    width = 2 * (n + q) + m
    return int(2 * registers + 2 * width + 2 * k * (m + 3) + 4 * (n + q) + 8)


@compiled
def rows_at(
    z: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    low: FloatArray,
    high: FloatArray,
    whole: bool,
    rows: FloatArray,
    scratch: FloatArray,
) -> bool:
    """Rows at a state and parameters, margins included.

    Args:
        z: ``(x, p)``, shape ``(n + q,)``.
        ints: Of the packed problem.
        floats: Of the packed problem.
        low: Lower end of the inputs that the rows are for, shape ``(m,)``.
        high: Upper end, shape ``(m,)``.
        whole: Whether these are the input limits, for which known curvatures hold.
        rows: Filled: ``h (k), least psi (k), A (k m), b (k)``; the first two are lower bounds
            over the estimation error.
        scratch: At least `scratch_size` long.

    Returns:
        False if a row is not finite before the margin of the tick; that margin may be infinite.
    """
    k, m = ints[K], ints[M]
    rows_at_instant(z, ints, floats, rows, scratch)
    known = finite(rows[: k * (m + 3)])
    if ints[MOVES] and whole and ints[KNOWN]:
        tick = limits_of(ints, floats)[0]
        rows[(m + 2) * k : (m + 3) * k] += 0.5 * tick * curvature_of(ints, floats)
    elif ints[MOVES]:
        _allow_for_motion(z, ints, floats, low, high, rows, scratch)
    return known


@compiled
def rows_at_instant(
    z: FloatArray, ints: IntArray, floats: FloatArray, rows: FloatArray, scratch: FloatArray
) -> None:
    """Rows that hold at one instant, as `rows_at` without the margin of the tick."""
    code, constants, outputs = program_of(ints, floats, ROWS)
    run(code, constants, z, outputs, rows, scratch)
    if ints[UNSURE]:
        _allow_for_error(z, ints, floats, rows, scratch)
    first = (2 + ints[M]) * ints[K]
    for i in range(first, first + ints[K]):
        rows[i] -= ROUNDING


@compiled
def finite(values: FloatArray) -> bool:
    """Whether all are finite numbers."""
    total = 0.0
    for value in values:
        total += 0.0 * value
    return total == 0.0


@compiled
def _allow_for_error(
    z: FloatArray, ints: IntArray, floats: FloatArray, rows: FloatArray, scratch: FloatArray
) -> None:
    """Makes the rows hold for every state within the estimation error."""
    n, m, k = ints[N], ints[M], ints[K]
    _, low, high, _, error = limits_of(ints, floats)
    code, constants, outputs = program_of(ints, floats, ROWS)
    width, many = z.shape[0], outputs.shape[0]
    least, most = scratch[:width], scratch[width : 2 * width]
    least[:] = z
    most[:] = z
    least[:n] -= error
    most[:n] += error
    at = 2 * width
    below, above = scratch[at : at + many], scratch[at + many : at + 2 * many]
    at += 2 * many
    registers = ints[ROWS + 6]
    work = scratch[at : at + 2 * registers].reshape(2, registers)
    run_interval(code, constants, least, most, outputs, below, above, work)
    for i in range(k):
        extra = 0.0
        for j in range(m):
            entry = 2 * k + i * m + j
            slope = rows[entry]
            # The least that (A* - A) u can be, over the box of A* and the limits of u.
            worst = 0.0
            for d in (below[entry] - slope, above[entry] - slope):
                for u in (low[j], high[j]):
                    worst = min(worst, 0.0 if d == 0.0 else d * u)
            extra -= worst
        rows[(2 + m) * k + i] = above[(2 + m) * k + i] + extra
        rows[i], rows[k + i] = below[i], below[k + i]


@compiled
def _allow_for_motion(
    z: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    u_low: FloatArray,
    u_high: FloatArray,
    rows: FloatArray,
    scratch: FloatArray,
) -> None:
    """Adds ``M dt / 2`` to each row, M from the box that the tick cannot leave."""
    n, m, k = ints[N], ints[M], ints[K]
    tick, _, _, _, error = limits_of(ints, floats)
    code, constants, outputs = program_of(ints, floats, MOTION)
    width = z.shape[0]
    total = 2 * width + m
    low, high = scratch[:total], scratch[total : 2 * total]
    at = 2 * total
    below, above = scratch[at : at + width + k], scratch[at + width + k : at + 2 * (width + k)]
    at += 2 * (width + k)
    size = max(ints[MOTION + 6], ints[FLOW + 6], ints[NOISE + 6])
    work = scratch[at : at + 2 * size].reshape(2, size)
    low[width : width + m], high[width : width + m] = u_low, u_high
    noise_code, noise_constants, noise_outputs = program_of(ints, floats, NOISE)
    flow_code, flow_constants, flow_outputs = program_of(ints, floats, FLOW)
    reach = np.zeros(width)
    closed = False
    for _ in range(_ATTEMPTS):
        low[:width] = z - reach
        high[:width] = z + reach
        low[:n] -= error
        high[:n] += error
        run_interval(
            noise_code,
            noise_constants,
            low[:width],
            high[:width],
            noise_outputs,
            below[:width],
            above[:width],
            work,
        )
        low[width + m :] = -above[:width]
        high[width + m :] = above[:width]
        run_interval(
            flow_code,
            flow_constants,
            low,
            high,
            flow_outputs,
            below[:width],
            above[:width],
            work,
        )
        closed = True
        for i in range(width):
            pace = max(abs(below[i]), abs(above[i]))
            if not tick * pace <= reach[i]:
                closed = False
                reach[i] = _GROW * tick * pace
        if closed:
            break
    if not closed:
        rows[(2 + m) * k :] = np.inf
        return
    run_interval(code, constants, low, high, outputs, below[:k], above[:k], work)
    for i in range(k):
        rows[(2 + m) * k + i] += 0.5 * tick * max(0.0, -below[i])
