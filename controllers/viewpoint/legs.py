"""Shortest ways between the stops of a tour, and what is seen on the way.

One search per stop, made when it is first asked for: Dijkstra's with buckets for a queue
(R. B. Dial, "Algorithm 360", Communications of the ACM 12(11), 1969), which are no wider than the
shortest edge, so that nodes of one bucket cannot be on each other's ways. Sets of frontiers are
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


class Memory(NamedTuple):
    """Working memory of a search, by node and by entry of its buckets; nothing of it is kept.

    Attributes:
        distance: Distance of each node [m].
        before: Node before each.
        noted: Last node on the way to each that sees anything.
        cover: What is seen on the way to such a node, bit rows.
        many: How many frontiers that are, with the node's own; -1 if not counted yet.
        done: Whether a node's way is settled.
        wanted: Whether it is a stop.
        head: First entry of each bucket, -1 if it is empty; a power of two of them.
        entry: Node of each entry.
        behind: Entry behind it in its bucket, -1 if it is the last.
        useful: Edges of a node that lead on.
        reach: Where they lead [m].
    """

    distance: NDArray[np.float64]
    before: NDArray[np.int32]
    noted: NDArray[np.int32]
    cover: NDArray[np.uint64]
    many: NDArray[np.int32]
    done: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    head: NDArray[np.int32]
    entry: NDArray[np.int32]
    behind: NDArray[np.int32]
    useful: NDArray[np.uint32]
    reach: NDArray[np.float64]


class Ways(NamedTuple):
    """A graph of ``t`` nodes and the ways from ``m`` stops; stop 0 is the robot.

    Attributes:
        indptr: Row starts of the graph, shape ``(t + 1,)``.
        indices: Neighbours, shape ``(e,)``.
        lengths: Edge lengths less the bias of where they lead, shape ``(e,)`` [m].
        known: Edges the robot may use now, shape ``(e,)``; its own ways use no others.
        seen: Frontiers each node sees, bit rows, shape ``(t, words)``.
        sees: Whether it sees any, shape ``(t,)``.
        stops: Node of each stop, shape ``(m,)``.
        ready: Whether the ways from a stop have been searched, shape ``(m,)``.
        distance: From each stop to every other, shape ``(m, m)`` [m].
        cover: Frontiers seen on the way, its start left out, shape ``(m, m, words)``.
        before: Node before each on its way from the robot, as far as stops lie, shape ``(t,)``.
        width_m: Width of a bucket of the search, at most the shortest edge [m].
        memory: Working memory; one edge does not lead past all of its buckets.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    known: NDArray[np.bool_]
    seen: NDArray[np.uint64]
    sees: NDArray[np.bool_]
    stops: NDArray[np.int32]
    ready: NDArray[np.bool_]
    distance: NDArray[np.float64]
    cover: NDArray[np.uint64]
    before: NDArray[np.int32]
    width_m: float
    memory: Memory


def new_ways(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    known: NDArray[np.bool_],
    bias: NDArray[np.float64],
    seen: NDArray[np.uint64],
    stops: NDArray[np.int32],
) -> Ways:
    """Ways none of which has been searched yet; ``bias (t,)`` [m] is taken off every arrival.

    Raises:
        ValueError: If an edge is not longer than the bias.
    """
    m, t = len(stops), len(indptr) - 1
    lengths = lengths - bias[indices]
    longest, width = 1.0, 1.0
    if len(lengths):
        longest, width = float(lengths.max()), float(lengths.min())
        if not 0.0 < width < np.inf:
            raise ValueError(f"ways: an edge of {lengths.min():g} m, expected a positive length")
    return Ways(
        indptr=indptr,
        indices=indices,
        lengths=lengths,
        known=known,
        seen=seen,
        sees=np.asarray(seen.any(axis=1)),
        stops=stops,
        ready=np.zeros(m, np.bool_),
        distance=np.empty((m, m)),
        cover=np.empty((m, m, seen.shape[1]), np.uint64),
        before=np.empty(t, np.int32),
        width_m=width,
        memory=_memory(indptr, seen.shape, int(longest / width) + 2),
    )


def _memory(indptr: NDArray[np.int32], shape: tuple[int, ...], buckets: int) -> Memory:
    """Memory for searches of nodes that see bit rows of a shape ``(t, words)``."""
    t, edges = shape[0], int(indptr[-1])
    most = int(np.diff(indptr).max(initial=0)) + 1
    return Memory(
        distance=np.empty(t),
        before=np.empty(t, np.int32),
        noted=np.empty(t, np.int32),
        cover=np.empty(shape, np.uint64),
        many=np.empty(t, np.int32),
        done=np.empty(t, np.bool_),
        wanted=np.empty(t, np.bool_),
        head=np.empty(1 << (buckets - 1).bit_length(), np.int32),
        entry=np.empty(edges + 1, np.int32),
        behind=np.empty(edges + 1, np.int32),
        useful=np.empty(most, np.uint32),
        reach=np.empty(most),
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


@njit(cache=True, inline="always")
def _union(
    rows: NDArray[np.uint64], row: int, others: NDArray[np.uint64], other: int, words: int
) -> int:
    """How many are in one or the other of two bit rows."""
    count = 0
    for w in range(words):
        count += count_bits(rows[row, w] | others[other, w])
    return count


@njit(cache=True)
def search(ways: Ways, stop: int) -> None:
    """Searches the ways from a stop to all others unless that has been done."""
    if ways.ready[stop]:
        return
    ways.ready[stop] = True
    # Read once: a field that is read in the loop costs more than what is done with it. Unsigned, so
    # that no index is asked whether it counts from the end.
    indptr, indices, lengths, known = ways.indptr, ways.indices, ways.lengths, ways.known
    seen, sees, stops, memory = ways.seen, ways.sees, ways.stops, ways.memory
    distance, before, many, done = memory.distance, memory.before, memory.many, memory.done
    # What is seen on the way to a node is noted at the last node of the way that sees anything.
    noted, cover, wanted = memory.noted, memory.cover, memory.wanted
    # Buckets as linked lists of entries, the last put in first; a node that was put into an earlier
    # bucket since is done when its older entry is met.
    head, entry, behind = memory.head, memory.entry, memory.behind
    useful, reach = memory.useful, memory.reach
    words, source, per_m = seen.shape[1], np.uintp(stops[stop]), 1.0 / ways.width_m
    for k in range(seen.shape[0]):
        distance[k], before[k], noted[k], done[k], wanted[k] = FAR, -1, source, False, False
    for k in range(head.shape[0]):
        head[k] = -1
    left = 0
    for node in stops:
        left += not wanted[node]
        wanted[node] = True
    cover[source] = 0
    distance[source], head[0], entry[0], behind[0] = 0.0, 0, source, -1
    entries, queued, bucket, last = np.uintp(1), 1, np.uintp(0), np.uintp(head.shape[0] - 1)
    while queued > 0 and left > 0:
        at_head = head[bucket]
        if at_head < 0:
            bucket = (bucket + np.uintp(1)) & last
            continue
        queued -= 1
        head[bucket] = behind[np.uintp(at_head)]
        here = np.uintp(entry[np.uintp(at_head)])
        if done[here]:
            continue
        done[here] = True
        left -= wanted[here]
        if here != source:
            on_way = np.uintp(noted[np.uintp(before[here])])
            noted[here] = on_way
            if sees[here]:
                noted[here] = here
                for w in range(words):
                    cover[here, w] = cover[on_way, w] | seen[here, w]
        at = distance[here]
        # Sifted without branches: which of the edges lead on is hard to foresee.
        count = np.uintp(0)
        for e in range(np.uintp(indptr[here]), np.uintp(indptr[here + np.uintp(1)])):
            there = at + lengths[e]
            useful[count], reach[count] = e, there
            count += np.uintp(there < distance[np.uintp(indices[e])] + _EQUAL_M)
        for k in range(count):
            edge = np.uintp(useful[k])
            other = np.uintp(indices[edge])
            if done[other]:
                continue
            if stop == 0 and not known[edge]:
                continue
            if reach[k] >= distance[other] - _EQUAL_M:
                # Equally long: which way sees more?
                if many[other] < 0:
                    many[other] = _union(cover, noted[before[other]], seen, other, words)
                more = _union(cover, noted[here], seen, other, words)
                if more > many[other]:
                    before[other], many[other] = here, more
                continue
            before[other], many[other], distance[other] = here, -1, reach[k]
            into = np.uintp(np.int64(reach[k] * per_m)) & last
            entry[entries], behind[entries], head[into] = other, head[into], entries
            entries += np.uintp(1)
            queued += 1
    to, shown = ways.distance[stop], ways.cover[stop]
    for k in range(stops.shape[0]):
        to[k] = distance[stops[k]]
        on_way = np.uintp(noted[stops[k]])
        for w in range(words):
            shown[k, w] = cover[on_way, w]
    if stop == 0:
        ways.before[:] = before


def way_to(ways: Ways, stop: int) -> list[int]:
    """Nodes from the robot's node to a stop's, both included."""
    nodes = [int(ways.stops[stop])]
    while nodes[-1] != ways.stops[0]:
        nodes.append(int(ways.before[nodes[-1]]))
    return nodes[::-1]
