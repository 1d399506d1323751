"""Many hop episodes at once, for training: the kernels of the single environment in one loop.

`HopEnv` and `HopBatch` agree to the last bit, episode by episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.envs.exploration.frontier import VoxelAxis, refresh_frontier
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import (
    DECISION_CAP,
    SENSOR_RANGE_M,
    HopReward,
    HopStatus,
    lattice_points,
    start_of,
)
from hiera.envs.exploration.hop_graph import (
    HopGeometry,
    HopScratch,
    hop_geometry,
    hop_scratch,
    seen_words,
    update_hop_graph,
)
from hiera.envs.exploration.hop_observation import HopObservation, observe_batch
from hiera.envs.exploration.lattice import (
    Graph,
    clear,
    hop_length,
    member,
    neighbour,
    new_graph,
)
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.rules import HOP
from hiera.envs.exploration.sight import ray_ends, sense_hop
from hiera.envs.exploration.viewpoints import snapshot


class _Episodes(NamedTuple):
    """State of B episodes."""

    graph: Graph
    belief: NDArray[np.uint8]
    frontier: NDArray[np.bool_]
    place: NDArray[np.int32]
    start: NDArray[np.int32]
    robot: NDArray[np.int32]


class _Maps(NamedTuple):
    """What depends on the map only: free cells, and for each start cell its tables."""

    free: NDArray[np.bool_]
    ends: NDArray[np.int32]
    across: VoxelAxis
    along: VoxelAxis


class _Outcome(NamedTuple):
    """What a step brought, each of shape ``(B,)``."""

    refused: NDArray[np.bool_]
    hop: NDArray[np.float64]
    new: NDArray[np.int32]
    left: NDArray[np.bool_]


@njit(cache=True)
def _geometry(base: HopGeometry, maps: _Maps, x: int, y: int) -> HopGeometry:
    """The geometry of a map that starts at a cell."""
    return HopGeometry(
        base.resolution,
        base.step,
        np.array([x % base.step, y % base.step], np.int32),
        VoxelAxis(maps.across.position[x], maps.across.voxel[x], maps.across.offset[x]),
        VoxelAxis(maps.along.position[y], maps.along.voxel[y], maps.along.offset[y]),
        base.window,
        base.edge_range,
        base.update_range,
        base.utility_range,
        base.reach,
        base.min_utility,
    )


@njit(cache=True)
def _arrive(
    episodes: _Episodes,
    maps: _Maps,
    base: HopGeometry,
    scratch: HopScratch,
    b: int,
    x: int,
    y: int,
    everything: bool,
) -> int:
    """Senses at a cell and updates the graph of one episode; returns the cells newly seen."""
    belief, frontier = episodes.belief[b], episodes.frontier[b]
    new, low, high, left, right = sense_hop(maps.free[episodes.place[b]], belief, x, y, maps.ends)
    if everything:
        low, high, left, right = 0, belief.shape[0], 0, belief.shape[1]
    if low < high:
        refresh_frontier(belief, frontier, low, high, left, right)
    geometry = _geometry(base, maps, episodes.start[b, 0], episodes.start[b, 1])
    episodes.robot[b] = update_hop_graph(
        belief, frontier, member(episodes.graph, b), x, y, geometry, scratch
    )
    return int(new)


@njit(cache=True)
def _start(
    episodes: _Episodes,
    maps: _Maps,
    base: HopGeometry,
    scratch: HopScratch,
    b: int,
    draw: float,
) -> int:
    """Starts an episode; ``draw`` in [0, 1) picks a random viewpoint, a negative one none."""
    graph = member(episodes.graph, b)
    clear(graph)
    episodes.belief[b] = 0
    episodes.frontier[b] = False
    x, y = episodes.start[b, 0], episodes.start[b, 1]
    new = _arrive(episodes, maps, base, scratch, b, x, y, False)
    if draw >= 0.0:
        pick = int(draw * graph.size[0])
        x, y = graph.cell[pick, 0], graph.cell[pick, 1]
        clear(graph)
        new += _arrive(episodes, maps, base, scratch, b, x, y, True)
    return int(new)


@njit(cache=True)
def _step(
    episodes: _Episodes,
    maps: _Maps,
    base: HopGeometry,
    scratch: HopScratch,
    running: NDArray[np.bool_],
    actions: NDArray[np.int64],
    outcome: _Outcome,
) -> None:
    """Takes one action in every running episode."""
    for b in range(actions.shape[0]):
        outcome.refused[b] = True
        outcome.hop[b] = 0.0
        outcome.new[b] = 0
        graph = member(episodes.graph, b)
        here, slot = episodes.robot[b], actions[b]
        if running[b] and 0 <= slot < 25 and graph.joined[here] >> slot & 1:
            outcome.refused[b] = False
            there = neighbour(graph, here, slot)
            x, y = graph.cell[there, 0], graph.cell[there, 1]
            outcome.hop[b] = hop_length(slot, base.step * base.resolution)
            outcome.new[b] = _arrive(episodes, maps, base, scratch, b, x, y, False)
        outcome.left[b] = graph.utility[: graph.size[0]].any()


@dataclass(frozen=True, slots=True)
class HopBatchStep:
    """What a batch of actions brought.

    Attributes:
        observation: Next observations, with a leading axis B.
        reward: Shape ``(B,)``.
        terminated: Episodes that are complete, shape ``(B,)``.
        truncated: Episodes whose decisions are used up, shape ``(B,)``.
        refused: Actions that named no joined neighbour or came after the end, shape ``(B,)``.
        hop_m: Distance travelled, shape ``(B,)`` [m].
        new_area_m2: Free space newly seen, shape ``(B,)`` [m^2].
    """

    observation: HopObservation
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    hop_m: NDArray[np.float64]
    new_area_m2: NDArray[np.float64]


class HopBatch:
    """B hop episodes on maps of one shape.

    Attributes:
        running: Episodes that still go on, shape ``(B,)``.
        decisions: Actions taken, shape ``(B,)``.
        distance_m: Distance travelled, shape ``(B,)`` [m].
        place: Index of the map of each episode, shape ``(B,)``.
    """

    def __init__(
        self,
        maps: Sequence[GridMap],
        batch: int,
        *,
        rng: np.random.Generator,
        cap: int = DECISION_CAP,
        reward: HopReward | None = None,
        random_start: bool = False,
    ) -> None:
        """Takes the maps; no episode runs before `reset`.

        Args:
            maps: Maps of one shape and resolution, each with a start.
            batch: Episodes B.
            rng: Draws maps and random starts.
            cap: Most decisions in an episode.
            reward: Weights of the reward; minus the distance if None.
            random_start: Start at a random viewpoint in view of the map's start.
        """
        if not maps or batch < 1:
            raise ValueError("hop batch: give at least one map and one episode")
        shape, side = maps[0].free.shape, maps[0].resolution_m
        if any(m.free.shape != shape or m.resolution_m != side for m in maps):
            raise ValueError("hop batch: all maps must have one shape and one resolution")
        rows, columns = int(shape[0]), int(shape[1])
        self._maps, self._rng, self._random_start = list(maps), rng, random_start
        self._cap, self._reward, self._side = cap, reward or HopReward(), side
        self._starts = np.array([m.cell(*start_of(m)) for m in maps], np.int32)
        self._total_free = np.array([m.free.sum() for m in maps], np.int64)
        self._base = hop_geometry(HOP, (rows, columns), side, (0, 0))
        self._scratch = hop_scratch(self._base, (rows, columns))
        self._static = _Maps(
            free=np.stack([m.free for m in maps]),
            ends=ray_ends(SENSOR_RANGE_M / side),
            across=_tables((rows, columns), side, columns, 0),
            along=_tables((rows, columns), side, rows, 1),
        )
        step = self._base.step
        self._episodes = _Episodes(
            graph=new_graph(
                (rows - 1) // step + 1,
                (columns - 1) // step + 1,
                seen_words(self._base.reach),
                (batch,),
            ),
            belief=np.zeros((batch, rows, columns), np.uint8),
            frontier=np.zeros((batch, rows, columns), np.bool_),
            place=np.zeros(batch, np.int32),
            start=np.zeros((batch, 2), np.int32),
            robot=np.zeros(batch, np.int32),
        )
        self.running = np.zeros(batch, np.bool_)
        self.decisions = np.zeros(batch, np.int64)
        self.distance_m = np.zeros(batch)
        self.place = self._episodes.place
        self._known_free = np.zeros(batch, np.int64)
        self._version = np.zeros(batch, np.int64)

    @property
    def nodes(self) -> int:
        """Rows P of the observations."""
        shape = self._static.free.shape
        return lattice_points((int(shape[1]), int(shape[2])), self._side)

    @property
    def belief(self) -> NDArray[np.uint8]:
        """The beliefs, shape ``(B, H, W)``; they change in place."""
        return self._episodes.belief

    @property
    def graph(self) -> Graph:
        """The graphs as plain arrays with a leading axis B; they change in place."""
        return self._episodes.graph

    @property
    def robot(self) -> NDArray[np.int32]:
        """Node each robot is at, shape ``(B,)``; changes in place."""
        return self._episodes.robot

    @property
    def explored(self) -> NDArray[np.float64]:
        """Share of the free cells that have been seen, shape ``(B,)``."""
        return np.asarray(self._known_free / self._total_free[self.place])

    def reset(self, places: NDArray[np.integer] | None = None) -> HopObservation:
        """Starts every episode anew, on maps drawn at random or given by index ``(B,)``."""
        self.running[:] = False
        return self.reset_done(places)

    def reset_done(self, places: NDArray[np.integer] | None = None) -> HopObservation:
        """Starts those episodes anew that are over.

        Args:
            places: Index of a map for every episode, shape ``(B,)``; only those of finished
                episodes are used. Drawn at random if None.
        """
        for b in np.flatnonzero(~self.running):
            k = int(self._rng.integers(len(self._maps))) if places is None else int(places[b])
            self._episodes.place[b] = k
            self._episodes.start[b] = self._starts[k]
            draw = float(self._rng.random()) if self._random_start else -1.0
            self._known_free[b] = _start(
                self._episodes, self._static, self._base, self._scratch, int(b), draw
            )
            size = self._episodes.graph.size[b, 0]
            self.running[b] = bool(self._episodes.graph.utility[b, :size].any())
            self.decisions[b], self.distance_m[b] = 0, 0.0
            self._version[b] = 1
        return self.observe()

    def observe(self) -> HopObservation:
        """Observations of all episodes, see `hop_observation`."""
        return observe_batch(self._episodes.graph, self._episodes.robot, self._side)

    def mask(self) -> NDArray[np.bool_]:
        """Slots that may be hopped to, shape ``(B, 25)``."""
        each = np.arange(len(self.running))
        bits = self._episodes.graph.joined[each, self._episodes.robot]
        return (bits[:, None] >> np.arange(25) & 1).astype(np.bool_)

    def step(self, actions: NDArray[np.integer]) -> HopBatchStep:
        """Takes one action in every running episode; those that are over stay as they are.

        Args:
            actions: Slots, shape ``(B,)``.
        """
        batch = len(self.running)
        outcome = _Outcome(
            refused=np.empty(batch, np.bool_),
            hop=np.empty(batch),
            new=np.empty(batch, np.int32),
            left=np.empty(batch, np.bool_),
        )
        _step(
            self._episodes, self._static, self._base, self._scratch, self.running,
            np.ascontiguousarray(actions, np.int64), outcome,
        )  # fmt: skip
        was_running = self.running.copy()
        self.decisions += was_running
        self.distance_m += outcome.hop
        self._known_free += outcome.new
        self._version += ~outcome.refused
        terminated = was_running & ~outcome.left
        truncated = was_running & outcome.left & (self.decisions >= self._cap)
        self.running &= ~(terminated | truncated)
        area = outcome.new.astype(np.float64) * self._side**2
        reward = outcome.hop * self._reward.metre + area * self._reward.square_metre
        reward += terminated * self._reward.finish
        return HopBatchStep(
            self.observe(), reward, terminated, truncated, outcome.refused, outcome.hop, area
        )

    def status(self, b: int) -> HopStatus:
        """Where an episode stands."""
        if self.running[b]:
            return HopStatus.RUNNING
        size = self._episodes.graph.size[b, 0]
        left = self._episodes.graph.utility[b, :size].any()
        return HopStatus.CAP if left else HopStatus.COMPLETE

    def roadmap(self, b: int) -> Roadmap:
        """The viewpoint graph of one episode as planners and controllers take it."""
        return snapshot(
            member(self._episodes.graph, b),
            self._side,
            self._maps[int(self.place[b])].origin_m,
            int(self._version[b]),
            int(self._episodes.robot[b]),
        )


def _tables(shape: tuple[int, int], side: float, cells: int, axis: int) -> VoxelAxis:
    """Voxel tables of one axis for every start cell along it, each ``(cells, cells)``."""
    rows = []
    for k in range(cells):
        geometry = hop_geometry(HOP, shape, side, (k, 0) if axis == 0 else (0, k))
        rows.append(geometry.across if axis == 0 else geometry.along)
    return VoxelAxis(
        np.stack([r.position for r in rows]),
        np.stack([r.voxel for r in rows]),
        np.stack([r.offset for r in rows]),
    )
