"""The arrays of a viewpoint graph over a lattice of blocks, and what both rule sets share.

A node belongs to one lattice point and may be joined to the 24 other points of the 5 x 5 block
around it. Slot ``s = 5 (dy + 2) + (dx + 2)`` names the neighbour ``(dx, dy)`` lattice steps away;
slot 12 is the node itself. The set of joined slots is one integer, bit s for slot s.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

SLOTS: Final = 25
STAY: Final = 12


class Graph(NamedTuple):
    """Plain arrays of one graph with room for one node per lattice point, capacity P = R C.

    Attributes:
        node_at: Node of each lattice point, -1 where none, shape ``(R, C)``.
        size: Number of nodes, shape ``(1,)``.
        at: Lattice point of each node, ``(column, row)``, shape ``(P, 2)``.
        cell: Cell of each node, ``(x, y)``, shape ``(P, 2)``.
        utility: Frontier points each node sees, shape ``(P,)``.
        visited: Whether the robot has been there, shape ``(P,)``.
        joined: Bit set of joined slots, shape ``(P,)``.
        stale: Whether edges from the node are still looked for, shape ``(P,)``.
        seen: Bit set of the frontiers a node counts, cells by the hop rules, else voxels, shape
            ``(P, words)``.
    """

    node_at: NDArray[np.int32]
    size: NDArray[np.int32]
    at: NDArray[np.int32]
    cell: NDArray[np.int32]
    utility: NDArray[np.int32]
    visited: NDArray[np.bool_]
    joined: NDArray[np.int32]
    stale: NDArray[np.bool_]
    seen: NDArray[np.uint32]


def new_graph(rows: int, columns: int, words: int, batch: tuple[int, ...] = ()) -> Graph:
    """An empty graph, or a batch of them along the leading axes.

    Args:
        rows: Lattice rows R.
        columns: Lattice columns C.
        words: 32-bit words for the set of frontiers that a node counts.
        batch: Leading axes.
    """
    nodes = rows * columns
    return Graph(
        node_at=np.full((*batch, rows, columns), -1, np.int32),
        size=np.zeros((*batch, 1), np.int32),
        at=np.zeros((*batch, nodes, 2), np.int32),
        cell=np.zeros((*batch, nodes, 2), np.int32),
        utility=np.zeros((*batch, nodes), np.int32),
        visited=np.zeros((*batch, nodes), np.bool_),
        joined=np.zeros((*batch, nodes), np.int32),
        stale=np.zeros((*batch, nodes), np.bool_),
        seen=np.zeros((*batch, nodes, words), np.uint32),
    )


@njit(cache=True)
def member(graph: Graph, b: int) -> Graph:
    """One graph of a batch, as views."""
    return Graph(
        graph.node_at[b],
        graph.size[b],
        graph.at[b],
        graph.cell[b],
        graph.utility[b],
        graph.visited[b],
        graph.joined[b],
        graph.stale[b],
        graph.seen[b],
    )


@njit(cache=True)
def clear(graph: Graph) -> None:
    """Removes every node."""
    n = graph.size[0]
    graph.node_at[:] = -1
    graph.utility[:n] = 0
    graph.visited[:n] = False
    graph.joined[:n] = 0
    graph.stale[:n] = False
    graph.seen[:n] = 0
    graph.size[0] = 0


@njit(cache=True)
def add_node(graph: Graph, column: int, row: int, x: int, y: int) -> int:
    """Appends a node at a lattice point; its edges are still to be looked for."""
    k = graph.size[0]
    graph.size[0] = k + 1
    graph.node_at[row, column] = k
    graph.at[k, 0], graph.at[k, 1] = column, row
    graph.cell[k, 0], graph.cell[k, 1] = x, y
    graph.stale[k] = True
    return int(k)


@njit(cache=True)
def neighbour(graph: Graph, k: int, slot: int) -> int:
    """Node at a slot of node k's block, joined or not; -1 where there is none."""
    row = graph.at[k, 1] + slot // 5 - 2
    column = graph.at[k, 0] + slot % 5 - 2
    if row < 0 or column < 0 or row >= graph.node_at.shape[0] or column >= graph.node_at.shape[1]:
        return -1
    return int(graph.node_at[row, column])


@njit(cache=True)
def hop_length(slot: int, spacing: float) -> float:
    """Length of the hop to a slot's lattice point [m], for points ``spacing`` apart [m]."""
    dx, dy = (slot % 5 - 2) * spacing, (slot // 5 - 2) * spacing
    return float(np.sqrt(dx * dx + dy * dy))


@njit(cache=True)
def join(graph: Graph, k: int, slot: int, other: int) -> None:
    """Joins node k and the node at its slot, both ways."""
    graph.joined[k] |= 1 << slot
    graph.joined[other] |= 1 << (24 - slot)


@njit(cache=True)
def part(graph: Graph, k: int) -> None:
    """Removes every edge of node k, both ways."""
    for slot in range(25):
        if graph.joined[k] >> slot & 1:
            graph.joined[neighbour(graph, k, slot)] &= ~(1 << (24 - slot))
    graph.joined[k] = 0


@njit(cache=True)
def useful_in_reach(graph: Graph, k: int) -> bool:
    """Whether a way along edges leads from node k to another node with utility."""
    done = np.zeros(graph.size[0], np.bool_)
    queue = np.empty(graph.size[0], np.int32)
    queue[0], head, tail = k, 0, 1
    done[k] = True
    while head < tail:
        at = queue[head]
        head += 1
        if graph.utility[at] > 0 and at != k:
            return True
        for slot in range(25):
            if graph.joined[at] >> slot & 1:
                other = neighbour(graph, at, slot)
                if not done[other]:
                    done[other] = True
                    queue[tail] = other
                    tail += 1
    return False


@njit(cache=True)
def neighbour_table(graph: Graph, table: NDArray[np.int32]) -> None:
    """Writes the joined neighbour of every node and slot, -1 where none, shape ``(n, 25)``."""
    for k in range(graph.size[0]):
        bits = graph.joined[k]
        for slot in range(25):
            table[k, slot] = neighbour(graph, k, slot) if bits >> slot & 1 else -1


@njit(cache=True)
def count_edges(graph: Graph) -> int:
    """Number of directed edges."""
    total = 0
    for k in range(graph.size[0]):
        bits = graph.joined[k]
        while bits:
            bits &= bits - 1
            total += 1
    return total


@njit(cache=True)
def to_rows(
    graph: Graph,
    xy: NDArray[np.float64],
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
) -> None:
    """Writes the edges as compressed sparse rows, in the order of the slots."""
    e = 0
    indptr[0] = 0
    for k in range(graph.size[0]):
        bits = graph.joined[k]
        for slot in range(25):
            if bits >> slot & 1:
                other = neighbour(graph, k, slot)
                indices[e] = other
                dx, dy = xy[other, 0] - xy[k, 0], xy[other, 1] - xy[k, 1]
                lengths[e] = np.sqrt(dx * dx + dy * dy)
                e += 1
        indptr[k + 1] = e
