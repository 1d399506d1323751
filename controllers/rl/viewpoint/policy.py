"""The learned viewpoint policy.

Everything that sees frontiers in the window is a candidate. The network guesses the unknown part
of the map, the local tour of the candidates is worked out with that guess (`imagine`), and the
network's pointer says by how much each candidate is better or worse than the tour's own order has
it: the preference is the tour's prior minus the network's score. The most preferred candidate is
gone to. After a turning back that reached nothing another target must be clearly preferred, the
more clearly the oftener that happened, so that the robot cannot go back and forth for ever. A
window with nothing to see is left as `LocalTour` leaves it, towards the waypoint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from hiera.controllers.rl.viewpoint.features import Features, features, prior
from hiera.controllers.rl.viewpoint.imagine import counted_lengths, expected_m2, imagined
from hiera.controllers.rl.viewpoint.network import ViewpointNetwork
from hiera.controllers.viewpoint.contract import Choice, OutlookLike, RoadmapLike
from hiera.controllers.viewpoint.legs import Ways
from hiera.controllers.viewpoint.local_tour import LocalTour

_CAUTION, _BLOCKED, _DETOUR = 1.5, 0.05, 4.0
_RANGE_M = 20.0
_TURN_MARGIN = 0.5
_MOST_STOPS = 48
"""More candidates than that cost more time than they save way."""


class LearnedViewpoint(LocalTour):
    """Goes where the network prefers to go.

    Attributes:
        rated: The last decision as the network saw it, None before the first.
        preferences: Preference of each of its tokens; the robot's means nothing.
        value: Expected return from there on [10 m].
    """

    def __init__(
        self, network: ViewpointNetwork, *, promise: float = 0.06, rounds: int = 5
    ) -> None:
        """Sets the policy up.

        Args:
            network: Trained weights.
            promise: What it is worth to end a tour in view of ground guessed to be free
                [m per m^2].
            rounds: Rounds of neighbourhood search for the tour.
        """
        super().__init__(promise=promise, rounds=rounds, most_stops=_MOST_STOPS)
        self._network = network
        self._blas = ThreadpoolController().select(user_api="blas").lib_controllers

    def reset(self, seed: int) -> None:
        """Forgets the previous target."""
        super().reset(seed)
        self.rated: Features | None = None
        self.preferences: NDArray[np.float32] = np.zeros(0, np.float32)
        self.value = 0.0

    def choose(self, roadmap: RoadmapLike, waypoint: int | None) -> Choice:
        """The stop that is preferred, or the way to what lies beyond the window."""
        # The matrices are small: a second thread costs more than it brings.
        several = [(blas, n) for blas in self._blas if (n := blas.num_threads) != 1]
        for blas, _ in several:
            blas.set_num_threads(1)
        try:
            return super().choose(roadmap, waypoint)
        finally:
            for blas, n in several:
                blas.set_num_threads(n)

    def _ways(self, roadmap: RoadmapLike, outlook: OutlookLike) -> Ways:
        if outlook.picture is None:
            raise ValueError(
                "learned viewpoint policy: the outlook has no picture; build the viewpoint graph "
                "with picture=True"
            )
        self._levels = self._network.look(outlook.picture)
        self._view = imagined(outlook, self._network.guess(self._levels))
        return super()._ways(roadmap, outlook)

    def _lengths(self, outlook: OutlookLike) -> NDArray[np.float64]:
        counted: NDArray[np.float64] = counted_lengths(
            self._view,
            outlook.xy,
            outlook.indptr,
            outlook.indices,
            outlook.lengths,
            outlook.unknown,
            _CAUTION,
            _BLOCKED,
            _DETOUR,
        )
        return counted

    def _promise_m2(self, outlook: OutlookLike, stops: NDArray[np.int32]) -> NDArray[np.float64]:
        expected = expected_m2(self._view, outlook.xy[stops], _RANGE_M)
        expected[outlook.promise_m2[stops] == 0.0] = 0.0
        return np.asarray(expected)

    def _first(
        self,
        roadmap: RoadmapLike,
        outlook: OutlookLike,
        ways: Ways,
        tour: NDArray[np.int32],
        waypoint: int | None,
    ) -> int:
        """Stop that is preferred."""
        target = self._previous[0] if self._previous else -1
        self.rated = features(roadmap, outlook, ways, tour, target, waypoint)
        scores, self.value = self._network(self.rated, self._levels)
        self.preferences = prior(self.rated.tokens) - scores
        return self._pick(outlook.nodes[ways.stops], target)

    def _pick(self, nodes: NDArray[np.int32], target: int) -> int:
        """Stop to go to by the preferences, given the stops' nodes and the last target."""
        best = 1 + int(np.argmax(self.preferences[1:]))
        kept = np.flatnonzero(nodes[1:] == target) + 1
        if len(kept):
            margin = _TURN_MARGIN * (2.0 ** min(self._turns, 16) - 1.0)
            if self.preferences[kept[0]] >= self.preferences[best] - margin:
                return int(kept[0])
        return best
