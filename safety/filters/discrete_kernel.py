"""The compiled path of `DiscreteCbf`: linearise, solve, look whether it really holds, repeat."""

from __future__ import annotations

import numpy as np

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.qp.checked import solve_checked
from hiera.safety.tape.intervals import run_interval
from hiera.safety.tape.machine import run
from hiera.safety.tape.program import IntArray

NOMINAL, FILTERED, FAILED, NOT_FINITE = 0, 1, 2, 3
_ROUNDS = 12
_HALVINGS = 24
_NEARER = 1e-6
ROUNDING = 1e-10


@compiled
def shortfall(
    z: FloatArray,
    u: FloatArray,
    error: FloatArray,
    noise: FloatArray,
    targets: FloatArray,
    later_code: IntArray,
    later_constants: FloatArray,
    later_outputs: IntArray,
    gaps: FloatArray,
    work: FloatArray,
) -> float:
    """How far the worst barrier stays below its target, at worst; negative is good.

    Args:
        z: State and parameters, shape ``(n + q,)``.
        u: Input, shape ``(m,)``.
        error: Bound of the estimation error, shape ``(n,)``.
        noise: Bound of the disturbance, shape ``(n,)``.
        targets: What each row must reach, shape ``(r,)``.
        later_code: Of `DiscreteRows.later`.
        later_constants: Of `DiscreteRows.later`.
        later_outputs: Of `DiscreteRows.later`.
        gaps: Filled with target minus the least value of each row, shape ``(r,)``.
        work: Scratch, at least ``2 (inputs + rows + registers)`` long.
    """
    n, m, width = error.shape[0], u.shape[0], z.shape[0]
    total, rows = width + m + n, targets.shape[0]
    low, high = work[:total], work[total : 2 * total]
    low[:width], high[:width] = z, z
    low[width : width + m], high[width : width + m] = u, u
    low[width + m :], high[width + m :] = -noise, noise
    below = work[2 * total : 2 * total + rows]
    certain = True
    for i in range(n):
        low[i] -= error[i]
        high[i] += error[i]
        certain = certain and error[i] == 0.0 and noise[i] == 0.0
    if certain:
        run(later_code, later_constants, low, later_outputs, below, work[2 * total + rows :])
    else:
        above = work[2 * total + rows : 2 * total + 2 * rows]
        rest = work[2 * total + 2 * rows :]
        half = rest.shape[0] // 2
        run_interval(
            later_code,
            later_constants,
            low,
            high,
            later_outputs,
            below,
            above,
            rest[: 2 * half].reshape(2, half),
        )
    worst = -np.inf
    for i in range(rows):
        gaps[i] = targets[i] - below[i]
        # What rounding takes is allowed, once: targets are absolute, so it does not add up.
        gap = gaps[i] - ROUNDING * (1.0 + abs(targets[i]))
        worst = max(worst, gap if gap == gap else np.inf)
    return worst


@compiled
def approach(
    z: FloatArray,
    u_nominal: FloatArray,
    u: FloatArray,
    weights: FloatArray,
    low: FloatArray,
    high: FloatArray,
    error: FloatArray,
    noise: FloatArray,
    targets: FloatArray,
    later_code: IntArray,
    later_constants: FloatArray,
    later_outputs: IntArray,
    slope_code: IntArray,
    slope_constants: FloatArray,
    slope_outputs: IntArray,
    multipliers: FloatArray,
    work: FloatArray,
) -> int:
    """Sequential quadratic programmes from the nominal input on.

    Each programme takes the rows as they are linearised at the last point, moved by what the last
    point still lacked at worst. Only what `shortfall` accepts leaves.

    Args:
        z: State and parameters, shape ``(n + q,)``.
        u_nominal: Shape ``(m,)``.
        u: Filled with the answer, shape ``(m,)``.
        weights: Shape ``(m,)``.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        error: Shape ``(n,)``.
        noise: Shape ``(n,)``.
        targets: Shape ``(r,)``.
        later_code: Of `DiscreteRows.later`.
        later_constants: Of `DiscreteRows.later`.
        later_outputs: Of `DiscreteRows.later`.
        slope_code: Of `DiscreteRows.slopes`.
        slope_constants: Of `DiscreteRows.slopes`.
        slope_outputs: Of `DiscreteRows.slopes`.
        multipliers: Filled, shape ``(r + 2 m,)``.
        work: Scratch.

    Returns:
        `NOMINAL`, `FILTERED`, `FAILED` or `NOT_FINITE`.
    """
    n, m, width, rows = error.shape[0], u.shape[0], z.shape[0], targets.shape[0]
    u[:] = np.minimum(np.maximum(u_nominal, low), high)
    gaps, values = np.empty(rows), np.empty(rows * (1 + m))
    A, b, point = np.empty((rows, m)), np.empty(rows), np.zeros(width + m + n)
    best = np.empty(m)
    multipliers[:] = 0.0
    worst = shortfall(
        z, u, error, noise, targets, later_code, later_constants, later_outputs, gaps, work
    )
    if not np.isfinite(worst):
        return NOT_FINITE if worst == worst and not np.all(np.isfinite(z)) else FAILED
    if worst <= 0.0:
        return NOMINAL if np.all(u == u_nominal) else FILTERED
    found, cost = False, np.inf
    for _ in range(_ROUNDS):
        point[:width] = z
        point[width : width + m] = u
        run(slope_code, slope_constants, point, slope_outputs, values, work)
        for i in range(rows):
            b[i] = gaps[i]
            for j in range(m):
                A[i, j] = values[i * (1 + m) + 1 + j]
                b[i] += A[i, j] * u[j]
        status = solve_checked(u_nominal, weights, A, b, low, high, u, multipliers, work)
        if status != 0:
            break
        worst = shortfall(
            z, u, error, noise, targets, later_code, later_constants, later_outputs, gaps, work
        )
        if worst <= 0.0:
            price = np.sum(weights * (u - u_nominal) ** 2)
            done = found and price >= cost - _NEARER * (1.0 + cost)
            if price < cost:
                found, cost = True, price
                best[:] = u
            if done:
                break
    if not found:
        return FAILED
    u[:] = best
    return FILTERED


@compiled
def retreat(
    z: FloatArray,
    safe: FloatArray,
    wanted: FloatArray,
    u: FloatArray,
    error: FloatArray,
    noise: FloatArray,
    targets: FloatArray,
    later_code: IntArray,
    later_constants: FloatArray,
    later_outputs: IntArray,
    work: FloatArray,
) -> bool:
    """From a safe input as far towards the wanted one as halving finds safe.

    Args:
        z: State and parameters, shape ``(n + q,)``.
        safe: An input that may be safe, shape ``(m,)``.
        wanted: Where one would like to be, shape ``(m,)``.
        u: Filled, shape ``(m,)``.
        error: Shape ``(n,)``.
        noise: Shape ``(n,)``.
        targets: Shape ``(r,)``.
        later_code: Of `DiscreteRows.later`.
        later_constants: Of `DiscreteRows.later`.
        later_outputs: Of `DiscreteRows.later`.
        work: Scratch.

    Returns:
        False if the safe input is not safe.
    """
    gaps = np.empty(targets.shape[0])
    good, bad = 0.0, 1.0
    u[:] = safe
    if (
        shortfall(
            z, u, error, noise, targets, later_code, later_constants, later_outputs, gaps, work
        )
        > 0.0
    ):
        return False
    for _ in range(_HALVINGS):
        part = 0.5 * (good + bad)
        u[:] = safe + part * (wanted - safe)
        worst = shortfall(
            z, u, error, noise, targets, later_code, later_constants, later_outputs, gaps, work
        )
        if worst <= 0.0:
            good = part
        else:
            bad = part
    u[:] = safe + good * (wanted - safe)
    return True
