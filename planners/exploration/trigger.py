"""When to plan again.

FARE does not publish its rule. Ours: a plan is due when the set of useful places has changed, or
the waypoint was reached or has nothing left, and never sooner than ``min_interval_s`` after the
last one, which bounds how often a language model is called.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from hiera.planners.contract import Plan
from hiera.planners.exploration.belief import ExplorationBelief, RoadmapLike
from hiera.planners.exploration.communities import CommunityTracker
from hiera.planners.exploration.survey import useful_nodes
from hiera.planners.exploration.waypoint import Waypoint


class Replan(StrEnum):
    """Whether a new plan is due, and why."""

    NO = "no"
    """The plan still stands."""
    TOO_SOON = "too_soon"
    """Something changed, but the last plan is too young."""
    FIRST = "first"
    """There is no plan yet."""
    PLACES_CHANGED = "places_changed"
    """A place has become useful or is finished."""
    WAYPOINT_RETIRED = "waypoint_retired"
    """The waypoint was reached or has nothing left to see."""

    @property
    def due(self) -> bool:
        """True if the planner is to be asked."""
        return self not in (Replan.NO, Replan.TOO_SOON)


def useful_places(tracker: CommunityTracker, roadmap: RoadmapLike) -> frozenset[int]:
    """Ids of the places with something left to see."""
    labels = tracker.update(roadmap).labels
    return frozenset(np.unique(labels[useful_nodes(roadmap)]).tolist())


def should_replan(
    previous: Plan[Waypoint] | None,
    belief: ExplorationBelief,
    time_since_s: float,
    *,
    useful: frozenset[int],
    min_interval_s: float = 5.0,
) -> Replan:
    """Decides from the previous plan and today's belief.

    Args:
        previous: The plan in force, None if there is none.
        belief: Today's belief.
        time_since_s: Simulated time since the previous plan was asked for [s].
        useful: Ids of the places that are useful today, as the planner numbers them.
        min_interval_s: T_min [s].
    """
    if previous is None:
        return Replan.FIRST
    reason = Replan.NO
    if useful != {waypoint.community for waypoint in previous.subgoals}:
        reason = Replan.PLACES_CHANGED
    elif previous.subgoals:
        node = previous.subgoals[0].node
        if node == belief.roadmap.robot or belief.roadmap.utility[node] == 0:
            reason = Replan.WAYPOINT_RETIRED
    if reason is not Replan.NO and time_since_s < min_interval_s:
        return Replan.TOO_SOON
    return reason


class ReplanTrigger:
    """The same rule for a loop that has no belief at hand, only the graph and the time.

    It numbers the places by itself, so that it may be asked while a planner is at work.
    """

    def __init__(
        self, *, min_interval_s: float = 5.0, radius_m: float = 12.0, resolution: float = 1.0
    ) -> None:
        """Sets the trigger up; the places should be those of the planner."""
        if min_interval_s < 0.0:
            raise ValueError("min_interval_s must not be negative")
        self._min_interval_s = min_interval_s
        self._tracker = CommunityTracker(radius_m=radius_m, resolution=resolution)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self._tracker.reset(seed)
        self._useful: frozenset[int] = frozenset()
        self._planned_for: frozenset[int] | None = None
        self._version: int | None = None
        self._retired = False
        self._last_s = -np.inf

    def waypoint_retired(self) -> None:
        """Notes that the waypoint was reached or has nothing left."""
        self._retired = True

    def due(self, roadmap: RoadmapLike, now_s: float) -> bool:
        """Whether to ask for a plan now; a yes counts as having asked."""
        return self.check(roadmap, now_s).due

    def check(self, roadmap: RoadmapLike, now_s: float) -> Replan:
        """The same with the reason."""
        if roadmap.version != self._version:
            self._useful = useful_places(self._tracker, roadmap)
            self._version = roadmap.version
        reason = Replan.NO
        if self._planned_for is None:
            reason = Replan.FIRST
        elif self._useful != self._planned_for:
            reason = Replan.PLACES_CHANGED
        elif self._retired:
            reason = Replan.WAYPOINT_RETIRED
        if reason is Replan.NO:
            return reason
        if now_s - self._last_s < self._min_interval_s:
            return Replan.TOO_SOON
        self._planned_for, self._retired, self._last_s = self._useful, False, now_s
        return reason
