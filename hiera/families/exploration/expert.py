"""A known-map expert for the hop protocol: the shortest way to finish, for one who has the map.

It cannot be a robot's policy. It is the teacher of the learned policy, which is told how much
longer the way becomes by each choice, and a row of the benchmark. A state's cost to go is the
length of a covering tour (`covering_tour`) over the targets of `finishing_sets` that the belief
leaves open; the tour search is a heuristic, on DARE's maps within a few metres of the optimum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.viewpoint.contract import Choice, RoadmapLike
from hiera.controllers.viewpoint.covering_task import Task
from hiera.controllers.viewpoint.covering_tour import improve
from hiera.controllers.viewpoint.legs import new_ways
from hiera.controllers.viewpoint.nearest import NearestFrontier
from hiera.controllers.viewpoint.rerouting import costs_by_way_of, with_begin
from hiera.envs.exploration.finishing_sets import finishing_sets
from hiera.envs.exploration.grid import Belief, GridMap
from hiera.envs.exploration.hop import SENSOR_RANGE_M, HopEnv, start_of
from hiera.envs.exploration.hop_graph import lattice_step
from hiera.envs.exploration.rules import HOP
from hiera.envs.exploration.sight import ray_ends
from hiera.envs.exploration.true_lattice import true_lattice
from hiera.envs.exploration.viewpoints import snapshot

_NOISE = 0.5


class KnownMapExpert:
    """Plans on one map; remembers its last tour.

    Attributes:
        xy: Node positions, world frame, shape ``(n, 2)`` [m].
    """

    def __init__(self, place: GridMap, seed: int = 0) -> None:
        """Works the map out, which takes some tens of milliseconds.

        Args:
            place: The map, with a start.
            seed: Seed of the tour search.

        Raises:
            ValueError: If the map has no start, or it is not free.
        """
        x, y = place.cell(*start_of(place))
        step = lattice_step(HOP.spacing_m, place.resolution_m)
        free = np.ascontiguousarray(place.free)
        graph = true_lattice(free, step, (x, y))
        roadmap = snapshot(graph, place.resolution_m, place.origin_m, 0, 0)
        self.xy = roadmap.xy
        self._place = place
        self._cell = graph.cell[: len(self.xy)]
        self._node_at_cell = np.full(free.shape, -1, np.int32)
        self._node_at_cell[self._cell[:, 1], self._cell[:, 0]] = np.arange(len(self.xy))
        self._sets = finishing_sets(free, graph, ray_ends(SENSOR_RANGE_M / place.resolution_m))
        n = len(self.xy)
        # Stop k + 1 is node k: a tour never goes back to stop 0, which may be anywhere.
        self._ways = new_ways(
            roadmap.indptr,
            roadmap.indices,
            roadmap.lengths,
            np.ones(len(roadmap.indices), np.bool_),
            np.zeros(n),
            self._sets.seen,
            np.concatenate(([0], np.arange(n))).astype(np.int32),
        )
        self._rng = np.random.default_rng(seed)
        self._tour = np.zeros(0, np.int32)

    def nodes(self, xy: NDArray[np.float64]) -> NDArray[np.int32]:
        """Nodes at world positions ``(k, 2)`` [m], -1 where there is none, shape ``(k,)``."""
        side, corner = self._place.resolution_m, np.asarray(self._place.origin_m)
        x, y = np.floor((np.asarray(xy) - corner) / side).astype(np.intp).T
        return np.asarray(self._node_at_cell[y, x])

    def plan(self, belief: Belief, node: int, rounds: int = 20) -> tuple[NDArray[np.int32], float]:
        """Plans from a node, beginning with what is left of the last tour.

        Args:
            belief: What has been seen, shape ``(H, W)``.
            node: Where the robot is.
            rounds: Rounds of neighbourhood search.

        Returns:
            The tour's nodes, the robot's first, and its length [m]; 0 when all has been seen.
        """
        goal = self._sets.left(belief)
        begin = with_begin(np.append(np.int32(-1), self._tour), node + 1)
        if not goal.any():
            self._tour = begin[:0]
            return begin[:1] - 1, 0.0
        task = Task(self._ways, goal, np.zeros(len(self._ways.stops)), 0.0)
        tour, cost = improve(task, begin, rounds, _NOISE, self._rng)
        self._tour = tour[1:]
        return tour - 1, float(cost)

    def costs(
        self, belief: Belief, node: int, neighbours: NDArray[np.int32], rounds: int = 1
    ) -> NDArray[np.float64]:
        """Cost to go by way of each of some neighbours, the hop there included [m].

        Call `plan` for the same state first.

        Args:
            belief: What has been seen, shape ``(H, W)``.
            node: Where the robot is.
            neighbours: Nodes joined to it, shape ``(k,)``.
            rounds: Rounds of neighbourhood search for each.

        Returns:
            Shape ``(k,)`` [m]; infinite where the neighbour is -1.
        """
        out = np.full(len(neighbours), np.inf)
        real = neighbours >= 0
        tour = np.append(np.int32(node + 1), self._tour).astype(np.int32)
        out[real] = costs_by_way_of(
            self._ways, self._sets.left(belief), tour, neighbours[real], rounds, _NOISE, self._rng
        )
        return out


class ExpertPolicy:
    """The expert behind the interface of a viewpoint policy, hop by hop.

    Attributes:
        fallbacks: How often since `reset` it went to the nearest useful viewpoint instead, because
            nothing was left that it plans for.
    """

    def __init__(self, env: HopEnv) -> None:
        """Takes the episode, whose map and belief it reads."""
        self._env = env
        self._expert = KnownMapExpert(env.place)
        self.fallbacks = 0

    def reset(self, seed: int) -> None:
        """Forgets the last tour."""
        self._expert = KnownMapExpert(self._env.place, seed)
        self.fallbacks = 0

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The joined neighbour by way of which the rest is shortest.

        Where nothing is left that it plans for, the nearest useful viewpoint.
        """
        belief, robot = self._env.belief, roadmap.robot
        node = int(self._expert.nodes(roadmap.xy[[robot]])[0])
        _, togo = self._expert.plan(belief, node)
        joined = roadmap.indices[roadmap.indptr[robot] : roadmap.indptr[robot + 1]]
        if togo > 0.0 and len(joined):
            costs = self._expert.costs(belief, node, self._expert.nodes(roadmap.xy[joined]))
            there = int(joined[int(np.argmin(costs))])
            return Choice(there, (robot, there))
        self.fallbacks += 1
        return NearestFrontier().choose(roadmap, None)
