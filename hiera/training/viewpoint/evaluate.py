"""How far the policy drives on held-out maps, beside nearest frontier and the local tour."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.rl.viewpoint.weights import load_network
from hiera.controllers.viewpoint import LocalTour, NearestFrontier, ViewpointPolicy
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.training.viewpoint.places import held_out_places
from hiera.training.viewpoint.settings import MapsSettings

_CAP = 256
_WINDOW_M = 100.0


@dataclass(frozen=True, slots=True)
class Score:
    """Results on the held-out maps.

    Attributes:
        distance_m: Mean distance [m].
        ratio: Mean over maps of the distance over nearest frontier's.
        error: Standard error of that mean.
        over_tour: Mean over maps of the distance over the local tour's.
        complete: Share of the episodes that came to their end.
        maps: How many maps.
    """

    distance_m: float
    ratio: float
    error: float
    over_tour: float
    complete: float
    maps: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what was written."""
        return cls(**json.loads(path.read_text()))


def episode(policy: ViewpointPolicy, place: GridMap, *, look: bool) -> tuple[float, bool]:
    """Distance [m] of one episode of the hop protocol, and whether it came to its end.

    Args:
        policy: The policy.
        place: The map.
        look: Whether the policy needs outlook and picture.
    """
    env = HopEnv([place], cap=_CAP, outlook_m=_WINDOW_M if look else None, picture=look)
    env.reset(seed=0)
    policy.reset(0)
    while env.status is HopStatus.RUNNING:
        choice = policy.choose(env.roadmap(), None)
        if not choice.found:
            break
        env.step(env.slot_of(choice.path[1]))
    return env.distance_m, env.status is HopStatus.COMPLETE


def score_weights(weights: Path, maps: MapsSettings, report: Callable[[int, int], None]) -> Score:
    """Drives nearest frontier, the local tour and the network on every held-out map.

    Args:
        weights: Weights file.
        maps: Which maps are held out.
        report: Called after every map with how many are done, and of how many.
    """
    policy = LearnedViewpoint(load_network(weights))
    places = held_out_places(maps)
    rows: list[NDArray[np.float64]] = []
    for k, place in enumerate(places, start=1):
        near, _ = episode(NearestFrontier(), place, look=False)
        tour, _ = episode(LocalTour(), place, look=True)
        own, complete = episode(policy, place, look=True)
        rows.append(np.array([near, tour, own, complete]))
        report(k, len(places))
    near_m, tour_m, own_m, ends = np.array(rows).T
    ratio = own_m / near_m
    return Score(
        distance_m=float(own_m.mean()),
        ratio=float(ratio.mean()),
        error=float(ratio.std(ddof=1) / len(ratio) ** 0.5) if len(ratio) > 1 else 0.0,
        over_tour=float((own_m / tour_m).mean()),
        complete=float(ends.mean()),
        maps=len(places),
    )
