"""How far the policy drives on held-out maps, beside nearest frontier and the local tour."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.rl.viewpoint.weights import load_network
from hiera.controllers.viewpoint import LocalTour, NearestFrontier, ViewpointPolicy
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.families.exploration.slow_hops import SlowHops
from hiera.planners.exploration.numeric import NumericPlanner
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
        each_m: Distance on every map [m].
    """

    distance_m: float
    ratio: float
    error: float
    over_tour: float
    complete: float
    maps: int
    each_m: tuple[float, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what was written."""
        data = json.loads(path.read_text())
        return cls(**data | {"each_m": tuple(data["each_m"])})

    def numbers(self) -> dict[str, float]:
        """All but the single maps."""
        return {n: float(v) for n, v in asdict(self).items() if n != "each_m"}


def episode(
    policy: ViewpointPolicy, place: GridMap, *, look: bool, led: bool = False
) -> tuple[float, bool]:
    """Distance [m] of one episode of the hop protocol, and whether it came to its end.

    Args:
        policy: The policy.
        place: The map.
        look: Whether the policy needs outlook and picture.
        led: Whether the numeric planner's waypoints lead it.
    """
    env = HopEnv([place], cap=_CAP, outlook_m=_WINDOW_M if look else None, picture=look)
    env.reset(seed=0)
    slow = SlowHops(env, NumericPlanner()) if led else None
    policy.reset(0)
    while env.status is HopStatus.RUNNING:
        choice = policy.choose(env.roadmap(), slow.waypoint() if slow else None)
        if not choice.found:
            break
        env.step(env.slot_of(choice.path[1]))
    return env.distance_m, env.status is HopStatus.COMPLETE


def score_weights(
    weights: Path, maps: MapsSettings, rivals: Path, report: Callable[[int, int], None]
) -> Score:
    """Drives nearest frontier, the local tour and the network on every held-out map.

    Args:
        weights: Weights file.
        maps: Which maps are held out.
        rivals: Where the distances of the first two are kept, which no training changes.
        report: Called after every map with how many are done, and of how many.
    """
    policy = LearnedViewpoint(load_network(weights))
    places = held_out_places(maps)
    known: list[tuple[float, float]] = json.loads(rivals.read_text()) if rivals.is_file() else []
    own: list[tuple[float, bool]] = []
    for k, place in enumerate(places, start=1):
        if len(known) < k:
            near, _ = episode(NearestFrontier(), place, look=False)
            known.append((near, episode(LocalTour(), place, look=True)[0]))
        own.append(episode(policy, place, look=True, led=maps.led))
        report(k, len(places))
    beside = rivals.with_suffix(".part")
    beside.write_text(json.dumps(known))
    beside.replace(rivals)
    own_m, ends = np.array(own).T
    near_m, tour_m = np.array(known).T
    ratio = own_m / near_m
    return Score(
        distance_m=float(own_m.mean()),
        ratio=float(ratio.mean()),
        error=float(ratio.std(ddof=1) / len(ratio) ** 0.5) if len(ratio) > 1 else 0.0,
        over_tour=float((own_m / tour_m).mean()),
        complete=float(ends.mean()),
        maps=len(places),
        each_m=tuple(own_m.tolist()),
    )
