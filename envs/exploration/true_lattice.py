"""The lattice of the hop protocol on a map that is known.

Whoever explores the map hops along its arcs and along no others: an arc of the belief has a line
of known free cells, hence of free cells, in one direction or the other.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.lattice import SLOTS, STAY, Graph, add_node, join, neighbour, new_graph
from hiera.envs.exploration.sight import line_clear, sense_hop

_FREE = 1


def true_lattice(free: NDArray[np.bool_], step: int, start: tuple[int, int]) -> Graph:
    """The lattice graph that can be reached from a start on a known map.

    Args:
        free: True map, shape ``(H, W)``.
        step: Cells between lattice points.
        start: Start cell ``(x, y)``, free; the lattice goes through it and it is node 0.

    Returns:
        A graph whose nodes are joined wherever a line is free in either direction.
    """
    height, width = free.shape
    x, y = start
    rows, columns = (height - 1 - y % step) // step + 1, (width - 1 - x % step) // step + 1
    graph = new_graph(rows, columns, 0)
    _spread(free.view(np.uint8), graph, step, x, y)
    return graph


@njit(cache=True)
def _spread(free: NDArray[np.uint8], graph: Graph, step: int, x: int, y: int) -> None:
    """Breadth first from the start."""
    left, low = x % step, y % step
    add_node(graph, x // step, y // step, x, y)
    k = 0
    while k < graph.size[0]:
        x0, y0 = graph.cell[k, 0], graph.cell[k, 1]
        for slot in range(SLOTS):
            column, row = graph.at[k, 0] + slot % 5 - 2, graph.at[k, 1] + slot // 5 - 2
            if slot == STAY or not (
                0 <= column < graph.node_at.shape[1] and 0 <= row < graph.node_at.shape[0]
            ):
                continue
            u, v = left + column * step, low + row * step
            if free[v, u] != _FREE:
                continue
            if not (line_clear(free, x0, y0, u, v) or line_clear(free, u, v, x0, y0)):
                continue
            other = neighbour(graph, k, slot)
            if other < 0:
                other = add_node(graph, column, row, u, v)
            join(graph, k, slot, other)
        k += 1


@njit(cache=True)
def _look(
    free: NDArray[np.bool_], graph: Graph, ends: NDArray[np.int32], belief: NDArray[np.uint8]
) -> None:
    for k in range(graph.size[0]):
        sense_hop(free, belief, graph.cell[k, 0], graph.cell[k, 1], ends)


def shown_cells(
    free: NDArray[np.bool_], graph: Graph, ends: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Free cells that the sensor sees from some node, shape ``(H, W)``.

    Args:
        free: True map, shape ``(H, W)``.
        graph: Graph of `true_lattice`.
        ends: The sensor's rays, offsets from `ray_ends`.
    """
    belief = np.zeros(free.shape, np.uint8)
    _look(free, graph, ends, belief)
    return np.asarray(belief == _FREE)
