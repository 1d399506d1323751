"""The dual active set method of Goldfarb and Idnani for few inputs.

    minimise 1/2 sum_j w_j (u_j - u_nom_j)^2   subject to   A u >= b,   lower <= u <= upper

D. Goldfarb, A. Idnani, "A numerically stable dual method for solving strictly convex quadratic
programs", Mathematical Programming 27, 1983. Started at the clipped nominal with the bounds that
clip it as the working set, which is already optimal for the box alone. Each round takes the most
violated constraint ``p`` with unit normal ``n`` and moves along

    z = Q2 Q2' n   (in v),        -r = -R^-1 Q1' n   (in the multipliers)

until ``p`` is met (a full step: it joins the working set) or a multiplier reaches zero (its
constraint leaves). No ``z`` and no multiplier that falls: ``(-r, 1)`` proves that no point
exists. Departures from the paper: bounds are entries of ``v`` and never dense rows; the last
point is refined once against the original rows, and multipliers are recomputed from it.
"""

from __future__ import annotations

import math

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import INFEASIBLE, ITERATION_LIMIT, SOLVED
from hiera.safety.qp.kernel import kernel, matrix, part, vector
from hiera.safety.qp.last_word import write_optimum, write_proof
from hiera.safety.qp.unit_rows import to_unit_bounds, to_unit_rows
from hiera.safety.qp.working_set import append_normal, back_substitute, remove_normal

_PARALLEL = 1e-26
"""Squared length under which a unit normal counts as inside the working set's span."""
_DRIFT = 1e-14
"""Relative error that the point may have gathered; less is no violation."""


@kernel
def workspace_size(k: int, m: int) -> int:
    """Entries of the float64 workspace for ``k`` rows and ``m`` inputs."""
    return 2 * m * m + 13 * m + k * m + 4 * k + 2


@part
def solve_unchecked(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u: FloatArray,
    lam: FloatArray,
    work: FloatArray,
    looseness: float,
) -> int:
    """Runs the method; what it claims is not verified here.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights, positive, shape ``(m,)``.
        A: Rows, shape ``(k, m)``.
        b: Shape ``(k,)``; -inf switches a row off.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.
        u: Gets the point, shape ``(m,)``.
        lam: Gets the multipliers of rows, lower and upper bounds, shape ``(k + 2 m,)``; those of
            the contradiction where the claim is `INFEASIBLE`.
        work: At least `workspace_size` entries.
        looseness: Factor on what counts as rounding and not as a violation, 1 or more.

    Returns:
        `SOLVED`, `INFEASIBLE`, `ITERATION_LIMIT` or `NOT_FINITE`.
    """
    k, m = A.shape
    QT, R = matrix(work, 0, m, m), matrix(work, m * m, m, m)
    o = 2 * m * m
    N, c = matrix(work, o, k, m), vector(work, o + k * m, k)
    o += k * m + k
    noise, inverse_norm = vector(work, o, k), vector(work, o + k, k)
    inside = vector(work, o + 2 * k, k + 2 * m)
    o += 3 * k + 2 * m
    origin, scale, pull = vector(work, o, m), vector(work, o + m, m), vector(work, o + 2 * m, m)
    low, high = vector(work, o + 3 * m, m), vector(work, o + 4 * m, m)
    v, z = vector(work, o + 5 * m, m), vector(work, o + 6 * m, m)
    d, r = vector(work, o + 7 * m, m), vector(work, o + 8 * m, m)
    y, members = vector(work, o + 9 * m, m + 1), vector(work, o + 10 * m + 1, m + 1)

    lam[:] = 0.0
    claim, at = to_unit_bounds(u_nom, w, lower, upper, origin, scale, low, high, pull)
    if claim != SOLVED:
        if claim == INFEASIBLE:
            lam[k + at] = lam[k + m + at] = 1.0
        return claim
    claim, at = to_unit_rows(looseness, A, b, origin, scale, N, c, noise, inverse_norm)
    if claim != SOLVED:
        if claim == INFEASIBLE:
            lam[at] = 1.0
        return claim

    q = _start(k, pull, v, QT, R, y, members, inside)
    claim, q = _iterate(
        looseness * _DRIFT, q, N, c, noise, low, high, pull, v, z, d, r, y, QT, R, members, inside
    )
    if claim == INFEASIBLE:
        write_proof(q, A, lower, upper, inverse_norm, y, members, lam)
    else:
        write_optimum(
            q, u_nom, w, A, b, lower, upper, origin, scale, inverse_norm, pull, v, d, y,
            QT, R, members, u, lam,
        )  # fmt: skip
    return claim


@part
def _start(
    k: int,
    pull: FloatArray,
    v: FloatArray,
    QT: FloatArray,
    R: FloatArray,
    y: FloatArray,
    members: FloatArray,
    inside: FloatArray,
) -> int:
    """The optimum over the box alone, and its working set."""
    m = len(v)
    inside[:] = 0.0
    QT[:] = 0.0
    q, behind = 0, m
    for j in range(m):
        v[j] = 0.0
        if pull[j] == 0.0:
            behind -= 1
            QT[behind, j] = 1.0
            continue
        which = k + j if pull[j] < 0.0 else k + m + j
        for a in range(q):
            R[a, q] = 0.0
        R[q, q] = 1.0
        QT[q, j] = 1.0 if pull[j] < 0.0 else -1.0
        y[q] = abs(pull[j])
        members[q] = which
        inside[which] = 1.0
        q += 1
    return q


@part
def _most_violated(
    any_will_do: bool,
    drift: float,
    N: FloatArray,
    c: FloatArray,
    noise: FloatArray,
    low: FloatArray,
    high: FloatArray,
    v: FloatArray,
    inside: FloatArray,
) -> tuple[int, float]:
    """The constraint farthest from being met and how far, or -1."""
    k, m = N.shape
    far = 0.0
    for j in range(m):
        far = max(far, abs(v[j]))
    drift *= far
    which, worst = -1, 0.0
    for j in range(m):
        gap = low[j] - v[j]
        if gap > worst and gap > drift and inside[k + j] == 0.0:
            which, worst = k + j, gap
        gap = v[j] - high[j]
        if gap > worst and gap > drift and inside[k + m + j] == 0.0:
            which, worst = k + m + j, gap
    for i in range(k):
        if any_will_do and which >= 0:
            break
        gap = c[i]
        for j in range(m):
            gap -= N[i, j] * v[j]
        if gap > worst and gap > noise[i] + drift and inside[i] == 0.0:
            which, worst = i, gap
    return which, worst


@part
def _iterate(
    drift: float,
    q: int,
    N: FloatArray,
    c: FloatArray,
    noise: FloatArray,
    low: FloatArray,
    high: FloatArray,
    pull: FloatArray,
    v: FloatArray,
    z: FloatArray,
    d: FloatArray,
    r: FloatArray,
    y: FloatArray,
    QT: FloatArray,
    R: FloatArray,
    members: FloatArray,
    inside: FloatArray,
) -> tuple[int, int]:
    """Adds and drops constraints until none is violated; the claim and the set's size."""
    k, m = N.shape
    left = 100 + 4 * (k + 2 * m)
    best = -1.0
    stalled = False
    while True:
        p, gap = _most_violated(stalled, drift, N, c, noise, low, high, v, inside)
        if p < 0:
            return SOLVED, q
        y[q] = 0.0
        while True:
            left -= 1
            if left < 0:
                return ITERATION_LIMIT, q
            zz = _directions(p, q, N, d, z, r, QT, R)
            step, leaves = math.inf, -1
            largest = 1.0
            for a in range(q):
                largest = max(largest, abs(r[a]))
            for a in range(q):
                if r[a] > 1e-13 * largest and y[a] < step * r[a]:
                    step, leaves = y[a] / r[a], a
            full = gap / zz if zz > _PARALLEL else math.inf
            if full <= step:
                step, leaves = full, -1
            if step == math.inf:
                for a in range(q):
                    y[a] = max(-r[a], 0.0)
                y[q], members[q] = 1.0, p
                return INFEASIBLE, q + 1
            for a in range(q):
                y[a] = max(y[a] - step * r[a], 0.0)
            y[q] += step
            if zz > _PARALLEL:
                for j in range(m):
                    v[j] += step * z[j]
                gap -= step * zz
            if leaves < 0:
                break
            inside[int(members[leaves])] = 0.0
            remove_normal(q, leaves, QT, R)
            for a in range(leaves, q):
                y[a] = y[a + 1]
            for a in range(leaves, q - 1):
                members[a] = members[a + 1]
            q -= 1
        append_normal(q, zz, d, z, QT, R)
        members[q] = p
        inside[p] = 1.0
        q += 1
        # The dual value rises with every full step; where rounding hides that, the first
        # violated constraint is taken in place of the worst, which cannot cycle.
        value = 0.0
        for j in range(m):
            value += (v[j] - pull[j]) * (v[j] - pull[j])
        stalled = value <= best
        best = max(best, value)


@part
def _directions(
    p: int,
    q: int,
    N: FloatArray,
    d: FloatArray,
    z: FloatArray,
    r: FloatArray,
    QT: FloatArray,
    R: FloatArray,
) -> float:
    """Fills ``d = Q'n``, ``z = Q2 Q2'n`` and ``r = R^-1 Q1'n``; the squared length of ``z``."""
    k, m = N.shape
    if p < k:
        for a in range(m):
            total = 0.0
            for j in range(m):
                total += QT[a, j] * N[p, j]
            d[a] = total
    elif p < k + m:
        for a in range(m):
            d[a] = QT[a, p - k]
    else:
        for a in range(m):
            d[a] = -QT[a, p - k - m]
    for j in range(m):
        z[j] = 0.0
    zz = 0.0
    for a in range(q, m):
        zz += d[a] * d[a]
        for j in range(m):
            z[j] += d[a] * QT[a, j]
    for a in range(q):
        r[a] = d[a]
    back_substitute(q, R, r)
    return zz
