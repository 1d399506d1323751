"""Shortest ways between the stops of a tour, and what is seen on the way.

One search per stop (E. W. Dijkstra, 1959), made when it is first asked for. Sets of frontiers are
bit rows of 64-bit words. Of two ways of equal length the one that sees more is kept, and a node's
``bias`` [m], far below any edge, settles the rest: ways then pass through the nodes that one
likes to stop at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FAR = 1e18
"""Distance of what cannot be reached [m]."""

_EQUAL_M = 1e-7


class Ways(NamedTuple):
    """A graph of ``t`` nodes and the ways from ``m`` stops; stop 0 is the robot.

    Attributes:
        indptr: Row starts of the graph, shape ``(t + 1,)``.
        indices: Neighbours, shape ``(e,)``.
        lengths: Edge lengths, shape ``(e,)`` [m].
        known: Edges the robot may use now, shape ``(e,)``; its own ways use no others.
        bias: Taken off every arrival, shape ``(t,)`` [m].
        seen: Frontiers each node sees, bit rows, shape ``(t, words)``.
        stops: Node of each stop, shape ``(m,)``.
        ready: Whether the ways from a stop have been searched, shape ``(m,)``.
        distance: From each stop to every node, shape ``(m, t)`` [m].
        before: Node before each on its way, shape ``(m, t)``.
        cover: Frontiers seen on the way, its start left out, shape ``(m, t, words)``.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    known: NDArray[np.bool_]
    bias: NDArray[np.float64]
    seen: NDArray[np.uint64]
    stops: NDArray[np.int32]
    ready: NDArray[np.bool_]
    distance: NDArray[np.float64]
    before: NDArray[np.int32]
    cover: NDArray[np.uint64]


def new_ways(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    known: NDArray[np.bool_],
    bias: NDArray[np.float64],
    seen: NDArray[np.uint64],
    stops: NDArray[np.int32],
) -> Ways:
    """Ways none of which has been searched yet."""
    m, t = len(stops), len(indptr) - 1
    return Ways(
        indptr=indptr,
        indices=indices,
        lengths=lengths,
        known=known,
        bias=bias,
        seen=seen,
        stops=stops,
        ready=np.zeros(m, np.bool_),
        distance=np.empty((m, t)),
        before=np.empty((m, t), np.int32),
        cover=np.empty((m, t, seen.shape[1]), np.uint64),
    )


@njit(cache=True)
def bit_rows(
    indptr: NDArray[np.int32], indices: NDArray[np.int32], rows: int, words: int
) -> NDArray[np.uint64]:
    """Sets given as compressed sparse rows, as bit rows of shape ``(rows, words)``."""
    bits = np.zeros((rows, words), np.uint64)
    for k in range(indptr.shape[0] - 1):
        for e in range(indptr[k], indptr[k + 1]):
            bits[k, indices[e] >> 6] |= np.uint64(1) << np.uint64(indices[e] & 63)
    return bits


@njit(cache=True, inline="always")
def count_bits(word: np.uint64) -> int:
    """Number of bits set in a 64-bit word."""
    w = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    w = (w & np.uint64(0x3333333333333333)) + ((w >> np.uint64(2)) & np.uint64(0x3333333333333333))
    w = (w + (w >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((w * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def search(ways: Ways, stop: int) -> None:
    """Searches the ways from a stop unless that has been done."""
    if ways.ready[stop]:
        return
    ways.ready[stop] = True
    distance, before, cover = ways.distance[stop], ways.before[stop], ways.cover[stop]
    source = ways.stops[stop]
    distance[:] = FAR
    before[:] = -1
    distance[source] = 0.0
    cover[source, :] = 0
    done = np.zeros(distance.shape[0], np.bool_)
    many = np.zeros(distance.shape[0], np.int64)
    heap, node = np.empty(ways.indices.shape[0] + 1), np.empty(ways.indices.shape[0] + 1, np.int32)
    heap[0], node[0], size = 0.0, source, 1
    while size > 0:
        here = node[0]
        size = _pop(heap, node, size)
        if done[here]:
            continue
        done[here] = True
        for e in range(ways.indptr[here], ways.indptr[here + 1]):
            other = ways.indices[e]
            if done[other] or (stop == 0 and not ways.known[e]):
                continue
            reach = distance[here] + ways.lengths[e] - ways.bias[other]
            if reach >= distance[other] + _EQUAL_M:
                continue
            nearer = reach < distance[other] - _EQUAL_M
            count = 0
            for w in range(cover.shape[1]):
                count += count_bits(cover[here, w] | ways.seen[other, w])
            if not nearer and count <= many[other]:
                continue
            before[other], many[other] = here, count
            for w in range(cover.shape[1]):
                cover[other, w] = cover[here, w] | ways.seen[other, w]
            if nearer:
                distance[other] = reach
                size = _push(heap, node, size, reach, other)


@njit(cache=True)
def _push(
    heap: NDArray[np.float64], node: NDArray[np.int32], size: int, key: float, value: int
) -> int:
    i = size
    while i > 0 and heap[(i - 1) // 2] > key:
        heap[i], node[i] = heap[(i - 1) // 2], node[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i], node[i] = key, value
    return size + 1


@njit(cache=True)
def _pop(heap: NDArray[np.float64], node: NDArray[np.int32], size: int) -> int:
    """Removes the first; returns the new size."""
    size -= 1
    key, value = heap[size], node[size]
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[i], node[i] = heap[child], node[child]
        i = child
    heap[i], node[i] = key, value
    return size


def way_to(ways: Ways, stop: int) -> list[int]:
    """Nodes from the robot's node to a stop's, both included."""
    nodes = [int(ways.stops[stop])]
    while nodes[-1] != ways.stops[0]:
        nodes.append(int(ways.before[0, nodes[-1]]))
    return nodes[::-1]
