"""What this set does differently from the model, as far as its instruments tell.

How much of the flow asked for the fan makes is seen by the flow that is measured
(`hiera.safety.life_support.fan_share`).

How deep the wearer breathes and how fast the lime works comes with the observation
(`hiera.safety.life_support.removal`); the ventilation that is planned for is a cautious one.

Where the lowest cell shows less oxygen than the estimate, the law holds so much more
(`hiera.safety.life_support.lowest_cell`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.plan_model import Corrections
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support.fan_share import FanShare
from hiera.safety.life_support.removal import Factors, driven, with_factors
from hiera.safety.life_support.state import FAN

FLOW_READING = 9
"""Place of the flow among the readings of the observation."""


class Differences:
    """Estimates `Corrections` from observations.

    Args:
        model: The prediction model.
        breath_caution: Deviations of its factor that are added to the ventilation.
        oxygen: Least fraction of oxygen that the law holds.
    """

    def __init__(self, model: LifeSupportModel, breath_caution: float, oxygen: float) -> None:
        self._p, self._caution, self._oxygen = model.parameters, breath_caution, oxygen
        self._fan = FanShare(self._p)
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._fan.reset()
        self._factors = Factors()
        self._more = 0.0

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> Corrections:
        """Takes in an observation.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            elapsed_s: Since the last one [s].
        """
        there = bool(observation["valid"][FLOW_READING])
        flow = float(observation["readings"][FLOW_READING]) if there else None
        share = self._fan.observe(float(observation["command"][FAN]), flow, elapsed_s)
        known = Factors(*observation["removal"])
        cautious = known.breath * float(np.exp(self._caution * known.deviation))
        self._factors = known._replace(breath=cautious)
        self._more = (cautious - 1.0) * driven(observation["estimate"], self._p)
        least = self._oxygen + float(observation["behind"][0])
        return Corrections(breathing=self._more, fan=share, oxygen=least)

    def believed(self, x: FloatArray) -> FloatArray:
        """The state to plan from, its ventilation a cautious one, shape ``(18,)``.

        Args:
            x: The estimate, shape ``(18,)``.
        """
        return with_factors(x, self._factors, self._p)
