"""Following a plan: which waypoint is next, when it is done with, when to plan anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.roadmap import Roadmap
from hiera.planners import Plan, PlanStatus
from hiera.planners.exploration.waypoint import Waypoint

_REACHED_M = 1.0


class Waypoints:
    """The plan in force and the place in it.

    Planning anew is wanted when a waypoint was retired, when the plan has run out, or when it is
    older than ``longest_s``; never sooner than ``least_s`` after the last request, so that a
    language model is not asked at every turn.

    Args:
        least_s: Shortest time between two requests [s].
        longest_s: Time after which a plan is renewed in any case [s].
    """

    def __init__(self, *, least_s: float = 5.0, longest_s: float = 30.0) -> None:
        self._least_s = least_s
        self._longest_s = longest_s
        self._asked_s = -np.inf
        self._stale = True
        self._at = 0
        self.plan: Plan[Waypoint] | None = None

    @property
    def current(self) -> Waypoint | None:
        """The waypoint to pursue, or None."""
        if self.plan is None or self._at >= len(self.plan.subgoals):
            return None
        return self.plan.subgoals[self._at]

    @property
    def xy(self) -> tuple[float, float]:
        """Its position [m], NaN without one."""
        return self.current.xy if self.current is not None else (np.nan, np.nan)

    def wants_plan(self, roadmap: Roadmap, now_s: float) -> bool:
        """Whether to ask now; a yes counts as asked."""
        since = now_s - self._asked_s
        if since < self._least_s or not roadmap.utility.any():
            return False
        if not self._stale and self.current is not None and since < self._longest_s:
            return False
        self._asked_s = now_s
        self._stale = False
        return True

    def accept(self, plan: Plan[Waypoint], roadmap: Roadmap, here: NDArray[np.float64]) -> None:
        """Takes over a plan; what has become useless since it was asked for is passed over."""
        if plan.status is PlanStatus.OK or self.plan is None:
            self.plan = plan
            self._at = 0
            self.retire(roadmap, here)

    def retire(self, roadmap: Roadmap, here: NDArray[np.float64]) -> None:
        """Passes over waypoints that are reached or see nothing new any more."""
        while (waypoint := self.current) is not None:
            away = roadmap.xy[waypoint.node] - here
            if roadmap.utility[waypoint.node] > 0 and np.hypot(away[0], away[1]) > _REACHED_M:
                return
            self._at += 1
            self._stale = True

    def fields(self) -> dict[str, str]:
        """For the progress display."""
        plan = self.plan
        return {
            "strategy": plan.strategy if plan and plan.strategy else "no plan yet",
            "planner": str(plan.provenance) if plan else "-",
            "next place": f"#{self.current.community}" if self.current else "-",
        }
