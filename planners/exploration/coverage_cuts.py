"""Separation for the covering-walk programme: node sets that a walk must enter and x does not.

A walk from s that enters the set S enters every set W that contains S and not s, so for each such
W the traversals of arcs into W sum to at least 1. That is true of any W, however it was found: no
rounding here can make a row wrong. Which rows help is asked of a maximum flow from s to S with
the traversals as capacities; where it is below 1, the minimum cut nearest S is a violated row.
Cuts nearest s are as valid and lead there an order of magnitude more slowly. A little capacity on
every arc prefers cuts of few arcs, which saves as much again.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

TOLERANCE = 1e-6
"""Rows violated by less are left alone."""
NESTED = 6
"""Most cuts for one covering set."""
EVERYWHERE = 0.003
"""Capacity that every arc has in the first place."""


@njit(cache=True)
def reversed_arcs(indptr: NDArray[np.int32], indices: NDArray[np.int32]) -> NDArray[np.int32]:
    """The opposite of each arc, -1 where there is none, shape ``(e,)``."""
    back = np.full(indices.shape[0], -1, np.int32)
    for v in range(indptr.shape[0] - 1):
        for a in range(indptr[v], indptr[v + 1]):
            for b in range(indptr[indices[a]], indptr[indices[a] + 1]):
                if indices[b] == v:
                    back[a] = b
    return back


@njit(cache=True)
def _augment(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    back: NDArray[np.int32],
    start: int,
    sink: NDArray[np.bool_],
    left: NDArray[np.float64],
    queue: NDArray[np.int32],
    by: NDArray[np.int32],
) -> float:
    """Sends flow along a shortest way with room left; returns how much, 0 if there is none."""
    by[:] = -1
    by[start] = -2
    queue[0] = start
    done, count, end = 0, 1, -1
    while done < count and end < 0:
        v = queue[done]
        done += 1
        for a in range(indptr[v], indptr[v + 1]):
            other = indices[a]
            if by[other] == -1 and left[a] > TOLERANCE * 1e-3:
                by[other] = a
                if sink[other]:
                    end = other
                    break
                queue[count] = other
                count += 1
    if end < 0:
        return 0.0
    most = np.inf
    v = end
    while v != start:
        most = min(most, left[by[v]])
        v = indices[back[by[v]]]
    v = end
    while v != start:
        left[by[v]] -= most
        left[back[by[v]]] += most
        v = indices[back[by[v]]]
    return float(most)


@njit(cache=True)
def nearest_cut(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    back: NDArray[np.int32],
    start: int,
    sink: NDArray[np.bool_],
    capacity: NDArray[np.float64],
    inside: NDArray[np.bool_],
) -> bool:
    """Looks for a cut of less than 1 between a start and a set, the one nearest the set.

    Args:
        indptr: Row starts of the arcs, shape ``(n + 1,)``; every arc has its opposite.
        indices: Heads, shape ``(e,)``.
        back: From `reversed_arcs`.
        start: Node the flow comes from, not in the set.
        sink: The set, shape ``(n,)``.
        capacity: Of each arc, not negative, shape ``(e,)``.
        inside: Written: nodes on the set's side, shape ``(n,)``.

    Returns:
        Whether there is one.
    """
    n = indptr.shape[0] - 1
    left = capacity.copy()
    queue, by = np.empty(n, np.int32), np.empty(n, np.int32)
    flow = 0.0
    while flow < 1.0 - TOLERANCE:
        more = _augment(indptr, indices, back, start, sink, left, queue, by)
        if more == 0.0:
            break
        flow += more
    if flow >= 1.0 - TOLERANCE:
        return False
    inside[:] = sink
    count = 0
    for v in range(n):
        if sink[v]:
            queue[count] = v
            count += 1
    done = 0
    while done < count:
        v = queue[done]
        done += 1
        for a in range(indptr[v], indptr[v + 1]):
            other = indices[a]
            if not inside[other] and left[back[a]] > TOLERANCE * 1e-3:
                inside[other] = True
                queue[count] = other
                count += 1
    return not inside[start]


@njit(cache=True)
def _cuts(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    back: NDArray[np.int32],
    start: int,
    cover_indptr: NDArray[np.int32],
    cover_indices: NDArray[np.int32],
    x: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Up to `NESTED` cuts for every covering set; the arcs of each get capacity 1 for the next."""
    n = indptr.shape[0] - 1
    found = np.zeros((64, n), np.bool_)
    count = 0
    sink, inside = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for t in range(cover_indptr.shape[0] - 1):
        sink[:] = False
        for e in range(cover_indptr[t], cover_indptr[t + 1]):
            sink[cover_indices[e]] = True
        capacity = x.copy()
        for _ in range(NESTED):
            if not nearest_cut(indptr, indices, back, start, sink, capacity, inside):
                break
            if count == found.shape[0]:
                found = np.concatenate((found, np.zeros_like(found)))
            found[count] = inside
            count += 1
            for v in range(n):
                if inside[v]:
                    continue
                for a in range(indptr[v], indptr[v + 1]):
                    if inside[indices[a]]:
                        capacity[a] = 1.0
    return found[:count]


def violated_sets(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    back: NDArray[np.int32],
    start: int,
    cover_indptr: NDArray[np.int32],
    cover_indices: NDArray[np.int32],
    x: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Sets W that x enters less than once; none only if there is none.

    Args:
        indptr: Row starts of the arcs, shape ``(n + 1,)``; every arc has its opposite.
        indices: Heads, shape ``(e,)``.
        back: From `reversed_arcs`.
        start: Node of the start.
        cover_indptr: Row starts of the covering sets, shape ``(t + 1,)``.
        cover_indices: Their nodes, none of them the start.
        x: Traversals of each arc, shape ``(e,)``.

    Returns:
        Masks of nodes, shape ``(k, n)``; each contains a covering set and not the start.
    """
    x = np.maximum(x, 0.0)
    graph = (indptr, indices, back, start, cover_indptr, cover_indices)
    found: NDArray[np.bool_] = _cuts(*graph, x + EVERYWHERE)
    return found if len(found) else _cuts(*graph, x)
