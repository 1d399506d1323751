"""Nearest frontier (B. Yamauchi, "A frontier-based approach for autonomous exploration", 1997).

Goes to the node with utility at least graph distance; of several equally near ones, as a lattice
has them, to the one of greatest utility. With a waypoint, the nearest node whose detour on the
way to the waypoint is least.
"""

from __future__ import annotations

import numpy as np

from hiera.controllers.viewpoint.contract import NOWHERE, Choice, RoadmapLike
from hiera.controllers.viewpoint.paths import choice, from_robot, useful_elsewhere


class NearestFrontier:
    """Nearest node with utility; the floor of every comparison.

    Args:
        waypoint_weight: 0 ignores the waypoint; 1 counts metres gained towards it like metres
            saved now.
    """

    def __init__(self, waypoint_weight: float = 0.0) -> None:
        self._waypoint_weight = waypoint_weight

    def reset(self, seed: int) -> None:
        """Nothing is drawn, nothing is kept."""

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The useful node at least distance, straight distance to the waypoint added."""
        distance, before = from_robot(roadmap)
        useful = np.flatnonzero(useful_elsewhere(roadmap, distance))
        if not len(useful):
            return NOWHERE
        cost = distance[useful].copy()
        if waypoint is not None and self._waypoint_weight > 0.0:
            beyond = roadmap.xy[useful] - roadmap.xy[waypoint]
            cost += self._waypoint_weight * np.hypot(beyond[:, 0], beyond[:, 1])
        first = np.lexsort((-roadmap.utility[useful], np.round(cost, 2)))[0]
        return choice(roadmap, int(useful[first]), before)
