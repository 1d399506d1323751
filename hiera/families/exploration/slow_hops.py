"""The slow layer of a hop episode without the run loop: asked when a waypoint is done with."""

from __future__ import annotations

import time

import numpy as np

from hiera.envs.exploration.hop import HopEnv
from hiera.families.exploration.waypoints import Waypoints
from hiera.planners import Planner, Provenance
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.waypoint import Waypoint

_MODEL = (Provenance.LLM, Provenance.LLM_REPAIRED)


class SlowHops:
    """Waypoints as the hop scenario hands them out.

    Attributes:
        plan_ms: Process time of every plan [ms].
        model_plans: How many plans a language model made.
    """

    def __init__(
        self,
        env: HopEnv,
        planner: Planner[ExplorationBelief, Waypoint],
        *,
        tick_s: float = 1.0,
        least_s: float = 5.0,
        deadline_s: float = 60.0,
    ) -> None:
        """Takes the episode and its planner.

        Args:
            env: The episode.
            planner: Plans waypoints.
            tick_s: Simulated time of a decision [s].
            least_s: Least time between two plans [s].
            deadline_s: What the planner is given [s].
        """
        self._env, self._planner = env, planner
        self._tick_s, self._deadline_s = tick_s, deadline_s
        self._waypoints = Waypoints(least_s=least_s)
        self.plan_ms: list[float] = []
        self.model_plans = 0

    def waypoint(self) -> int | None:
        """Node of the current waypoint, planned anew if the last plan is done with."""
        env, roadmap = self._env, self._env.roadmap()
        here = np.array(env.robot_m)
        self._waypoints.retire(roadmap, here)
        if self._waypoints.wants_plan(roadmap, env.decisions * self._tick_s):
            low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
            area = env.explored * float(env.place.free.sum()) * env.place.resolution_m**2
            belief = ExplorationBelief(
                version=roadmap.version,
                time_s=float(env.decisions),
                roadmap=roadmap,
                explored_area_m2=area,
                bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            )
            begin = time.process_time()
            plan = self._planner.plan(belief, self._deadline_s)
            self.plan_ms.append(1e3 * (time.process_time() - begin))
            self.model_plans += plan.provenance in _MODEL
            self._waypoints.accept(plan, roadmap, here)
        current = self._waypoints.current
        return None if current is None else current.node
