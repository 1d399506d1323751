"""The check that every answer passes, whoever gave it: O(m k), no solver's word is taken.

Optimality (Karush, Kuhn, Tucker) of ``(u, lam)`` with ``lam >= 0`` of rows, lower and upper
bounds:

    lower <= u <= upper                           exactly
    A u >= b                                      to 1e-9 of |b_i| + sum_j |a_ij| U_j
    lam_i > 0 only where the constraint is tight  bounds exactly, rows to the same 1e-9
    w (u - u_nom) = A' lam_A + lam_l - lam_u      to 1e-9 of sqrt(w_j) V

``U_j`` is the larger of ``|u_j|`` and the clipped nominal's size, so a nominal outside the box
buys no tolerance inside it; ``V = max_j sqrt(w_j) U_j``. Each tolerance is widened by what
rounding alone makes of the terms that were added up. The objective is a distance: an error ``e``
in the last line moves the optimum by no more than ``|e / sqrt(w)|`` in the metric of the weights.

Infeasibility (Farkas) of ``lam >= 0``, beyond what rounding could have made of it:

    lam_A' b + lam_l' lower - lam_u' upper > max over the box of (A' lam_A + lam_l - lam_u)' u
"""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.kernel import part

_TOLERANCE = 1e-9
_ROUNDING = 1e-14


@part
def is_optimal(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u: FloatArray,
    lam: FloatArray,
    slop: FloatArray,
) -> bool:
    """Whether point and multipliers satisfy the optimality conditions.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights, shape ``(m,)``.
        A: Rows, shape ``(k, m)``.
        b: Shape ``(k,)``, may be -inf.
        lower: Shape ``(m,)``.
        upper: Shape ``(m,)``.
        u: The point in question, shape ``(m,)``.
        lam: Its multipliers, shape ``(k + 2 m,)``: rows, lower bounds, upper bounds.
        slop: Scratch, shape ``(m,)``.
    """
    k, m = A.shape
    widest = 0.0
    for j in range(m):
        if not lower[j] <= u[j] <= upper[j]:
            return False
        slop[j] = max(abs(u[j]), abs(min(max(u_nom[j], lower[j]), upper[j])))
        widest = max(widest, w[j] * slop[j] * slop[j])
    widest = math.sqrt(widest)
    for j in range(m):
        slop[j] = _TOLERANCE * slop[j] + _ROUNDING * widest / math.sqrt(w[j])
    for i in range(k):
        if not 0.0 <= lam[i] < math.inf:
            return False
        value = 0.0
        allowed = _TOLERANCE * abs(b[i])
        for j in range(m):
            value += A[i, j] * u[j]
            allowed += abs(A[i, j]) * slop[j]
        if lam[i] > 0.0:
            if not abs(value - b[i]) <= allowed:
                return False
        elif b[i] > -math.inf and not value - b[i] >= -allowed:
            return False
    for j in range(m):
        below, above = lam[k + j], lam[k + m + j]
        if not (0.0 <= below < math.inf and 0.0 <= above < math.inf):
            return False
        if (below > 0.0 and u[j] != lower[j]) or (above > 0.0 and u[j] != upper[j]):
            return False
        residual = w[j] * (u[j] - u_nom[j]) - below + above
        size = below + above + w[j] * (abs(u[j]) + abs(u_nom[j]))
        for i in range(k):
            share = lam[i] * A[i, j]
            residual -= share
            size += abs(share)
        if not abs(residual) <= _TOLERANCE * math.sqrt(w[j]) * widest + _ROUNDING * size:
            return False
    return True


@part
def is_contradiction(
    A: FloatArray, b: FloatArray, lower: FloatArray, upper: FloatArray, lam: FloatArray
) -> bool:
    """Whether the multipliers prove that no point satisfies rows and bounds.

    Args:
        A: Rows, shape ``(k, m)``.
        b: Shape ``(k,)``, may be -inf.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.
        lam: Shape ``(k + 2 m,)``: of rows, lower bounds, upper bounds.
    """
    k, m = A.shape
    asked = 0.0
    size = 0.0
    for i in range(k):
        if not 0.0 <= lam[i] < math.inf:
            return False
        if lam[i] > 0.0:
            asked += lam[i] * b[i]
            size += abs(lam[i] * b[i])
    for j in range(m):
        below, above = lam[k + j], lam[k + m + j]
        if not (0.0 <= below < math.inf and 0.0 <= above < math.inf):
            return False
        left = below - above
        magnitude = below + above
        for i in range(k):
            share = lam[i] * A[i, j]
            left += share
            magnitude += abs(share)
        if below > 0.0:
            asked += below * lower[j]
            size += abs(below * lower[j])
        if above > 0.0:
            asked -= above * upper[j]
            size += abs(above * upper[j])
        bound = upper[j] if left > 0.0 else lower[j]
        if abs(bound) < math.inf:
            asked -= left * bound
            size += magnitude * abs(bound)
        elif abs(left) > _ROUNDING * magnitude:
            return False
    return asked > _ROUNDING * size
