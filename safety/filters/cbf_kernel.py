"""The compiled path of `CbfFilter`: rows with their margins, the programme, the check.

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
    LEVELS,
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
    gains_of,
    limits_of,
    program_of,
    rest_of,
    within_domain,
)
from hiera.safety.qp.checked import solve_checked
from hiera.safety.tape.intervals import run_interval
from hiera.safety.tape.machine import run
from hiera.safety.tape.program import IntArray

_GROW = 1.2
_ATTEMPTS = 6

NOMINAL, FILTERED, FAILED, NOT_FINITE = 0, 1, 2, 3
CODE = 7
"""Mask of the code in what `filter_packed` returns."""
OUTSIDE, STRAYED, LIMITS, FIRST_ROW = 3, 4, 5, 6
"""Bits: a hard barrier is violated; the state is outside the domain; an input limit shaped the
answer; from here on, one bit for each row that shaped it."""
NAMED_ROWS = 56
NARROWER = (0.25, 0.05, 0.01, 0.0)
"""Half widths of the boxes that are tried round a promising input, of the range of inputs."""
HALVINGS = 5
STEPS = (1.0, 0.5, 0.25, 0.1, 0.03)
SWEEPS = 2
ROUNDING = 1e-12
"""Taken off every row [unit of h / s]: less than that is rounding, not a violation."""
CORNERS = 4
"""Most inputs for which every corner of the limits is tried."""
_INSIDE = -1e-9


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
def finite(values: FloatArray) -> bool:
    """Whether all are finite numbers."""
    total = 0.0
    for value in values:
        total += 0.0 * value
    return total == 0.0


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


@compiled
def decide(
    u_nominal: FloatArray,
    weights: FloatArray,
    A: FloatArray,
    b: FloatArray,
    low: FloatArray,
    high: FloatArray,
    u: FloatArray,
    multipliers: FloatArray,
    work: FloatArray,
) -> int:
    """The nominal input if it satisfies everything, else the nearest one that does.

    Returns:
        `NOMINAL`, `FILTERED`, or `FAILED` if no verified answer was found.
    """
    passes = True
    for j in range(u_nominal.shape[0]):
        u[j] = u_nominal[j]
        passes = passes and low[j] <= u[j] <= high[j]
    for i in range(b.shape[0]):
        value = 0.0
        for j in range(u.shape[0]):
            value += A[i, j] * u[j]
        passes = passes and value >= b[i]
    if passes:
        multipliers[: b.shape[0] + 2 * u.shape[0]] = 0.0
        return NOMINAL
    status = solve_checked(u_nominal, weights, A, b, low, high, u, multipliers, work)
    return FILTERED if status == 0 else FAILED


@compiled
def filter_packed(
    inputs: FloatArray, ints: IntArray, floats: FloatArray, out: FloatArray, scratch: FloatArray
) -> int:
    """One whole call.

    Args:
        inputs: ``(x, p, u_nominal)``.
        ints: Of the packed problem.
        floats: Of the packed problem.
        out: Filled: ``u (m), h (k), least psi (k), A (k m), b (k), multipliers (k + 2 m)``.
        scratch: Scratch for rows and programme.

    Returns:
        `NOMINAL`, `FILTERED`, `FAILED`, or `NOT_FINITE` if input or rows are not finite; with
        the bits from `OUTSIDE` on added.
    """
    n, m, q, k = ints[N], ints[M], ints[Q], ints[K]
    if not finite(inputs):
        return NOT_FINITE
    z, u_nominal = inputs[: n + q], inputs[n + q :]
    rows, end = out[m : m + k * (m + 3)], m + k * (m + 3)
    multipliers = out[end : end + k + 2 * m]
    _, low, high, weights, _ = limits_of(ints, floats)
    A, b = rows[2 * k : (2 + m) * k].reshape(k, m), rows[(2 + m) * k :]
    if not rows_at(z, ints, floats, low, high, True, rows, scratch):
        return NOT_FINITE
    code = decide(u_nominal, weights, A, b, low, high, out[:m], multipliers, scratch)
    if code == FAILED and ints[MOVES]:
        code = _narrowed(z, u_nominal, ints, floats, rows, out[:m], multipliers, scratch)
        if code == FAILED:  # What is reported is the conflict over all inputs.
            rows_at(z, ints, floats, low, high, True, rows, scratch)
            decide(u_nominal, weights, A, b, low, high, out[:m], multipliers, scratch)
    if not within_domain(z, ints, floats):
        code |= 1 << STRAYED
    levels = ints[LEVELS : LEVELS + k]
    return code | flags(rows[k : 2 * k], levels, multipliers[: k + 2 * m])


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
def _narrowed(
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


@compiled
def flags(least: FloatArray, levels: IntArray, multipliers: FloatArray) -> int:
    """Bits that say which hard barriers are violated and what shaped the answer.

    Args:
        least: Least psi of each row, shape ``(k,)``.
        levels: Priorities, shape ``(k,)``.
        multipliers: Of rows and limits, shape ``(k + 2 m,)``.
    """
    bits, k = 0, least.shape[0]
    for i in range(k):
        if levels[i] == 0 and least[i] < _INSIDE:
            bits |= 1 << OUTSIDE
        if multipliers[i] > 0.0 and i < NAMED_ROWS:
            bits |= 1 << (FIRST_ROW + i)
    for i in range(k, multipliers.shape[0]):
        if multipliers[i] > 0.0:
            bits |= 1 << LIMITS
    return bits
