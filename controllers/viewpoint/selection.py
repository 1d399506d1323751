"""Few viewpoints that stand for many: such as see what all see, and such as keep apart."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.legs import count_bits


@njit(cache=True)
def thinned(xy: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Positions, best first, of at most so many points that keep apart as far as that takes.

    Args:
        xy: Points, best first, shape ``(n, 2)`` [m].
        most: How many may stay.
    """
    apart = 1.0
    while True:
        keep = np.zeros(xy.shape[0], np.bool_)
        count = 0
        for i in range(xy.shape[0]):
            clear = True
            for j in range(i):
                dx, dy = abs(xy[i, 0] - xy[j, 0]), abs(xy[i, 1] - xy[j, 1])
                if keep[j] and max(dx, dy) < apart:
                    clear = False
                    break
            if clear:
                keep[i] = True
                count += 1
                if count > most:
                    break
        if count <= most:
            return np.flatnonzero(keep)
        apart *= 1.2


@njit(cache=True)
def covering(seen: NDArray[np.uint64], begin: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows that together see all that any row sees, those of ``begin`` first.

    Greedy set cover (V. Chvatal, Mathematics of Operations Research 4(3), 1979); of equals the
    first.

    Args:
        seen: Bit rows, shape ``(n, words)``.
        begin: Rows that are chosen anyhow.
    """
    n, words = seen.shape
    left = np.zeros(words, np.uint64)
    for k in range(n):
        for w in range(words):
            left[w] |= seen[k, w]
    chosen = np.empty(n, np.intp)
    chosen[: begin.shape[0]] = begin
    count = begin.shape[0]
    for k in begin:
        for w in range(words):
            left[w] &= ~seen[k, w]
    while True:
        best, most = -1, 0
        for k in range(n):
            new = 0
            for w in range(words):
                new += count_bits(seen[k, w] & left[w])
            if new > most:
                best, most = k, new
        if best < 0:
            return chosen[:count]
        chosen[count] = best
        count += 1
        for w in range(words):
            left[w] &= ~seen[best, w]
