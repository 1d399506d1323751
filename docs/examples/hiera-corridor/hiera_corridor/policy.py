"""Fast layer: the viewpoint that sees most, unless it is far away."""

from typing import Literal

import numpy as np

from hiera.config import Settings
from hiera.config.settings import Positive
from hiera.controllers.viewpoint import Choice, RoadmapLike
from hiera.controllers.viewpoint.contract import NOWHERE
from hiera.controllers.viewpoint.paths import choice, from_robot, useful_elsewhere
from hiera.registry import Component


class GreedySettings(Settings):
    """Utility per metre."""

    kind: Literal["greedy"] = "greedy"
    offset_m: Positive = 2.0
    """Added to every distance, so that the next cell does not always win [m]."""


class Greedy:
    """Goes where utility / (distance + offset) is greatest; ignores the waypoint."""

    def __init__(self, offset_m: float) -> None:
        self._offset_m = offset_m

    def reset(self, seed: int) -> None:
        """Nothing is drawn, nothing is kept."""

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """Chooses from the viewpoint graph as it is now."""
        distance, before = from_robot(roadmap)
        useful = np.flatnonzero(useful_elsewhere(roadmap, distance))
        if not len(useful):
            return NOWHERE
        worth = roadmap.utility[useful] / (distance[useful] + self._offset_m)
        return choice(roadmap, int(useful[np.argmax(worth)]), before)


def build(settings: GreedySettings) -> Greedy:
    """Makes the policy."""
    return Greedy(settings.offset_m)


GREEDY = Component("greedy", GreedySettings, build, "utility per metre")
