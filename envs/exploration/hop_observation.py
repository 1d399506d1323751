"""What a policy sees of a hop episode: the viewpoint graph as padded arrays.

========== ============= ======= ==========================================================
key        shape         dtype   meaning
========== ============= ======= ==========================================================
nodes      (P, 4)        float32 per node: offset from the robot x, y [m], utility, visited
neighbours (P, 25)       int16   joined neighbour per slot, -1 where none; int32 if P > 32767
count      ()            int32   number of nodes n; rows from n on are 0 and -1
robot      ()            int32   node the robot is at
mask       (25,)         int8    slots that may be hopped to
========== ============= ======= ==========================================================

A batch has one more leading axis. P is the number of lattice points of the map.
"""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
from gymnasium import spaces
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.lattice import Graph, member, neighbour


class HopObservation(TypedDict):
    """The arrays of the table above."""

    nodes: NDArray[np.float32]
    neighbours: NDArray[np.signedinteger[Any]]
    count: NDArray[np.int32]
    robot: NDArray[np.int32]
    mask: NDArray[np.int8]


def _number(capacity: int) -> type[np.signedinteger[Any]]:
    """What a node's number needs."""
    return np.int16 if capacity <= np.iinfo(np.int16).max else np.int32


def observation_space(capacity: int) -> spaces.Dict:
    """The Gymnasium space of one observation with room for ``capacity`` nodes."""
    return spaces.Dict(
        {
            "nodes": spaces.Box(-np.inf, np.inf, (capacity, 4), np.float32),
            "neighbours": spaces.Box(-1, capacity - 1, (capacity, 25), _number(capacity)),
            "count": spaces.Box(0, capacity, (), np.int32),
            "robot": spaces.Box(0, capacity - 1, (), np.int32),
            "mask": spaces.MultiBinary(25),
        }
    )


@njit(cache=True)
def _write(
    graph: Graph,
    robot: int,
    resolution: float,
    nodes: NDArray[np.float32],
    neighbours: NDArray[np.signedinteger[Any]],
    mask: NDArray[np.int8],
) -> None:
    n = graph.size[0]
    rx, ry = graph.cell[robot, 0], graph.cell[robot, 1]
    for k in range(n):
        nodes[k, 0] = (graph.cell[k, 0] - rx) * resolution
        nodes[k, 1] = (graph.cell[k, 1] - ry) * resolution
        nodes[k, 2] = graph.utility[k]
        nodes[k, 3] = graph.visited[k]
        bits = graph.joined[k]
        for slot in range(25):
            neighbours[k, slot] = neighbour(graph, k, slot) if bits >> slot & 1 else -1
    nodes[n:] = 0.0
    neighbours[n:] = -1
    for slot in range(25):
        mask[slot] = graph.joined[robot] >> slot & 1


@njit(cache=True)
def _write_batch(
    graph: Graph,
    robot: NDArray[np.int32],
    resolution: float,
    nodes: NDArray[np.float32],
    neighbours: NDArray[np.signedinteger[Any]],
    mask: NDArray[np.int8],
) -> None:
    for b in range(robot.shape[0]):
        _write(member(graph, b), robot[b], resolution, nodes[b], neighbours[b], mask[b])


def observe(graph: Graph, robot: int, resolution_m: float, capacity: int) -> HopObservation:
    """A new observation of one graph.

    Args:
        graph: The graph.
        robot: Node the robot is at.
        resolution_m: Side of a cell [m].
        capacity: Rows P to pad to.
    """
    nodes = np.empty((capacity, 4), np.float32)
    neighbours = np.empty((capacity, 25), _number(capacity))
    mask = np.empty(25, np.int8)
    _write(graph, robot, resolution_m, nodes, neighbours, mask)
    return HopObservation(
        nodes=nodes,
        neighbours=neighbours,
        count=np.array(graph.size[0], np.int32),
        robot=np.array(robot, np.int32),
        mask=mask,
    )


def observe_batch(graph: Graph, robot: NDArray[np.int32], resolution_m: float) -> HopObservation:
    """A new observation of a batch of graphs, padded to their capacity."""
    batch, capacity = graph.utility.shape
    nodes = np.empty((batch, capacity, 4), np.float32)
    neighbours = np.empty((batch, capacity, 25), _number(capacity))
    mask = np.empty((batch, 25), np.int8)
    _write_batch(graph, robot, resolution_m, nodes, neighbours, mask)
    return HopObservation(
        nodes=nodes,
        neighbours=neighbours,
        count=graph.size[:, 0].copy(),
        robot=robot.copy(),
        mask=mask,
    )
