"""What the belief promises around the robot: who sees which frontier, and what may lie beyond.

The roadmap counts frontiers. A policy that plans a tour wants more, all of it from the belief:

1. which frontier each viewpoint sees, since two viewpoints that see the same need one visit;
2. how much unknown area a viewpoint looks into if nothing stands in the way (`promise`);
3. ways that may exist: conjectured nodes on unknown lattice points, joined wherever no known wall
   stands between. A frontier at the far side of an unknown region may be nearer than it looks.

The work is bounded by a window around the robot, and where that holds too much by a smaller one
(`window`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import Graph
from hiera.envs.exploration.lines import Known, Lines, share_of
from hiera.envs.exploration.promise import Promises
from hiera.envs.exploration.window import (
    MOST_FRONTIERS,
    Blocks,
    first_near,
    first_seeing,
    lattice_points,
    viewpoints_around,
)

_UNKNOWN = 0

_Rows = tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The belief around the robot; ``k`` viewpoints, then conjectured nodes, ``t`` together.

    Attributes:
        nodes: The viewpoints' numbers in the roadmap, ascending, shape ``(k,)``.
        robot: Position of the robot's node in ``nodes``.
        indptr: Row starts of the joint graph, compressed-sparse-row, shape ``(t + 1,)``.
        indices: Neighbours, shape ``(e,)``.
        lengths: Edge lengths, shape ``(e,)`` [m].
        unknown: Share of each edge that is unknown ground, 0 on the roadmap's own edges,
            shape ``(e,)``.
        seen_indptr: Row starts of what each viewpoint sees, shape ``(k + 1,)``.
        seen_indices: Frontiers seen, numbers below ``frontiers``.
        frontiers: How many frontiers are seen at all.
        promise_m2: Unknown area in optimistic view of each viewpoint, 0 at visited ones,
            shape ``(k,)`` [m^2].
        xy: Positions relative to the robot's node, shape ``(t, 2)`` [m].
        picture: The belief around the robot, shape ``(3, 64, 64)``, see `picture`; None unless
            the graph was asked for it.
        pixel_m: Side of a pixel [m].
    """

    nodes: NDArray[np.int32]
    robot: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    unknown: NDArray[np.float64]
    seen_indptr: NDArray[np.int32]
    seen_indices: NDArray[np.int32]
    frontiers: int
    promise_m2: NDArray[np.float64]
    xy: NDArray[np.float64]
    picture: NDArray[np.uint8] | None = None
    pixel_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Sightings:
    """Which frontier each of some nodes sees, compressed-sparse-row.

    Attributes:
        indptr: Row starts, shape ``(k + 1,)``.
        voxels: Voxels of the frontiers, numbered row by row, shape ``(s,)``.
    """

    indptr: NDArray[np.int32]
    voxels: NDArray[np.int64]


def look_around(
    belief: Belief,
    graph: Graph,
    xy: NDArray[np.float64],
    sightings_of: Callable[[NDArray[np.int32]], Sightings],
    *,
    robot: int,
    half_m: float,
    blocks: Blocks,
    promises: Promises,
    lines: Lines,
) -> Outlook:
    """Puts an outlook together.

    Args:
        belief: The belief, shape ``(H, W)``.
        graph: The viewpoint graph.
        xy: Positions of its nodes, shape ``(n, 2)`` [m].
        sightings_of: Says what each of some nodes sees.
        robot: The robot's node.
        half_m: Half the side of the window, at most [m].
        blocks: The graph's lattice.
        promises: What nodes promised last time.
        lines: What was unknown last time between lattice points.
    """
    nodes, away = viewpoints_around(belief, graph, xy, robot=robot, half_m=half_m, blocks=blocks)
    sightings = sightings_of(nodes)
    numbers, frontiers = _numbered(sightings.voxels)
    if frontiers > MOST_FRONTIERS:
        order = np.argsort(away, kind="stable")
        nodes = nodes[away < away[order[first_seeing(sightings.indptr, numbers, order, frontiers)]]]
        sightings = sightings_of(nodes)
        numbers, frontiers = _numbered(sightings.voxels)
    low, high = lattice_points(graph, nodes)
    indptr, indices, lengths, unknown, cell = _joint(
        belief, graph, nodes, low, high, blocks.offset, blocks.side, lines.known
    )
    promise = np.zeros(len(nodes))
    looking = np.flatnonzero(~graph.visited[nodes])
    promise[looking] = promises.of(belief, graph.cell[nodes[looking]], nodes[looking])
    return Outlook(
        nodes=nodes,
        robot=int(np.searchsorted(nodes, robot)),
        indptr=indptr,
        indices=indices,
        lengths=lengths * blocks.resolution_m,
        unknown=unknown,
        seen_indptr=sightings.indptr,
        seen_indices=numbers,
        frontiers=frontiers,
        promise_m2=promise,
        xy=(cell - graph.cell[robot]) * blocks.resolution_m,
    )


@njit(cache=True)
def _numbered(voxels: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Voxels by their ranks among those that occur, shape ``(s,)``, and how many do."""
    ranks = np.empty(voxels.shape[0], np.int32)
    if voxels.shape[0] == 0:
        return ranks, 0
    low = voxels.min()
    rank = np.zeros(voxels.max() - low + 1, np.int32)
    for voxel in voxels:
        rank[voxel - low] = 1
    count = 0
    for k in range(rank.shape[0]):
        if rank[k]:
            rank[k] = count
            count += 1
    for s in range(voxels.shape[0]):
        ranks[s] = rank[voxels[s] - low]
    return ranks, count


@njit(cache=True)
def _conjecture(
    belief: Belief,
    graph: Graph,
    nodes: NDArray[np.int32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    offset: NDArray[np.int64],
    side: int,
) -> tuple[NDArray[np.int32], int]:
    """Number of every lattice point of a window in the joint graph, -1 where none; and t."""
    height, width = belief.shape
    # Fields are read once: in the loops that would cost more than the work itself.
    point, node_at = graph.at, graph.node_at
    columns, rows = high[0] - low[0], high[1] - low[1]
    number = np.full((rows, columns), -1, np.int32)
    near, total = first_near(point, nodes, low, high), nodes.shape[0]
    for n in range(nodes.shape[0]):
        number[point[nodes[n], 1] - low[1], point[nodes[n], 0] - low[0]] = n
    for j in range(rows):
        for i in range(columns):
            if near[j, i] < nodes.shape[0] and node_at[j + low[1], i + low[0]] < 0:
                x, y = offset[0] + (i + low[0]) * side, offset[1] + (j + low[1]) * side
                if 0 <= x < width and 0 <= y < height and belief[y, x] == _UNKNOWN:
                    number[j, i] = total
                    total += 1
    return number, total


@njit(cache=True)
def _joint(
    belief: Belief,
    graph: Graph,
    nodes: NDArray[np.int32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    offset: NDArray[np.int64],
    side: int,
    lines: Known,
) -> _Rows:
    """The joint graph of viewpoints and conjectured nodes, lengths in cells."""
    number, total = _conjecture(belief, graph, nodes, low, high, offset, side)
    k = nodes.shape[0]
    node_cell, joined = graph.cell, graph.joined
    cell = np.empty((total, 2), np.int64)
    for j in range(number.shape[0]):
        for i in range(number.shape[1]):
            m = number[j, i]
            if m >= k:
                cell[m, 0] = offset[0] + (i + low[0]) * side
                cell[m, 1] = offset[1] + (j + low[1]) * side
            elif m >= 0:
                cell[m, 0], cell[m, 1] = node_cell[nodes[m], 0], node_cell[nodes[m], 1]
    # Half of the edges, then rows by counting.
    half = np.empty((12 * total, 2), np.int32)
    share = np.empty(12 * total)
    degree = np.zeros(total + 1, np.int32)
    count = 0
    for j in range(number.shape[0]):
        for i in range(number.shape[1]):
            a = number[j, i]
            if a < 0:
                continue
            for slot in range(13, 25):
                v, u = j + slot // 5 - 2, i + slot % 5 - 2
                if v >= number.shape[0] or u < 0 or u >= number.shape[1] or number[v, u] < 0:
                    continue
                b = number[v, u]
                known = 0.0
                if a >= k or b >= k or not joined[nodes[a]] >> slot & 1:
                    known = share_of(
                        belief, lines, i + low[0], j + low[1], slot - 13,
                        cell[a, 0], cell[a, 1], cell[b, 0], cell[b, 1],
                    )  # fmt: skip
                    if known <= 0.0:
                        continue
                half[count, 0], half[count, 1], share[count] = a, b, known
                degree[a] += 1
                degree[b] += 1
                count += 1
    rows: _Rows = _rows(half[:count], share[:count], degree, cell)
    return rows


@njit(cache=True)
def _rows(
    half: NDArray[np.int32],
    share: NDArray[np.float64],
    degree: NDArray[np.int32],
    cell: NDArray[np.int64],
) -> _Rows:
    """Compressed sparse rows, both ways, of edges given once, and the cells of the nodes."""
    total = degree.shape[0] - 1
    indptr = np.zeros(total + 1, np.int32)
    for a in range(total):
        indptr[a + 1] = indptr[a] + degree[a]
    fill = indptr[:-1].copy()
    indices = np.empty(2 * half.shape[0], np.int32)
    lengths, unknown = np.empty(indices.shape[0]), np.empty(indices.shape[0])
    for e in range(half.shape[0]):
        a, b = half[e, 0], half[e, 1]
        dx, dy = float(cell[b, 0] - cell[a, 0]), float(cell[b, 1] - cell[a, 1])
        for p, q in ((a, b), (b, a)):
            indices[fill[p]] = q
            lengths[fill[p]] = np.sqrt(dx * dx + dy * dy)
            unknown[fill[p]] = share[e]
            fill[p] += 1
    return indptr, indices, lengths, unknown, cell
