"""The programme in the metric of its weights: unit normals, the clipped nominal as the origin.

With ``v = sqrt(w) (u - origin)`` and ``origin = clip(u_nom, lower, upper)`` the objective is half
the squared distance of ``v`` from ``sqrt(w) (u_nom - origin)``, a row is ``n'v >= c`` with
``|n| = 1``, and a bound is a bound on one entry of ``v``. Violations are then lengths, whatever
the rows' scales were. The clipped nominal is the origin, not the nominal, so that a nominal far
outside the box costs no digits inside it.
"""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import INFEASIBLE, NOT_FINITE, SOLVED
from hiera.safety.qp.kernel import part

_ROUNDING = 4e-16


@part
def to_unit_bounds(
    u_nom: FloatArray,
    w: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    origin: FloatArray,
    scale: FloatArray,
    low: FloatArray,
    high: FloatArray,
    pull: FloatArray,
) -> tuple[int, int]:
    """Fills what belongs to the inputs, each of shape ``(m,)``.

    Args:
        u_nom: Nominal input.
        w: Weights.
        lower: Lower bounds, may be -inf.
        upper: Upper bounds, may be inf.
        origin: Gets the clipped nominal.
        scale: Gets ``1 / sqrt(w)``.
        low: Gets the lower bounds of ``v``.
        high: Gets the upper bounds of ``v``.
        pull: Gets the nominal in ``v``, zero where it is inside its bounds.

    Returns:
        A code, and the input at fault if it is not `SOLVED`.
    """
    for j in range(len(w)):
        if not (w[j] > 0.0 and w[j] < math.inf and abs(u_nom[j]) < math.inf):
            return NOT_FINITE, j
        if not (lower[j] < math.inf and upper[j] > -math.inf):
            return NOT_FINITE, j
        if lower[j] > upper[j]:
            return INFEASIBLE, j
        root = math.sqrt(w[j])
        at = min(max(u_nom[j], lower[j]), upper[j])
        origin[j] = at
        scale[j] = 1.0 / root
        low[j] = (lower[j] - at) * root
        high[j] = (upper[j] - at) * root
        pull[j] = (u_nom[j] - at) * root
    return SOLVED, 0


@part
def to_unit_rows(
    looseness: float,
    A: FloatArray,
    b: FloatArray,
    origin: FloatArray,
    scale: FloatArray,
    N: FloatArray,
    c: FloatArray,
    noise: FloatArray,
    inverse_norm: FloatArray,
) -> tuple[int, int]:
    """Fills what belongs to the rows.

    A row that asks for nothing, ``b = -inf`` or ``a = 0 <= -b``, becomes ``0'v >= -1``.

    Args:
        looseness: Factor on the rounding error.
        A: Rows, shape ``(k, m)``.
        b: Shape ``(k,)``, may be -inf.
        origin: From `to_unit_bounds`, shape ``(m,)``.
        scale: From `to_unit_bounds`, shape ``(m,)``.
        N: Gets the unit normals, shape ``(k, m)``.
        c: Gets the right-hand sides, shape ``(k,)``.
        noise: Gets the rounding error of ``c``, shape ``(k,)``.
        inverse_norm: Gets the factor from ``A`` to ``N``, shape ``(k,)``.

    Returns:
        A code, and the row at fault if it is not `SOLVED`.
    """
    k, m = A.shape
    rounding = _ROUNDING * looseness * (m + 1)
    for i in range(k):
        squares = 0.0
        at = 0.0
        size = abs(b[i])
        for j in range(m):
            entry = A[i, j] * scale[j]
            N[i, j] = entry
            squares += entry * entry
            product = A[i, j] * origin[j]
            at += product
            size += abs(product)
        if squares > 0.0 and squares < math.inf and size < math.inf:
            inverse = 1.0 / math.sqrt(squares)
            for j in range(m):
                N[i, j] *= inverse
            c[i] = (b[i] - at) * inverse
            noise[i] = rounding * size * inverse
            inverse_norm[i] = inverse
            continue
        if not (squares < math.inf and b[i] < math.inf):
            return NOT_FINITE, i
        if b[i] > 0.0:
            return INFEASIBLE, i
        for j in range(m):
            N[i, j] = 0.0
        c[i], noise[i], inverse_norm[i] = -1.0, 0.0, 0.0
    return SOLVED, 0
