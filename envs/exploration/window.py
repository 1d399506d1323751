"""How far a policy looks: the square around the robot, no larger than a decision can afford.

A decision's work grows with the nodes and the frontiers in its window. Both are bounded here,
whatever the map, by taking the largest square around the robot that holds no more.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import Graph

MOST_NODES: Final = 1024
"""Viewpoints and conjectured nodes together: 32 x 32 blocks, or more where few are free."""
MOST_FRONTIERS: Final = 640
NEAR: Final = 3
"""Conjectured nodes lie at most this many blocks from a viewpoint."""
_UNKNOWN = 0


class Blocks(NamedTuple):
    """The lattice of a viewpoint graph.

    Attributes:
        side: Side of a block [cells].
        offset: Cell of lattice point ``(0, 0)``, where a conjectured node would be, shape ``(2,)``.
        resolution_m: Side of a cell [m].
    """

    side: int
    offset: NDArray[np.int64]
    resolution_m: float


def viewpoints_around(
    belief: Belief,
    graph: Graph,
    xy: NDArray[np.float64],
    *,
    robot: int,
    half_m: float,
    blocks: Blocks,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Viewpoints in a square around the robot's, ascending, and how far away they are.

    The square is the largest, up to the one asked for, whose viewpoints and conjectured nodes are
    no more than `MOST_NODES`.

    Args:
        belief: The belief, shape ``(H, W)``.
        graph: The viewpoint graph.
        xy: Positions of its nodes, shape ``(n, 2)`` [m].
        robot: The robot's node.
        half_m: Half the side of the square [m].
        blocks: The graph's lattice.

    Returns:
        Nodes, shape ``(k,)``, and along the axis along which they are further, shape ``(k,)`` [m].
    """
    reach = int(half_m / (blocks.side * blocks.resolution_m)) + 2
    column, row = (int(c) for c in graph.at[robot])
    found = graph.node_at[
        max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1
    ]
    nodes = np.sort(found[found >= 0])
    away = np.abs(xy[nodes] - xy[robot]).max(axis=1)
    near = away <= half_m
    nodes, away = nodes[near], away[near]
    low, high = lattice_points(graph, nodes)
    if (high - low).prod() > MOST_NODES:
        order = np.argsort(away, kind="stable")
        fit = _fitting(belief, graph, nodes[order], low, high, blocks.offset, blocks.side)
        if fit < len(nodes):
            near = away < away[order[fit]]
            nodes, away = nodes[near], away[near]
    return nodes, away


def lattice_points(
    graph: Graph, nodes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First lattice point that some nodes' joint graph may have, and the one past its last."""
    low = np.maximum(graph.at[nodes].min(axis=0) - NEAR, 0)
    high = np.minimum(graph.at[nodes].max(axis=0) + NEAR + 1, graph.node_at.shape[::-1])
    return low, high


@njit(cache=True)
def first_near(
    point: NDArray[np.int32],
    nodes: NDArray[np.int32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> NDArray[np.int32]:
    """The first of some nodes within `NEAR` of each lattice point from ``low`` to ``high``.

    Shape ``(rows, columns)``, places in ``nodes``; ``k`` where none of the ``k`` nodes is near.
    """
    rows, columns = high[1] - low[1], high[0] - low[0]
    beside = np.full((rows, columns), nodes.shape[0], np.int32)
    near = np.full((rows, columns), nodes.shape[0], np.int32)
    for n in range(nodes.shape[0] - 1, -1, -1):
        i, j = point[nodes[n], 0] - low[0], point[nodes[n], 1] - low[1]
        for u in range(max(i - NEAR, 0), min(i + NEAR + 1, columns)):
            beside[j, u] = n
    for j in range(rows):
        for v in range(max(j - NEAR, 0), min(j + NEAR + 1, rows)):
            for i in range(columns):
                near[j, i] = min(near[j, i], beside[v, i])
    return near


@njit(cache=True)
def _fitting(
    belief: Belief,
    graph: Graph,
    nodes: NDArray[np.int32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    offset: NDArray[np.int64],
    side: int,
) -> int:
    """How many of some viewpoints, from the first, have a joint graph of `MOST_NODES` or less."""
    (height, width), node_at = belief.shape, graph.node_at
    near = first_near(graph.at, nodes, low, high)
    conjectured = np.zeros(nodes.shape[0] + 1, np.int32)
    for j in range(near.shape[0]):
        for i in range(near.shape[1]):
            x, y = offset[0] + (i + low[0]) * side, offset[1] + (j + low[1]) * side
            if node_at[j + low[1], i + low[0]] < 0 and 0 <= x < width and 0 <= y < height:
                conjectured[near[j, i]] += belief[y, x] == _UNKNOWN
    total = 0
    for n in range(nodes.shape[0]):
        total += 1 + conjectured[n]
        if total > MOST_NODES:
            return int(n)
    return int(nodes.shape[0])


@njit(cache=True)
def first_seeing(
    indptr: NDArray[np.int32], seen: NDArray[np.int32], order: NDArray[np.intp], frontiers: int
) -> int:
    """Place in an order of viewpoints of the first that sees more than `MOST_FRONTIERS`.

    Together with those before it, that is.

    Args:
        indptr: Row starts of what each viewpoint sees, shape ``(k + 1,)``.
        seen: Frontiers seen, numbers below ``frontiers``.
        order: The viewpoints in order, shape ``(k,)``.
        frontiers: How many all of them see, more than `MOST_FRONTIERS`.
    """
    known, count = np.zeros(frontiers, np.bool_), 0
    for n in range(order.shape[0]):
        for e in range(indptr[order[n]], indptr[order[n] + 1]):
            count += not known[seen[e]]
            known[seen[e]] = True
        if count > MOST_FRONTIERS:
            return int(n)
    return int(order.shape[0])
