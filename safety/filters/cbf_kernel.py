"""One whole call of `CbfFilter`, compiled: rows, decision, and what is to be said about it."""

from __future__ import annotations

from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.filters.cbf_decision import FAILED, NOT_FINITE, decide
from hiera.safety.filters.cbf_margins import finite, rows_at
from hiera.safety.filters.cbf_narrowing import narrowed
from hiera.safety.filters.packed import LEVELS, MOVES, K, M, N, Q, limits_of, within_domain
from hiera.safety.tape.program import IntArray

CODE = 7
"""Mask of the code in what `filter_packed` returns."""
OUTSIDE, STRAYED, LIMITS, FIRST_ROW = 3, 4, 5, 6
"""Bits: a hard barrier is violated; the state is outside the domain; an input limit shaped the
answer; from here on, one bit for each row that shaped it."""
NAMED_ROWS = 56
_INSIDE = -1e-9


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
        code = narrowed(z, u_nominal, ints, floats, rows, out[:m], multipliers, scratch)
        if code == FAILED:  # What is reported is the conflict over all inputs.
            rows_at(z, ints, floats, low, high, True, rows, scratch)
            decide(u_nominal, weights, A, b, low, high, out[:m], multipliers, scratch)
    if not within_domain(z, ints, floats):
        code |= 1 << STRAYED
    levels = ints[LEVELS : LEVELS + k]
    return code | flags(rows[k : 2 * k], levels, multipliers[: k + 2 * m])


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
