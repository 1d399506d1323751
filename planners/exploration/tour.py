"""Open tours: visit k points once, starting from a given point, ending anywhere or at one of them.

Exact for k <= 10 by dynamic programming over subsets (M. Held and R. M. Karp, "A Dynamic
Programming Approach to Sequencing Problems", J. SIAM 10(1), 1962):
  C({j}, j) = d(0, j),   C(S, j) = min over i in S without j of C(S without j, i) + d(i, j).
Beyond that, the better of nearest-neighbour and cheapest-insertion construction, each improved
by 2-opt (G. A. Croes, 1958) and Or-opt (I. Or, 1976: a segment of one to three points moved
elsewhere, either way round) until neither finds anything. No random numbers: the same matrix
gives the same tour.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

EXACT_UP_TO: Final = 10
"""Number of points up to which a tour is proved optimal."""

_GAIN: Final = 1e-9
_FREE_END: Final = -1


def open_tour(distances: NDArray[np.float64], end: int | None = None) -> NDArray[np.intp]:
    """Orders points for a short walk from the start through all of them.

    Args:
        distances: Symmetric, finite, shape ``(k + 1, k + 1)`` [m]; row 0 is the start.
        end: Row of the point to finish at, ``1 … k``, or None to finish anywhere.

    Returns:
        The rows ``1 … k`` in visiting order, shape ``(k,)``.

    Raises:
        ValueError: If the matrix is not square, finite and symmetric, or ``end`` is no point.
    """
    matrix = np.ascontiguousarray(distances, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ValueError(f"a tour needs a square matrix of distances, not shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("a tour needs finite distances: leave unreachable points out")
    if not np.allclose(matrix, matrix.T):
        raise ValueError("a tour needs symmetric distances")
    k = matrix.shape[0] - 1
    if end is not None and not 1 <= end <= k:
        raise ValueError(f"the tour's end must be a row between 1 and {k}, not {end}")
    last = _FREE_END if end is None else end
    if k <= 1:
        return np.arange(1, k + 1, dtype=np.intp)
    if k <= EXACT_UP_TO:
        return np.asarray(_held_karp(matrix, last))
    return heuristic_tour(matrix, end)


def heuristic_tour(distances: NDArray[np.float64], end: int | None = None) -> NDArray[np.intp]:
    """Same as `open_tour` for any k >= 1, never exact by design; input is not checked."""
    last = _FREE_END if end is None else end
    fixed = end is not None
    nearest = _improve(distances, _nearest_neighbour(distances, last), fixed)
    inserted = _improve(distances, _cheapest_insertion(distances, last), fixed)
    shorter = _length(distances, nearest) <= _length(distances, inserted)
    return np.asarray(nearest if shorter else inserted)


def tour_length(distances: NDArray[np.float64], order: NDArray[np.intp]) -> float:
    """Length of the walk from row 0 through ``order`` [m]."""
    return float(_length(distances, order))


@njit(cache=True)
def _length(d: NDArray[np.float64], order: NDArray[np.intp]) -> float:
    total, at = 0.0, 0
    for node in order:
        total += d[at, node]
        at = node
    return total


@njit(cache=True)
def _held_karp(d: NDArray[np.float64], last: int) -> NDArray[np.intp]:
    k = d.shape[0] - 1
    full = (1 << k) - 1
    cost = np.full((1 << k, k), np.inf)
    parent = np.full((1 << k, k), -1, dtype=np.intp)
    for j in range(k):
        cost[1 << j, j] = d[0, j + 1]
    for subset in range(1, full + 1):
        for j in range(k):
            here = cost[subset, j]
            if not subset >> j & 1 or here == np.inf:
                continue
            for i in range(k):
                bigger = subset | (1 << i)
                if bigger != subset and here + d[j + 1, i + 1] < cost[bigger, i]:
                    cost[bigger, i] = here + d[j + 1, i + 1]
                    parent[bigger, i] = j
    j = last - 1 if last > 0 else int(np.argmin(cost[full]))
    order = np.empty(k, dtype=np.intp)
    subset = full
    for position in range(k - 1, -1, -1):
        order[position] = j + 1
        before = parent[subset, j]
        subset ^= 1 << j
        j = before
    return order


@njit(cache=True)
def _nearest_neighbour(d: NDArray[np.float64], last: int) -> NDArray[np.intp]:
    k = d.shape[0] - 1
    order = np.empty(k, dtype=np.intp)
    placed = np.zeros(k + 1, dtype=np.bool_)
    free = k
    if last > 0:
        placed[last] = True
        order[k - 1] = last
        free = k - 1
    at = 0
    for position in range(free):
        best = -1
        for node in range(1, k + 1):
            if not placed[node] and (best < 0 or d[at, node] < d[at, best]):
                best = node
        order[position] = best
        placed[best] = True
        at = best
    return order


@njit(cache=True)
def _cheapest_insertion(d: NDArray[np.float64], last: int) -> NDArray[np.intp]:
    """Grows the walk by the point whose insertion costs least; `follow` is a linked list."""
    k = d.shape[0] - 1
    follow = np.full(k + 1, -1, dtype=np.intp)
    placed = np.zeros(k + 1, dtype=np.bool_)
    if last > 0:
        follow[0] = last
        placed[last] = True
    for _ in range(k - (1 if last > 0 else 0)):
        best_cost, best_node, best_after = np.inf, -1, -1
        for node in range(1, k + 1):
            if placed[node]:
                continue
            after = 0
            while after >= 0:
                ahead = follow[after]
                if ahead < 0 and last > 0:
                    break
                extra = d[after, node]
                if ahead >= 0:
                    extra += d[node, ahead] - d[after, ahead]
                if extra < best_cost:
                    best_cost, best_node, best_after = extra, node, after
                after = ahead
        follow[best_node] = follow[best_after]
        follow[best_after] = best_node
        placed[best_node] = True
    order = np.empty(k, dtype=np.intp)
    at = 0
    for position in range(k):
        at = follow[at]
        order[position] = at
    return order


@njit(cache=True)
def _improve(d: NDArray[np.float64], order: NDArray[np.intp], fixed_end: bool) -> NDArray[np.intp]:
    """Alternates 2-opt and Or-opt until neither shortens the walk by more than `_GAIN`."""
    k = order.shape[0]
    path = np.zeros(k + 1, dtype=np.intp)
    path[1:] = order
    movable = k if not fixed_end else k - 1
    improved = True
    while improved:
        improved = _two_opt(d, path, movable) or _or_opt(d, path, movable)
    return path[1:].copy()


@njit(cache=True)
def _two_opt(d: NDArray[np.float64], path: NDArray[np.intp], movable: int) -> bool:
    """Reverses segments ``first … final`` of the movable part; True if one helped."""
    n = path.shape[0]
    any_gain = False
    for first in range(1, movable):
        for final in range(first + 1, movable + 1):
            a, b, c = path[first - 1], path[first], path[final]
            gain = d[a, b] - d[a, c]
            if final + 1 < n:
                after = path[final + 1]
                gain += d[c, after] - d[b, after]
            if gain > _GAIN:
                path[first : final + 1] = path[first : final + 1][::-1].copy()
                any_gain = True
    return any_gain


@njit(cache=True)
def _or_opt(d: NDArray[np.float64], path: NDArray[np.intp], movable: int) -> bool:
    """Moves one segment of up to three points to its best other place; True if one helped."""
    n = path.shape[0]
    for size in range(1, 4):
        for first in range(1, movable - size + 2):
            final = first + size - 1
            a, b, c = path[first - 1], path[first], path[final]
            closed = 0.0
            cut = d[a, b]
            if final + 1 < n:
                cut += d[c, path[final + 1]]
                closed = d[a, path[final + 1]]
            best, best_at, best_turned = _GAIN, -1, False
            for at in range(movable + 1):
                if first - 1 <= at <= final:
                    continue
                left = path[at]
                opened, straight, turned = 0.0, d[left, b], d[left, c]
                if at + 1 < n:
                    right = path[at + 1]
                    opened = d[left, right]
                    straight += d[c, right]
                    turned += d[b, right]
                for flip in range(2):
                    added = turned if flip else straight
                    gain = cut - closed + opened - added
                    if gain > best:
                        best, best_at, best_turned = gain, at, flip == 1
            if best_at >= 0:
                _move(path, first, final, best_at, best_turned)
                return True
    return False


@njit(cache=True)
def _move(path: NDArray[np.intp], first: int, final: int, at: int, turned: bool) -> None:
    """Puts ``path[first … final]`` right after position ``at`` (outside the segment)."""
    segment = path[first : final + 1].copy()
    if turned:
        segment = segment[::-1].copy()
    size = segment.shape[0]
    if at > final:
        path[first : at - size + 1] = path[final + 1 : at + 1].copy()
        path[at - size + 1 : at + 1] = segment
    else:
        path[at + 1 + size : final + 1] = path[at + 1 : first].copy()
        path[at + 1 : at + 1 + size] = segment
