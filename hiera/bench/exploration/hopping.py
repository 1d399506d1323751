"""One episode of the hop protocol, with the CPU time of every decision and plan."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.methods import Method
from hiera.config.load import resolve
from hiera.controllers.viewpoint import NearestFrontier
from hiera.controllers.viewpoint.contract import Choice
from hiera.envs.exploration.grid import FREE, GridMap
from hiera.envs.exploration.hop import SENSOR_RANGE_M, HopEnv, HopStatus, start_of
from hiera.envs.exploration.hop_graph import lattice_step
from hiera.envs.exploration.hop_ready import reachable
from hiera.envs.exploration.lattice import STAY
from hiera.envs.exploration.rules import HOP
from hiera.envs.exploration.sight import ray_ends
from hiera.envs.exploration.true_lattice import shown_cells, true_lattice
from hiera.families.exploration.expert import ExpertPolicy
from hiera.families.exploration.family import FAMILY
from hiera.families.exploration.settings import ExplorationSettings
from hiera.families.exploration.slow_hops import SlowHops
from hiera.run import Wiring
from hiera.seeds import Seeds

LATTICE, ADAPTIVE = "lattice", "adaptive"
"""What there is to hop along."""
_NEARLY_ALL, _DRY_RUN = 0.995, 5000
_REMEMBERED = 8


class Wavering:
    """Counts how a policy changes its mind.

    Attributes:
        reversals: Returns to a target that was left while it still saw something; also those of
            a robot that went round by something nearer.
        turn_backs: Targets given up while they still saw something, to go back to where the robot
            had been since it set out for them. This is oscillation.
    """

    def __init__(self) -> None:
        self.reversals = self.turn_backs = 0
        self._left: list[int] = []
        self._target = -1
        self._trail: set[int] = set()

    def note(self, choice: Choice, utility: Any, robot: int) -> None:
        """Takes a choice down; ``utility`` is that of every node, ``robot`` the robot's."""
        self._trail.add(robot)
        if choice.target == self._target:
            return
        self.reversals += choice.target in self._left
        if self._target >= 0 and utility[self._target] > 0:
            self._left = [*self._left[1 - _REMEMBERED :], self._target]
            self.turn_backs += choice.path[1] in self._trail
        self._trail = {robot}
        self._target = choice.target


@lru_cache(maxsize=64)
def _settings(method: Method, graph: str, cap: int, seed: int) -> ExplorationSettings:
    hop = {"cap": cap, "graph": graph}
    data = {"family": "exploration", "motion": "hop", "seed": seed, "hop": hop}
    settings = resolve(data, method.settings, source="method").settings
    assert isinstance(settings, ExplorationSettings)
    return settings


def graph_of(place: GridMap) -> str:
    """The graph to hop along on a map: the lattice if it gets through the map, else ``adaptive``.

    It gets through if its nodes show what can be reached, and somebody who always goes to the
    nearest useful viewpoint ends up having seen it.

    Args:
        place: The map, with a start.
    """
    there = reachable(place)
    if float(shown(place)[there].mean()) < _NEARLY_ALL:
        return ADAPTIVE
    env, policy = HopEnv([place], cap=_DRY_RUN), NearestFrontier()
    env.reset(seed=0)
    while env.status is HopStatus.RUNNING:
        choice = policy.choose(env.roadmap(), None)
        if len(choice.path) < 2:
            return ADAPTIVE
        env.step(env.slot_of(choice.path[1]))
    seen = float((env.belief == FREE)[there].mean())
    return LATTICE if env.status is HopStatus.CAP or seen >= _NEARLY_ALL else ADAPTIVE


def hop(
    index: int, place: GridMap, name: str, method: Method, graph: str, cap: int, seed: int
) -> Episode:
    """Explores a map.

    Args:
        index: Number of the map, for the record.
        place: The map, with a start.
        name: Name of the method.
        method: Who explores.
        graph: What to hop along, see `graph_of`.
        cap: Most decisions.
        seed: Of policy and planner.

    Raises:
        ConfigError: If the method cannot be built.
    """
    settings, seeds = _settings(method, graph, cap, seed), Seeds(seed)
    parts = FAMILY.hop_parts(settings, place, seeds, Wiring())
    env = parts.env
    env.reset(seed=seed, options={"map": place})
    policy = parts.policy if method.policy is None else method.policy(env)
    policy.reset(seeds.integer("controller"))
    parts.planner.reset(seeds.integer("planner"))
    clock = settings.clock
    slow = SlowHops(
        env,
        parts.planner,
        tick_s=clock.tick_s,
        least_s=clock.tick_s,
        deadline_s=clock.plan_deadline_s,
    )
    led = settings.planner.kind != "none"  # type: ignore[attr-defined]
    spent: list[float] = []
    wavering = Wavering()
    status = str(env.status)
    while env.status is HopStatus.RUNNING:
        if env.way_out is not None:
            env.step(STAY)
            status = str(env.status)
            continue
        begin = time.process_time()
        roadmap = env.roadmap()
        spent.append(1e3 * (time.process_time() - begin))
        waypoint = slow.waypoint() if led else None
        begin = time.process_time()
        choice = policy.choose(roadmap, waypoint)
        spent[-1] += 1e3 * (time.process_time() - begin)
        if len(choice.path) < 2:
            status = "unreachable_frontiers"
            break
        wavering.note(choice, roadmap.utility, roadmap.robot)
        env.step(env.slot_of(choice.path[1]))
        status = str(env.status)
    explored, possible = seen_shares(env, graph)
    return Episode(
        index=index,
        map=place.name,
        method=name,
        status=status,
        complete=env.status is HopStatus.COMPLETE,
        distance_m=env.distance_m,
        time_s=float("nan"),
        explored=explored,
        shown=possible,
        decisions=env.decisions,
        reversals=wavering.reversals,
        collisions=0,
        decision_ms=tuple(spent),
        plan_ms=tuple(slow.plan_ms),
        model_plans=slow.model_plans,
        turn_backs=wavering.turn_backs,
        rescues=env.rescues,
        graph=graph,
        policy_fallbacks=policy.fallbacks if isinstance(policy, ExpertPolicy) else 0,
    )


def shown(place: GridMap) -> NDArray[np.bool_]:
    """Free cells that some node of the lattice shows, shape ``(H, W)``."""
    step = lattice_step(HOP.spacing_m, place.resolution_m)
    lattice = true_lattice(place.free, step, place.cell(*start_of(place)))
    return shown_cells(place.free, lattice, ray_ends(SENSOR_RANGE_M / place.resolution_m))


def seen_shares(env: HopEnv, graph: str) -> tuple[float, float]:
    """Shares that have been seen, of two sets of free cells.

    Returns:
        Of those that hang together with the start, and of those that a complete run could see:
        on the lattice, the ones that some node shows.
    """
    seen = env.belief == FREE
    explored = float(seen[reachable(env.place)].mean())
    if graph == ADAPTIVE:
        return explored, explored
    there = shown(env.place)
    return explored, float(seen[there].mean()) if there.any() else 1.0
