"""The nominal input, or the nearest one that satisfies the rows: checked, compiled."""

from __future__ import annotations

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.qp.checked import solve_checked

NOMINAL, FILTERED, FAILED, NOT_FINITE = 0, 1, 2, 3


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
