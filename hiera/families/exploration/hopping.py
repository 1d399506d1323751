"""A hopping robot in the exploration family: the literature's protocol through the same loop.

A tick is a decision. The gate is a mask: only hops along edges of the viewpoint graph, whose
line is known to be free, leave for the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.viewpoint import ViewpointPolicy
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.lattice import STAY
from hiera.families.exploration.parts import fallbacks
from hiera.families.exploration.settings import ExplorationSettings
from hiera.families.exploration.waypoints import Waypoints
from hiera.planners import Plan, Planner
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.waypoint import Waypoint
from hiera.safety import SafeAction, SafetyFilter
from hiera.scenario import Outcome, Progress, Scenario
from hiera.seeds import Seeds

FloatArray = NDArray[np.float64]


class Hopper:
    """A viewpoint policy as a controller: the first hop of the way to its choice."""

    def __init__(self, policy: ViewpointPolicy, world: HopEnv) -> None:
        self.policy = policy
        self._world = world
        self.lost = False
        """Whether the last choice was that nothing useful can be reached."""

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self.policy.reset(seed)
        self.lost = False

    def act(self, observation: None, subgoal: Waypoint | None) -> FloatArray:
        """Slot of the next hop, shape ``(1,)``."""
        if self._world.way_out is not None:
            # The graph leads to nothing: there is nothing to choose between.
            return np.array([float(STAY)])
        waypoint = subgoal.node if subgoal is not None else None
        choice = self.policy.choose(self._world.roadmap(), waypoint)
        self.lost = not choice.found
        slot = self._world.slot_of(choice.path[1]) if len(choice.path) > 1 else STAY
        return np.array([float(slot)])


@dataclass(slots=True)
class HopParts:
    """The four parts, as the family built them."""

    env: HopEnv
    planner: Planner[ExplorationBelief, Waypoint]
    policy: ViewpointPolicy
    gate: SafetyFilter


class HopExploration(Scenario[None, ExplorationBelief, Waypoint]):
    """Explores until no viewpoint has utility left, or the decisions are used up."""

    columns = ("x_m", "y_m", "explored", "distance_m", "waypoint_x_m", "waypoint_y_m")

    def __init__(self, settings: ExplorationSettings, parts: HopParts, seeds: Seeds) -> None:
        self.env = self._world = parts.env
        self.planner = parts.planner
        self.controller = self._hopper = Hopper(parts.policy, parts.env)
        self.gate = parts.gate
        self._settings = settings
        self._seeds = seeds

    def reset(self) -> None:
        self._world.reset(seed=self._seeds.integer("dynamics"), options={"map": self._world.place})
        self.planner.reset(self._seeds.integer("planner"))
        self.controller.reset(self._seeds.integer("controller"))
        self.gate.reset()
        # A tick is a decision here: plans are renewed as often as the graph changes.
        self._waypoints = Waypoints(least_s=self._settings.clock.tick_s)
        self._first_seen = np.full(self._world.belief.shape, np.inf, dtype=np.float32)
        self._stamp(0.0)

    def _stamp(self, now_s: float) -> None:
        self._first_seen[(self._world.belief > 0) & np.isinf(self._first_seen)] = now_s

    def observe(self, tick: int, now_s: float) -> None:
        self._waypoints.retire(self._world.roadmap(), np.array(self._world.robot_m))

    def belief(self) -> ExplorationBelief:
        roadmap = self._world.roadmap()
        low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
        area = self._world.explored * float(self._world.place.free.sum())
        return ExplorationBelief(
            version=roadmap.version,
            time_s=float(self._world.decisions),
            roadmap=roadmap,
            explored_area_m2=area * self._world.place.resolution_m**2,
            bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        )

    def wants_plan(self, now_s: float) -> bool:
        return self._waypoints.wants_plan(self._world.roadmap(), now_s)

    def accept(self, plan: Plan[Waypoint], now_s: float) -> None:
        self._waypoints.accept(plan, self._world.roadmap(), np.array(self._world.robot_m))

    def subgoal(self) -> Waypoint | None:
        return self._waypoints.current

    def after_step(
        self,
        observation: Any,
        info: Mapping[str, Any],
        action: SafeAction,
        nominal: FloatArray,
        now_s: float,
    ) -> None:
        self._stamp(now_s)

    def outcome(self, now_s: float) -> Outcome | None:
        world = self._world
        if world.status is HopStatus.COMPLETE:
            return Outcome("complete", True)
        if self._hopper.lost:
            useful = int((world.roadmap().utility > 0).sum())
            detail = f"{useful} viewpoints still see frontiers, but no edge leads there"
            return Outcome("unreachable_frontiers", False, detail)
        if world.status is HopStatus.CAP:
            return Outcome("cap", False, f"{world.decisions} decisions are used up")
        return None

    def row(self) -> tuple[float, ...]:
        x, y = self._world.robot_m
        wx, wy = self._waypoints.xy
        return (x, y, self._world.explored, self._world.distance_m, wx, wy)

    def progress(self) -> Progress:
        return Progress(
            self._world.explored,
            {"driven": f"{self._world.distance_m:,.0f} m", **self._waypoints.fields()},
        )

    def metrics(self) -> dict[str, Any]:
        return {
            "explored_fraction": self._world.explored,
            "distance_m": self._world.distance_m,
            "collisions": 0,
            "decisions": self._world.decisions,
            "rescues": self._world.rescues,
            "viewpoints": len(self._world.roadmap().xy),
            "policy_fallbacks": fallbacks(self._hopper.policy),
        }

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        world, roadmap = self._world, self._world.roadmap()
        return {
            "first_seen_s": self._first_seen,
            "belief": world.belief,
            "truth": world.place.free,
            "resolution_m": np.array(world.place.resolution_m),
            "origin_m": np.array(world.place.origin_m),
            "roadmap_xy": roadmap.xy,
            "roadmap_utility": roadmap.utility,
            "roadmap_indptr": roadmap.indptr,
            "roadmap_indices": roadmap.indices,
        }
