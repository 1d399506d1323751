"""What this set does differently from the model, as far as its instruments tell.

The fan's share is the flow that is measured over the flow that a healthy fan would make of the
commands; it is averaged over a minute, so that noise does not move it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.prediction import Corrections
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names
from hiera.safety.life_support.state import FAN

FLOW_READING = 9
"""Place of the flow among the readings of the observation."""
_MEMORY_S = 30.0
_LEAST, _MOST = 0.3, 1.2
_SETTLED_S = 15.0


class Differences:
    """Estimates `Corrections` from observations.

    Args:
        model: The prediction model.
        breath_caution: Deviations of the ventilation that are added to it.
    """

    def __init__(self, model: LifeSupportModel, breath_caution: float) -> None:
        self._p, self._caution = model.parameters, breath_caution
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._fan, self._asked, self._time_s = 1.0, -1.0, 0.0
        self._corrections = Corrections()

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> Corrections:
        """Takes in an observation.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            elapsed_s: Since the last one [s].
        """
        asked = float(observation["command"][FAN])
        self._time_s += elapsed_s
        if self._asked < 0.0:
            self._asked = float(observation["estimate"][names.FLOW])
        self._asked += (asked - self._asked) * (1.0 - float(np.exp(-elapsed_s / self._p.fan_s)))
        if observation["valid"][FLOW_READING] and self._time_s > _SETTLED_S and elapsed_s > 0.0:
            share = float(observation["readings"][FLOW_READING]) / self._asked
            follow = 1.0 - float(np.exp(-elapsed_s / _MEMORY_S))
            self._fan += follow * (float(np.clip(share, _LEAST, _MOST)) - self._fan)
        spread = float(observation["deviation"][names.BREATHING])
        self._corrections = Corrections(breathing=self._caution * spread, fan=self._fan)
        return self._corrections
