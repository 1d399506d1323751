"""The viewpoint graph of the hop protocol, as DARE builds it.

Source: Y. Cao, J. Lew, J. Liang, J. Cheng, G. Sartoretti, "DARE: Diffusion Policy for Autonomous
Robot Exploration", ICRA 2025, arXiv 2410.16687, and its released environment, whose behaviour is
reproduced here to the last tie by compiled kernels of our own. At every arrival:

1. The update window (96 m around the robot, cropped to the map) is cut out of the belief. Its
   frontiers are found as if nothing lay outside it, and thinned to one per voxel.
2. Every lattice point that is free and connected to the robot inside the window becomes a node.
   It counts the thinned frontiers nearer than 16 m in clear view: its utility. A node within
   40 m whose utility is not 0 drops what is no frontier any more and adds what it newly sees. A
   count of at most 1 becomes 0, and 0 is for ever.
3. Nodes within 24 m of the robot that are still stale look for edges in their 5 x 5 block.

Positions are measured from the start cell's centre [m] and rounded as in the source.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.frontier import VoxelAxis, is_frontier, thin, voxel_axis
from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.lattice import Graph, add_node, join, neighbour
from hiera.envs.exploration.rules import ViewpointRules
from hiera.envs.exploration.sight import line_clear

_FREE = 1


class HopGeometry(NamedTuple):
    """Everything about a map's shape and start that the kernels need.

    Attributes:
        resolution: Side of a cell [m].
        step: Cells between lattice points.
        phase: First lattice column and row, in cells, ``(x, y)``, shape ``(2,)``.
        across: Table of the columns.
        along: Table of the rows.
        window: Side of the update window [m].
        edge_range: Only stale nodes nearer than this look for edges [m].
        update_range: Only nodes at most this far are brought up to date [m].
        utility_range: Frontiers nearer than this count [m].
        reach: The same in whole cells, rounded up.
        min_utility: Counts up to this become 0.
    """

    resolution: float
    step: int
    phase: NDArray[np.int32]
    across: VoxelAxis
    along: VoxelAxis
    window: float
    edge_range: float
    update_range: float
    utility_range: float
    reach: int
    min_utility: int


class HopScratch(NamedTuple):
    """Working memory, reusable between graphs of one map shape.

    Attributes:
        best: Place of each voxel's frontier, all -1 between calls.
        chosen: Thinned frontiers, shape ``(H W, 2)``.
        runs: Free runs of the window, ``(first, last, parent)``, shape ``(capacity, 3)``.
        first_run: First run of each row, shape ``(H + 1,)``.
    """

    best: NDArray[np.int32]
    chosen: NDArray[np.int32]
    runs: NDArray[np.int32]
    first_run: NDArray[np.int32]


def lattice_step(spacing_m: float, resolution_m: float) -> int:
    """Cells between lattice points.

    Raises:
        ValueError: If the spacing is no whole number of cells.
    """
    step = round(spacing_m / resolution_m)
    if step < 1 or abs(step * resolution_m - spacing_m) > 1e-6:
        raise ValueError(
            f"hop rules: a spacing of {spacing_m} m is no whole number of {resolution_m} m cells"
        )
    return step


def hop_geometry(
    rules: ViewpointRules, shape: tuple[int, int], resolution_m: float, start: tuple[int, int]
) -> HopGeometry:
    """Tabulates what the rules mean on a map.

    Args:
        rules: The rules; their spacing must be a whole number of cells.
        shape: Rows and columns of the map.
        resolution_m: Side of a cell [m].
        start: Start cell ``(x, y)``.
    """
    step = lattice_step(rules.spacing_m, resolution_m)
    return HopGeometry(
        resolution=float(resolution_m),
        step=step,
        phase=np.array([start[0] % step, start[1] % step], np.int32),
        across=voxel_axis(shape[1], start[0], resolution_m, rules.voxel_m),
        along=voxel_axis(shape[0], start[1], resolution_m, rules.voxel_m),
        window=float(rules.window_m),
        edge_range=float(rules.edge_range_m),
        update_range=float(rules.update_range_m),
        utility_range=float(rules.utility_range_m),
        reach=int(np.ceil(rules.utility_range_m / resolution_m - 1e-9)),
        min_utility=rules.min_utility,
    )


def seen_words(reach: int) -> int:
    """32-bit words for a bit per cell of the square of a node's reach."""
    return ((2 * reach + 1) ** 2 + 31) // 32


def hop_scratch(geometry: HopGeometry, shape: tuple[int, int]) -> HopScratch:
    """Working memory for maps of a shape, whatever their start."""
    height, width = shape
    # One more than the table shows, for a start on the other side of a voxel's edge.
    voxels = 2 + int(max(geometry.across.voxel.max(), geometry.along.voxel.max()))
    return HopScratch(
        best=np.full((voxels, voxels), -1, np.int32),
        chosen=np.zeros((voxels * voxels, 2), np.int32),
        runs=np.zeros((height * (width // 2 + 1), 3), np.int32),
        first_run=np.zeros(height + 1, np.int32),
    )


@njit(cache=True)
def _side(at: float, lowest: float, cells: int, geometry: HopGeometry) -> tuple[int, int]:
    """First cell of the update window along an axis, and the cell past its last."""
    side = geometry.resolution
    low = max(at - geometry.window / 2, lowest)
    high = min(at - geometry.window / 2 + geometry.window, lowest + side * (cells - 1))
    low = np.rint((low // side + 1) * side * 1e6) / 1e6
    high = np.rint((high // side) * side * 1e6) / 1e6
    return int(np.rint((low - lowest) / side)), int(np.rint((high - lowest) / side)) + 1


@njit(cache=True)
def _root(runs: NDArray[np.int32], k: int) -> int:
    while runs[k, 2] != k:
        runs[k, 2] = runs[runs[k, 2], 2]
        k = runs[k, 2]
    return k


@njit(cache=True)
def _label_runs(belief: Belief, x0: int, y0: int, x1: int, y1: int, scratch: HopScratch) -> int:
    """Finds the free runs of a window and joins those that touch, corners included."""
    runs, first = scratch.runs, scratch.first_run
    count = 0
    for y in range(y0, y1):
        first[y] = count
        above = first[y - 1] if y > y0 else count
        x = x0
        while x < x1:
            if belief[y, x] != _FREE:
                x += 1
                continue
            begin = x
            while x < x1 and belief[y, x] == _FREE:
                x += 1
            runs[count, 0], runs[count, 1], runs[count, 2] = begin, x - 1, count
            while above < first[y] and runs[above, 1] < begin - 1:
                above += 1
            k = above
            while k < first[y] and runs[k, 0] <= x:
                a, b = _root(runs, k), _root(runs, count)
                runs[max(a, b), 2] = min(a, b)
                k += 1
            count += 1
    first[y1] = count
    return count


@njit(cache=True)
def _thin_window(
    belief: Belief,
    frontier: NDArray[np.bool_],
    x0: int,
    y0: int,
    x1: int,
    y1: int,
    geometry: HopGeometry,
    scratch: HopScratch,
) -> int:
    """Thins the frontiers of a window into ``scratch.chosen`` and returns their number."""
    runs, first = scratch.runs, scratch.first_run
    across, along, best, chosen = geometry.across, geometry.along, scratch.best, scratch.chosen
    count = 0
    for y in range(y0, y1):
        rim_row = y == y0 or y == y1 - 1
        for r in range(first[y], first[y + 1]):
            for x in range(runs[r, 0], runs[r, 1] + 1):
                if rim_row or x == x0 or x == x1 - 1:
                    if is_frontier(belief, x, y, x0, y0, x1, y1):
                        count = thin(x, y, across, along, best, chosen, count)
                elif frontier[y, x]:
                    count = thin(x, y, across, along, best, chosen, count)
    for k in range(count):
        best[along.voxel[chosen[k, 1]], across.voxel[chosen[k, 0]]] = -1
    return count


@njit(cache=True)
def _drop_seen(graph: Graph, k: int, frontier: NDArray[np.bool_], reach: int) -> int:
    """Forgets what is no frontier any more; returns how many are left."""
    words = graph.seen[k]
    side = 2 * reach + 1
    x, y = graph.cell[k, 0] - reach, graph.cell[k, 1] - reach
    left = 0
    for w in range(words.shape[0]):
        word = np.int64(words[w])
        if word == 0:
            continue
        kept = word
        place = w * 32
        while word:
            if word & 1:
                if frontier[y + place // side, x + place % side]:
                    left += 1
                else:
                    kept &= ~(np.int64(1) << (place - w * 32))
            word >>= 1
            place += 1
        words[w] = np.uint32(kept)
    return left


@njit(cache=True)
def _add_seen(
    belief: Belief,
    graph: Graph,
    k: int,
    found: int,
    geometry: HopGeometry,
    chosen: NDArray[np.int32],
) -> int:
    """Adds the thinned frontiers in range and in clear view; returns how many are new."""
    words = graph.seen[k]
    reach = geometry.reach
    side = 2 * reach + 1
    cx, cy = graph.cell[k, 0], graph.cell[k, 1]
    px, py = geometry.across.position, geometry.along.position
    new = 0
    for f in range(found):
        fx, fy = chosen[f, 0], chosen[f, 1]
        if abs(fx - cx) > reach or abs(fy - cy) > reach:
            continue
        dx, dy = px[fx] - px[cx], py[fy] - py[cy]
        if np.sqrt(dx * dx + dy * dy) >= geometry.utility_range:
            continue
        place = (fy - cy + reach) * side + fx - cx + reach
        bit = np.int64(1) << (place & 31)
        word = np.int64(words[place >> 5])
        if word & bit or not line_clear(belief, cx, cy, fx, fy):
            continue
        words[place >> 5] = np.uint32(word | bit)
        new += 1
    return new


@njit(cache=True)
def seen_voxels(
    graph: Graph, nodes: NDArray[np.int32], geometry: HopGeometry
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Voxels of the frontiers that some nodes count, as compressed sparse rows.

    Two nodes that count different cells of one voxel see the same frontier.
    """
    reach, row = geometry.reach, geometry.across.voxel.max() + 1
    side = 2 * reach + 1
    indptr = np.zeros(nodes.shape[0] + 1, np.int32)
    for k in range(nodes.shape[0]):
        indptr[k + 1] = indptr[k] + graph.utility[nodes[k]]
    voxels = np.empty(indptr[-1], np.int64)
    count = 0
    for k in nodes:
        x, y = graph.cell[k, 0] - reach, graph.cell[k, 1] - reach
        for w in range(graph.seen.shape[1]):
            word = np.int64(graph.seen[k, w])
            place = w * 32
            while word:
                if word & 1:
                    v = geometry.along.voxel[y + place // side]
                    voxels[count] = v * row + geometry.across.voxel[x + place % side]
                    count += 1
                word >>= 1
                place += 1
    return indptr, voxels


@njit(cache=True)
def _look_for_edges(belief: Belief, graph: Graph, k: int) -> None:
    """Joins a node to the nodes of its block in clear view."""
    for slot in range(25):
        if slot == 12 or graph.joined[k] >> slot & 1:
            continue
        other = neighbour(graph, k, slot)
        if other >= 0 and line_clear(
            belief, graph.cell[k, 0], graph.cell[k, 1], graph.cell[other, 0], graph.cell[other, 1]
        ):
            join(graph, k, slot, other)
    if graph.utility[k] == 0:
        graph.stale[k] = False


@njit(cache=True)
def _first_column(x0: int, phase: int, step: int) -> int:
    """Number of the first lattice point at or after a cell."""
    return max((x0 - phase + step - 1) // step, 0)


@njit(cache=True)
def _update_node(
    belief: Belief,
    frontier: NDArray[np.bool_],
    graph: Graph,
    k: int,
    fresh: bool,
    found: int,
    geometry: HopGeometry,
    chosen: NDArray[np.int32],
) -> None:
    """Counts anew what a node sees; a count too small is 0 for ever."""
    left = 0 if fresh else _drop_seen(graph, k, frontier, geometry.reach)
    count = left + _add_seen(belief, graph, k, found, geometry, chosen)
    if count <= geometry.min_utility:
        count = 0
        graph.seen[k, :] = 0
        if not fresh:
            graph.stale[k] = False
    graph.utility[k] = count


@njit(cache=True)
def update_hop_graph(
    belief: Belief,
    frontier: NDArray[np.bool_],
    graph: Graph,
    x: int,
    y: int,
    geometry: HopGeometry,
    scratch: HopScratch,
) -> int:
    """Brings the graph up to date after the robot sensed at a cell.

    Args:
        belief: The belief, shape ``(H, W)``.
        frontier: Its frontier mask, shape ``(H, W)``.
        graph: The graph, changed in place.
        x: Column of the robot, on the lattice.
        y: Row of the robot, on the lattice.
        geometry: Shape, start and ranges.
        scratch: Working memory.

    Returns:
        The node the robot is at.
    """
    step = geometry.step
    column, row = (x - geometry.phase[0]) // step, (y - geometry.phase[1]) // step
    here = graph.node_at[row, column]
    if here >= 0:
        graph.visited[here] = True
        graph.utility[here] = 0
        graph.stale[here] = False
        graph.seen[here, :] = 0
    height, width = belief.shape
    px, py = geometry.across.position, geometry.along.position
    x0, x1 = _side(px[x], px[0], width, geometry)
    y0, y1 = _side(py[y], py[0], height, geometry)
    _label_runs(belief, x0, y0, x1, y1, scratch)
    found = _thin_window(belief, frontier, x0, y0, x1, y1, geometry, scratch)
    runs, first = scratch.runs, scratch.first_run
    r = first[y]
    while runs[r, 1] < x:
        r += 1
    home = _root(runs, r)
    touched = np.empty(graph.at.shape[0], np.int32)
    n = 0
    columns = _first_column(x0, geometry.phase[0], step)
    rows = _first_column(y0, geometry.phase[1], step)
    for i in range(columns, graph.node_at.shape[1]):
        u = geometry.phase[0] + i * step
        if u >= x1:
            break
        for j in range(rows, graph.node_at.shape[0]):
            v = geometry.phase[1] + j * step
            if v >= y1:
                break
            if belief[v, u] != _FREE:
                continue
            r = first[v]
            while runs[r, 1] < u:
                r += 1
            if _root(runs, r) != home:
                continue
            k = graph.node_at[j, i]
            dx, dy = px[u] - px[x], py[v] - py[y]
            if k < 0:
                k = add_node(graph, i, j, u, v)
                _update_node(belief, frontier, graph, k, True, found, geometry, scratch.chosen)
            elif graph.utility[k] > 0 and np.sqrt(dx * dx + dy * dy) <= geometry.update_range:
                _update_node(belief, frontier, graph, k, False, found, geometry, scratch.chosen)
            if graph.stale[k] and np.sqrt(dx * dx + dy * dy) < geometry.edge_range:
                touched[n] = k
                n += 1
    for t in range(n):
        _look_for_edges(belief, graph, touched[t])
    return int(graph.node_at[row, column])
