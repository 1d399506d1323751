"""Viewpoint graphs for tests: lattices over masks, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from hiera.planners.exploration.belief import ExplorationBelief


@dataclass(frozen=True)
class ArrayRoadmap:
    """The arrays a planner is handed."""

    version: int
    xy: NDArray[np.float64]
    utility: NDArray[np.int32]
    visited: NDArray[np.bool_]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    lengths: NDArray[np.float64]
    robot: int

    def network(self) -> nx.Graph:
        """The same as a networkx graph with ``length`` on the edges."""
        graph = nx.Graph()
        graph.add_nodes_from(range(len(self.xy)))
        for i in range(len(self.xy)):
            for e in range(self.indptr[i], self.indptr[i + 1]):
                graph.add_edge(i, int(self.indices[e]), length=float(self.lengths[e]))
        return graph


def from_edges(
    xy: NDArray[np.float64],
    edges: list[tuple[int, int]],
    utility: NDArray[np.int32],
    robot: int = 0,
    version: int = 0,
) -> ArrayRoadmap:
    """A roadmap with Euclidean lengths."""
    n = len(xy)
    both = sorted({(a, b) for a, b in edges if a != b} | {(b, a) for a, b in edges if a != b})
    rows = np.array([a for a, _ in both], dtype=np.int64)
    columns = np.array([b for _, b in both], dtype=np.int32)
    indptr = np.zeros(n + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    lengths = np.hypot(*(xy[rows] - xy[columns]).T) if len(both) else np.zeros(0)
    return ArrayRoadmap(
        version,
        xy,
        utility.astype(np.int32),
        np.zeros(n, dtype=bool),
        indptr,
        columns,
        lengths,
        robot,
    )


def lattice(
    mask: NDArray[np.bool_],
    utility: NDArray[np.int32] | None = None,
    *,
    spacing_m: float = 4.0,
    robot: int = 0,
    order: NDArray[np.intp] | None = None,
    version: int = 0,
) -> ArrayRoadmap:
    """An 8-connected lattice over the True cells; ``order`` renumbers the nodes."""
    cells = np.argwhere(mask)
    if order is not None:
        cells = cells[order]
    number = {(int(y), int(x)): i for i, (y, x) in enumerate(cells)}
    edges = [
        (i, number[y + dy, x + dx])
        for (y, x), i in number.items()
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
        if (y + dy, x + dx) in number
    ]
    given = np.zeros(len(cells), dtype=np.int32) if utility is None else utility
    return from_edges(cells[:, ::-1] * spacing_m, edges, given, robot, version)


@st.composite
def roadmaps(draw: st.DrawFn, *, most: int = 11) -> ArrayRoadmap:
    """Lattices with holes and random utilities, often in several pieces."""
    height, width = draw(st.integers(1, most)), draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((height, width)) < draw(st.sampled_from([0.5, 0.7, 0.9, 1.0]))
    mask[0, :2] = True
    n = int(mask.sum())
    utility = np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.1, 0.4])), 3, 0)
    return lattice(mask, utility, robot=int(rng.integers(n)))


def belief(roadmap: ArrayRoadmap, version: int = 1) -> ExplorationBelief:
    """A belief around a roadmap."""
    low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
    return ExplorationBelief(
        version=version,
        time_s=10.0,
        roadmap=roadmap,
        explored_area_m2=16.0 * len(roadmap.xy),
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )


def rooms(count: int = 4, *, side: int = 5, useful: tuple[int, ...] | None = None) -> ArrayRoadmap:
    """Square rooms in a row, joined by doors; the middle of each useful room has utility."""
    mask = np.zeros((side, count * (side + 1) - 1), dtype=bool)
    utility = np.zeros(mask.shape, dtype=np.int32)
    for room in range(count):
        left = room * (side + 1)
        mask[:, left : left + side] = True
        if room:
            mask[side // 2, left - 1] = True
        if useful is None or room in useful:
            utility[side // 2, left + side // 2] = 5
    return lattice(mask, utility[mask])
