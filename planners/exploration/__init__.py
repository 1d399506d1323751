"""Exploration: where to go next in a place that is still being discovered."""

from hiera.planners.exploration.belief import ExplorationBelief, RoadmapLike
from hiera.planners.exploration.numeric import NumericPlanner
from hiera.planners.exploration.tour import open_tour
from hiera.planners.exploration.waypoint import Waypoint

__all__ = [
    "ExplorationBelief",
    "NumericPlanner",
    "RoadmapLike",
    "Waypoint",
    "open_tour",
]
