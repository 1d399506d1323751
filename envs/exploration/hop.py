"""The hop protocol: a robot that jumps from viewpoint to viewpoint and senses where it lands.

Source: the benchmark of DARE (Y. Cao, J. Lew, J. Liang, J. Cheng, G. Sartoretti, ICRA 2025,
arXiv 2410.16687): 0.4 m cells, 4 m lattice, 20 m sensor, done when no viewpoint has utility
left, capped at 128 decisions. There is no time, heading or collision in it; distance is what
counts. Two things are ours. An action that names no joined neighbour is refused, and the robot
stays, a decision poorer. And where doors are narrower than the lattice, so that it does not get
through, ``adaptive`` hops along a graph whose nodes follow the free space; the rest is the same,
and a hop is as long as the shortest way through free cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from hiera.envs.exploration.grid import Belief, GridMap
from hiera.envs.exploration.hop_observation import HopObservation, observation_space, observe
from hiera.envs.exploration.lattice import SLOTS, STAY, hop_length, neighbour, useful_in_reach
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.rules import HOP, ViewpointRules, adaptive_hop_rules
from hiera.envs.exploration.shortest_way import shortest_way
from hiera.envs.exploration.sight import ray_ends, sense_hop
from hiera.envs.exploration.viewpoints import ViewpointGraph
from hiera.safety.contract import Context, SafetyState

SENSOR_RANGE_M: Final = 20.0
DECISION_CAP: Final = 128


class HopStatus(StrEnum):
    """Where an episode stands."""

    RUNNING = "running"
    """Some viewpoint still sees frontiers."""
    COMPLETE = "complete"
    """No viewpoint has utility left."""
    CAP = "cap"
    """The decisions are used up."""


@dataclass(frozen=True, slots=True)
class HopReward:
    """Weights of the reward of a hop.

    Attributes:
        metre: Per metre travelled.
        square_metre: Per square metre of free space newly seen.
        finish: Once, on completion.
    """

    metre: float = -1.0
    square_metre: float = 0.0
    finish: float = 0.0


def hop_rules(resolution_m: float, *, adaptive: bool) -> ViewpointRules:
    """The viewpoint graph of a hop episode: DARE's, or one that follows the free space."""
    return adaptive_hop_rules(resolution_m) if adaptive else HOP


def lattice_points(shape: tuple[int, int], resolution_m: float, *, adaptive: bool = False) -> int:
    """Most nodes that a map can hold: the rows P of an observation."""
    step = round(hop_rules(resolution_m, adaptive=adaptive).spacing_m / resolution_m)
    # Blocks are counted from the start, so that one of each row and column may lie outside.
    more = 2 if adaptive else 1
    return ((shape[0] - 1) // step + more) * ((shape[1] - 1) // step + more)


def start_of(place: GridMap) -> tuple[float, float]:
    """Where an episode on a map starts [m].

    Raises:
        ValueError: If the map has no start, or the start is not free.
    """
    if place.start_m is None:
        raise ValueError(f"map {place.name}: the hop protocol needs a start (GridMap.start_m)")
    x, y = place.cell(*place.start_m)
    rows, columns = place.free.shape
    if not (0 <= x < columns and 0 <= y < rows and place.free[y, x]):
        raise ValueError(f"map {place.name}: its start {place.start_m} m is not free")
    return place.start_m


class HopEnv(gym.Env[HopObservation, NDArray[Any]]):
    """One hop episode at a time, as a Gymnasium environment.

    An action is a slot of the 5 x 5 block: ``5 (dy + 2) + (dx + 2)`` hops ``(dx, dy)`` lattice
    steps. Observations are described in `hop_observation`. ``reset`` takes the options
    ``map`` (an index into the maps, or a `GridMap`) and ``random_start`` (bool).

    Attributes:
        status: Where the episode stands.
        decisions: Actions taken, refused ones included.
        distance_m: Distance travelled [m].
        way_out: Where an adaptive graph leads to nothing and the grid does: the way to the nearest
            frontier, shape ``(k, 2)`` [m], which the slot of staying then walks. Else None.
        rescues: How often it was walked.
        belief: What has been seen, shape ``(H, W)``; changes in place.
        place: The map of the episode.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        maps: Sequence[GridMap],
        *,
        cap: int = DECISION_CAP,
        reward: HopReward | None = None,
        random_start: bool = False,
        max_nodes: int | None = None,
        outlook_m: float | None = None,
        picture: bool = False,
        adaptive: bool = False,
    ) -> None:
        """Takes the maps that episodes are drawn from.

        Args:
            maps: At least one map with a start.
            cap: Most decisions in an episode.
            reward: Weights of the reward; minus the distance if None.
            random_start: Start at a random viewpoint in view of the map's start.
            max_nodes: Rows of the observation; by default what the largest map needs.
            outlook_m: Half the side of the window for which `roadmap` carries an outlook [m];
                None for none.
            picture: Whether the outlook carries a picture of the belief, too.
            adaptive: Hop along a graph that follows the free space instead of DARE's lattice.
        """
        if not maps:
            raise ValueError("hop environment: give at least one map")
        self._maps = list(maps)
        self._cap, self._reward = cap, reward or HopReward()
        self._random_start = random_start
        self._outlook_m, self._picture, self._adaptive = outlook_m, picture, adaptive
        self._capacity = max_nodes or max(self._most_nodes(m) for m in maps)
        self.action_space: spaces.Space[Any] = spaces.Discrete(SLOTS)
        self.observation_space: spaces.Space[Any] = observation_space(self._capacity)
        self.place = self._maps[0]
        self.status = HopStatus.RUNNING
        self.decisions = 0
        self.distance_m = 0.0
        self.rescues = 0
        self.way_out: NDArray[np.float64] | None = None
        self._known_free = 0
        self._total_free = 1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[HopObservation, dict[str, Any]]:
        """Starts an episode on a map drawn from the maps, or on the one asked for."""
        super().reset(seed=seed)
        options = options or {}
        choice = options.get("map")
        if choice is None:
            choice = int(self.np_random.integers(len(self._maps)))
        self.place = choice if isinstance(choice, GridMap) else self._maps[int(choice)]
        start = start_of(self.place)
        rows, columns = self.place.free.shape
        points = self._most_nodes(self.place)
        if points > self._capacity:
            raise ValueError(
                f"map {self.place.name}: {points} lattice points do not fit into observations "
                f"of {self._capacity} nodes; give HopEnv max_nodes={points}"
            )
        self.belief: Belief = np.zeros((rows, columns), np.uint8)
        side = self.place.resolution_m
        self._ends = ray_ends(SENSOR_RANGE_M / side)
        self._total_free = int(self.place.free.sum())
        self._known_free = 0
        self.status, self.decisions, self.distance_m = HopStatus.RUNNING, 0, 0.0
        self.rescues, self.way_out = 0, None
        self._new_graph(start)
        self._sense(start)
        if options.get("random_start", self._random_start):
            nodes = self._roadmap.xy
            pick = nodes[int(self.np_random.integers(len(nodes)))]
            # A graph of its own: what was seen from the map's start stays in the belief only.
            self._new_graph(start)
            self._sense((float(pick[0]), float(pick[1])), everything=True)
        self._settle()
        return self._observe(), self._info(refused=False)

    def _most_nodes(self, place: GridMap) -> int:
        rows, columns = place.free.shape
        return lattice_points((rows, columns), place.resolution_m, adaptive=self._adaptive)

    def _new_graph(self, start: tuple[float, float]) -> None:
        rows, columns = self.place.free.shape
        self._graph = ViewpointGraph(
            hop_rules(self.place.resolution_m, adaptive=self._adaptive),
            (rows, columns),
            resolution_m=self.place.resolution_m,
            origin_m=self.place.origin_m,
            start_m=start,
            outlook_m=self._outlook_m,
            picture=self._picture,
        )

    def _sense(self, at: tuple[float, float], *, everything: bool = False) -> int:
        """Senses at a position and updates the graph; returns the free cells newly seen."""
        x, y = self._at = self.place.cell(*at)
        new, *bounds = sense_hop(self.place.free, self.belief, x, y, self._ends)
        if everything:
            bounds = [0, self.belief.shape[0], 0, self.belief.shape[1]]
        changed = (bounds[0], bounds[1], bounds[2], bounds[3])
        self._known_free += new
        self._roadmap = self._graph.update(
            self.belief, at, changed if changed[0] < changed[1] else None
        )
        return int(new)

    def step(
        self, action: NDArray[Any] | int
    ) -> tuple[HopObservation, float, bool, bool, dict[str, Any]]:
        """Hops to the neighbour in a slot and senses there.

        Args:
            action: The slot, a number or an array with one element.

        Returns:
            Observation, reward, whether the episode is complete, whether its decisions are used
            up, and ``status``, ``distance_m``, ``explored``, ``decisions``, ``refused``.
        """
        if self.status is not HopStatus.RUNNING:
            raise RuntimeError(f"hop environment: the episode is over ({self.status}); call reset")
        slot = int(np.asarray(action).reshape(-1)[0])
        self.decisions += 1
        allowed = 0 <= slot < SLOTS and bool(self.action_mask()[slot])
        reward = 0.0
        if allowed:
            there, hop = self._leads_to(slot)
            self.distance_m += hop
            new = self._sense(there)
            reward = hop * self._reward.metre
            reward += new * self.place.resolution_m**2 * self._reward.square_metre
        status = self._settle()
        if status is HopStatus.COMPLETE:
            reward += self._reward.finish
        return (
            self._observe(),
            reward,
            status is HopStatus.COMPLETE,
            status is HopStatus.CAP,
            self._info(refused=not allowed),
        )

    def _leads_to(self, slot: int) -> tuple[tuple[float, float], float]:
        """Where an allowed slot leads, and the length of the way [m]; straight on the lattice."""
        side = self.place.resolution_m
        if self.way_out is not None and slot == STAY:
            self.rescues += 1
            x, y = self.way_out[-1].tolist()
            return (x, y), float(np.hypot(*np.diff(self.way_out, axis=0).T).sum())
        node = neighbour(self._graph.arrays, self._roadmap.robot, slot)
        x, y = self._roadmap.xy[node].tolist()
        if self._adaptive:
            way = shortest_way(self.belief, *self._at, *self.place.cell(x, y))
            return (x, y), float(way) * side
        return (x, y), float(hop_length(slot, round(HOP.spacing_m / side) * side))

    def _settle(self) -> HopStatus:
        self.way_out = None
        if self._adaptive and not useful_in_reach(self._graph.arrays, self._roadmap.robot):
            found = self._graph.reachable_frontiers(self.belief, self.robot_m, gaps=True)
            self.way_out = found.path
        if self.way_out is None and not self._roadmap.utility.any():
            self.status = HopStatus.COMPLETE
        elif self.decisions >= self._cap:
            self.status = HopStatus.CAP
        return self.status

    def _observe(self) -> HopObservation:
        seen = observe(
            self._graph.arrays, self._roadmap.robot, self.place.resolution_m, self._capacity
        )
        seen["mask"][STAY] = self.way_out is not None
        return seen

    def _info(self, *, refused: bool) -> dict[str, Any]:
        return {
            "status": self.status,
            "distance_m": self.distance_m,
            "explored": self.explored,
            "decisions": self.decisions,
            "refused": refused,
        }

    @property
    def explored(self) -> float:
        """Share of the map's free cells that have been seen."""
        return self._known_free / self._total_free

    @property
    def robot_m(self) -> tuple[float, float]:
        """Where the robot is, world frame [m]."""
        if self._adaptive:
            return self.place.centre(*self._at)
        x, y = self._roadmap.xy[self._roadmap.robot]
        return float(x), float(y)

    def roadmap(self) -> Roadmap:
        """The viewpoint graph as planners and controllers take it."""
        self._roadmap = self._graph.look(self.belief)
        return self._roadmap

    def neighbours(self) -> NDArray[np.int32]:
        """Joined neighbour of every node and slot, -1 where none, shape ``(n, 25)``."""
        return self._graph.neighbours()

    def slot_of(self, node: int) -> int:
        """Action that hops from the robot's node to a joined node, -1 if it is not joined."""
        return self._graph.slot(self._roadmap.robot, node)

    def action_mask(self) -> NDArray[np.bool_]:
        """Slots that may be hopped to, shape ``(25,)``; that of staying if there is a `way_out`."""
        mask = self._graph.slots(self._roadmap.robot)
        mask[STAY] = self.way_out is not None
        return mask

    def safety_state(self) -> SafetyState:
        """Position ``(x, y)`` [m] and the mask of joined neighbours; time counts decisions."""
        return SafetyState(
            x=np.array(self.robot_m),
            context=Context(time_s=float(self.decisions), allowed=self.action_mask()),
        )
