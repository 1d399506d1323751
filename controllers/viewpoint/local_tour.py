"""A tour that sees everything nearby that can be seen, planned anew at every decision.

The local level of TARE (C. Cao et al., "TARE: A Hierarchical Framework for Efficiently Exploring
Complex 3D Environments", RSS 2021): choose viewpoints that together see the frontiers nearby, put
them in order, go to the first. What is ours:

1. The tour is chosen and ordered in one search (`covering_tour`), counts what is seen on the way,
   and starts from what is left of the previous tour.
2. It ends where most is left to find out: ending at i saves ``promise`` metres per square metre
   of unknown ground in optimistic view of i. Whatever is found there begins where the tour ends,
   so small pockets are finished on the way out and not left for a long return.
3. Legs after the first may lead through unknown ground where no wall is known, at ``caution``
   times their length: a frontier's far side is often the near side of another.
4. Arrivals weigh ``haste`` each: the later part of a tour is the part that will not be driven as
   planned.
5. Of equally long ways the one that sees more is taken, with a halt at every node that looks
   into more than ``pause_m2`` of unknown ground and none at the others.
6. Another target must save ``keep_m``, and twice as much after every turning back that reached
   nothing, so that the robot cannot go back and forth for ever.

A window without anything to see is left for the waypoint. Inside the window a waypoint is one of
the things to see. ``waypoint_weight`` makes the tour end at a waypoint in the window,
``beyond_weight`` towards one outside it; both are 0, because neither pays with the numeric
planner's waypoints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from hiera.controllers.viewpoint.contract import NOWHERE, Choice, OutlookLike, RoadmapLike
from hiera.controllers.viewpoint.covering_task import Task, tour_cost
from hiera.controllers.viewpoint.covering_tour import grow, improve
from hiera.controllers.viewpoint.legs import (
    FAR,
    Ways,
    bit_rows,
    new_ways,
    search,
    way_to,
)
from hiera.controllers.viewpoint.paths import choice, from_robot, matrix, useful_elsewhere
from hiera.controllers.viewpoint.selection import covering, thinned

_LIKED_M, _DISLIKED_M = 1e-4, -1e-6
_NOISE = 0.5


class LocalTour:
    """Plans a covering tour within the roadmap's outlook and goes to its first stop."""

    def __init__(
        self,
        *,
        promise: float = 0.03,
        caution: float = 1.5,
        haste: float = 0.02,
        pause_m2: float = 30.0,
        keep_m: float = 2.0,
        waypoint_weight: float = 0.0,
        beyond_weight: float = 0.0,
        rounds: int = 10,
        most_stops: int = 64,
    ) -> None:
        """Sets the policy up.

        Args:
            promise: What it is worth to end in view of unknown ground [m per m^2].
            caution: Length of a conjectured metre through unknown ground [m], at least 1.
            haste: Weight of each arrival in a tour's cost.
            pause_m2: Nodes on the way with more unknown ground in view are halted at [m^2].
            keep_m: How much a tour must save to change the target [m]; twice as much after every
                time that the robot turned back before it reached a target.
            waypoint_weight: Weight of the way from the tour's end to a waypoint in the window.
            beyond_weight: The same for a waypoint beyond it.
            rounds: Rounds of neighbourhood search per decision.
            most_stops: More useful viewpoints than this are thinned out.
        """
        if min(promise, haste, keep_m, waypoint_weight, beyond_weight) < 0.0 or caution < 1.0:
            raise ValueError("local tour: weights must not be negative, caution not below 1")
        self._promise, self._caution, self._haste = promise, caution, haste
        self._pause_m2, self._keep_m = pause_m2, keep_m
        self._waypoint_weight, self._beyond_weight = waypoint_weight, beyond_weight
        self._rounds, self._most_stops = rounds, most_stops
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Forgets the previous tour."""
        self._rng = np.random.default_rng(seed)
        self._previous: list[int] = []
        self._trail: set[int] = set()
        self._turns = 0

    @property
    def _margin_m(self) -> float:
        """What another target must save [m]."""
        return float(self._keep_m * 2.0 ** min(self._turns, 16))

    @property
    def tour(self) -> tuple[int, ...]:
        """Nodes of the last tour, in order."""
        return tuple(self._previous)

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The first stop of the tour, or the way to what lies beyond the window."""
        last = self._previous[0] if self._previous else -1
        if last < 0 or roadmap.utility[last] == 0:
            self._trail, self._turns, last = set(), 0, -1
        self._trail.add(roadmap.robot)
        found = self._choose(roadmap, waypoint)
        if last >= 0 and found.target != last and self._trail.intersection(found.path[1:2]):
            self._turns += 1
        return found

    def _choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        outlook = roadmap.outlook
        if outlook is None:
            raise ValueError(
                "local_tour: the roadmap has no outlook; build the viewpoint graph with outlook_m"
            )
        ways = self._ways(roadmap, outlook)
        here = self._tour_here(roadmap, outlook, ways, waypoint)
        nearer = np.inf if here is None else float(ways.distance[0, here[0]])
        if here is None or self._lost(outlook, ways):
            beyond = self._beyond(roadmap, waypoint, nearer)
            if beyond.found or here is None:
                self._previous = [beyond.target] if beyond.found else []
                return beyond
        first = self._first(roadmap, outlook, ways, here, waypoint)
        here = np.append(np.int32(first), here[here != first])
        self._previous = outlook.nodes[ways.stops[here]].tolist()
        path = outlook.nodes[way_to(ways, first)].tolist()
        return Choice(int(path[-1]), tuple(path))

    def _first(
        self,
        roadmap: RoadmapLike,
        outlook: OutlookLike,
        ways: Ways,
        tour: NDArray[np.int32],
        waypoint: int | None,
    ) -> int:
        """Stop to go to, given the tour (without the robot); a place for other opinions."""
        return int(tour[0])

    def _tour_here(
        self, roadmap: RoadmapLike, outlook: OutlookLike, ways: Ways, waypoint: int | None
    ) -> NDArray[np.int32] | None:
        """Stops of the tour in the window, None where there is nothing to see."""
        if len(ways.stops) == 1:
            return None
        goal = np.bitwise_or.reduce(ways.seen[ways.stops[1:]], axis=0)
        end = self._end(roadmap, outlook, ways, waypoint)
        return self._plan(outlook, Task(ways, goal, end, self._haste))[1:]

    def _lost(self, outlook: OutlookLike, ways: Ways) -> bool:
        """Whether the way to the last target leads out of the window, or it lies beyond."""
        if not self._previous:
            return False
        return self._previous[0] not in outlook.nodes[ways.stops[1:]]

    def _ways(self, roadmap: RoadmapLike, outlook: OutlookLike) -> Ways:
        """Robot and useful viewpoints that can be reached as stops."""
        k, t = len(outlook.nodes), len(outlook.indptr) - 1
        useful = (np.diff(outlook.seen_indptr) > 0) & (roadmap.utility[outlook.nodes] > 0)
        useful[outlook.robot] = False
        seen = bit_rows(
            outlook.seen_indptr, outlook.seen_indices, t, max(-(-outlook.frontiers // 64), 1)
        )
        seen[:k][~useful] = 0
        bias = np.full(t, _DISLIKED_M)
        bias[:k][outlook.promise_m2 > self._pause_m2] = _LIKED_M
        found = np.flatnonzero(useful)
        stops = np.append(outlook.robot, self._spread(roadmap, outlook, found, seen[found]))
        ways = new_ways(
            outlook.indptr,
            outlook.indices,
            self._lengths(outlook),
            outlook.unknown == 0.0,
            bias,
            seen,
            stops.astype(np.int32),
        )
        search(ways, 0)
        near = ways.distance[0] < FAR
        if near.all():
            return ways
        return ways._replace(
            stops=ways.stops[near],
            ready=ways.ready[near],
            distance=np.ascontiguousarray(ways.distance[near][:, near]),
            cover=np.ascontiguousarray(ways.cover[near][:, near]),
        )

    def _lengths(self, outlook: OutlookLike) -> NDArray[np.float64]:
        """Edge lengths as the tour counts them, shape ``(e,)`` [m]."""
        return outlook.lengths * (1.0 + (self._caution - 1.0) * outlook.unknown)

    def _promise_m2(self, outlook: OutlookLike, stops: NDArray[np.int32]) -> NDArray[np.float64]:
        """Ground that each of some viewpoints is expected to show, shape ``(m,)`` [m^2]."""
        return outlook.promise_m2[stops]

    def _spread(
        self,
        roadmap: RoadmapLike,
        outlook: OutlookLike,
        useful: NDArray[np.intp],
        seen: NDArray[np.uint64],
    ) -> NDArray[np.intp]:
        """Few enough of them to search: the last tour's, and such as see what the others see.

        What is left out nearby would be found when the robot has passed it, and turn it back. If
        so many are needed, the nearest are taken; if fewer, the most useful of the others that
        keep apart are added.
        """
        most = self._most_stops
        if len(useful) <= most:
            return useful
        nodes = outlook.nodes[useful]
        away = np.abs(outlook.xy[useful]).max(axis=1)
        order = np.lexsort((nodes, away))
        previous = set(self._previous)
        last = np.array([node in previous for node in nodes.tolist()])
        chosen = order[covering(seen[order], np.flatnonzero(last[order]))]
        if len(chosen) >= most:
            return np.sort(useful[chosen[np.lexsort((away[chosen], ~last[chosen]))[:most]]])
        other = np.ones(len(nodes), np.bool_)
        other[chosen] = False
        order = np.lexsort((nodes, -roadmap.utility[nodes], other))
        xy = np.ascontiguousarray(roadmap.xy[nodes[order]])
        more = order[thinned(xy[len(chosen) :], most - len(chosen)) + len(chosen)]
        return np.sort(useful[np.append(chosen, more)])

    def _end(
        self, roadmap: RoadmapLike, outlook: OutlookLike, ways: Ways, waypoint: int | None
    ) -> NDArray[np.float64]:
        nodes = outlook.nodes[ways.stops]
        end = -self._promise * self._promise_m2(outlook, ways.stops)
        if waypoint is None:
            return end
        inside = bool(np.isin(waypoint, outlook.nodes))
        weight = self._waypoint_weight if inside else self._beyond_weight
        if weight > 0.0:
            away = np.asarray(dijkstra(matrix(roadmap), directed=True, indices=[waypoint]))[
                0, nodes
            ]
            if np.isfinite(away).all():
                end += weight * away
        return end

    def _plan(self, outlook: OutlookLike, task: Task) -> NDArray[np.int32]:
        """The best tour found from what is left of the last one."""
        at = {int(outlook.nodes[s]): i for i, s in enumerate(task.ways.stops.tolist()) if i}
        kept = [at[node] for node in self._previous if node in at]
        begin = np.array([0, *kept], np.int32)
        tour, cost = improve(task, begin, self._rounds, _NOISE, self._rng)
        if self._keep_m > 0.0 and kept and tour[1] != kept[0]:
            rest = tour[1:][tour[1:] != kept[0]]
            same = np.concatenate(([0, kept[0]], rest)).astype(np.int32)
            same = np.asarray(grow(task, same, 0.0, self._rng))
            if tour_cost(task, same) <= cost + self._margin_m:
                return same
        return np.asarray(tour)

    def _beyond(self, roadmap: RoadmapLike, waypoint: int | None, nearer_m: float) -> Choice:
        """On to the last target, else to the waypoint, else to the nearest useful node.

        Only to what is hardly further than what the window offers, so that a window that moves
        along does not send the robot back and forth.
        """
        last = self._previous[0] if self._previous else -1
        if np.isfinite(nearer_m) and (last < 0 or roadmap.utility[last] == 0):
            return NOWHERE
        far_m = nearer_m + self._margin_m
        distance, before = from_robot(roadmap, far_m)
        useful = useful_elsewhere(roadmap, distance)
        if not useful.any():
            return NOWHERE
        if last >= 0 and useful[last]:
            return choice(roadmap, last, before)
        if np.isfinite(nearer_m):
            return NOWHERE
        if waypoint is not None and useful[waypoint]:
            return choice(roadmap, waypoint, before)
        return choice(roadmap, int(np.argmin(np.where(useful, distance, np.inf))), before)
