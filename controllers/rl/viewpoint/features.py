"""What the viewpoint network sees of a decision.

One token a viewpoint: token 0 is the robot's, the others are the viewpoints in the window that
see frontiers, at most 48 of them however large the map. Lengths are in units of 20 m, so that a
network trained with one sensor reads another's scale from the numbers.

======== ================== ======= =============================================================
field    shape              dtype   meaning
======== ================== ======= =============================================================
tokens   (n, TOKEN)         float32 per viewpoint, see `TOKEN_NAMES`
pairs    (n, n, PAIR)       float32 per pair: straight distance, travel distance if the tour's
                                    search has it (and whether), share of frontiers in common
pixel    (n, 2)             float32 column and row in the picture
picture  (3, 64, 64)        uint8   the belief around the robot, see the outlook
======== ================== ======= =============================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.contract import OutlookLike, RoadmapLike
from hiera.controllers.viewpoint.legs import FAR, Ways, count_bits

FloatArray = NDArray[np.float32]

UNIT_M: Final = 20.0
_FAR_UNITS: Final = 10.0
"""Lengths are clipped here."""

TOKEN_NAMES: Final = (
    "is the robot",
    "offset x",
    "offset y",
    "straight distance",
    "travel distance",
    "log of travel distance",
    "log of utility",
    "utility over the greatest",
    "promise",
    "share of frontiers seen from here",
    "share of frontiers seen from here only",
    "share of frontiers seen on the way",
    "in the tour",
    "first of the tour",
    "one over its place in the tour",
    "arrival along the tour",
    "metres that going here first adds to the tour",
    "target of the last decision",
    "waypoint is given",
    "waypoint x",
    "waypoint y",
    "distance to the waypoint",
    "is the waypoint",
    "tokens",
    "length of the tour",
    "frontiers",
)
TOKEN: Final = len(TOKEN_NAMES)
OFFSETS: Final = ((1, 2), (19, 20))
"""Columns that turn when the world is turned."""
PAIR: Final = 4


FIRST, ADDED = 13, 16
_PRIOR_M: Final = 2.0


def prior(tokens: FloatArray) -> FloatArray:
    """Preference for each token before the network is asked, ``(..., n)``.

    One more for the tour's first stop, one less for every two metres that going elsewhere first
    adds to the tour: a policy that is the local tour, softened.

    Args:
        tokens: Shape ``(..., n, TOKEN)``; PyTorch tensors will do.
    """
    return tokens[..., FIRST] - tokens[..., ADDED] * (UNIT_M / _PRIOR_M)


@dataclass(frozen=True, slots=True)
class Features:
    """One decision, see the table above."""

    tokens: FloatArray
    pairs: FloatArray
    pixel: FloatArray
    picture: NDArray[np.uint8]


@njit(cache=True)
def _bits(row: NDArray[np.uint64]) -> int:
    total = 0
    for w in range(row.shape[0]):
        total += count_bits(row[w])
    found: int = total
    return found


@njit(cache=True)
def _describe_candidates(
    ways: Ways,
    offset: NDArray[np.float64],
    utility: NDArray[np.int32],
    promise_m2: NDArray[np.float64],
    tokens: NDArray[np.float32],
    pairs: NDArray[np.float32],
) -> None:
    """Writes what is known of the candidates, and of their pairs, before the tour is looked at."""
    n, words, seen, stops = ways.stops.shape[0], ways.seen.shape[1], ways.seen, ways.stops
    once, twice = np.zeros(words, np.uint64), np.zeros(words, np.uint64)
    for i in range(1, n):
        for w in range(words):
            twice[w] |= once[w] & seen[stops[i], w]
            once[w] |= seen[stops[i], w]
    frontiers, most = _bits(once), max(utility.max(), 1)
    total = max(frontiers, 1)
    own = np.empty(n, np.int64)
    tokens[0, 0] = 1.0
    for i in range(n):
        own[i] = _bits(seen[stops[i]])
        travel = min(ways.distance[0, i] / UNIT_M, _FAR_UNITS)
        tokens[i, 1], tokens[i, 2] = offset[i, 0], offset[i, 1]
        tokens[i, 3] = np.hypot(offset[i, 0], offset[i, 1])
        tokens[i, 4], tokens[i, 5] = travel, np.log1p(5.0 * travel)
        tokens[i, 6], tokens[i, 7] = np.log1p(float(utility[i])), utility[i] / most
        tokens[i, 8] = promise_m2[i] / UNIT_M**2
        tokens[i, 9] = own[i] / total
        tokens[i, 10] = _bits(seen[stops[i]] & ~twice) / total if i else 0.0
        tokens[i, 11] = _bits(ways.cover[0, i] & once) / total
        tokens[i, 23], tokens[i, 25] = n / 64.0, total / 64.0
        for j in range(i):
            straight = np.hypot(offset[i, 0] - offset[j, 0], offset[i, 1] - offset[j, 1])
            pairs[i, j, 0] = pairs[j, i, 0] = straight
            common = 0
            for w in range(words):
                common += count_bits(seen[stops[i], w] & seen[stops[j], w])
            least = min(own[i], own[j])
            pairs[i, j, 3] = pairs[j, i, 3] = common / least if least > 0 else 0.0


@njit(cache=True)
def _describe_tour(
    ways: Ways,
    tour: NDArray[np.int32],
    tokens: NDArray[np.float32],
    pairs: NDArray[np.float32],
) -> None:
    """Writes what the tour says of its stops, and the lengths that its search has found."""
    n, size, distance = ways.stops.shape[0], tour.shape[0], ways.distance
    at = 0.0
    for i in range(size):
        stop = tour[i]
        at += distance[tour[i - 1] if i else 0, stop] / UNIT_M
        tokens[stop, 12], tokens[stop, FIRST] = 1.0, i == 0
        tokens[stop, 14], tokens[stop, 15] = 1.0 / (1.0 + i), at
    tokens[:, 24] = at / 5.0
    if size > 1:
        first = tour[0]
        begin = min(distance[0, first] / UNIT_M, _FAR_UNITS)
        for j in range(1, n):
            by_way = min(distance[0, j] / UNIT_M, _FAR_UNITS) + distance[first, j] / UNIT_M
            tokens[j, ADDED] = min(by_way - begin, _FAR_UNITS)
    # Of two searched ways between a pair both are told that of the one that is ahead.
    for back in range(2):
        for i in range(size):
            stop = tour[i - 1] if i else 0
            for j in range(n):
                found = distance[stop, j] < 0.5 * FAR
                to, at_pair = (j, stop) if back else (stop, j)
                pairs[to, at_pair, 1] = (
                    min(distance[stop, j] / UNIT_M, _FAR_UNITS) if found else 0.0
                )
                pairs[to, at_pair, 2] = found


def features(
    roadmap: RoadmapLike,
    outlook: OutlookLike,
    ways: Ways,
    tour: NDArray[np.int32],
    target: int,
    waypoint: int | None,
) -> Features:
    """Describes a decision.

    Args:
        roadmap: The viewpoint graph.
        outlook: Its outlook, with a picture.
        ways: The robot (stop 0) and the candidates.
        tour: The local tour's stops in order, without stop 0.
        target: Node of the last decision's target, or -1.
        waypoint: Node of the slow layer's waypoint, or None.

    Raises:
        ValueError: If the outlook has no picture.
    """
    if outlook.picture is None:
        raise ValueError(
            "learned viewpoint policy: the outlook has no picture; build the viewpoint graph "
            "with picture=True"
        )
    nodes = outlook.nodes[ways.stops]
    n = len(nodes)
    xy = roadmap.xy[nodes]
    tokens = np.zeros((n, TOKEN), np.float32)
    pairs = np.zeros((n, n, PAIR), np.float32)
    utility = roadmap.utility[nodes]
    utility[0] = 0
    _describe_candidates(
        ways, (xy - xy[0]) / UNIT_M, utility, outlook.promise_m2[ways.stops], tokens, pairs
    )
    _describe_tour(ways, tour, tokens, pairs)
    tokens[:, 17] = nodes == target
    if waypoint is not None:
        away = np.clip((roadmap.xy[waypoint] - xy) / UNIT_M, -_FAR_UNITS, _FAR_UNITS)
        tokens[:, 18] = 1.0
        tokens[:, 19:21] = away
        tokens[:, 21] = np.hypot(away[:, 0], away[:, 1])
        tokens[:, 22] = nodes == waypoint
    pixel = outlook.picture.shape[-1] / 2 + (xy - xy[0]) / outlook.pixel_m
    return Features(tokens, pairs, pixel.astype(np.float32), outlook.picture)
