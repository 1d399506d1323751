"""Which rows cannot hold together, and by how much.

    maximise t   subject to   a_i' u >= b_i + t |a_i|,   lower <= u <= upper

``t`` is how deep inside every row the best point lies; negative, it is how far the rows are from
holding together, and the duals name the ones that fight. At most ``m + 1`` of them matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray

_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class Conflict:
    """The largest common margin of some rows under the box.

    Attributes:
        feasible: Whether one point satisfies all rows and bounds.
        margin: The largest ``t``, in units of ``u``: the least distance to a row's edge at the
            best point; infinite where nothing limits it, NaN where the linear programme failed.
        u: The best point, shape ``(m,)``; NaN where there is none.
        rows: The rows that limit the margin, ascending; those that fight if it is negative.
        shares: Their shares, one for each entry of ``rows``; they sum to 1 over unit normals.
    """

    feasible: bool
    margin: float
    u: FloatArray
    rows: tuple[int, ...]
    shares: tuple[float, ...]


def find_conflict(A: ArrayLike, b: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Conflict:
    """Looks for the point deepest inside all rows.

    Args:
        A: Rows of ``A u >= b``, shape ``(k, m)``, any scale.
        b: Shape ``(k,)``; -inf switches a row off.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.

    Raises:
        ValueError: If a lower bound is above the upper one, or a number is NaN.
    """
    from scipy.optimize import linprog

    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    offsets, m = np.asarray(b, dtype=np.float64), len(low)
    matrix = np.asarray(A, dtype=np.float64).reshape(len(offsets), m)
    if not np.all(low <= high):
        raise ValueError("lower must be nowhere above upper, and no bound NaN")
    if np.isnan(offsets).any() or not np.isfinite(matrix).all():
        raise ValueError("A must be finite and b not NaN")
    used = np.flatnonzero(offsets > -np.inf)
    if not len(used):
        return Conflict(True, float("inf"), np.clip(np.zeros(m), low, high), (), ())
    length = np.linalg.norm(matrix[used], axis=1)
    length[length == 0.0] = 1.0
    cost: FloatArray = np.append(np.zeros(m), -1.0)
    rows: FloatArray = np.hstack((-matrix[used] / length[:, None], np.ones((len(used), 1))))
    answer = linprog(
        cost,
        A_ub=rows,
        b_ub=-offsets[used] / length,
        bounds=[*zip(low.tolist(), high.tolist(), strict=True), (-np.inf, np.inf)],
        method="highs",
    )
    if answer.status == 3:
        return Conflict(True, float("inf"), np.full(m, np.nan), (), ())
    if answer.x is None or answer.status != 0:
        return Conflict(False, float("nan"), np.full(m, np.nan), (), ())
    margin, share = float(answer.x[m]), -np.asarray(answer.ineqlin.marginals)
    tight = np.flatnonzero(share > _SHARE)
    return Conflict(
        margin >= -_SHARE * (1.0 + float(np.max(np.abs(offsets[used] / length)))),
        margin,
        np.asarray(answer.x[:m]),
        tuple(int(i) for i in used[tight]),
        tuple(float(s) for s in share[tight]),
    )
