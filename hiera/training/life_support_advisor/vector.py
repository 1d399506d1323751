"""The batched sets as a vector environment of Stable-Baselines3.

Reward of a decision, in minutes:

    lived (1 - enriched - alarmed) - hard + g F(s') - F(s)

``enriched`` and ``alarmed`` are the weighted shares of the time above the strict fire ceiling and
above the CO2 alarm, ``hard`` is charged where a hard limit ends the episode. The potential F is the
shortest of three reserves: how long cylinder, lime and nitrogen would last at a typical pace.
A. Y. Ng, D. Harada, S. Russell, "Policy invariance under reward transformations", ICML 1999: it
changes no best policy, and charges what a decision wastes at once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from hiera.controllers.rl.advisor.aims import AIMS, aims_of
from hiera.controllers.rl.advisor.features import SIZE
from hiera.envs.life_support.catalogue import mission
from hiera.safety.contract import FloatArray
from hiera.training.life_support_advisor.kernel import PRESSURE
from hiera.training.life_support_advisor.reserves import reserves_s
from hiera.training.life_support_advisor.settings import RewardSettings
from hiera.training.life_support_advisor.world import Sets


class SetsVecEnv(VecEnv):
    """B sets; one whose episode is over begins another mission at once."""

    def __init__(
        self, sets: Sets, reward: RewardSettings, discount: float, missions: tuple[int, int],
        seed: int,
    ) -> None:  # fmt: skip
        """Takes the sets.

        Args:
            sets: The sets.
            reward: What a decision is worth.
            discount: Of the shaping, that of the algorithm.
            missions: Seeds ``[first, last)`` of the missions.
            seed: Everything random follows from it.
        """
        looked_at = spaces.Box(-5.0, 5.0, (SIZE,), np.float32)
        super().__init__(sets.count, looked_at, spaces.Box(-1.0, 1.0, (AIMS,), np.float32))
        self.sets, self._reward, self._discount, self._missions = sets, reward, discount, missions
        self.random = np.random.default_rng(np.random.SeedSequence((0x5E75, seed)))
        self._lived = np.zeros((sets.count, 2))
        self._actions = np.zeros((sets.count, AIMS))

    def _begin(self, b: int) -> None:
        which = int(self.random.integers(*self._missions))
        self.sets.begin(b, mission(which), int(self.random.integers(2**31)))
        self._lived[b] = 0.0

    def _potential(self) -> FloatArray:
        made: FloatArray = self._reward.shaping * reserves_s(self.sets).min(axis=1) / 60.0
        return made

    def reset(self) -> NDArray[np.float32]:
        """Begins an episode everywhere."""
        for b in range(self.num_envs):
            self._begin(b)
        self._before = self._potential()
        return self.sets.observe()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Takes what to do."""
        self._actions = np.asarray(actions, np.float64)

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], Any]:
        """Lives for a period everywhere."""
        outcome = self.sets.decide(aims_of(self._actions))
        given, seconds = self._reward, outcome.lived
        over = outcome.ended > 0
        worth = seconds @ np.array([1.0, -given.enriched, -given.alarmed]) / 60.0
        worth -= given.hard * (over & (outcome.ended <= PRESSURE))
        after = np.where(over, 0.0, self._potential())
        worth += self._discount * after - self._before
        self._lived += np.stack((worth, seconds[:, 0]), axis=1)
        seen, done = self.sets.observe(), over | outcome.cut
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for b in np.flatnonzero(done).tolist():
            total, lived = self._lived[b]
            infos[b] = {
                "terminal_observation": seen[b].copy(),
                "TimeLimit.truncated": bool(outcome.cut[b]),
                "episode": {"r": float(total), "l": lived / 60.0, "t": 0.0},
            }
            self._begin(b)
        if done.any():
            seen = self.sets.observe()
            after = np.where(done, self._potential(), after)
        self._before = after
        return seen, worth.astype(np.float32), done, infos

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs to go on from here."""
        own = {"lived": self._lived.copy(), "before": self._before.copy()}
        return own | {"sets": self.sets.snapshot(), "random": copy.deepcopy(self.random)}

    def restore(self, kept: dict[str, Any]) -> None:
        """Goes on from a `snapshot`."""
        self.sets.restore(kept["sets"])
        self._lived, self._before = kept["lived"].copy(), kept["before"].copy()
        self.random = copy.deepcopy(kept["random"])

    def close(self) -> None:
        """Has nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for all."""
        return [getattr(self, attr_name, None)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute for all."""
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Calls a method once."""
        return [getattr(self, method_name)(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nothing is wrapped."""
        return [False] * len(list(self._get_indices(indices)))


def endurance(
    decide: Callable[[NDArray[np.float32]], FloatArray], seeds: Sequence[int], sets: Sets
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Minutes lived, enriched, alarmed on each mission, shape ``(B, 3)``, and how each ended.

    Args:
        decide: From features ``(B, SIZE)`` to actions in [-1, 1], shape ``(B, AIMS)``.
        seeds: Of missions, as many as there are sets; plants and errors follow from them too.
        sets: The sets, begun anew.
    """
    for b, seed in enumerate(seeds):
        sets.begin(b, mission(seed), seed)
    alive, ends = np.ones(sets.count, np.bool_), np.zeros(sets.count, np.int64)
    lived = np.zeros((sets.count, 3))
    while alive.any():
        outcome = sets.decide(aims_of(decide(sets.observe())))
        lived[alive] += outcome.lived[alive]
        over = alive & ((outcome.ended > 0) | outcome.cut)
        ends[over] = outcome.ended[over]
        alive &= ~over
        # What is over stands still, so that it cannot run into numbers without meaning.
        for b in np.flatnonzero(over).tolist():
            sets.begin(b, mission(seeds[b]), seeds[b])
    return lived / 60.0, ends
