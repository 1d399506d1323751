"""Where no input meets the rows of the whole range of inputs: smaller boxes, each with its margin.

What braking at full force needs as margin is far less than what the whole range of inputs needs.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.filters.cbf_decision import FAILED, FILTERED, decide
from hiera.safety.filters.cbf_margins import rows_at, rows_at_instant
from hiera.safety.filters.packed import K, M, gains_of, limits_of, rest_of
from hiera.safety.tape.program import IntArray

NARROWER = (0.25, 0.05, 0.01, 0.0)
"""Half widths of the boxes that are tried round a promising input, of the range of inputs."""
HALVINGS = 5
STEPS = (1.0, 0.5, 0.25, 0.1, 0.03)
"""Moves along the axes, of the range of inputs."""
SWEEPS = 2
CORNERS = 4
"""Most inputs for which every corner of the limits is tried."""


@compiled
def candidate(
    which: int,
    ints: IntArray,
    floats: FloatArray,
    holding: FloatArray,
    middle: FloatArray,
    u: FloatArray,
) -> bool:
    """Inputs round which small boxes are tried; False where the list ends.

    First `middle`, then `holding`, which the caller has found by `with_most_margin` and
    `with_no_loss`; then the input of rest, then the corners of the input limits, as long as
    there are few.
    """
    m = ints[M]
    _, low, high, _, _ = limits_of(ints, floats)
    if which == 0:
        u[:] = middle
    elif which == 1:
        u[:] = holding
    elif which == 2:
        u[:] = rest_of(ints, floats)
    elif m <= CORNERS and which < 3 + (1 << m):
        for j in range(m):
            u[j] = high[j] if (which - 3) >> j & 1 else low[j]
    else:
        return False
    return True


@compiled
def with_no_loss(
    u_nominal: FloatArray,
    weights: FloatArray,
    A: FloatArray,
    b_instant: FloatArray,
    gains: FloatArray,
    least: FloatArray,
    low: FloatArray,
    high: FloatArray,
    u: FloatArray,
    multipliers: FloatArray,
    scratch: FloatArray,
) -> bool:
    """The nearest input under which no barrier falls at all.

    Args:
        u_nominal: Shape ``(m,)``.
        weights: Shape ``(m,)``.
        A: Shape ``(k, m)``.
        b_instant: Rows without the margin of the tick, shape ``(k,)``.
        gains: Last gain of each row, shape ``(k,)``.
        least: Least psi of each row, shape ``(k,)``.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        u: Filled, shape ``(m,)``.
        multipliers: Scratch, shape ``(k + 2 m,)``.
        scratch: Scratch.

    Returns:
        False if there is none.
    """
    b = b_instant + gains * np.maximum(least, 0.0)
    return decide(u_nominal, weights, A, b, low, high, u, multipliers, scratch) != FAILED


@compiled
def with_most_margin(
    u_nominal: FloatArray,
    weights: FloatArray,
    A: FloatArray,
    b: FloatArray,
    b_instant: FloatArray,
    low: FloatArray,
    high: FloatArray,
    u: FloatArray,
    multipliers: FloatArray,
    scratch: FloatArray,
) -> bool:
    """The input that meets as large a part of the tick's margins as can be met together.

    Args:
        u_nominal: Shape ``(m,)``.
        weights: Shape ``(m,)``.
        A: Shape ``(k, m)``.
        b: Rows with the margins, shape ``(k,)``.
        b_instant: Rows without them, shape ``(k,)``.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        u: Filled, shape ``(m,)``.
        multipliers: Scratch, shape ``(k + 2 m,)``.
        scratch: Scratch.

    Returns:
        False if not even the rows without margins can be met.
    """
    if decide(u_nominal, weights, A, b_instant, low, high, u, multipliers, scratch) == FAILED:
        return False
    good, bad = 0.0, 1.0
    found = u.copy()
    for _ in range(HALVINGS):
        part = 0.5 * (good + bad)
        between = b_instant + part * (b - b_instant)
        if decide(u_nominal, weights, A, between, low, high, u, multipliers, scratch) == FAILED:
            bad = part
        else:
            good = part
            found[:] = u
    u[:] = found
    return True


@compiled
def tried(which: int, low: FloatArray, high: FloatArray, start: FloatArray, u: FloatArray) -> bool:
    """Inputs that a search along the axes tries from a start; False where a sweep ends.

    Sweep by sweep, one input at a time is moved up and down by a part of its range.
    """
    m = start.shape[0]
    if which >= 2 * m * len(STEPS):
        return False
    step, rest = STEPS[which // (2 * m)], which % (2 * m)
    j, sign = rest // 2, 1.0 - 2.0 * (rest % 2)
    u[:] = start
    u[j] = min(max(start[j] + sign * step * (high[j] - low[j]), low[j]), high[j])
    return True


@compiled
def _searched(
    z: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    rows: FloatArray,
    u: FloatArray,
    scratch: FloatArray,
) -> bool:
    """Moves an input along the axes until, held for the tick, it satisfies every row."""
    m, k = ints[M], ints[K]
    _, low, high, _, _ = limits_of(ints, floats)
    trial = u.copy()
    best = _gap(z, ints, floats, trial, rows, scratch)
    for _ in range(SWEEPS):
        which = 0
        while best < 0.0 and tried(which, low, high, u, trial):
            gap = _gap(z, ints, floats, trial, rows, scratch)
            if gap > best:
                best = gap
                u[:] = trial
            which += 1
    return best >= 0.0 and k > 0 and m > 0


@compiled
def _gap(
    z: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    u: FloatArray,
    rows: FloatArray,
    scratch: FloatArray,
) -> float:
    """How far the worst row is from being met by one input held for the tick."""
    m, k = ints[M], ints[K]
    rows_at(z, ints, floats, u, u, False, rows, scratch)
    worst = np.inf
    for i in range(k):
        gap = -rows[(2 + m) * k + i]
        for j in range(m):
            gap += rows[2 * k + i * m + j] * u[j]
        worst = min(worst, gap if gap == gap else -np.inf)
    return worst


@compiled
def narrowed(
    z: FloatArray,
    u_nominal: FloatArray,
    ints: IntArray,
    floats: FloatArray,
    rows: FloatArray,
    u: FloatArray,
    multipliers: FloatArray,
    scratch: FloatArray,
) -> int:
    """Tries smaller boxes of inputs, within which a row cannot change as fast.

    What braking at full force needs as margin is far less than what the whole range of inputs
    needs.
    """
    m, k = ints[M], ints[K]
    _, low, high, weights, _ = limits_of(ints, floats)
    A, b = rows[2 * k : (2 + m) * k].reshape(k, m), rows[(2 + m) * k :]
    middle, centre, least, most = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    wide, holding = b.copy(), np.empty(m)
    rows_at_instant(z, ints, floats, rows, scratch)
    if not with_most_margin(
        u_nominal, weights, A, wide, b, low, high, middle, multipliers, scratch
    ):
        return FAILED
    gains, psi = gains_of(ints, floats), rows[k : 2 * k]
    if not with_no_loss(
        u_nominal, weights, A, b, gains, psi, low, high, holding, multipliers, scratch
    ):
        holding[:] = middle
    which = 0
    while candidate(which, ints, floats, holding, middle, centre):
        for share in NARROWER:
            for j in range(m):
                half = share * (high[j] - low[j])
                least[j] = max(low[j], centre[j] - half)
                most[j] = min(high[j], centre[j] + half)
            if not rows_at(z, ints, floats, least, most, False, rows, scratch):
                continue
            if decide(u_nominal, weights, A, b, least, most, u, multipliers, scratch) != FAILED:
                return FILTERED
        which += 1
    if _searched(z, ints, floats, rows, holding, scratch):
        rows_at(z, ints, floats, holding, holding, False, rows, scratch)
        code: int = decide(u_nominal, weights, A, b, holding, holding, u, multipliers, scratch)
        return code
    return FAILED
