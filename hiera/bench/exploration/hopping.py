"""One episode of the hop protocol, with the CPU time of every decision and plan."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.methods import Method
from hiera.config.load import resolve
from hiera.controllers.viewpoint.contract import Choice
from hiera.envs.exploration.grid import FREE, GridMap
from hiera.envs.exploration.hop import SENSOR_RANGE_M, HopEnv, HopStatus, start_of
from hiera.envs.exploration.hop_graph import lattice_step
from hiera.envs.exploration.hop_ready import reachable
from hiera.envs.exploration.rules import HOP
from hiera.envs.exploration.sight import ray_ends
from hiera.envs.exploration.true_lattice import shown_cells, true_lattice
from hiera.families.exploration.family import FAMILY
from hiera.families.exploration.settings import ExplorationSettings
from hiera.families.exploration.slow_hops import SlowHops
from hiera.run import Wiring
from hiera.seeds import Seeds

_REMEMBERED = 8


class Reversals:
    """Counts returns to a target that was left while it still saw something."""

    def __init__(self) -> None:
        self.count = 0
        self._left: list[int] = []
        self._target = -1

    def note(self, choice: Choice, utility: Any) -> None:
        """Takes a choice down; ``utility`` is that of every node."""
        if choice.target == self._target:
            return
        self.count += choice.target in self._left
        if self._target >= 0 and utility[self._target] > 0:
            self._left = [*self._left[1 - _REMEMBERED :], self._target]
        self._target = choice.target


@lru_cache(maxsize=64)
def _settings(method: Method, cap: int, seed: int) -> ExplorationSettings:
    data = {"family": "exploration", "motion": "hop", "seed": seed, "hop": {"cap": cap}}
    settings = resolve(data, method.settings, source="method").settings
    assert isinstance(settings, ExplorationSettings)
    return settings


def hop(index: int, place: GridMap, name: str, method: Method, cap: int, seed: int) -> Episode:
    """Explores a map.

    Args:
        index: Number of the map, for the record.
        place: The map, with a start.
        name: Name of the method.
        method: Who explores.
        cap: Most decisions.
        seed: Of policy and planner.

    Raises:
        ConfigError: If the method cannot be built.
    """
    settings, seeds = _settings(method, cap, seed), Seeds(seed)
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
    reversals = Reversals()
    status = str(env.status)
    while env.status is HopStatus.RUNNING:
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
        reversals.note(choice, roadmap.utility)
        env.step(env.slot_of(choice.path[1]))
        status = str(env.status)
    explored, shown = seen_shares(env)
    return Episode(
        index=index,
        map=place.name,
        method=name,
        status=status,
        complete=env.status is HopStatus.COMPLETE,
        distance_m=env.distance_m,
        time_s=float("nan"),
        explored=explored,
        shown=shown,
        decisions=env.decisions,
        reversals=reversals.count,
        collisions=0,
        decision_ms=tuple(spent),
        plan_ms=tuple(slow.plan_ms),
        model_plans=slow.model_plans,
    )


def seen_shares(env: HopEnv) -> tuple[float, float]:
    """Shares that have been seen, of two sets of free cells.

    Returns:
        Of those that hang together with the start, and of those that some node of the true map's
        lattice shows.
    """
    place, seen = env.place, env.belief == FREE
    step = lattice_step(HOP.spacing_m, place.resolution_m)
    graph = true_lattice(place.free, step, place.cell(*start_of(place)))
    there = shown_cells(place.free, graph, ray_ends(SENSOR_RANGE_M / place.resolution_m))
    return float(seen[reachable(place)].mean()), float(seen[there].mean()) if there.any() else 1.0
