"""What this set does differently from the model, as far as its instruments tell.

The fan's share is the flow that is measured over the flow that a healthy fan would make of the
commands; it is averaged over half a minute, so that noise does not move it.

How deep the wearer breathes and how fast the lime works comes with the observation
(`hiera.safety.life_support.removal`); the ventilation that is planned for is a cautious one.

Where the lowest cell that lives shows less oxygen than the estimate, the law holds so much more: an
estimate that has not found the uptake yet is too high, and two cells may be wrong together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.plan_model import Corrections
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.removal import Factors, driven, with_factors
from hiera.safety.life_support.state import FAN

CELLS, FLOW_READING = slice(0, 3), 9
"""Places of oxygen cells and flow among the readings of the observation."""
_MEMORY_S = 30.0
_LEAST, _MOST = 0.3, 1.2
_SETTLED_S = 15.0
_CELLS_S, _LEAN = 10.0, 0.01
"""Time over which cells are averaged [s], and the most that they may add [1]."""
_DEAD_PA = 500.0
"""A cell that shows less is dead."""


class Differences:
    """Estimates `Corrections` from observations.

    Args:
        model: The prediction model.
        breath_caution: Deviations of its factor that are added to the ventilation.
        oxygen: Least fraction of oxygen that the law holds.
    """

    def __init__(self, model: LifeSupportModel, breath_caution: float, oxygen: float) -> None:
        self._p, self._caution, self._oxygen = model.parameters, breath_caution, oxygen
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._fan, self._asked, self._time_s = 1.0, -1.0, 0.0
        self._factors = Factors()
        self._more = self._lean = 0.0

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
        known = Factors(*observation["removal"])
        cautious = known.breath * float(np.exp(self._caution * known.deviation))
        self._factors = known._replace(breath=cautious)
        self._more = (cautious - 1.0) * driven(observation["estimate"], self._p)
        self._compare(observation, elapsed_s)
        least = self._oxygen + float(np.clip(self._lean, 0.0, _LEAN))
        return Corrections(breathing=self._more, fan=self._fan, oxygen=least)

    def _compare(self, observation: dict[str, Any], elapsed_s: float) -> None:
        cells = np.asarray(observation["readings"][CELLS])
        there = np.asarray(observation["valid"][CELLS], dtype=bool) & (cells > _DEAD_PA)
        if not there.any():
            return
        now = readings(observation["estimate"], self._p)
        shown = float(cells[there].min())
        gap = float(now.oxygen) - shown / (self._p.outside_pa + float(now.gauge_pa))
        self._lean += (1.0 - float(np.exp(-elapsed_s / _CELLS_S))) * (gap - self._lean)

    def believed(self, x: FloatArray) -> FloatArray:
        """The state to plan from, its ventilation a cautious one, shape ``(18,)``.

        Args:
            x: The estimate, shape ``(18,)``.
        """
        return with_factors(x, self._factors, self._p)
