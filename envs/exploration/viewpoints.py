"""The viewpoint graph: kept up to date while the belief grows, handed out as a `Roadmap`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.frontier import refresh_frontier
from hiera.envs.exploration.grid import Belief
from hiera.envs.exploration.hop_graph import (
    HopGeometry,
    HopScratch,
    hop_geometry,
    hop_scratch,
    seen_words,
    update_hop_graph,
)
from hiera.envs.exploration.lattice import (
    SLOTS,
    Graph,
    count_edges,
    neighbour_table,
    new_graph,
    to_rows,
)
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.rules import ViewpointRules
from hiera.envs.exploration.sight import Bounds

_SLOT_NUMBERS = np.arange(SLOTS)


class _Updater(Protocol):
    """One rule set at work on one map."""

    graph: Graph
    frontier: NDArray[np.bool_]

    def update(self, belief: Belief, x: int, y: int, changed: Bounds | None) -> int:
        """Brings the graph up to date and returns the robot's node."""
        ...


class _HopUpdater:
    """DARE's rules; the robot must stand on a lattice point."""

    def __init__(
        self, rules: ViewpointRules, shape: tuple[int, int], resolution_m: float, x: int, y: int
    ) -> None:
        self.geometry: HopGeometry = hop_geometry(rules, shape, resolution_m, (x, y))
        self.scratch: HopScratch = hop_scratch(self.geometry, shape)
        self.frontier: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        step, phase = self.geometry.step, self.geometry.phase
        self.graph: Graph = new_graph(
            (shape[0] - 1 - int(phase[1])) // step + 1,
            (shape[1] - 1 - int(phase[0])) // step + 1,
            seen_words(self.geometry.reach),
        )

    def update(self, belief: Belief, x: int, y: int, changed: Bounds | None) -> int:
        phase, step = self.geometry.phase, self.geometry.step
        if (x - phase[0]) % step or (y - phase[1]) % step:
            raise ValueError(f"hop rules: cell ({x}, {y}) is not on the lattice of the start")
        if changed is not None:
            refresh_frontier(belief, self.frontier, *changed)
        return int(
            update_hop_graph(belief, self.frontier, self.graph, x, y, self.geometry, self.scratch)
        )


class ViewpointGraph:
    """A graph of viewpoints over one map, made for one episode.

    Attributes:
        rules: What the graph is to be like.
    """

    def __init__(
        self,
        rules: ViewpointRules,
        shape: tuple[int, int],
        *,
        resolution_m: float,
        origin_m: tuple[float, float],
        start_m: tuple[float, float],
    ) -> None:
        """Starts empty.

        Args:
            rules: What the graph is to be like.
            shape: Rows and columns of the belief.
            resolution_m: Side of a cell [m].
            origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
            start_m: Where the episode starts, world frame [m]; the lattice goes through it.
        """
        self.rules = rules
        self._resolution, self._origin = resolution_m, origin_m
        x, y = self._cell(start_m)
        if not (0 <= x < shape[1] and 0 <= y < shape[0]):
            raise ValueError(f"viewpoint graph: start {start_m} m lies outside the map")
        self._updater: _Updater = self._make_updater(shape, x, y)
        self._version = 0
        self._robot = -1
        self._roadmap: Roadmap | None = None

    def _make_updater(self, shape: tuple[int, int], x: int, y: int) -> _Updater:
        return _HopUpdater(self.rules, shape, self._resolution, x, y)

    def _cell(self, at: tuple[float, float]) -> tuple[int, int]:
        return (
            int(np.floor((at[0] - self._origin[0]) / self._resolution)),
            int(np.floor((at[1] - self._origin[1]) / self._resolution)),
        )

    @property
    def frontier(self) -> NDArray[np.bool_]:
        """Frontier mask of the belief, shape ``(H, W)``; kept current by `update`."""
        return self._updater.frontier

    @property
    def arrays(self) -> Graph:
        """The plain arrays, owned by the graph."""
        return self._updater.graph

    def update(
        self, belief: Belief, robot_m: tuple[float, float], changed: Bounds | None
    ) -> Roadmap:
        """Brings the graph up to date after the belief or the robot's place changed.

        Args:
            belief: The belief, shape ``(H, W)``.
            robot_m: The robot's position, world frame [m].
            changed: Bounds of every change since the last call, None if there was none.

        Returns:
            A snapshot.
        """
        x, y = self._cell(robot_m)
        self._robot = self._updater.update(belief, x, y, changed)
        self._version += 1
        self._roadmap = None
        return self.roadmap()

    def roadmap(self) -> Roadmap:
        """A snapshot of the graph, its own copy of everything.

        Raises:
            RuntimeError: Before the first `update`.
        """
        if self._roadmap is None:
            if self._robot < 0:
                raise RuntimeError("viewpoint graph: call update() before roadmap()")
            self._roadmap = snapshot(
                self._updater.graph, self._resolution, self._origin, self._version, self._robot
            )
        return self._roadmap

    def neighbours(self) -> NDArray[np.int32]:
        """Joined neighbour of every node and slot, -1 where none, shape ``(n, 25)``.

        Slot ``5 (dy + 2) + (dx + 2)`` lies ``(dx, dy)`` blocks away.
        """
        graph = self._updater.graph
        table = np.empty((int(graph.size[0]), 25), np.int32)
        neighbour_table(graph, table)
        return table

    def slots(self, node: int) -> NDArray[np.bool_]:
        """Which slots of a node's block are joined to it, shape ``(25,)``."""
        bits = int(self._updater.graph.joined[node])
        return (bits >> _SLOT_NUMBERS & 1).astype(np.bool_)

    def slot(self, node: int, other: int) -> int:
        """Slot in which another node is joined to a node, -1 if they are not joined."""
        graph = self._updater.graph
        dx, dy = (int(d) for d in graph.at[other] - graph.at[node])
        if max(abs(dx), abs(dy)) > 2:
            return -1
        slot = 5 * (dy + 2) + dx + 2
        return slot if int(graph.joined[node]) >> slot & 1 else -1


def snapshot(
    graph: Graph, resolution_m: float, origin_m: tuple[float, float], version: int, robot: int
) -> Roadmap:
    """Copies plain arrays into a `Roadmap`.

    Args:
        graph: The arrays.
        resolution_m: Side of a cell [m].
        origin_m: World position of the outer corner of cell ``(0, 0)`` [m].
        version: Version to write on it.
        robot: Node the robot is at.
    """
    n, edges = int(graph.size[0]), int(count_edges(graph))
    # Rounded, so that a lattice through the origin has the coordinates a person would write.
    xy = np.round((graph.cell[:n] + 0.5) * resolution_m + np.asarray(origin_m), 6)
    indptr = np.empty(n + 1, np.int32)
    indices = np.empty(edges, np.int32)
    lengths = np.empty(edges)
    to_rows(graph, xy, indptr, indices, lengths)
    return Roadmap(
        version=version,
        xy=xy,
        utility=graph.utility[:n].copy(),
        visited=graph.visited[:n].copy(),
        indptr=indptr,
        indices=indices,
        lengths=lengths,
        robot=robot,
    )
