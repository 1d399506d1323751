"""What this set does differently from the model, as far as its instruments tell.

How much of the flow asked for the fan makes is seen by the flow that is measured
(`hiera.safety.life_support.fan_share`).

How deep the wearer breathes and how fast the lime works comes with the observation
(`hiera.safety.life_support.removal`); the ventilation that is planned for is a cautious one.

Where the lowest cell that lives shows less oxygen than the estimate, the law holds so much more: an
estimate that has not found the uptake yet is too high, and two cells may be wrong together. At once
it holds no more than 1 % more; a gap that widens slowly may be two cells that drift, and is
followed at the pace of a drift.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.nmpc.plan_model import Corrections
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support.fan_share import FanShare
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.removal import Factors, driven, with_factors
from hiera.safety.life_support.state import FAN

CELLS, FLOW_READING = slice(0, 3), 9
"""Places of oxygen cells and flow among the readings of the observation."""
_CELLS_S, _LEAN = 10.0, 0.01
"""Time over which cells are averaged [s], and the most that they may add at once [1]."""
_DRIFT_1_S, _DRIFTED, _FAILED = 2e-5, 0.06, 0.08
"""How fast that may grow [1/s], what it may come to, and a gap that no drift explains [1]."""
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
        self._fan = FanShare(self._p)
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._fan.reset()
        self._factors = Factors()
        self._more = self._lean = 0.0
        self._may_add = _LEAN

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
        self._compare(observation, elapsed_s)
        least = self._oxygen + float(np.clip(self._lean, 0.0, self._may_add))
        return Corrections(breathing=self._more, fan=share, oxygen=least)

    def _compare(self, observation: dict[str, Any], elapsed_s: float) -> None:
        cells = np.asarray(observation["readings"][CELLS])
        there = np.asarray(observation["valid"][CELLS], dtype=bool) & (cells > _DEAD_PA)
        if not there.any():
            return
        now = readings(observation["estimate"], self._p)
        shown = float(cells[there].min())
        gap = float(now.oxygen) - shown / (self._p.outside_pa + float(now.gauge_pa))
        self._lean += (1.0 - float(np.exp(-elapsed_s / _CELLS_S))) * (gap - self._lean)
        wider = self._may_add < self._lean < _FAILED
        grown = self._may_add + (_DRIFT_1_S if wider else -_DRIFT_1_S) * elapsed_s
        self._may_add = float(np.clip(grown, _LEAN, _DRIFTED))

    def believed(self, x: FloatArray) -> FloatArray:
        """The state to plan from, its ventilation a cautious one, shape ``(18,)``.

        Args:
            x: The estimate, shape ``(18,)``.
        """
        return with_factors(x, self._factors, self._p)
