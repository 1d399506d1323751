"""Missions gone through to learn from: what the set could see, and what was asked for later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.metabolism.history import SIZE, UNIT, History
from hiera.controllers.life_support.metabolism.weights import HORIZONS_S
from hiera.controllers.life_support.rule import Rule
from hiera.envs.life_support.catalogue import mission
from hiera.envs.life_support.plant import SLOW
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.safety.life_support import LifeSupportModel

_HELD_PA, _HELD = 100.0, 0.205


@dataclass(frozen=True, slots=True)
class Seen:
    """Moments of a mission.

    Attributes:
        features: Shape ``(k, f)``.
        uptake: Estimated at each [L/min], shape ``(k,)``.
        mission_mean: Of the mission so far [L/min], shape ``(k,)``.
        later: What the work asked for at each of `HORIZONS_S` after [L/min], shape ``(k, 6)``.
    """

    features: NDArray[np.float32]
    uptake: NDArray[np.float32]
    mission_mean: NDArray[np.float32]
    later: NDArray[np.float32]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


def gather(seed: int, model: LifeSupportModel, *, longest_s: float, every_s: float) -> Seen:
    """Goes through a mission under the rule, the same for the same arguments.

    What is asked for counts with the slow part of the uptake that hard work brings: it is what the
    uptake tends to.

    Args:
        seed: Of the mission, the plant and the sensors.
        model: The prediction model.
        longest_s: After which a mission is left [s].
        every_s: Between two moments [s].
    """
    env = LifeSupportEnv(mission(seed), model=model)
    observation, _ = env.reset(seed=seed)
    controller = Rule(env.model, env.limits, gauge_pa=_HELD_PA, oxygen=_HELD)
    controller.reset(seed)
    history = History()
    asked: list[float] = []
    moments: list[tuple[int, NDArray[np.float32], float, float]] = []
    for k in range(round(longest_s)):
        phase = env.scenario.phase(env.time_s)
        observation, _, over, cut, _ = env.step(controller.act(observation))
        history.observe(observation, env.tick_s)
        asked.append(phase.uptake_l_min + float(env.state[SLOW]) / UNIT)
        if k % round(every_s) == 0 and k > 0:
            moments.append((k, history.features(), history.uptake, history.mission_mean))
        if over or cut:
            break
    ahead = np.array([round(h) for h in HORIZONS_S])
    kept = [m for m in moments if m[0] + ahead[-1] < len(asked)]
    demand = np.array(asked)
    return Seen(
        np.array([m[1] for m in kept], np.float32).reshape(len(kept), SIZE),
        np.array([m[2] for m in kept], np.float32),
        np.array([m[3] for m in kept], np.float32),
        np.array([demand[m[0] + ahead] for m in kept], np.float32).reshape(len(kept), len(ahead)),
    )
