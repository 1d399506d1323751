"""Viewpoint policies: which node of the viewpoint graph to go to next."""

from hiera.controllers.viewpoint.contract import Choice, RoadmapLike, ViewpointPolicy
from hiera.controllers.viewpoint.local_tour import LocalTour
from hiera.controllers.viewpoint.nearest import NearestFrontier
from hiera.controllers.viewpoint.utility import UtilityPerDistance

__all__ = [
    "Choice",
    "LocalTour",
    "NearestFrontier",
    "RoadmapLike",
    "UtilityPerDistance",
    "ViewpointPolicy",
]
