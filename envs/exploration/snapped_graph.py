"""The viewpoint graph of a robot that drives freely: one node per block of safe space.

FARE (arXiv 2601.14681) samples viewpoints in free space; here the sample is one per block, moved
to where it serves: a cell in a narrow passage if the block has one, else the roomiest, else the
one nearest to the block's centre. So a doorway narrower than a block gets a node. Edges are lines
of safe cells, between touching blocks round a corner too. Utilities are counted from today's
frontiers and may rise again, except at nodes
that the robot has visited. The work is bounded by the window in which the belief changed.

Two rules of our own keep the graph whole: a node that has become unsafe moves, and where the
robot crosses between parts of the graph that are not joined, the node of its block moves to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import Graph, add_node, join, neighbour, part
from hiera.envs.exploration.sight import line_clear, line_inside


class Place(NamedTuple):
    """The belief and everything kept beside it, each of shape ``(H, W)`` unless said otherwise.

    Attributes:
        belief: The belief.
        frontier: Frontier mask.
        safe: Where the robot may stand.
        room: Room of every cell [cells].
        voxels: Cell ``y W + x`` of each voxel's frontier, -1 where none, shape of the voxels.
    """

    belief: Belief
    frontier: NDArray[np.bool_]
    safe: NDArray[np.bool_]
    room: NDArray[np.uint8]
    voxels: NDArray[np.int32]


class SnapGeometry(NamedTuple):
    """The rules in cells.

    Attributes:
        side: Side of a block.
        phase: Cell of the corner of block ``(0, 0)``, ``(x, y)``, not positive, shape ``(2,)``.
        voxel: Side of a frontier voxel.
        reach: Range of utility.
        near: Range within which a node counts as visited.
        ring: Radius of the ring by which passages are recognised.
        min_utility: Counts up to this become 0.
    """

    side: int
    phase: NDArray[np.int32]
    voxel: int
    reach: float
    near: float
    ring: int
    min_utility: int


@njit(cache=True)
def refresh_voxels(place: Place, voxel: int, iy0: int, iy1: int, ix0: int, ix1: int) -> None:
    """Chooses the frontier nearest to the centre of every voxel that a window touches."""
    height, width = place.frontier.shape
    rows, columns = place.voxels.shape
    for j in range(max(iy0 - 1, 0) // voxel, min(iy1 // voxel + 1, rows)):
        for i in range(max(ix0 - 1, 0) // voxel, min(ix1 // voxel + 1, columns)):
            best, nearest = -1, 4 * voxel * voxel
            for y in range(j * voxel, min((j + 1) * voxel, height)):
                for x in range(i * voxel, min((i + 1) * voxel, width)):
                    if place.frontier[y, x]:
                        dx, dy = 2 * (x - i * voxel) - voxel + 1, 2 * (y - j * voxel) - voxel + 1
                        if dx * dx + dy * dy < nearest:
                            best, nearest = y * width + x, dx * dx + dy * dy
            place.voxels[j, i] = best


@njit(cache=True)
def in_passage(place: Place, x: int, y: int, radius: int) -> bool:
    """True if the safe cells on the square ring around a cell fall into two parts or more."""
    if place.room[y, x] > radius:
        return False
    height, width = place.safe.shape
    changes = 0
    first, last = False, False
    for step in range(8 * radius + 1):
        leg, along = (step // (2 * radius)) % 4, step % (2 * radius)
        if leg == 0:
            u, v = x - radius + along, y - radius
        elif leg == 1:
            u, v = x + radius, y - radius + along
        elif leg == 2:
            u, v = x + radius - along, y + radius
        else:
            u, v = x - radius, y + radius - along
        here = 0 <= u < width and 0 <= v < height and place.safe[v, u]
        if step == 0:
            first = here
        elif here != last:
            changes += 1
        last = here
    return changes >= 4 and first == last


@njit(cache=True)
def _best_cell(place: Place, x0: int, y0: int, geometry: SnapGeometry) -> tuple[int, int, bool]:
    """The safe cell of a block that serves best, ``(-1, -1)`` if none; is it in a passage?"""
    height, width = place.safe.shape
    side = geometry.side
    best_x, best_y, best_passage, best_score = -1, -1, False, -1
    for y in range(max(y0, 0), min(y0 + side, height)):
        for x in range(max(x0, 0), min(x0 + side, width)):
            if not place.safe[y, x]:
                continue
            passage = in_passage(place, x, y, geometry.ring)
            dx, dy = 2 * (x - x0) - side + 1, 2 * (y - y0) - side + 1
            score = 8 * side * side * (int(place.room[y, x]) + (64 if passage else 0))
            score += 4 * side * side - dx * dx - dy * dy
            if score > best_score:
                best_x, best_y, best_passage, best_score = x, y, passage, score
    return best_x, best_y, best_passage


@njit(cache=True)
def _move(graph: Graph, k: int, x: int, y: int) -> None:
    part(graph, k)
    graph.cell[k, 0], graph.cell[k, 1] = x, y
    graph.stale[k] = True


@njit(cache=True)
def place_nodes(
    place: Place,
    graph: Graph,
    geometry: SnapGeometry,
    columns: tuple[int, int],
    rows: tuple[int, int],
) -> None:
    """Gives every block of a range with safe cells a node, and moves those that must.

    A node stays where it is while that is safe, unless the block turns out to hold a passage
    and the node is not in one. A block without safe cells keeps its node, cut off.
    """
    for j in range(rows[0], rows[1]):
        for i in range(columns[0], columns[1]):
            k = graph.node_at[j, i]
            x0 = geometry.phase[0] + i * geometry.side
            y0 = geometry.phase[1] + j * geometry.side
            x, y, passage = _best_cell(place, x0, y0, geometry)
            if x < 0:
                if k >= 0:
                    part(graph, k)
                    graph.utility[k] = 0
            elif k < 0:
                add_node(graph, i, j, x, y)
            else:
                u, v = graph.cell[k, 0], graph.cell[k, 1]
                if not place.safe[v, u] or (passage and not in_passage(place, u, v, geometry.ring)):
                    _move(graph, k, x, y)


@njit(cache=True)
def bent_way(
    safe: NDArray[np.bool_], x0: int, y0: int, x1: int, y1: int, margin: int, most: int
) -> bool:
    """True if a way of at most ``most`` steps leads round the corner between two cells.

    Looks at safe cells in the box around both, grown by ``margin``; steps go to the four
    neighbours.
    """
    height, width = safe.shape
    left, right = max(min(x0, x1) - margin, 0), min(max(x0, x1) + margin, width - 1)
    low, high = max(min(y0, y1) - margin, 0), min(max(y0, y1) + margin, height - 1)
    across = right - left + 1
    size = across * (high - low + 1)
    steps = np.full(size, -1, np.int32)
    queue = np.empty(size, np.int32)
    queue[0] = (y0 - low) * across + x0 - left
    steps[queue[0]] = 0
    goal = (y1 - low) * across + x1 - left
    head, tail = 0, 1
    while head < tail:
        at = queue[head]
        head += 1
        if at == goal:
            return True
        if steps[at] >= most:
            return False
        x, y = at % across + left, at // across + low
        for u, v in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if left <= u <= right and low <= v <= high and safe[v, u]:
                then = (v - low) * across + u - left
                if steps[then] < 0:
                    steps[then] = steps[at] + 1
                    queue[tail] = then
                    tail += 1
    return False


@njit(cache=True)
def _link(place: Place, graph: Graph, k: int, slot: int, side: int) -> None:
    """Joins or parts a node and the one in its slot, as the safe cells between them are now.

    Nodes of touching blocks are joined round a corner too: a doorway in a thin wall need not lie
    on the line between the nodes before and behind it.
    """
    other = neighbour(graph, k, slot)
    if other < 0:
        return
    x0, y0 = graph.cell[k, 0], graph.cell[k, 1]
    x1, y1 = graph.cell[other, 0], graph.cell[other, 1]
    joined = line_inside(place.safe, x0, y0, x1, y1)
    touching = abs(slot % 5 - 2) <= 1 and abs(slot // 5 - 2) <= 1
    if not joined and touching and place.safe[y0, x0] and place.safe[y1, x1]:
        most = 2 * (abs(x1 - x0) + abs(y1 - y0)) + side
        joined = bent_way(place.safe, x0, y0, x1, y1, side // 2, most)
    if joined:
        join(graph, k, slot, other)
    else:
        graph.joined[k] &= ~(1 << slot)
        graph.joined[other] &= ~(1 << (24 - slot))


@njit(cache=True)
def link_nodes(
    place: Place, graph: Graph, columns: tuple[int, int], rows: tuple[int, int], side: int
) -> None:
    """Tests the edges of every node of a range of blocks anew."""
    for j in range(rows[0], rows[1]):
        for i in range(columns[0], columns[1]):
            k = graph.node_at[j, i]
            if k < 0:
                continue
            graph.stale[k] = False
            for slot in range(13, 25):
                _link(place, graph, k, slot, side)


@njit(cache=True)
def joined_nearby(graph: Graph, a: int, b: int, blocks: int) -> bool:
    """True if a path leads from one node to another without going further than some blocks."""
    if a == b:
        return True
    side = 2 * blocks + 1
    done = np.zeros((side, side), np.bool_)
    queue = np.empty(side * side, np.int32)
    queue[0], head, tail = a, 0, 1
    done[blocks, blocks] = True
    while head < tail:
        k = queue[head]
        head += 1
        for slot in range(25):
            if not graph.joined[k] >> slot & 1:
                continue
            other = neighbour(graph, k, slot)
            if other == b:
                return True
            i = graph.at[other, 0] - graph.at[a, 0] + blocks
            j = graph.at[other, 1] - graph.at[a, 1] + blocks
            if 0 <= i < side and 0 <= j < side and not done[j, i]:
                done[j, i] = True
                queue[tail] = other
                tail += 1
    return False


@njit(cache=True)
def robot_node(place: Place, graph: Graph, geometry: SnapGeometry, x: int, y: int) -> int:
    """The node the robot is at: the nearest one it can drive to, else the nearest, else -1.

    Looks at the 5 x 5 blocks around the robot.
    """
    column = (x - geometry.phase[0]) // geometry.side
    row = (y - geometry.phase[1]) // geometry.side
    best, best_score = -1, np.inf
    for j in range(max(row - 2, 0), min(row + 3, graph.node_at.shape[0])):
        for i in range(max(column - 2, 0), min(column + 3, graph.node_at.shape[1])):
            k = graph.node_at[j, i]
            if k < 0:
                continue
            u, v = graph.cell[k, 0], graph.cell[k, 1]
            score = float((u - x) ** 2 + (v - y) ** 2)
            if not place.safe[v, u]:
                score += 1e9
            elif not line_inside(place.safe, x, y, u, v):
                score += 1e6 if line_clear(place.belief, x, y, u, v) else 1e7
            if score < best_score:
                best, best_score = k, score
    return best


@njit(cache=True)
def locate(place: Place, graph: Graph, geometry: SnapGeometry, x: int, y: int, before: int) -> int:
    """Finds the robot's node, making or moving one where the graph would fall apart.

    Args:
        place: The belief and what is kept beside it.
        graph: The graph.
        geometry: The rules in cells.
        x: Column of the robot.
        y: Row of the robot.
        before: The robot's node so far, -1 at the start.

    Returns:
        The robot's node.
    """
    column = (x - geometry.phase[0]) // geometry.side
    row = (y - geometry.phase[1]) // geometry.side
    here = robot_node(place, graph, geometry, x, y)
    if here >= 0 and (before < 0 or joined_nearby(graph, before, here, 8)):
        return int(here)
    own = graph.node_at[row, column]
    if here >= 0 and not place.safe[y, x]:
        return int(here)
    if own < 0:
        own = add_node(graph, column, row, x, y)
    else:
        _move(graph, own, x, y)
    for slot in range(25):
        if slot != 12:
            _link(place, graph, own, slot, geometry.side)
    return int(own)


@njit(cache=True)
def visit(graph: Graph, geometry: SnapGeometry, x: int, y: int) -> None:
    """Marks the nodes near the robot as visited; their utility is 0 from then on."""
    column = (x - geometry.phase[0]) // geometry.side
    row = (y - geometry.phase[1]) // geometry.side
    for j in range(max(row - 2, 0), min(row + 3, graph.node_at.shape[0])):
        for i in range(max(column - 2, 0), min(column + 3, graph.node_at.shape[1])):
            k = graph.node_at[j, i]
            if k < 0:
                continue
            dx, dy = graph.cell[k, 0] - x, graph.cell[k, 1] - y
            if dx * dx + dy * dy <= geometry.near**2:
                graph.visited[k] = True
                graph.utility[k] = 0


def seen_words(reach: float, voxel: int) -> int:
    """32-bit words for a bit per voxel of the square of a node's reach [cells]."""
    return (int(_voxels_across(reach, voxel)) ** 2 + 31) // 32


@njit(cache=True)
def _voxels_across(reach: float, voxel: int) -> int:
    """Voxels along a side of that square, wherever in a voxel the node lies."""
    across: int = 2 * int(np.ceil(reach)) // voxel + 2
    return across


@njit(cache=True)
def count_frontiers(
    place: Place,
    graph: Graph,
    geometry: SnapGeometry,
    columns: tuple[int, int],
    rows: tuple[int, int],
) -> None:
    """Counts anew what every node of a range of blocks sees, and notes which voxels those are."""
    width = place.belief.shape[1]
    reach, side, voxel = geometry.reach, geometry.side, geometry.voxel
    far = int(np.ceil(reach))
    u0 = max(geometry.phase[0] + columns[0] * side - far, 0) // voxel
    v0 = max(geometry.phase[1] + rows[0] * side - far, 0) // voxel
    u1 = min((geometry.phase[0] + columns[1] * side + far) // voxel + 1, place.voxels.shape[1])
    v1 = min((geometry.phase[1] + rows[1] * side + far) // voxel + 1, place.voxels.shape[0])
    found = np.empty((max((u1 - u0) * (v1 - v0), 1), 2), np.int32)
    n, across = 0, _voxels_across(reach, voxel)
    for v in range(v0, v1):
        for u in range(u0, u1):
            cell = place.voxels[v, u]
            if cell >= 0:
                found[n, 0], found[n, 1] = cell % width, cell // width
                n += 1
    for j in range(rows[0], rows[1]):
        for i in range(columns[0], columns[1]):
            k = graph.node_at[j, i]
            if k < 0 or graph.visited[k]:
                continue
            x, y = graph.cell[k, 0], graph.cell[k, 1]
            u, v = (x - far) // voxel, (y - far) // voxel
            graph.seen[k, :] = 0
            count = 0
            if place.safe[y, x]:
                for f in range(n):
                    dx, dy = found[f, 0] - x, found[f, 1] - y
                    if dx * dx + dy * dy < reach * reach and line_clear(
                        place.belief, x, y, found[f, 0], found[f, 1]
                    ):
                        count += 1
                        bit = (found[f, 1] // voxel - v) * across + found[f, 0] // voxel - u
                        graph.seen[k, bit >> 5] |= np.uint32(1) << np.uint32(bit & 31)
            graph.utility[k] = count if count > geometry.min_utility else 0


@njit(cache=True)
def seen_from(
    graph: Graph, geometry: SnapGeometry, nodes: NDArray[np.int32], row: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Voxels of the frontiers that some nodes count, as compressed sparse rows.

    Args:
        graph: The graph.
        geometry: The rules in cells.
        nodes: The nodes.
        row: Voxels in a row of the map.
    """
    voxel, far = geometry.voxel, int(np.ceil(geometry.reach))
    across, cells, utility, seen = (
        _voxels_across(geometry.reach, voxel), graph.cell, graph.utility, graph.seen
    )  # fmt: skip
    indptr = np.zeros(nodes.shape[0] + 1, np.int32)
    for n in range(nodes.shape[0]):
        indptr[n + 1] = indptr[n] + utility[nodes[n]]
    voxels = np.empty(indptr[-1], np.int64)
    count = 0
    for k in nodes:
        if utility[k] == 0:
            continue
        u, v = (cells[k, 0] - far) // voxel, (cells[k, 1] - far) // voxel
        for w in range(seen.shape[1]):
            word, place = np.int64(seen[k, w]), 32 * w
            while word:
                if word & 1:
                    voxels[count] = (v + place // across) * row + u + place % across
                    count += 1
                word >>= 1
                place += 1
    return indptr, voxels
