"""The programme from Python: the own kernel first, DAQP where its answer was not verified.

Both are held to the same check. Only when neither passes is the answer `QpStatus.UNVERIFIED`.
"""

from __future__ import annotations

import daqp
import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import INFEASIBLE, NOT_FINITE, SOLVED, UNVERIFIED, QpAnswer, QpStatus
from hiera.safety.qp.checked import solve_checked
from hiera.safety.qp.conflict import find_conflict
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.qp.verify import is_contradiction, is_optimal

_UNBOUNDED = 1e30


def nearest(
    u_nom: ArrayLike,
    w: ArrayLike,
    A: ArrayLike,
    b: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
) -> QpAnswer:
    """The input nearest to the nominal one that satisfies rows and bounds.

    Args:
        u_nom: Nominal input, shape ``(m,)``.
        w: Weights of the distance, positive, shape ``(m,)``.
        A: Rows of ``A u >= b``, shape ``(k, m)``, any scale.
        b: Shape ``(k,)``; -inf switches a row off.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.

    Raises:
        ValueError: If the shapes do not fit one another.
    """
    at, weights, low, high = _own(u_nom), _own(w), _own(lower), _own(upper)
    offsets, rows = _own(b), _own(A)
    m, k = len(at), len(offsets)
    if rows.shape != (k, m):
        if k or rows.size:
            raise ValueError(f"A must have shape ({k}, {m}), not {rows.shape}")
        rows = np.empty((0, m))
    if not len(weights) == len(low) == len(high) == m:
        raise ValueError(f"w, lower and upper must have shape ({m},), like u_nom")
    u, lam, work = np.empty(m), np.empty(k + 2 * m), np.empty(_workspace_size(k, m))
    code = solve_checked(at, weights, rows, offsets, low, high, u, lam, work)
    fallback = code not in (SOLVED, INFEASIBLE, NOT_FINITE)
    if fallback:
        second = _ask_daqp(at, weights, rows, offsets, low, high, u, lam)
        code = code if second == UNVERIFIED else second
    return QpAnswer(u, QpStatus.of(code), lam[:k], lam[k:].reshape(2, m), fallback)


def solve_qp(
    H: ArrayLike, f: ArrayLike, A: ArrayLike, b: ArrayLike, lower: ArrayLike, upper: ArrayLike
) -> QpAnswer:
    """Minimises ``1/2 u'Hu + f'u`` subject to ``A u >= b``, ``lower <= u <= upper``.

    A diagonal ``H`` is `nearest` at once. Any other becomes the identity with ``v = L'u``,
    ``H = L L'``, whose bounds are rows; the point is then set back onto the bounds.

    Args:
        H: Symmetric positive definite, shape ``(m, m)``, or its diagonal, shape ``(m,)``.
        f: Shape ``(m,)``.
        A: Shape ``(k, m)``.
        b: Shape ``(k,)``; -inf switches a row off.
        lower: Shape ``(m,)``, may be -inf.
        upper: Shape ``(m,)``, may be inf.

    Raises:
        ValueError: If the shapes do not fit one another or ``H`` is not positive definite.
    """
    hessian, linear = np.asarray(H, dtype=np.float64), np.asarray(f, dtype=np.float64)
    if hessian.shape not in ((len(linear), len(linear)), (len(linear),)):
        raise ValueError(f"H must have shape ({len(linear)}, {len(linear)}), not {hessian.shape}")
    weights = hessian if hessian.ndim == 1 else hessian.diagonal()
    if not (weights.min() > 0.0 and weights.max() < np.inf):
        raise ValueError("H must be positive definite")
    if hessian.ndim == 1 or np.count_nonzero(hessian) == len(weights):
        return nearest(-linear / weights, weights, A, b, lower, upper)
    return _solve_dense(hessian, linear, A, b, lower, upper)


def _solve_dense(
    H: FloatArray, f: FloatArray, A: ArrayLike, b: ArrayLike, lower: ArrayLike, upper: ArrayLike
) -> QpAnswer:
    low, high, offsets = _own(lower), _own(upper), _own(b)
    m, k = len(f), len(offsets)
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(H))
    except np.linalg.LinAlgError as error:
        raise ValueError("H must be positive definite") from error
    rows = np.vstack((_own(A).reshape(k, m), np.eye(m), -np.eye(m)))
    free = np.full(m, np.inf)
    inner = nearest(
        -inverse @ f, np.ones(m), rows @ inverse.T, np.concatenate((offsets, low, -high)),
        -free, free,
    )  # fmt: skip
    u = np.minimum(np.maximum(inverse.T @ inner.u, low), high)
    bounds = inner.multipliers[k:].reshape(2, m)
    return QpAnswer(u, inner.status, inner.multipliers[:k], bounds, inner.fallback)


def _own(values: ArrayLike) -> FloatArray:
    """As the kernel wants it: float64, contiguous, and of a type it was compiled for."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    return array if array.flags.writeable else array.copy()


def _workspace_size(k: int, m: int) -> int:
    size: int = workspace_size(k, m)
    return size


def _ask_daqp(
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u: FloatArray,
    lam: FloatArray,
) -> int:
    """DAQP's answer in ``u`` and ``lam``, and the code of the check, not of DAQP.

    Where DAQP says infeasible it gives no proof; the duals of `find_conflict` are one.
    """
    m, k = len(u_nom), len(b)
    length = np.sqrt(np.sum(A * A / w, axis=1))
    length[length == 0.0] = 1.0
    unit = np.ascontiguousarray(A / length[:, None])
    high = np.concatenate((np.minimum(upper, _UNBOUNDED), np.full(k, _UNBOUNDED)))
    low = np.concatenate((lower, b / length)).clip(-_UNBOUNDED, None)
    point, _, flag, info = daqp.solve(
        np.diag(w), -w * u_nom, unit, high, low, np.zeros(m + k, dtype=np.int32)
    )
    raw = np.asarray(info["lam"], dtype=np.float64)
    lam[:] = 0.0
    if flag > 0:
        lam[:k] = np.maximum(-raw[m:], 0.0) / length
        u[:] = np.clip(np.asarray(point, dtype=np.float64), lower, upper)
        u[:] = np.where(raw[:m] < 0.0, lower, np.where(raw[:m] > 0.0, upper, u))
        pull = w * (u - u_nom) - A.T @ lam[:k]
        lam[k : k + m] = np.where(u == lower, np.maximum(pull, 0.0), 0.0)
        lam[k + m :] = np.where(u == upper, np.maximum(-pull, 0.0), 0.0)
        if is_optimal(u_nom, w, A, b, lower, upper, u, lam, np.empty(m)):
            return SOLVED
    else:
        conflict = find_conflict(A, b, lower, upper)
        rows = list(conflict.rows)
        lam[rows] = np.array(conflict.shares) / np.linalg.norm(A[rows], axis=1).clip(1e-300)
        pull = A.T @ lam[:k]
        lam[k : k + m] = np.where(np.isfinite(lower), np.maximum(-pull, 0.0), 0.0)
        lam[k + m :] = np.where(np.isfinite(upper), np.maximum(pull, 0.0), 0.0)
        if is_contradiction(A, b, lower, upper, lam):
            return INFEASIBLE
    u[:] = np.nan
    return UNVERIFIED
