"""What a complete run must look at: the inclusion-minimal sets of nodes that show a cell.

Every cell has the set of lattice nodes from which the sensor sees it, and a run that sees the cell
has been at one of them. A set that contains another cell's set adds nothing. Nodes that show a
cell lie within the sensor's range, so a set fits into a few words, counted from the cell's block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.lattice import Graph
from hiera.envs.exploration.sight import sense_hop

_FREE = 1


class CoveringSets(NamedTuple):
    """Distinct sets of nodes from which some cell is seen, as compressed sparse rows.

    Attributes:
        cells: One cell of each set, ``(x, y)``, shape ``(k, 2)``.
        indptr: Row starts, shape ``(k + 1,)``.
        indices: Nodes in rising order, shape ``(m,)``.
    """

    cells: NDArray[np.int32]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]


@njit(cache=True)
def views(
    free: NDArray[np.bool_],
    graph: Graph,
    step: int,
    reach: int,
    ends: NDArray[np.int32],
    bits: NDArray[np.uint64],
) -> None:
    """Writes for every cell from which nodes the sensor sees it.

    Bit ``(2 reach + 1) (j + reach) + i + reach`` stands for the node ``(i, j)`` lattice steps from
    the cell's block, whose lattice point is the last one at or before the cell on each axis.

    Args:
        free: True map, shape ``(H, W)``.
        graph: Graph of `true_lattice`.
        step: Cells between lattice points.
        reach: Lattice steps within which everything seen lies.
        ends: Offsets from `ray_ends`.
        bits: To write into, zeros, shape ``(H, W, words)``.
    """
    belief = np.zeros(free.shape, np.uint8)
    left, low = graph.cell[0, 0] % step, graph.cell[0, 1] % step
    side = 2 * reach + 1
    for k in range(graph.size[0]):
        x, y = graph.cell[k, 0], graph.cell[k, 1]
        _, y0, y1, x0, x1 = sense_hop(free, belief, x, y, ends)
        for v in range(y0, y1):
            j = graph.at[k, 1] - (v - low) // step + reach
            for u in range(x0, x1):
                if belief[v, u] == _FREE:
                    bit = side * j + graph.at[k, 0] - (u - left) // step + reach
                    bits[v, u, bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
                belief[v, u] = 0


@njit(cache=True)
def distinct(
    graph: Graph, step: int, bits: NDArray[np.uint64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """One cell of each set of views in each lattice block, and the size of its set.

    Cells that no node sees, and cells that the start sees, are left out.
    """
    height, width, words = bits.shape
    left, low = graph.cell[0, 0] % step, graph.cell[0, 1] % step
    cells = np.empty((height * width, 2), np.int32)
    sizes = np.empty(height * width, np.int32)
    count = 0
    for y0 in range(low - step, height, step):
        for x0 in range(left - step, width, step):
            first = count
            for y in range(max(y0, 0), min(y0 + step, height)):
                for x in range(max(x0, 0), min(x0 + step, width)):
                    size = 0
                    for w in range(words):
                        word = bits[y, x, w]
                        while word:
                            word &= word - np.uint64(1)
                            size += 1
                    known = size == 0
                    for k in range(first, count):
                        known = known or bool((bits[cells[k, 1], cells[k, 0]] == bits[y, x]).all())
                    if not known:
                        cells[count, 0], cells[count, 1], sizes[count] = x, y, size
                        count += 1
    return cells[:count], sizes[:count]


@njit(cache=True)
def _unpack(
    graph: Graph,
    step: int,
    reach: int,
    x: int,
    y: int,
    word: NDArray[np.uint64],
    nodes: NDArray[np.int32],
) -> int:
    """Writes the nodes of a cell's set in rising order and returns their number."""
    left, low = graph.cell[0, 0] % step, graph.cell[0, 1] % step
    column, row = (x - left) // step - reach, (y - low) // step - reach
    side = 2 * reach + 1
    count = 0
    for bit in range(side * side):
        if word[bit >> 6] >> np.uint64(bit & 63) & np.uint64(1):
            nodes[count] = graph.node_at[row + bit // side, column + bit % side]
            count += 1
    nodes[:count].sort()
    return count


@njit(cache=True)
def minimal_sets(
    graph: Graph,
    step: int,
    reach: int,
    bits: NDArray[np.uint64],
    cells: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The sets of nodes that contain no other cell's set.

    Whoever has entered a set has entered all that contain it, so the others say nothing.

    Args:
        graph: Graph of `true_lattice`.
        step: Cells between lattice points.
        reach: As in `views`.
        bits: From `views`.
        cells: Cells from `distinct`, smallest sets first.

    Returns:
        ``cells``, ``indptr`` and ``indices`` of `CoveringSets`; no set holds node 0, the start.
    """
    n, side = graph.size[0], 2 * reach + 1
    kept = np.empty(cells.shape[0], np.int32)
    indptr = np.zeros(cells.shape[0] + 1, np.int32)
    indices = np.empty(1024, np.int32)
    # Kept sets by their least node, as linked lists.
    head, following = np.full(n, -1, np.int32), np.full(cells.shape[0], -1, np.int32)
    stamp = np.full(n, -1, np.int32)
    nodes = np.empty(side * side, np.int32)
    count = 0
    for k in range(cells.shape[0]):
        x, y = cells[k, 0], cells[k, 1]
        size = _unpack(graph, step, reach, x, y, bits[y, x], nodes)
        if nodes[0] == 0:
            continue
        for i in range(size):
            stamp[nodes[i]] = k
        contains = False
        for i in range(size):
            other = head[nodes[i]]
            while other >= 0 and not contains:
                contains = True
                for e in range(indptr[other], indptr[other + 1]):
                    if stamp[indices[e]] != k:
                        contains = False
                        break
                other = following[other]
            if contains:
                break
        if contains:
            continue
        end = indptr[count] + size
        if end > indices.shape[0]:
            indices = np.concatenate((indices, np.empty(end, np.int32)))
        indices[indptr[count] : end] = nodes[:size]
        following[count], head[nodes[0]] = head[nodes[0]], count
        kept[count], indptr[count + 1] = k, end
        count += 1
    return cells[kept[:count]], indptr[: count + 1], indices[: indptr[count]]


def covering_sets(
    free: NDArray[np.bool_], graph: Graph, step: int, range_cells: float, ends: NDArray[np.int32]
) -> CoveringSets:
    """The inclusion-minimal sets of nodes of which any complete run must enter one node each.

    Args:
        free: True map, shape ``(H, W)``.
        graph: Graph of `true_lattice`.
        step: Cells between lattice points.
        range_cells: Range of the sensor [cells].
        ends: Its rays, offsets from `ray_ends`.
    """
    reach = int(np.ceil(range_cells / step))
    words = ((2 * reach + 1) ** 2 + 63) // 64
    bits = np.zeros((*free.shape, words), np.uint64)
    views(free, graph, step, reach, ends, bits)
    cells, sizes = distinct(graph, step, bits)
    cells = cells[np.argsort(sizes, kind="stable")]
    return CoveringSets(*minimal_sets(graph, step, reach, bits, cells))
