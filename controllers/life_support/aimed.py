"""Controllers of the breathing set that decide what is aimed at; a law makes commands of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.contract import Advice
from hiera.controllers.life_support.holding import feed_for
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names
from hiera.safety.life_support.sparing import best_removal
from hiera.safety.life_support.state import HIGH, LOW


class Aimed:
    """Feeds to hold what is aimed at, and turns the fan beside the best flow.

    A subclass says in `aims` what is aimed at: pressure [Pa], factor of the best flow, damper and
    least fraction of oxygen.
    """

    def __init__(self, model: LifeSupportModel | None = None, *, tick_s: float = 1.0) -> None:
        """Takes the apparatus and the time between calls."""
        self.model = LifeSupportModel() if model is None else model
        self.tick_s = tick_s
        self._record = self.model.parameters.record()[()]

    def reset(self, seed: int) -> None:
        """Has nothing to forget and draws nothing."""

    def aims(self, observation: dict[str, Any]) -> FloatArray:
        """What is aimed at, shape ``(4,)``."""
        raise NotImplementedError

    def act(
        self, observation: dict[str, Any], subgoal: Advice | None = None
    ) -> NDArray[np.float64]:
        """Commands ``(feed, fan, damper)``, shape ``(3,)``.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            subgoal: Not obeyed.
        """
        x = np.asarray(observation["estimate"], np.float64)
        return self.commands(x, float(x[names.UPTAKE]), self.aims(observation))

    def commands(self, x: FloatArray, uptake: float, aims: FloatArray) -> NDArray[np.float64]:
        """What holds the aims at a state, shape ``(3,)``.

        Args:
            x: State, shape ``(18,)``.
            uptake: That the feed is to cover [mol/s].
            aims: See `aims`.
        """
        now, flow = self.model.readings(x), self.best_flow(x)
        feed = feed_for(uptake, float(now.gauge_pa), float(now.oxygen), aims[0], aims[3])
        return np.clip((feed, flow * aims[1], aims[2]), LOW, HIGH)

    def best_flow(self, x: FloatArray) -> float:
        """Flow that removes most CO2 at a state [m^3/s]."""
        at = float(self.model.readings(x).dioxide_pa)
        output, used = float(x[names.OUTPUT]), float(x[names.CONVERSION])
        return float(best_removal(x, output, at, used, self._record)[0])
