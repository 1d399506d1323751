"""A short tour through what is useful nearby, ending towards the waypoint.

The local level of TARE (C. Cao et al., "TARE: a hierarchical framework for efficiently exploring
complex 3D environments", RSS 2021): viewpoints that together see the frontiers nearby are chosen
and put in order; the robot goes to the first. Ours chooses them greedily by what they add,
orders them by an improved open tour rather than by construction alone, and ends the tour at the
slow layer's waypoint, which is how the waypoint is honoured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from hiera.controllers.viewpoint.contract import NOWHERE, Choice, RoadmapLike
from hiera.controllers.viewpoint.paths import choice, from_robot, matrix, useful_elsewhere

TourSolver = Callable[[NDArray[np.float64], int | None], NDArray[np.intp]]
"""Orders points: distances of shape ``(k + 1, k + 1)`` with row 0 the start, and a fixed end."""


class LocalTour:
    """Orders the useful viewpoints within a window and goes to the first.

    Args:
        order: Tour solver; the slow layer's, handed in by the family.
        window_m: Half the side of the window around the robot [m].
        spread_m: Viewpoints nearer to each other than this see nearly the same, so only the
            more useful one is visited [m].
        keep_m: The tour must become this much shorter before the target is changed [m].
    """

    def __init__(
        self,
        order: TourSolver,
        *,
        window_m: float = 20.0,
        spread_m: float = 6.0,
        keep_m: float = 4.0,
    ) -> None:
        self._order = order
        self._window_m = window_m
        self._spread_m = spread_m
        self._keep_m = keep_m
        self._target = -1

    def reset(self, seed: int) -> None:
        """Forgets the previous target."""
        self._target = -1

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The first viewpoint of the local tour, or the way to the waypoint."""
        distance, before = from_robot(roadmap)
        useful = useful_elsewhere(roadmap, distance)
        if not useful.any():
            self._target = -1
            return NOWHERE
        offset = np.abs(roadmap.xy - roadmap.xy[roadmap.robot]).max(axis=1)
        nearby = np.flatnonzero(useful & (offset <= self._window_m))
        if len(nearby):
            chosen = self._spread(roadmap, nearby, distance)
            target = self._first(roadmap, chosen, distance, waypoint)
        elif waypoint is not None and np.isfinite(distance[waypoint]):
            target = waypoint
        else:
            everywhere = np.flatnonzero(useful)
            target = int(everywhere[np.argmin(distance[everywhere])])
        self._target = target
        return choice(roadmap, target, before)

    def _spread(
        self, roadmap: RoadmapLike, nearby: NDArray[np.intp], distance: NDArray[np.float64]
    ) -> NDArray[np.intp]:
        """Greedily the most useful ones that keep apart; the current target is kept."""
        score = roadmap.utility[nearby] - 1e-3 * distance[nearby]
        if roadmap.utility[self._target] > 0 if self._target >= 0 else False:
            score = score + 1e3 * (nearby == self._target)
        left = nearby[np.argsort(-score, kind="stable")]
        chosen: list[int] = []
        while len(left):
            chosen.append(int(left[0]))
            apart = roadmap.xy[left] - roadmap.xy[left[0]]
            left = left[np.hypot(apart[:, 0], apart[:, 1]) >= self._spread_m]
        return np.array(chosen, dtype=np.intp)

    def _first(
        self,
        roadmap: RoadmapLike,
        chosen: NDArray[np.intp],
        distance: NDArray[np.float64],
        waypoint: int | None,
    ) -> int:
        stops = chosen
        end: int | None = None
        if waypoint is not None and np.isfinite(distance[waypoint]):
            stops = np.append(chosen[chosen != waypoint], waypoint)
            end = len(stops)
        if len(stops) == 1:
            return int(stops[0])
        table = np.zeros((len(stops) + 1, len(stops) + 1))
        legs = dijkstra(matrix(roadmap), directed=True, indices=stops)[:, stops]
        table[1:, 1:] = 0.5 * (legs + legs.T)
        table[0, 1:] = table[1:, 0] = distance[stops]
        return int(stops[self._order(table, end)[0] - 1])
