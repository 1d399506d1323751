"""Many programmes of one shape: the same kernel in a loop.

One thread unless more are asked for. Threads are Python's, the kernel runs without the
interpreter's lock: no second compilation, no team that spins on a busy machine, and two callers
do not meet in one pool.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.qp.answer import SOLVED
from hiera.safety.qp.checked import solve_and_check
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.qp.kernel import kernel, matrix, vector


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Verified points, or the reasons why there are none.

    Attributes:
        u: The points, shape ``(B, m)``; NaN where the code is not `SOLVED`.
        codes: What is known about each, shape ``(B,)``; `QpStatus.of` names a code.
        multipliers: Of rows, lower and upper bounds, shape ``(B, k + 2 m)``.
    """

    u: FloatArray
    codes: NDArray[np.int64]
    multipliers: FloatArray

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Where there is a point, shape ``(B,)``."""
        return np.equal(self.codes, SOLVED)


def solve_batch(
    u_nom: ArrayLike,
    w: ArrayLike,
    A: ArrayLike,
    b: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    threads: int = 1,
) -> BatchAnswer:
    """Solves and checks a batch of programmes with the own kernel alone.

    Args:
        u_nom: Nominal inputs, shape ``(B, m)``.
        w: Weights, positive, shape ``(B, m)`` or ``(m,)`` for all.
        A: Rows, shape ``(B, k, m)`` or ``(k, m)`` for all.
        b: Shape ``(B, k)`` or ``(k,)`` for all.
        lower: Shape ``(B, m)`` or ``(m,)`` for all.
        upper: Shape ``(B, m)`` or ``(m,)`` for all.
        threads: Number of threads, worth it from thousands of programmes on.

    Raises:
        ValueError: If the shapes do not fit one another or ``threads`` is not positive.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, not {threads}")
    at = np.ascontiguousarray(u_nom, dtype=np.float64)
    if at.ndim != 2:
        raise ValueError(f"u_nom must have shape (B, m), not {at.shape}")
    size, m = at.shape
    k = np.shape(b)[-1]
    data = (
        _spread(at, (size, m)),
        _spread(w, (size, m)),
        _spread(A, (size, k, m)),
        _spread(b, (size, k)),
        _spread(lower, (size, m)),
        _spread(upper, (size, m)),
    )
    answer = BatchAnswer(
        np.empty((size, m)), np.empty(size, dtype=np.int64), np.empty((size, k + 2 * m))
    )

    def run(first: int, last: int) -> None:
        work = np.empty(workspace_size(k, m))
        _solve_range(first, last, *data, answer.u, answer.multipliers, answer.codes, work)

    if threads == 1:
        run(0, size)
        return answer
    edges = [size * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, edges[:-1], edges[1:]))
    return answer


def _spread(values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    array = np.ascontiguousarray(np.broadcast_to(array, shape))
    return array if array.flags.writeable else array.copy()


@kernel
def _solve_range(
    first: int,
    last: int,
    u_nom: FloatArray,
    w: FloatArray,
    A: FloatArray,
    b: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    u: FloatArray,
    lam: FloatArray,
    codes: NDArray[np.int64],
    work: FloatArray,
) -> None:
    k, m = A.shape[1], A.shape[2]
    for i in range(first, last):
        codes[i] = solve_and_check(
            vector(u_nom, i * m, m),
            vector(w, i * m, m),
            matrix(A, i * k * m, k, m),
            vector(b, i * k, k),
            vector(lower, i * m, m),
            vector(upper, i * m, m),
            vector(u, i * m, m),
            vector(lam, i * (k + 2 * m), k + 2 * m),
            work,
        )
