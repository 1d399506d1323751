"""Episodes of the policy as it is, for reinforcement.

With ``d`` the length of a hop, ``a`` the free ground newly seen, ``D`` the distance to the
waypoint, ``C*`` the known-map expert's cost to go and the weights of `RewardSettings`, the reward
of a decision is, in units of 10 m,

    r = [ -metre (d + C*(s') - C*(s)) + square_metre a + adherence (D(s) - D(s')) + finish ] / 10.

``C*(s') - C*(s)`` is a potential (A. Ng, D. Harada, S. Russell, ICML 1999): over an episode it
adds a number that no decision can change, but each decision is charged at once for what it loses
against the known-map tour. ``shaped: false`` leaves it out. Advantages are generalised ones
(J. Schulman et al., arXiv 1506.02438).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.rl.viewpoint.features import Features
from hiera.controllers.rl.viewpoint.network import SCORE_M, ViewpointNetwork
from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.families.exploration.expert import KnownMapExpert
from hiera.training.viewpoint.episodes import Shard, begin, packed
from hiera.training.viewpoint.settings import EpisodeSettings, ReinforceSettings, RewardSettings

_PLAN_ROUNDS = 4
_LEAST, _MOST = -6.0, 3.0
"""Rewards are clipped to this [10 m]."""


class Follows(IntEnum):
    """What comes after a decision: the end, the next decision, or what the cap cut off."""

    NOTHING = 0
    NEXT = 1
    UNKNOWN = -1


class Trying(LearnedViewpoint):
    """The policy, drawing its choices and noting them."""

    def __init__(self, network: ViewpointNetwork, rng: np.random.Generator) -> None:
        super().__init__(network)
        self._draw = rng
        self.seen: list[Features] = []
        self.chosen: list[tuple[int, float, float]] = []
        """Token, logarithm of its probability, value [10 m]."""

    def _pick(self, nodes: NDArray[np.int32], target: int) -> int:
        """A stop drawn by the preferences."""
        preference = self.preferences[1:].astype(np.float64)
        chance = np.exp(preference - preference.max())
        chance /= chance.sum()
        pick = 1 + int(self._draw.choice(len(chance), p=chance))
        assert self.rated is not None
        self.seen.append(self.rated)
        self.chosen.append((pick, float(np.log(chance[pick - 1])), self.value))
        return pick


class _Account:
    """Distance, area, progress and cost to go at every decision."""

    def __init__(self, env: HopEnv, reward: RewardSettings, seed: int) -> None:
        self._env, self._reward = env, reward
        self._expert = KnownMapExpert(env.place, seed) if reward.shaped else None
        self._area_m2 = float(env.place.free.sum()) * env.place.resolution_m**2
        self.rows: list[tuple[float, float, float]] = []
        self.progress: list[float] = []

    def state(self) -> tuple[float, float, float]:
        """Distance travelled [m], area seen [m^2], cost to go [m]."""
        env, togo = self._env, 0.0
        if self._expert is not None and env.status is HopStatus.RUNNING:
            node = int(self._expert.nodes(np.array([env.robot_m]))[0])
            _, togo = self._expert.plan(env.belief, node, _PLAN_ROUNDS)
        return env.distance_m, env.explored * self._area_m2, togo

    def rewards(self) -> NDArray[np.float64]:
        """Reward of every decision, shape ``(k,)`` [10 m]."""
        weights = self._reward
        distance, area, togo = np.diff(np.array([*self.rows, self.state()]), axis=0).T
        out = -weights.metre * (distance + togo) + weights.square_metre * area
        out += weights.adherence * np.array(self.progress)
        if self._env.status is HopStatus.COMPLETE:
            out[-1] += weights.finish_m
        return np.asarray(np.clip(out / SCORE_M, _LEAST, _MOST))


def roll_out(
    place: GridMap,
    network: ViewpointNetwork,
    episode: EpisodeSettings,
    settings: ReinforceSettings,
    seed: np.random.SeedSequence,
) -> Shard:
    """One episode as arrays, the same for the same arguments.

    Returns:
        Decisions as `packed` makes them, and for each ``chosen`` (token), ``likelihood`` (its
        logarithm), ``advantage``, ``return`` and ``reward`` [10 m] and ``follows``, a `Follows`;
        ``distance_m`` and ``togo_m`` (the known-map expert's at the start) as arrays of one.
    """
    rng = np.random.default_rng(seed)
    env, slow = begin(place, episode, rng)
    account = _Account(env, settings.reward, int(rng.integers(1 << 31)))
    trying = Trying(network, rng)
    trying.reset(int(rng.integers(1 << 31)))
    while env.status is HopStatus.RUNNING:
        waypoint = slow.waypoint() if slow else None
        roadmap, before = env.roadmap(), len(trying.seen)
        state = account.state()
        choice = trying.choose(roadmap, waypoint)
        if not choice.found:
            break
        env.step(env.slot_of(choice.path[1]))
        progress = 0.0
        if waypoint is not None:
            goal = roadmap.xy[waypoint]
            progress = float(
                np.hypot(*(roadmap.xy[roadmap.robot] - goal)) - np.hypot(*(env.robot_m - goal))
            )
        if len(trying.seen) > before:
            account.rows.append(state)
            account.progress.append(progress)
        elif account.progress:
            # On the way beyond the window nothing is decided: it belongs to the last decision.
            account.progress[-1] += progress
    first = packed(trying.seen)
    if not trying.seen:
        return first
    chosen = np.array(trying.chosen)
    reward = account.rewards()
    advantage = advantages(reward, chosen[:, 2], settings.discount, settings.trace)
    follows = np.full(len(chosen), Follows.NEXT, np.int8)
    follows[-1] = Follows.UNKNOWN if env.status is HopStatus.CAP else Follows.NOTHING
    return first | {
        "chosen": chosen[:, 0].astype(np.int64),
        "likelihood": chosen[:, 1].astype(np.float32),
        "advantage": advantage.astype(np.float32),
        "return": (advantage + chosen[:, 2]).astype(np.float32),
        "reward": reward.astype(np.float32),
        "follows": follows,
        "distance_m": np.array([env.distance_m]),
        "togo_m": np.array([account.rows[0][2]]),
    }


def advantages(
    reward: NDArray[np.float64], value: NDArray[Any], discount: float, trace: float
) -> NDArray[np.float64]:
    """Generalised advantages of an episode that ended, shape ``(k,)``."""
    out = np.zeros(len(reward))
    then = later = 0.0
    for k in range(len(reward) - 1, -1, -1):
        later = reward[k] + discount * then - value[k] + discount * trace * later
        out[k], then = later, float(value[k])
    return out
