"""The two rule sets at work: each owns the arrays of one graph and keeps them current."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.frontier import refresh_frontier
from hiera.envs.exploration.grid import FREE, Belief
from hiera.envs.exploration.hop_graph import (
    HopGeometry,
    HopScratch,
    hop_geometry,
    hop_scratch,
    seen_voxels,
    seen_words,
    update_hop_graph,
)
from hiera.envs.exploration.lattice import Graph, new_graph
from hiera.envs.exploration.lines import Lines
from hiera.envs.exploration.outlook import Outlook, Sightings, look_around
from hiera.envs.exploration.promise import Promises
from hiera.envs.exploration.room import clearance_disc, refresh_room, refresh_safe
from hiera.envs.exploration.rules import Placement, ViewpointRules
from hiera.envs.exploration.sight import Bounds
from hiera.envs.exploration.snapped_graph import (
    Place,
    SnapGeometry,
    count_frontiers,
    link_nodes,
    locate,
    place_nodes,
    refresh_voxels,
    seen_from,
    visit,
)
from hiera.envs.exploration.snapped_graph import seen_words as snapped_words
from hiera.envs.exploration.window import Blocks


class Updater(Protocol):
    """One rule set at work on one map."""

    graph: Graph
    frontier: NDArray[np.bool_]
    safe: NDArray[np.bool_]

    def update(self, belief: Belief, x: int, y: int, changed: Bounds | None) -> int:
        """Brings the graph up to date and returns the robot's node."""
        ...

    def outlook(
        self, belief: Belief, xy: NDArray[np.float64], robot: int, half_m: float
    ) -> Outlook:
        """What the belief promises in a square around the robot's node; ``xy`` are all nodes'."""
        ...


class HopUpdater:
    """DARE's rules; the robot must stand on a lattice point."""

    def __init__(
        self, rules: ViewpointRules, shape: tuple[int, int], resolution_m: float, x: int, y: int
    ) -> None:
        self._resolution = resolution_m
        self._promises = Promises(resolution_m, rules.sensor_range_m)
        self.geometry: HopGeometry = hop_geometry(rules, shape, resolution_m, (x, y))
        self.scratch: HopScratch = hop_scratch(self.geometry, shape)
        self.frontier: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self.safe: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        step, phase = self.geometry.step, self.geometry.phase
        self.graph: Graph = new_graph(
            (shape[0] - 1 - int(phase[1])) // step + 1,
            (shape[1] - 1 - int(phase[0])) // step + 1,
            seen_words(self.geometry.reach),
        )
        self._lines = Lines(self.graph.node_at.shape, phase, step)

    def update(self, belief: Belief, x: int, y: int, changed: Bounds | None) -> int:
        """Brings the graph up to date and returns the robot's node."""
        phase, step = self.geometry.phase, self.geometry.step
        if (x - phase[0]) % step or (y - phase[1]) % step:
            raise ValueError(f"hop rules: cell ({x}, {y}) is not on the lattice of the start")
        if changed is not None:
            self._promises.forget(changed)
            self._lines.forget(changed)
            iy0, iy1, ix0, ix1 = changed
            refresh_frontier(belief, self.frontier, *changed)
            self.safe[iy0:iy1, ix0:ix1] = belief[iy0:iy1, ix0:ix1] == FREE
        return int(
            update_hop_graph(belief, self.frontier, self.graph, x, y, self.geometry, self.scratch)
        )

    def outlook(
        self, belief: Belief, xy: NDArray[np.float64], robot: int, half_m: float
    ) -> Outlook:
        """What the belief promises in a square around the robot's node; ``xy`` are all nodes'."""
        geometry = self.geometry
        blocks = Blocks(geometry.step, geometry.phase.astype(np.int64), self._resolution)
        return look_around(
            belief,
            self.graph,
            xy,
            lambda nodes: Sightings(*seen_voxels(self.graph, nodes, geometry)),
            robot=robot,
            half_m=half_m,
            blocks=blocks,
            promises=self._promises,
            lines=self._lines,
        )


class SnappedUpdater:
    """One node per block of safe space, for a robot that drives freely."""

    def __init__(
        self, rules: ViewpointRules, shape: tuple[int, int], resolution_m: float, x: int, y: int
    ) -> None:
        self._resolution = resolution_m
        self._promises = Promises(resolution_m, rules.sensor_range_m)
        side = max(round(rules.spacing_m / resolution_m), 1)
        voxel = max(round(rules.voxel_m / resolution_m), 1)
        # The start lies in the middle of its block.
        phase = [(c - side // 2) % side - side for c in (x, y)]
        self.geometry = SnapGeometry(
            side=side,
            phase=np.array(phase, np.int32),
            voxel=voxel,
            reach=rules.utility_range_m / resolution_m,
            near=rules.visited_range_m / resolution_m,
            ring=max(2, round(0.3 * side)),
            min_utility=rules.min_utility,
        )
        self._disc = clearance_disc(rules.clearance_m, resolution_m)
        self._margin = int(np.abs(self._disc).max())
        self.frontier: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self.safe: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self._room = np.zeros(shape, np.uint8)
        self._voxels = np.full((-(-shape[0] // voxel), -(-shape[1] // voxel)), -1, np.int32)
        self._robot = -1
        self.graph: Graph = new_graph(
            (shape[0] - 1 - phase[1]) // side + 1,
            (shape[1] - 1 - phase[0]) // side + 1,
            snapped_words(self.geometry.reach, voxel),
        )
        self._lines = Lines(self.graph.node_at.shape, self.geometry.phase, side)

    def place(self, belief: Belief) -> Place:
        """The belief with everything kept beside it."""
        return Place(belief, self.frontier, self.safe, self._room, self._voxels)

    def _blocks(self, bounds: Bounds, margin: float) -> tuple[tuple[int, int], tuple[int, int]]:
        """Columns and rows of the blocks that bounds, grown by a margin [cells], touch."""
        side, phase, grow = self.geometry.side, self.geometry.phase, int(np.ceil(margin))
        iy0, iy1, ix0, ix1 = bounds
        rows, columns = self.graph.node_at.shape
        return (
            (max((ix0 - grow - int(phase[0])) // side, 0),
             min((ix1 - 1 + grow - int(phase[0])) // side + 1, columns)),
            (max((iy0 - grow - int(phase[1])) // side, 0),
             min((iy1 - 1 + grow - int(phase[1])) // side + 1, rows)),
        )  # fmt: skip

    def update(self, belief: Belief, x: int, y: int, changed: Bounds | None) -> int:
        """Brings the graph up to date and returns the robot's node."""
        geometry, graph, margin = self.geometry, self.graph, self._margin
        place = self.place(belief)
        if changed is not None:
            self._promises.forget(changed)
            self._lines.forget(changed)
            refresh_frontier(belief, self.frontier, *changed)
            refresh_voxels(place, geometry.voxel, *changed)
            refresh_safe(belief, self.safe, self._disc, margin, *changed)
            iy0, iy1, ix0, ix1 = changed
            refresh_room(
                self.safe, self._room, iy0 - margin, iy1 + margin, ix0 - margin, ix1 + margin
            )
            place_nodes(place, graph, geometry, *self._blocks(changed, margin + geometry.ring))
            link_nodes(
                place, graph, *self._blocks(changed, margin + 3 * geometry.side), geometry.side
            )
        self._robot = int(locate(place, graph, geometry, x, y, self._robot))
        visit(graph, geometry, x, y)
        if changed is not None:
            count_frontiers(place, graph, geometry, *self._blocks(changed, geometry.reach + 1))
        return self._robot

    def outlook(
        self, belief: Belief, xy: NDArray[np.float64], robot: int, half_m: float
    ) -> Outlook:
        """What the belief promises in a square around the robot's node; ``xy`` are all nodes'."""
        geometry, row = self.geometry, self._voxels.shape[1]
        middle = geometry.phase.astype(np.int64) + geometry.side // 2
        blocks = Blocks(geometry.side, middle, self._resolution)
        return look_around(
            belief,
            self.graph,
            xy,
            lambda nodes: Sightings(*seen_from(self.graph, geometry, nodes, row)),
            robot=robot,
            half_m=half_m,
            blocks=blocks,
            promises=self._promises,
            lines=self._lines,
        )


def updater_for(
    rules: ViewpointRules, shape: tuple[int, int], resolution_m: float, x: int, y: int
) -> Updater:
    """The updater that the rules ask for, on an empty graph around a start cell."""
    if rules.placement is Placement.LATTICE:
        return HopUpdater(rules, shape, resolution_m, x, y)
    return SnappedUpdater(rules, shape, resolution_m, x, y)
