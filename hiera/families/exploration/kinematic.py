"""A driving robot in the exploration family: belief, viewpoint graph, plans and completion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.explorer import Explorer, ExplorerObservation
from hiera.envs.exploration.reachability import ReachableFrontiers
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.viewpoints import ViewpointGraph
from hiera.envs.exploration.world import ExplorationEnv
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


@dataclass(slots=True)
class Parts:
    """The four parts and the viewpoint graph, as the family built them."""

    env: ExplorationEnv
    graph: ViewpointGraph
    planner: Planner[ExplorationBelief, Waypoint]
    controller: Explorer
    gate: SafetyFilter
    goal: FloatArray | None
    resolution_m: float


class KinematicExploration(Scenario[ExplorerObservation, ExplorationBelief, Waypoint]):
    """Explores until no frontier that can be reached is left on the grid itself."""

    columns = (
        "x_m",
        "y_m",
        "theta_rad",
        "v_mps",
        "omega_radps",
        "v_nominal_mps",
        "omega_nominal_radps",
        "explored",
        "distance_m",
        "waypoint_x_m",
        "waypoint_y_m",
        "margin_m",
    )

    def __init__(self, settings: ExplorationSettings, parts: Parts, seeds: Seeds) -> None:
        self.env = self._world = parts.env
        self.planner = parts.planner
        self.controller = self._explorer = parts.controller
        self.gate = parts.gate
        self._graph = parts.graph
        self._goal = parts.goal
        self._settings = settings
        self._seeds = seeds
        frontier_m = settings.viewpoints.min_frontier_m
        self._min_cells = max(1, round(frontier_m / parts.resolution_m))
        self._decide_ticks = max(
            1, round(settings.viewpoints.decide_every_s / settings.clock.tick_s)
        )

    def reset(self) -> None:
        self._world.reset(seed=self._seeds.integer("dynamics"))
        self.planner.reset(self._seeds.integer("planner"))
        self.controller.reset(self._seeds.integer("controller"))
        self.gate.reset()
        self._waypoints = Waypoints()
        self._roadmap: Roadmap = self._look()
        self._start = self._world.state[:2].copy()
        self._frontiers: ReachableFrontiers | None = None
        self._rescues = 0
        self._done = False
        self._row: tuple[float, ...] = ()
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._target = -1

    @property
    def _here(self) -> tuple[float, float]:
        return float(self._world.state[0]), float(self._world.state[1])

    def _look(self) -> Roadmap:
        belief = self._world.belief
        return self._graph.update(belief.view, self._here, belief.take_changes())

    def observe(self, tick: int, now_s: float) -> ExplorerObservation:
        due = tick % self._decide_ticks == 0
        if due:
            self._roadmap = self._look()
            self._start = self._graph.safe_place(self._world.belief.view, self._here)
            self._waypoints.retire(self._roadmap, self._world.state[:2])
        return ExplorerObservation(
            pose=self._world.state[:3],
            speed=float(self._world.state[3]),
            time_s=now_s,
            known_m2=self._world.belief.known_free * self._world.grid.resolution_m**2,
            start=self._start if due else self._world.state[:2],
            roadmap=self._roadmap if due else None,
            look=partial(self._graph.look, self._world.belief.view),
            rescue=self._rescue,
            give_up=self._graph.give_up,
            detour=partial(self._graph.detour, self._world.belief.view),
            line_clear=self._graph.line_clear,
        )

    def _rescue(self) -> FloatArray:
        """The way on when the graph has nothing: the grid itself is asked."""
        if self._done:
            return self._way_to_goal()
        x, y = (float(value) for value in self._start)
        self._frontiers = self._graph.reachable_frontiers(
            self._world.belief.view, (x, y), min_cells=self._min_cells
        )
        path = self._frontiers.path
        if path is None:
            self._done = True
            self._events.append(("explored", {"unreachable_m2": self._frontiers.unreachable_m2}))
            return self._way_to_goal()
        self._rescues += 1
        return path

    def _way_to_goal(self) -> FloatArray:
        if self._goal is None:
            return np.zeros((0, 2))
        x, y = (float(value) for value in self._start)
        return self._graph.grid_path(self._world.belief.view, (x, y), tuple(self._goal))

    def belief(self) -> ExplorationBelief:
        known = np.argwhere(self._roadmap.indptr[1:] > self._roadmap.indptr[:-1])
        xy = self._roadmap.xy[known[:, 0]] if len(known) else self._roadmap.xy
        low, high = xy.min(axis=0), xy.max(axis=0)
        return ExplorationBelief(
            version=self._roadmap.version,
            time_s=self._world.time_s,
            roadmap=self._roadmap,
            explored_area_m2=self._world.statistics.explored_area_m2,
            bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        )

    def wants_plan(self, now_s: float) -> bool:
        return not self._done and self._waypoints.wants_plan(self._roadmap, now_s)

    def accept(self, plan: Plan[Waypoint], now_s: float) -> None:
        self._waypoints.accept(plan, self._roadmap, self._world.state[:2])

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
        world = self._world
        at = self._waypoints.xy
        self._row = (
            *(float(value) for value in world.state),
            float(nominal[0]),
            float(nominal[1]),
            float(info["explored_fraction"]),
            world.statistics.distance_m,
            float(at[0]),
            float(at[1]),
            float(action.margins.min()) if len(action.margins) else np.nan,
        )
        if info["collision"]:
            self._events.append(("collision", {"x": world.state[0], "y": world.state[1]}))
        if info["bump"]:
            self._events.append(("bump", {"x": world.state[0], "y": world.state[1]}))
        target = self._explorer.choice.target
        if target != self._target:
            self._target = target
            xy = self._roadmap.xy[target] if target >= 0 else (np.nan, np.nan)
            self._events.append(
                ("viewpoint", {"node": target, "x": float(xy[0]), "y": float(xy[1])})
            )

    def outcome(self, now_s: float) -> Outcome | None:
        if self._done and self._arrived():
            left = self._frontiers.unreachable_m2 if self._frontiers else 0.0
            if left > 0.0:
                return Outcome(
                    "unreachable_frontiers",
                    True,
                    f"{left:.1f} m2 of frontier can be seen but not reached",
                )
            return Outcome("complete", True)
        if now_s >= self._settings.clock.max_time_s:
            return Outcome("time_limit", False, f"{now_s:.0f} s of simulated time are over")
        return None

    def _arrived(self) -> bool:
        if self._goal is None:
            return True
        return bool(np.hypot(*(self._goal - self._world.state[:2])) < 0.5)

    def row(self) -> tuple[float, ...]:
        return self._row

    def drain_events(self) -> list[tuple[str, dict[str, Any]]]:
        events, self._events = self._events, []
        return events

    def progress(self) -> Progress:
        seen = self._world.statistics
        return Progress(
            seen.explored_fraction,
            {
                "explored": f"{seen.explored_area_m2:,.0f} m²",
                "driven": f"{seen.distance_m:,.0f} m",
                **self._waypoints.fields(),
                "collisions": str(seen.collisions),
            },
        )

    def metrics(self) -> dict[str, Any]:
        seen = self._world.statistics
        return {
            "explored_fraction": seen.explored_fraction,
            "explored_area_m2": seen.explored_area_m2,
            "reachable_area_m2": seen.reachable_area_m2,
            "distance_m": seen.distance_m,
            "collisions": seen.collisions,
            "bumps": seen.bumps,
            "decisions": self._explorer.decisions,
            "reversals": self._explorer.reversals,
            "rescues": self._rescues,
            "stalls": self._explorer.stalls,
            "viewpoints": len(self._roadmap.xy),
            "policy_fallbacks": fallbacks(self._explorer.policy),
        }

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        world = self._world
        return {
            "first_seen_s": world.belief.first_seen,
            "belief": world.belief.view,
            "truth": world.grid.free,
            "reachable": world.reachable,
            "resolution_m": np.array(world.grid.resolution_m),
            "origin_m": np.array(world.grid.origin_m),
            "roadmap_xy": self._roadmap.xy,
            "roadmap_utility": self._roadmap.utility,
            "roadmap_indptr": self._roadmap.indptr,
            "roadmap_indices": self._roadmap.indices,
            "radius_m": np.array(world.robot.radius_m),
            "people_xy": world.people.xy,
        }
