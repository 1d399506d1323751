"""Rows that may give way, in order of priority, each level by the least slack.

Priority 0 is hard. For the levels 1, 2, ... in turn, the sum of the squared slacks of that level
is minimised subject to the hard rows and the levels before, whose slacks are fixed:

    minimise 1/2 sum_i s_i^2   subject to   a_i' u + s_i >= b_i,   s >= 0,   the rows before

At last the input nearest to the nominal one is taken among those that meet every row with its
slack. Bounds never give way. A level's programme has no weight on ``u``; it is solved by the
proximal point method, whose steps ``1/2 delta |u - u_before|_w^2`` make it strictly convex and
whose fixed point is the level's exact optimum (R. T. Rockafellar, SIAM Journal on Control and
Optimization 14(5), 1976). A slack is in the units of its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import NOT_FINITE, SOLVED, UNVERIFIED, QpStatus
from hiera.safety.qp.checked import solve_checked
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.qp.kernel import kernel, matrix, vector

_STEPS = 40
_DELTA, _SMALLEST_DELTA = 1e-6, 1e-11
"""Weights on the move relative to the rows: smaller ones need fewer steps and cost digits, so
they are for levels whose rows are far apart in scale."""
_PATIENCE = 4
_SETTLED = 1e-13
_MARGIN = 1e-11
"""Share of a row's magnitude by which a fixed slack is larger than needed, so that the point
that fixed it stays inside."""

_HARD = 1e-9
"""Share of a hard row's magnitude that the last check allows, as for any row."""


@dataclass(frozen=True, slots=True)
class LeastSlack:
    """The nearest input after the rows gave way as little as possible.

    Attributes:
        u: The input, shape ``(m,)``; NaN unless the status is `QpStatus.SOLVED`.
        slack: How much each row was lowered, in its units, shape ``(k,)``; zero for hard rows.
        status: Whether it may be used; `QpStatus.INFEASIBLE` if the hard rows contradict
            one another or the bounds.
    """

    u: FloatArray
    slack: FloatArray
    status: QpStatus

    @property
    def solved(self) -> bool:
        """Whether ``u`` may be used."""
        return self.status is QpStatus.SOLVED


def least_slack(
    u_nom: ArrayLike,
    w: ArrayLike,
    A: ArrayLike,
    b: ArrayLike,
    priority: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
) -> LeastSlack:
    """Solves the programme of the module's head.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights, positive, shape ``(m,)``.
        A: Rows of ``A u >= b``, shape ``(k, m)``.
        b: Shape ``(k,)``; -inf switches a row off.
        priority: 0 for hard rows, 1 for those that give way last, and so on; shape ``(k,)``.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.

    Raises:
        ValueError: If the shapes do not fit one another or a priority is negative.
    """
    at, offsets = np.array(u_nom, dtype=np.float64), np.array(b, dtype=np.float64)
    levels = np.array(priority, dtype=np.int64)
    m, k = len(at), len(offsets)
    rows = np.array(A, dtype=np.float64).reshape(k, m)
    weights, low, high = (np.array(x, dtype=np.float64) for x in (w, lower, upper))
    if not weights.shape == low.shape == high.shape == (m,):
        raise ValueError(f"w, lower and upper must have shape ({m},), like u_nom")
    if levels.shape != (k,) or np.any(levels < 0):
        raise ValueError(f"priority must be {k} integers, none of them negative")
    u, slack = np.empty(m), np.empty(k)
    work = np.empty(least_slack_workspace_size(k, m))
    code = least_slack_checked(at, weights, rows, offsets, levels, low, high, u, slack, work)
    return LeastSlack(u, slack, QpStatus.of(code))


@kernel
def least_slack_workspace_size(k: int, m: int) -> int:
    """Entries of the float64 workspace for ``k`` rows and ``m`` inputs."""
    n = m + k
    return workspace_size(k, n) + k * n + 7 * n + 4 * k + 2 * m


@kernel
def least_slack_checked(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    priority: NDArray[np.int64],
    lower: FloatArray,
    upper: FloatArray,
    u_out: FloatArray,
    slack_out: FloatArray,
    work: FloatArray,
) -> int:
    """`least_slack` from compiled code; arrays C-contiguous, ``priority`` int64, others float64.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights, shape ``(m,)``.
        A: Rows, shape ``(k, m)``.
        b: Shape ``(k,)``.
        priority: Shape ``(k,)``.
        lower: Shape ``(m,)``.
        upper: Shape ``(m,)``.
        u_out: Gets the input, shape ``(m,)``, or NaN where there is none.
        slack_out: Gets the slacks, shape ``(k,)``.
        work: At least `least_slack_workspace_size` entries.

    Returns:
        A code of `solve_checked`.

    Raises:
        ValueError: If the workspace is too small.
    """
    k, m = A.shape
    if len(work) < least_slack_workspace_size(k, m):
        raise ValueError("work must have least_slack_workspace_size(k, m) entries or more")
    o = workspace_size(k, m + k)
    relaxed, lam = vector(work, o, k), vector(work, o + k, k + 2 * m)
    for i in range(k):
        relaxed[i] = b[i]
        slack_out[i] = 0.0
    code = solve_checked(u_nom, w, A, relaxed, lower, upper, u_out, lam, work)
    if code in (SOLVED, NOT_FINITE):
        return code
    level = np.int64(0)
    while True:
        following = level
        for i in range(k):
            if priority[i] > level and (following == level or priority[i] < following):
                following = priority[i]
        if following == level:
            break
        level = following
        before = _fix_level(level, w, A, relaxed, priority, lower, upper, u_nom, u_out, work)
        if before != SOLVED:
            for j in range(m):
                u_out[j] = np.nan
            return before
    if level > 0:
        code = solve_checked(u_nom, w, A, relaxed, lower, upper, u_out, lam, work)
    for i in range(k):
        slack_out[i] = 0.0
        if priority[i] > 0 and relaxed[i] < b[i]:
            slack_out[i] = b[i] - relaxed[i]
        if code == SOLVED and priority[i] == 0:
            value, size = 0.0, abs(b[i])
            for j in range(m):
                value += A[i, j] * u_out[j]
                size += abs(A[i, j] * u_out[j])
            if not value >= b[i] - _HARD * size:
                code = UNVERIFIED
    if code != SOLVED:
        for j in range(m):
            u_out[j] = np.nan
    return code


@kernel
def _fix_level(
    level: np.int64,
    w: FloatArray,
    A: FloatArray,
    relaxed: FloatArray,
    priority: NDArray[np.int64],
    lower: FloatArray,
    upper: FloatArray,
    u_nom: FloatArray,
    u: FloatArray,
    work: FloatArray,
) -> int:
    """Lowers the rows of one level in ``relaxed`` by their least slacks."""
    k, m = A.shape
    rows, soft = 0, 0
    for i in range(k):
        rows += 1 if priority[i] <= level else 0
        soft += 1 if priority[i] == level else 0
    n = m + soft
    o = workspace_size(k, m + k) + 2 * k + 2 * m
    at, weight = vector(work, o, n), vector(work, o + n, n)
    low, high = vector(work, o + 2 * n, n), vector(work, o + 3 * n, n)
    point, o = vector(work, o + 4 * n, n), o + 5 * n
    G, offset = matrix(work, o, rows, n), vector(work, o + rows * n, rows)
    lam = vector(work, o + rows * n + rows, rows + 2 * n)

    steepest = 0.0
    r, s = 0, m
    for i in range(k):
        if priority[i] > level:
            continue
        for j in range(n):
            G[r, j] = A[i, j] if j < m else 0.0
        offset[r] = relaxed[i]
        if priority[i] == level:
            G[r, s] = 1.0
            squares = 0.0
            for j in range(m):
                squares += A[i, j] * A[i, j] / w[j]
            steepest = max(steepest, squares)
            s += 1
        r += 1
    if steepest == 0.0:
        steepest = 1.0
    for j in range(n):
        at[j], weight[j], low[j], high[j] = 0.0, 1.0, 0.0, np.inf
    for j in range(m):
        low[j], high[j] = lower[j], upper[j]
        at[j] = min(max(u_nom[j], lower[j]), upper[j])

    delta = _DELTA
    for step in range(_STEPS):
        for j in range(m):
            weight[j] = delta * steepest * w[j]
        code = solve_checked(at, weight, G, offset, low, high, point, lam, work)
        if code != SOLVED:
            if step == 0:
                return code
            break
        change, largest = 0.0, 0.0
        for j in range(m):
            moved = np.sqrt(steepest * w[j]) * abs(point[j] - at[j])
            change = max(change, moved)
            at[j] = u[j] = point[j]
        for j in range(m, n):
            largest = max(largest, point[j])
        # The gradient of the slacks is at most delta times the move.
        if delta * change <= _SETTLED * largest or largest == 0.0:
            break
        if step >= _PATIENCE:
            delta = max(0.3 * delta, _SMALLEST_DELTA)
    for i in range(k):
        # Rows of the levels before are met to rounding; the next level must find them met.
        if priority[i] <= level:
            value, size = 0.0, abs(relaxed[i])
            for j in range(m):
                value += A[i, j] * u[j]
                size += abs(A[i, j] * u[j])
            if value < relaxed[i]:
                relaxed[i] = value - _MARGIN * size
    return SOLVED
