"""Gathers taught decisions: the local tour explores, and one who knows the map labels.

For a decision with candidates that are gone to by way of neighbours ``a`` of the robot's node,
the label of each is ``d(a) + C*(s')``, with ``d`` the hop's length and ``C*`` the known-map
expert's cost to go after it. Less ``C*(s)`` it is the hop's regret; summed over an episode the
regrets are what it cost beyond the known-map tour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.features import Features, features
from hiera.controllers.viewpoint.contract import OutlookLike, RoadmapLike
from hiera.controllers.viewpoint.legs import Ways
from hiera.controllers.viewpoint.local_tour import LocalTour
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.picture import picture_of
from hiera.families.exploration.expert import KnownMapExpert
from hiera.families.exploration.slow_hops import SlowHops
from hiera.planners.exploration.numeric import NumericPlanner
from hiera.training.viewpoint.settings import EpisodeSettings, TeachSettings

WINDOW_M = 100.0
_PLAN_ROUNDS, _COST_ROUNDS = 8, 1
_CLIP_M, _DISCOUNT = 20.0, 0.95

Shard = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One decision with what each candidate costs, robot's token left out."""

    seen: Features
    cost_m: NDArray[np.float32]
    truth: NDArray[np.uint8]
    step: int


def first_hops(ways: Ways) -> NDArray[np.int32]:
    """Node of the joint graph by which each stop but the robot's is gone to, shape ``(n - 1,)``."""
    robot = int(ways.stops[0])
    out = []
    for stop in ways.stops[1:].tolist():
        node = stop
        while int(ways.before[node]) != robot:
            node = int(ways.before[node])
        out.append(node)
    return np.array(out, np.int32)


class Taught(LocalTour):
    """The local tour, watched by one who knows the map."""

    def __init__(self, env: HopEnv, settings: TeachSettings, rng: np.random.Generator) -> None:
        super().__init__(keep_m=0.0, rounds=3)
        self._env, self._settings, self._draw = env, settings, rng
        self._expert = KnownMapExpert(env.place, int(rng.integers(1 << 31)))
        self.labelled: list[Labelled] = []
        self.passed: list[tuple[float, float]] = []
        """Distance travelled and expert's cost to go at every decision [m]."""

    def _first(
        self,
        roadmap: RoadmapLike,
        outlook: OutlookLike,
        ways: Ways,
        tour: NDArray[np.int32],
        waypoint: int | None,
    ) -> int:
        target = self._previous[0] if self._previous else -1
        self._label(roadmap, outlook, ways, tour, target, waypoint)
        if self._draw.random() < self._settings.random_choice:
            return int(self._draw.integers(1, len(ways.stops)))
        return int(tour[0])

    def _label(
        self,
        roadmap: RoadmapLike,
        outlook: OutlookLike,
        ways: Ways,
        tour: NDArray[np.int32],
        target: int,
        waypoint: int | None,
    ) -> None:
        """Notes a decision, and labels it if its turn has come."""
        env = self._env
        node = int(self._expert.nodes(roadmap.xy[[roadmap.robot]])[0])
        _, togo = self._expert.plan(env.belief, node, _PLAN_ROUNDS)
        step = len(self.passed)
        self.passed.append((env.distance_m, togo))
        if step % self._settings.every or togo == 0.0:
            return
        hops, which = np.unique(first_hops(ways), return_inverse=True)
        neighbours = self._expert.nodes(roadmap.xy[outlook.nodes[hops]])
        cost = self._expert.costs(env.belief, node, neighbours, _COST_ROUNDS)
        if not np.isfinite(cost).all():
            return
        seen = features(roadmap, outlook, ways, tour, target, waypoint)
        pixel = max(round(outlook.pixel_m / env.place.resolution_m), 1)
        x, y = env.place.cell(*roadmap.xy[roadmap.robot])
        known = np.where(env.place.free, 1, 2).astype(np.uint8)
        truth = picture_of(known, np.zeros_like(env.place.free), x, y, pixel)[0]
        self.labelled.append(Labelled(seen, cost[which].astype(np.float32), truth, step))


def gather(
    place: GridMap,
    episode: EpisodeSettings,
    settings: TeachSettings,
    seed: np.random.SeedSequence,
) -> Shard:
    """One episode as arrays, the same for the same arguments.

    Args:
        place: The map, with a start.
        episode: How episodes are drawn.
        settings: How to behave and what to label.
        seed: Everything random follows from it.

    Returns:
        ``count (k,)`` tokens of each of k decisions, ``tokens``, ``pairs``, ``pixel`` and
        ``cost_m`` of all of them end to end, ``picture (k, 3, 64, 64)``, ``truth (k, 64, 64)``
        and ``later_m (k,)``, what was lost from there on, discounted.
    """
    rng = np.random.default_rng(seed)
    env, slow = begin(place, episode, rng)
    taught = Taught(env, settings, rng)
    taught.reset(int(rng.integers(1 << 31)))
    while env.status is HopStatus.RUNNING:
        choice = taught.choose(env.roadmap(), slow.waypoint() if slow else None)
        if not choice.found:
            break
        env.step(env.slot_of(choice.path[1]))
    passed = np.array([*taught.passed, (env.distance_m, 0.0)])
    regret = np.clip(np.diff(passed.sum(axis=1)), -_CLIP_M, 3.0 * _CLIP_M)
    later = np.zeros(len(regret) + 1)
    for k in range(len(regret) - 1, -1, -1):
        later[k] = regret[k] + _DISCOUNT * later[k + 1]
    rows = taught.labelled
    return packed([r.seen for r in rows]) | {
        "cost_m": np.concatenate([r.cost_m for r in rows] or [np.zeros(0, np.float32)]),
        "truth": np.array([r.truth for r in rows], np.uint8).reshape(-1, 64, 64),
        "later_m": later[[r.step for r in rows]].astype(np.float32),
    }


def begin(
    place: GridMap, episode: EpisodeSettings, rng: np.random.Generator
) -> tuple[HopEnv, SlowHops | None]:
    """A new episode, and the planner that leads it if one does."""
    env = HopEnv([place], cap=episode.cap, outlook_m=WINDOW_M, picture=True)
    random_start = bool(rng.random() < episode.random_start)
    env.reset(seed=int(rng.integers(1 << 31)), options={"random_start": random_start})
    return env, SlowHops(env, NumericPlanner()) if rng.random() < episode.waypoints else None


def packed(seen: Sequence[Features]) -> Shard:
    """Decisions as arrays, end to end."""
    return {
        "count": np.array([len(s.tokens) for s in seen], np.int32),
        "tokens": _joined([s.tokens for s in seen]),
        "pairs": _joined([s.pairs.reshape(-1, s.pairs.shape[-1]) for s in seen]),
        "pixel": _joined([s.pixel for s in seen]),
        "picture": np.array([s.picture for s in seen], np.uint8).reshape(-1, 3, 64, 64),
    }


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float16]:
    return np.concatenate(parts).astype(np.float16) if parts else np.zeros((0, 0), np.float16)
