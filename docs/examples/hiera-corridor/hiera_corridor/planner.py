"""Slow layer: strips of the map, visited from left to right."""

from typing import Any, Literal

import numpy as np

from hiera.config import Settings
from hiera.config.settings import Positive
from hiera.planners import Plan, PlanStatus, Provenance
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.waypoint import Waypoint
from hiera.registry import Component


class SweepSettings(Settings):
    """Left to right."""

    kind: Literal["sweep"] = "sweep"
    strip_m: Positive = 8.0
    """Width of a strip [m]."""


class Sweep:
    """One waypoint a strip: its viewpoint of greatest utility."""

    def __init__(self, strip_m: float) -> None:
        self._strip_m = strip_m

    def reset(self, seed: int) -> None:
        """Nothing is drawn, nothing is kept."""

    def plan(self, belief: ExplorationBelief, deadline_s: float) -> Plan[Waypoint]:
        """Plans from a snapshot, which must not be altered."""
        roadmap = belief.roadmap
        useful = np.flatnonzero(roadmap.utility > 0)
        if not len(useful):
            return Plan(
                (),
                PlanStatus.DONE,
                Provenance.NUMERIC,
                belief.version,
                reason="no viewpoint has utility left",
            )
        strip = np.floor(roadmap.xy[useful, 0] / self._strip_m).astype(int)
        waypoints = []
        for number in np.unique(strip):
            nodes = useful[strip == number]
            node = int(nodes[np.argmax(roadmap.utility[nodes])])
            x, y = roadmap.xy[node].tolist()
            waypoints.append(Waypoint(int(number), node, (x, y), int(roadmap.utility[nodes].sum())))
        return Plan(
            waypoints,
            PlanStatus.OK,
            Provenance.NUMERIC,
            belief.version,
            strategy=f"{len(waypoints)} strips from left to right",
        )


def build(settings: SweepSettings, **_: Any) -> Sweep:
    """Called with ``backend``, ``environment`` and ``seed`` too."""
    return Sweep(settings.strip_m)


SWEEP = Component("sweep", SweepSettings, build, "strips from left to right")
