"""A map of the hop protocol as somebody sees it who knows it: lattice graph and what to cover.

What a complete run must do on it: start at a node, walk along arcs, and enter for every target
one of the nodes that show it. The lower bound and the expert start from this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.covering_sets import covering_sets
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import SENSOR_RANGE_M, start_of
from hiera.envs.exploration.hop_graph import lattice_step
from hiera.envs.exploration.rules import HOP
from hiera.envs.exploration.sight import ray_ends
from hiera.envs.exploration.true_lattice import true_lattice
from hiera.envs.exploration.viewpoints import snapshot


@dataclass(frozen=True, slots=True)
class KnownMap:
    """Nodes, arcs and targets of a map.

    Targets are cells. A cell that the start shows is none, nor is one that every node which shows
    some other target shows as well: whoever has seen all targets has seen every free cell that
    any node shows. Arcs go both ways.

    Attributes:
        xy: Node positions, world frame, shape ``(n, 2)`` [m]; the same numbers as in a `Roadmap`.
        cells: Node cells ``(x, y)``, shape ``(n, 2)``.
        start: Node of the start.
        indptr: Row starts of the arcs, shape ``(n + 1,)``.
        indices: Heads of the arcs, shape ``(e,)``.
        lengths: Their lengths, shape ``(e,)`` [m].
        targets: Target cells ``(x, y)``, shape ``(t, 2)``.
        seen: Targets that each node shows, bit ``k & 63`` of word ``k >> 6`` for target k, shape
            ``(n, words)``.
        cover_indptr: Row starts of the nodes that show each target, shape ``(t + 1,)``.
        cover_indices: Those nodes in rising order, shape ``(m,)``.
        node_at: Node of each lattice point, -1 where none, shape ``(R, C)``.
    """

    xy: NDArray[np.float64]
    cells: NDArray[np.int32]
    start: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    targets: NDArray[np.int32]
    seen: NDArray[np.uint64]
    cover_indptr: NDArray[np.int32]
    cover_indices: NDArray[np.int32]
    node_at: NDArray[np.int32]

    def nodes(self, xy: NDArray[np.float64]) -> NDArray[np.int32]:
        """Nodes at positions on the lattice, -1 where there is none.

        Args:
            xy: World frame, shape ``(k, 2)`` [m]; positions of a `Roadmap` of the same map.

        Returns:
            Shape ``(k,)``.
        """
        rows, columns = self.node_at.shape
        corner = self.xy[self.start] - self._start_point * self.spacing_m
        at = np.rint((xy - corner) / self.spacing_m).astype(np.int64)
        inside = (at >= 0).all(axis=1) & (at[:, 0] < columns) & (at[:, 1] < rows)
        found = np.full(len(xy), -1, np.int32)
        found[inside] = self.node_at[at[inside, 1], at[inside, 0]]
        return found

    @property
    def spacing_m(self) -> float:
        """Distance between lattice points [m]."""
        return HOP.spacing_m

    @property
    def _start_point(self) -> NDArray[np.float64]:
        row, column = np.argwhere(self.node_at == self.start)[0]
        return np.array([column, row], np.float64)


def known_map(place: GridMap) -> KnownMap:
    """Builds the lattice graph of a map and its targets.

    Args:
        place: The map, with a start.

    Raises:
        ValueError: If there is no start, it is not free, or a lattice step is no whole number of
            cells.
    """
    x, y = place.cell(*start_of(place))
    step = lattice_step(HOP.spacing_m, place.resolution_m)
    free = np.ascontiguousarray(place.free)
    graph = true_lattice(free, step, (x, y))
    range_cells = SENSOR_RANGE_M / place.resolution_m
    cover = covering_sets(free, graph, step, range_cells, ray_ends(range_cells))
    roadmap = snapshot(graph, place.resolution_m, place.origin_m, 0, 0)
    return KnownMap(
        xy=roadmap.xy,
        cells=graph.cell[: int(graph.size[0])].copy(),
        start=0,
        indptr=roadmap.indptr,
        indices=roadmap.indices,
        lengths=roadmap.lengths,
        targets=cover.cells,
        seen=_bit_rows(cover.indptr, cover.indices, int(graph.size[0])),
        cover_indptr=cover.indptr,
        cover_indices=cover.indices,
        node_at=graph.node_at,
    )


def _bit_rows(
    indptr: NDArray[np.int32], indices: NDArray[np.int32], nodes: int
) -> NDArray[np.uint64]:
    targets = len(indptr) - 1
    target = np.repeat(np.arange(targets), np.diff(indptr))
    rows = np.zeros((nodes, (targets + 63) // 64), np.uint64)
    bit = np.uint64(1) << (target & 63).astype(np.uint64)
    np.bitwise_or.at(rows, (indices, target >> 6), bit)
    return rows
