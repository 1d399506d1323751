"""What a planner sees of a belief: the useful places, and what it costs to go from one to another.

Travel costs are shortest paths in the viewpoint graph. When one search per useful place would be
too much work for a decision, the legs between places go over the global graph instead (still a
path that can be driven, no longer always the shortest); the legs from the robot stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.planners.exploration.belief import ExplorationBelief, RoadmapLike
from hiera.planners.exploration.communities import CommunityTracker
from hiera.planners.exploration.global_graph import GlobalGraph, GlobalMapper, prune
from hiera.planners.exploration.paths import distances_from
from hiera.planners.exploration.waypoint import Waypoint

EXACT_WORK: Final = 2_000_000
"""Useful places times edges up to which every leg is searched for in the viewpoint graph."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A belief, condensed; ``k`` useful places that can be reached.

    Attributes:
        version: Version of the belief.
        roadmap: Its viewpoint graph.
        labels: Id of each node's place, shape ``(n,)``.
        graph: G_global, pruned unless that was not wanted.
        issued: Every id ever given to a place is below this.
        distance: From the robot to every node, shape ``(n,)`` [m]; inf where unreachable.
        useful: Useful nodes that can be reached, ascending, shape ``(q,)``.
        places: Ids of the useful places, ascending, shape ``(k,)``.
        anchor: Useful node that stands for each in the legs, shape ``(k,)``.
        utility: Sum of the utilities of each, shape ``(k,)``.
        area_m2: Floor each covers, by its number of viewpoints, shape ``(k,)`` [m²].
        enter_m: Least distance to a useful node of each, less what it is worth, ``(k,)`` [m].
        frontier_worth_m: Metres of detour that seeing one frontier point is worth [m].
        legs: Travel costs, row 0 the robot, rows ``1 … k`` the places, ``(k + 1, k + 1)`` [m].
        out_of_reach: Ids of places with utility that the robot cannot reach.
    """

    version: int
    roadmap: RoadmapLike
    labels: NDArray[np.int64]
    graph: GlobalGraph
    issued: int
    distance: NDArray[np.float64]
    useful: NDArray[np.intp]
    places: NDArray[np.int64]
    anchor: NDArray[np.intp]
    utility: NDArray[np.int64]
    area_m2: NDArray[np.float64]
    enter_m: NDArray[np.float64]
    frontier_worth_m: float
    legs: NDArray[np.float64]
    out_of_reach: frozenset[int]

    def waypoints(self, order: NDArray[np.intp]) -> tuple[Waypoint, ...]:
        """The node that enters each place best: near the one before, and seeing much.

        Args:
            order: Positions in `places`.
        """
        chosen: list[Waypoint] = []
        for position in order.tolist():
            place = int(self.places[position])
            nodes = self._useful_nodes(place)
            cost = self.distance[nodes]
            if chosen:
                cost = np.hypot(*(self.roadmap.xy[nodes] - np.asarray(chosen[-1].xy)).T)
            worth = self.frontier_worth_m * self.roadmap.utility[nodes]
            node = int(nodes[np.argmin(cost - worth)])
            x, y = self.roadmap.xy[node].tolist()
            chosen.append(Waypoint(place, node, (x, y), int(self.utility[position])))
        return tuple(chosen)

    def _useful_nodes(self, place: int) -> NDArray[np.intp]:
        return np.asarray(self.useful[self.labels[self.useful] == place])


class Surveyor:
    """Follows the beliefs of an episode; shared by every planner of exploration."""

    def __init__(
        self,
        *,
        radius_m: float = 12.0,
        resolution: float = 1.0,
        frontier_worth_m: float = 1.0,
        pruned: bool = True,
    ) -> None:
        """Sets the surveyor up; see `CommunityTracker` and `Survey` for the other arguments.

        Args:
            radius_m: Greatest radius of a place [m].
            resolution: gamma of the modularity.
            frontier_worth_m: The detour that seeing one frontier point is worth [m].
            pruned: Whether places that no longer matter are left out of the global graph.
        """
        if frontier_worth_m < 0.0:
            raise ValueError("frontier_worth_m must not be negative")
        self._frontier_worth_m, self._pruned = frontier_worth_m, pruned
        self._tracker = CommunityTracker(radius_m=radius_m, resolution=resolution)
        self._mapper = GlobalMapper()

    def reset(self, seed: int) -> None:
        """Starts a new episode."""
        self._tracker.reset(seed)
        self._mapper.reset()

    def survey(self, belief: ExplorationBelief) -> Survey:
        """Condenses a belief of the current episode."""
        roadmap = belief.roadmap
        communities = self._tracker.update(roadmap)
        labels = communities.labels
        whole = self._mapper.update(roadmap, communities)
        distance = distances_from(roadmap, roadmap.robot)
        promising = useful_nodes(roadmap)
        useful = np.flatnonzero(promising & np.isfinite(distance))
        places, which = np.unique(labels[useful], return_inverse=True)
        anchor = _anchors(roadmap, useful, which, len(places))
        utility = np.bincount(which, weights=roadmap.utility[useful], minlength=len(places))
        return Survey(
            version=belief.version,
            roadmap=roadmap,
            labels=labels,
            graph=prune(whole) if self._pruned else whole,
            issued=communities.issued,
            distance=distance,
            useful=useful,
            places=places,
            anchor=anchor,
            utility=utility.astype(np.int64),
            area_m2=_areas(belief, whole, places),
            enter_m=_enter(roadmap, distance, useful, which, self._frontier_worth_m),
            frontier_worth_m=self._frontier_worth_m,
            legs=_legs(roadmap, whole, distance, places, anchor),
            out_of_reach=frozenset(np.setdiff1d(labels[promising], places).tolist()),
        )


def useful_nodes(roadmap: RoadmapLike) -> NDArray[np.bool_]:
    """Nodes with edges and something to see from them, shape ``(n,)``.

    The robot's own node counts only when there is no other: it has been looked from already.
    """
    useful = (roadmap.utility > 0) & (np.diff(roadmap.indptr) > 0)
    if useful.sum() > 1:
        useful[roadmap.robot] = False
    return np.asarray(useful)


def _enter(
    roadmap: RoadmapLike,
    distance: NDArray[np.float64],
    useful: NDArray[np.intp],
    which: NDArray[np.intp],
    worth_m: float,
) -> NDArray[np.float64]:
    """Least distance less worth over each place's useful nodes."""
    enter = np.full(int(which.max(initial=-1)) + 1, np.inf)
    np.minimum.at(enter, which, distance[useful] - worth_m * roadmap.utility[useful])
    return enter


def _areas(
    belief: ExplorationBelief, graph: GlobalGraph, places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The explored area, shared out by viewpoints."""
    viewpoints = graph.size[np.searchsorted(graph.ids, places)]
    return np.asarray(belief.explored_area_m2 * viewpoints / max(1, graph.size.sum()))


def _anchors(
    roadmap: RoadmapLike, useful: NDArray[np.intp], which: NDArray[np.intp], count: int
) -> NDArray[np.intp]:
    """In each place the useful node nearest to the centre of its utility."""
    weight = roadmap.utility[useful].astype(np.float64)
    total = np.bincount(which, weights=weight, minlength=count)
    centre = np.column_stack(
        [
            np.bincount(which, weights=weight * roadmap.xy[useful, axis], minlength=count) / total
            for axis in (0, 1)
        ]
    )
    offset = np.hypot(*(roadmap.xy[useful] - centre[which]).T)
    order = np.lexsort((useful, offset, which))
    _, first = np.unique(which[order], return_index=True)
    return useful[order[first]]


def _legs(
    roadmap: RoadmapLike,
    graph: GlobalGraph,
    distance: NDArray[np.float64],
    places: NDArray[np.int64],
    anchor: NDArray[np.intp],
) -> NDArray[np.float64]:
    k = len(places)
    legs = np.zeros((k + 1, k + 1))
    if k == 0:
        return legs
    legs[0, 1:] = legs[1:, 0] = distance[anchor]
    if k * len(roadmap.indices) <= EXACT_WORK:
        n = len(roadmap.xy)
        matrix = csr_array((roadmap.lengths, roadmap.indices, roadmap.indptr), shape=(n, n))
        between = np.asarray(dijkstra(matrix, directed=True, indices=anchor))[:, anchor]
    else:
        at = np.searchsorted(graph.ids, places)
        between = graph.distances(at)[:, at]
    legs[1:, 1:] = 0.5 * (between + between.T)
    return legs
