"""The slow layer of a hop episode without the run loop: the numeric planner, asked when due."""

from __future__ import annotations

import time

import numpy as np

from hiera.envs.exploration.hop import HopEnv
from hiera.families.exploration.waypoints import Waypoints
from hiera.planners import Planner
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.numeric import NumericPlanner
from hiera.planners.exploration.waypoint import Waypoint


class SlowHops:
    """Waypoints as the hop scenario hands them out.

    Attributes:
        planned_s: Process time of every plan [s].
    """

    def __init__(
        self, env: HopEnv, planner: Planner[ExplorationBelief, Waypoint] | None = None
    ) -> None:
        """Takes the episode and its planner, the numeric one by default."""
        self._env = env
        self._planner = planner or NumericPlanner()
        self._waypoints = Waypoints()
        self.planned_s: list[float] = []

    def waypoint(self) -> int | None:
        """Node of the current waypoint, planned anew if the last plan is done with."""
        env, roadmap = self._env, self._env.roadmap()
        now, here = float(env.decisions), np.array(env.robot_m)
        self._waypoints.retire(roadmap, here)
        if self._waypoints.wants_plan(roadmap, now):
            low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
            area = env.explored * float(env.place.free.sum()) * env.place.resolution_m**2
            belief = ExplorationBelief(
                version=roadmap.version,
                time_s=now,
                roadmap=roadmap,
                explored_area_m2=area,
                bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            )
            begin = time.process_time()
            self._waypoints.accept(self._planner.plan(belief, 60.0), roadmap, here)
            self.planned_s.append(time.process_time() - begin)
        current = self._waypoints.current
        return None if current is None else current.node
