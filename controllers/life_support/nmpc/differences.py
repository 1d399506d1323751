"""What this set does differently from the model, as far as its instruments tell.

The fan's share is the flow that is measured over the flow that a healthy fan would make of the
commands; it is averaged over half a minute, so that noise does not move it.

How far the lime is used up is counted, and not taken from the estimate: nearly all CO2 given off
ends in the lime, whereas an estimator explains by used lime whatever CO2 it did not expect, a
breath that misses the lime above all. Believing it, a controller lowers the flow, and more of the
breath misses.

Where the cells in the middle show less oxygen than the estimate, the law holds so much more: an
estimate that has not found the uptake yet is too high.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.plan_model import Corrections
from hiera.controllers.life_support.nmpc.removal import Removal
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.state import FAN

CELLS, DIOXIDE_READING, FLOW_READING = slice(0, 3), 3, 9
"""Places of oxygen cells, CO2 and flow among the readings of the observation."""
_MEMORY_S = 30.0
_LEAST, _MOST = 0.3, 1.2
_SETTLED_S = 15.0
_CELLS_S, _LEAN = 10.0, 0.01
"""Time over which cells are averaged [s], and the most that they may add [1]."""


class Differences:
    """Estimates `Corrections` from observations.

    Args:
        model: The prediction model.
        breath_caution: Deviations of its factor that are added to the ventilation.
        oxygen: Least fraction of oxygen that the law holds.
    """

    def __init__(self, model: LifeSupportModel, breath_caution: float, oxygen: float) -> None:
        self._p, self._caution, self._oxygen = model.parameters, breath_caution, oxygen
        self.removal = Removal(model)
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._fan, self._asked, self._time_s = 1.0, -1.0, 0.0
        self._used = self._dioxide = -1.0
        self._more = self._lean = 0.0
        self.removal.reset()

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> Corrections:
        """Takes in an observation.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            elapsed_s: Since the last one [s].
        """
        self._count(observation["estimate"], elapsed_s)
        asked = float(observation["command"][FAN])
        self._time_s += elapsed_s
        if self._asked < 0.0:
            self._asked = float(observation["estimate"][names.FLOW])
        self._asked += (asked - self._asked) * (1.0 - float(np.exp(-elapsed_s / self._p.fan_s)))
        if observation["valid"][FLOW_READING] and self._time_s > _SETTLED_S and elapsed_s > 0.0:
            share = float(observation["readings"][FLOW_READING]) / self._asked
            follow = 1.0 - float(np.exp(-elapsed_s / _MEMORY_S))
            self._fan += follow * (float(np.clip(share, _LEAST, _MOST)) - self._fan)
        counted = self._counted(observation["estimate"])
        self.removal.observe(counted, elapsed_s, bool(observation["valid"][DIOXIDE_READING]))
        removal = self.removal
        factor = removal.breath * float(np.exp(self._caution * removal.breath_deviation))
        self._more = (factor - 1.0) * removal.driven(counted)
        self._compare(observation, elapsed_s)
        least = self._oxygen + float(np.clip(self._lean, 0.0, _LEAN))
        return Corrections(breathing=self._more, fan=self._fan, oxygen=least)

    def _compare(self, observation: dict[str, Any], elapsed_s: float) -> None:
        there = np.asarray(observation["valid"][CELLS], dtype=bool)
        if not there.any():
            return
        now = readings(observation["estimate"], self._p)
        shown = float(np.median(observation["readings"][CELLS][there]))
        gap = float(now.oxygen) - shown / (self._p.outside_pa + float(now.gauge_pa))
        self._lean += (1.0 - float(np.exp(-elapsed_s / _CELLS_S))) * (gap - self._lean)

    def _count(self, x: FloatArray, elapsed_s: float) -> None:
        p, dioxide = self._p, float(x[names.DIOXIDE])
        if self._used < 0.0:
            self._used, self._dioxide = float(x[names.CONVERSION]), dioxide
        bound = float(x[names.OUTPUT]) * elapsed_s - (dioxide - self._dioxide)
        self._used += bound / (p.lime_capacity_mol_kg * p.lime_kg)
        self._dioxide = dioxide

    def _counted(self, x: FloatArray) -> FloatArray:
        made = np.array(x, dtype=np.float64)
        made[names.CONVERSION] = float(np.clip(self._used, 0.0, 0.999))
        return made

    def believed(self, x: FloatArray) -> FloatArray:
        """The state to plan from, shape ``(18,)``.

        The conversion is the one that was counted, and what is left of the lime stands for its rate
        too, with which it only appears as a product; the ventilation is a cautious one.

        Args:
            x: The estimate, shape ``(18,)``.
        """
        made = self._counted(x)
        made[names.CONVERSION] = 1.0 - self.removal.lime * (1.0 - made[names.CONVERSION])
        made[names.CONVERSION] = float(np.clip(made[names.CONVERSION], 0.0, 0.999))
        made[names.BREATHING] = self.removal.driven(x) + self._more
        return made
