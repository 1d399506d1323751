"""The readable reference: a filter's programme, written down in CVXPY as one would on paper.

Slow and simple. Tests hold the fast path against it, and whoever doubts an answer can look here.
Needs the extra ``mpc``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.extras import require
from hiera.safety.tape.program import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """What a filter solves at one state.

    Attributes:
        u_nominal: Shape ``(m,)``.
        weights: Shape ``(m,)``.
        A: Rows of ``A u >= b``, shape ``(k, m)``.
        b: Shape ``(k,)``.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        priorities: 0 for hard rows, shape ``(k,)``.
    """

    u_nominal: FloatArray
    weights: FloatArray
    A: FloatArray
    b: FloatArray
    low: FloatArray
    high: FloatArray
    priorities: IntArray


def solve_reference(programme: Programme) -> FloatArray | None:
    """The answer by CVXPY, shape ``(m,)``, or None if the hard rows cannot all be met.

    Soft rows give way lexicographically: for each priority in turn the sum of squared slacks is
    made as small as it can be, then held.

    Raises:
        MissingExtra: If CVXPY is not installed.
    """
    cp = require("cvxpy", "mpc")
    p = programme
    u = cp.Variable(len(p.u_nominal))
    limits = [u >= p.low, u <= p.high]
    distance = cp.sum_squares(cp.multiply(np.sqrt(p.weights), u - p.u_nominal))
    if _solved(cp, distance, [*limits, p.A @ u >= p.b]):
        return np.asarray(u.value)
    kept = [*limits, *_rows(p, p.priorities == 0, u, p.b)]
    for level in sorted(set(p.priorities.tolist()) - {0}):
        mask = p.priorities == level
        slack = cp.Variable(int(mask.sum()), nonneg=True)
        if not _solved(cp, cp.sum_squares(slack), [*kept, p.A[mask] @ u >= p.b[mask] - slack]):
            return None
        relaxed = p.b.copy()
        relaxed[mask] -= np.maximum(slack.value, 0.0) + 1e-7
        kept += _rows(p, mask, u, relaxed)
    return np.asarray(u.value) if _solved(cp, distance, kept) else None


def _rows(p: Programme, mask: NDArray[np.bool_], u: Any, b: FloatArray) -> list[Any]:
    return [p.A[mask] @ u >= b[mask]] if np.any(mask) else []


def _solved(cp: Any, cost: Any, rows: list[Any]) -> bool:
    problem = cp.Problem(cp.Minimize(cost), rows)
    problem.solve(solver="CLARABEL")
    return str(problem.status) == "optimal"
