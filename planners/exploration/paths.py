"""Shortest paths over the viewpoint graph: Dijkstra with a binary heap, whole or confined.

E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1, 1959.
The confined form walks only nodes that carry one of two labels; it touches no array of the
graph's size, so its cost is that of the two places and not of the building.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.planners.exploration.belief import RoadmapLike


def distances_from(roadmap: RoadmapLike, source: int) -> NDArray[np.float64]:
    """Graph distance from a node to every node, shape ``(n,)`` [m]; inf where unreachable."""
    n = roadmap.xy.shape[0]
    distance = np.full(n, np.inf)
    everywhere = np.zeros(n, dtype=np.int64)
    confined_distances(
        roadmap.indptr, roadmap.indices, roadmap.lengths, everywhere, 0, 0, source, distance
    )
    return distance


@njit(cache=True)
def confined_distances(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    labels: NDArray[np.int64],
    label_a: int,
    label_b: int,
    source: int,
    distance: NDArray[np.float64],
) -> None:
    """Fills ``distance`` for nodes reachable through nodes labelled ``label_a`` or ``label_b``.

    Args:
        indptr: CSR row starts, shape ``(n + 1,)``.
        indices: CSR neighbours, shape ``(e,)``.
        lengths: Edge lengths, shape ``(e,)`` [m].
        labels: Label of each node, shape ``(n,)``.
        label_a: One label that may be walked.
        label_b: The other.
        source: Start node, itself of either label.
        distance: In: inf at every node of both labels. Out: distances, shape ``(n,)`` [m].
    """
    keys = np.empty(64)
    nodes = np.empty(64, dtype=np.int64)
    keys[0], nodes[0] = 0.0, source
    size = 1
    distance[source] = 0.0
    while size > 0:
        key, node = keys[0], nodes[0]
        size -= 1
        _sift_down(keys, nodes, size)
        if key > distance[node]:
            continue
        for e in range(indptr[node], indptr[node + 1]):
            other = indices[e]
            if labels[other] != label_a and labels[other] != label_b:
                continue
            reach = key + lengths[e]
            if reach < distance[other]:
                distance[other] = reach
                if size == keys.shape[0]:
                    keys = np.concatenate((keys, np.empty(size)))
                    nodes = np.concatenate((nodes, np.empty(size, dtype=np.int64)))
                _sift_up(keys, nodes, size, reach, other)
                size += 1


@njit(cache=True)
def _sift_up(
    keys: NDArray[np.float64], nodes: NDArray[np.int64], at: int, key: float, node: int
) -> None:
    while at > 0:
        parent = (at - 1) >> 1
        if keys[parent] <= key:
            break
        keys[at], nodes[at] = keys[parent], nodes[parent]
        at = parent
    keys[at], nodes[at] = key, node


@njit(cache=True)
def _sift_down(keys: NDArray[np.float64], nodes: NDArray[np.int64], size: int) -> None:
    """Moves the entry at ``size`` to the root's place and restores the heap of ``size``."""
    key, node = keys[size], nodes[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at], nodes[at] = keys[child], nodes[child]
        at = child
    keys[at], nodes[at] = key, node
