"""Utility against distance: the node that maximises u exp(-lambda d).

H. H. González-Baños and J.-C. Latombe, "Navigation strategies for exploring indoor
environments", IJRR 2002, with d the graph distance.
"""

from __future__ import annotations

import numpy as np

from hiera.controllers.viewpoint.contract import NOWHERE, Choice, RoadmapLike
from hiera.controllers.viewpoint.paths import choice, from_robot, useful_elsewhere


class UtilityPerDistance:
    """Trades what a node promises against how far it is.

    Args:
        decay: Lambda of the formula [1/m].
        waypoint_weight: How far the distance to the waypoint counts beside the distance now.
    """

    def __init__(self, decay: float = 0.1, waypoint_weight: float = 0.5) -> None:
        self._decay = decay
        self._waypoint_weight = waypoint_weight

    def reset(self, seed: int) -> None:
        """Nothing is drawn, nothing is kept."""

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The useful node of greatest discounted utility."""
        distance, before = from_robot(roadmap)
        useful = np.flatnonzero(useful_elsewhere(roadmap, distance))
        if not len(useful):
            return NOWHERE
        cost = distance[useful].copy()
        if waypoint is not None:
            beyond = roadmap.xy[useful] - roadmap.xy[waypoint]
            cost += self._waypoint_weight * np.hypot(beyond[:, 0], beyond[:, 1])
        # In logarithms, so that a node 1 km away still compares.
        score = np.log(roadmap.utility[useful]) - self._decay * cost
        return choice(roadmap, int(useful[np.argmax(score)]), before)
