"""From the last working set to a point and multipliers in the programme's own units."""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.kernel import part
from hiera.safety.qp.working_set import back_substitute, forward_substitute

_FAINT = 1e-13
"""Share of the largest multiplier under which another is rounding and not part of a proof."""


@part
def write_optimum(
    q: int,
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    origin: FloatArray,
    scale: FloatArray,
    inverse_norm: FloatArray,
    pull: FloatArray,
    v: FloatArray,
    d: FloatArray,
    y: FloatArray,
    QT: FloatArray,
    R: FloatArray,
    members: FloatArray,
    u: FloatArray,
    lam: FloatArray,
) -> None:
    """Sets active bounds exactly, refines against the active rows, recomputes the multipliers.

    Args:
        q: Size of the working set.
        u_nom: Shape ``(m,)``.
        w: Shape ``(m,)``.
        A: Shape ``(k, m)``.
        b: Shape ``(k,)``.
        lower: Shape ``(m,)``.
        upper: Shape ``(m,)``.
        origin: From `to_unit_bounds`, shape ``(m,)``.
        scale: From `to_unit_bounds`, shape ``(m,)``.
        inverse_norm: From `to_unit_rows`, shape ``(k,)``.
        pull: From `to_unit_bounds`, shape ``(m,)``.
        v: The last point, shape ``(m,)``; moves by the refinement.
        d: Scratch, shape ``(m,)``.
        y: Scratch, shape ``(m + 1,)``.
        QT: The factorisation, shape ``(m, m)``.
        R: The factorisation, shape ``(m, m)``.
        members: The working set, shape ``(m + 1,)``.
        u: Gets the point, shape ``(m,)``.
        lam: Zero before; gets the multipliers, shape ``(k + 2 m,)``.
    """
    k, m = A.shape
    for j in range(m):
        u[j] = min(max(origin[j] + scale[j] * v[j], lower[j]), upper[j])
    if q == 0:
        return
    for a in range(q):
        i = int(members[a])
        if i >= k:
            j = i - k if i < k + m else i - k - m
            u[j] = lower[j] if i < k + m else upper[j]
    for a in range(q):
        i = int(members[a])
        d[a] = 0.0
        if i < k:
            gap = b[i]
            for j in range(m):
                gap -= A[i, j] * u[j]
            d[a] = gap * inverse_norm[i]
    forward_substitute(q, R, d)
    for j in range(m):
        move = 0.0
        for a in range(q):
            move += QT[a, j] * d[a]
        v[j] += move
        u[j] = min(max(u[j] + scale[j] * move, lower[j]), upper[j])
    for a in range(q):
        total = 0.0
        for j in range(m):
            total += QT[a, j] * (v[j] - pull[j])
        y[a] = total
    back_substitute(q, R, y)
    for j in range(m):
        d[j] = w[j] * (u[j] - u_nom[j])
    for a in range(q):
        i = int(members[a])
        if i < k and y[a] > 0.0:
            lam[i] = y[a] * inverse_norm[i]
            for j in range(m):
                d[j] -= A[i, j] * lam[i]
    for a in range(q):
        i = int(members[a])
        if i >= k + m:
            u[i - k - m] = upper[i - k - m]
            lam[i] = max(-d[i - k - m], 0.0)
        elif i >= k:
            u[i - k] = lower[i - k]
            lam[i] = max(d[i - k], 0.0)


@part
def write_proof(
    q: int,
    A: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    inverse_norm: FloatArray,
    y: FloatArray,
    members: FloatArray,
    lam: FloatArray,
) -> None:
    """The rows' share in the contradiction, and the bounds' that cancels it.

    Args:
        q: Number of constraints that contradict one another.
        A: Shape ``(k, m)``.
        lower: Shape ``(m,)``.
        upper: Shape ``(m,)``.
        inverse_norm: From `to_unit_rows`, shape ``(k,)``.
        y: Their multipliers for unit normals, shape ``(m + 1,)``.
        members: Which they are, shape ``(m + 1,)``.
        lam: Zero before; gets the multipliers, shape ``(k + 2 m,)``.
    """
    k, m = A.shape
    largest = 0.0
    for a in range(q):
        largest = max(largest, y[a])
    faint = _FAINT * largest
    largest = 0.0
    for a in range(q):
        i = int(members[a])
        if i < k and y[a] > faint:
            lam[i] = y[a] * inverse_norm[i]
            largest = max(largest, lam[i])
    for i in range(k):
        # Only ratios matter; so they stay clear of overflow.
        lam[i] /= largest if largest > 0.0 else 1.0
    for j in range(m):
        total = 0.0
        for i in range(k):
            total += lam[i] * A[i, j]
        if total < 0.0 and lower[j] > -math.inf:
            lam[k + j] = -total
        if total > 0.0 and upper[j] < math.inf:
            lam[k + m + j] = total
