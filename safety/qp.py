"""A quadratic programme in a few variables, solved by DAQP and believed only after a check.

    minimise 1/2 u' H u + f' u   subject to   A u >= b,   lower <= u <= upper

A solver's "solved" is not taken for an answer: primal feasibility is tested on the point that
came back, and stationarity through the multipliers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import daqp
import numpy as np

from hiera.safety.contract import FloatArray

_TOLERANCE = 1e-6
_UNBOUNDED = 1e30


class QpStatus(StrEnum):
    """What is known about the point that came back."""

    SOLVED = "solved"
    INFEASIBLE = "infeasible"
    UNVERIFIED = "unverified"
    """The solver said solved, the check did not agree."""


@dataclass(frozen=True, slots=True)
class QpAnswer:
    """A verified point, or the reason why there is none.

    Attributes:
        u: The point, shape ``(m,)``; meaningless unless the status is `QpStatus.SOLVED`.
        status: Whether it may be used.
        multipliers: Of the rows of ``A``, shape ``(k,)``, zero where inactive.
    """

    u: FloatArray
    status: QpStatus
    multipliers: FloatArray


def solve_qp(
    H: FloatArray, f: FloatArray, A: FloatArray, b: FloatArray, lower: FloatArray, upper: FloatArray
) -> QpAnswer:
    """Solves the programme of the module's head.

    Args:
        H: Symmetric positive definite, shape ``(m, m)``.
        f: Shape ``(m,)``.
        A: Shape ``(k, m)``.
        b: Shape ``(k,)``.
        lower: Shape ``(m,)``.
        upper: Shape ``(m,)``, nowhere below ``lower``.
    """
    m, k = len(f), len(b)
    most = np.concatenate((upper, np.full(k, _UNBOUNDED)))
    least = np.concatenate((lower, b))
    u, _, flag, info = daqp.solve(
        np.ascontiguousarray(H, dtype=np.float64),
        np.ascontiguousarray(f, dtype=np.float64),
        np.ascontiguousarray(A, dtype=np.float64).reshape(k, m),
        most,
        least,
        np.zeros(m + k, dtype=np.int32),
    )
    point = np.asarray(u, dtype=np.float64)
    if flag < 0:
        return QpAnswer(point, QpStatus.INFEASIBLE, np.zeros(k))
    raw = np.asarray(info["lam"], dtype=np.float64)
    scale = 1.0 + float(np.max(np.abs(f), initial=0.0))
    feasible = bool(
        np.all(np.isfinite(point))
        and np.all(point >= lower - _TOLERANCE)
        and np.all(point <= upper + _TOLERANCE)
        and np.all(A @ point >= b - _TOLERANCE * (1.0 + np.abs(b)))
    )
    residual = H @ point + f + raw[:m] + A.T @ raw[m:]
    stationary = bool(np.max(np.abs(residual), initial=0.0) <= 1e-5 * scale)
    status = QpStatus.SOLVED if feasible and stationary else QpStatus.UNVERIFIED
    return QpAnswer(np.clip(point, lower, upper), status, -raw[m:])
