"""What the viewpoint network sees of a decision.

One token a viewpoint: token 0 is the robot's, the others are the viewpoints in the window that
see frontiers, at most 64 together however large the map. Lengths are in units of 20 m, so that a
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
def _sets(ways: Ways, shares: NDArray[np.float32], pairs: NDArray[np.float32]) -> int:
    """Shares of frontiers per token ``(n, 3)`` and in common ``pairs[:, :, 3]``; their number."""
    n, words = ways.stops.shape[0], ways.seen.shape[1]
    once, twice = np.zeros(words, np.uint64), np.zeros(words, np.uint64)
    for i in range(1, n):
        row = ways.seen[ways.stops[i]]
        for w in range(words):
            twice[w] |= once[w] & row[w]
            once[w] |= row[w]
    total: int = max(_bits(once), 1)
    for i in range(n):
        row = ways.seen[ways.stops[i]]
        own = _bits(row)
        shares[i, 0] = own / total
        shares[i, 1] = _bits(row & ~twice) / total if i else 0.0
        shares[i, 2] = _bits(ways.cover[0, i] & once) / total
        for j in range(i):
            common = 0
            other = ways.seen[ways.stops[j]]
            for w in range(words):
                common += count_bits(row[w] & other[w])
            least = min(own, _bits(other))
            share = common / least if least > 0 else 0.0
            pairs[i, j, 3] = pairs[j, i, 3] = share
    return total


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
    offset = (xy - xy[0]) / UNIT_M
    tokens = np.zeros((n, TOKEN), np.float32)
    pairs = np.zeros((n, n, PAIR), np.float32)
    travel = np.minimum(ways.distance[0] / UNIT_M, _FAR_UNITS)
    utility = roadmap.utility[nodes].astype(np.float64)
    utility[0] = 0.0
    tokens[0, 0] = 1.0
    tokens[:, 1:3] = offset
    tokens[:, 3] = np.hypot(offset[:, 0], offset[:, 1])
    tokens[:, 4] = travel
    tokens[:, 5] = np.log1p(5.0 * travel)
    tokens[:, 6] = np.log1p(utility)
    tokens[:, 7] = utility / max(float(utility.max()), 1.0)
    tokens[:, 8] = outlook.promise_m2[ways.stops] / UNIT_M**2
    shares = np.zeros((n, 3), np.float32)
    frontiers = _sets(ways, shares, pairs)
    tokens[:, 9:12] = shares
    legs = ways.distance[np.append(0, tour[:-1]), tour] / UNIT_M
    tokens[tour, 12] = 1.0
    tokens[tour[:1], FIRST] = 1.0
    tokens[tour, 14] = 1.0 / (1.0 + np.arange(len(tour)))
    tokens[tour, 15] = np.cumsum(legs)
    if len(tour) > 1:
        first = tour[0]
        back = ways.distance[first] / UNIT_M
        tokens[1:, ADDED] = np.minimum(travel + back - travel[first], _FAR_UNITS)[1:]
    tokens[:, 17] = nodes == target
    if waypoint is not None:
        away = np.clip((roadmap.xy[waypoint] - xy) / UNIT_M, -_FAR_UNITS, _FAR_UNITS)
        tokens[:, 18] = 1.0
        tokens[:, 19:21] = away
        tokens[:, 21] = np.hypot(away[:, 0], away[:, 1])
        tokens[:, 22] = nodes == waypoint
    tokens[:, 23] = n / 64.0
    tokens[:, 24] = legs.sum() / 5.0
    tokens[:, 25] = frontiers / 64.0
    straight = offset[:, None] - offset[None]
    pairs[:, :, 0] = np.hypot(straight[:, :, 0], straight[:, :, 1])
    known = np.append(0, tour[:-1])
    rows = ways.distance[known]
    found = rows < 0.5 * FAR
    pairs[known, :, 1] = np.where(found, np.minimum(rows / UNIT_M, _FAR_UNITS), 0.0)
    pairs[known, :, 2] = found
    pairs[:, known, 1] = pairs[known, :, 1].T
    pairs[:, known, 2] = pairs[known, :, 2].T
    pixel = outlook.picture.shape[-1] / 2 + (xy - xy[0]) / outlook.pixel_m
    return Features(tokens, pairs, pixel.astype(np.float32), outlook.picture)
