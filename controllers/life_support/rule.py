"""A rule on the estimate: feed what is breathed, hold a little pressure, turn the fan to its best.

    feed   `hiera.controllers.life_support.holding.feed_for`
    fan    the flow that removes most CO2 at the alarm, or at what there is if that is more, for a
           breath that is not known for sure
    damper open above 70 % of humidity, shut below 60 %

No horizon, no gains that were searched for: what the model knows at this instant and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.holding import feed_for
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support import state as names
from hiera.safety.life_support.removal import UNSURE, Factors, with_factors
from hiera.safety.life_support.stocks import best_flow

_MOIST, _DRY = 0.70, 0.60


class Rule:
    """Commands from the estimate of this instant; advice is not listened to."""

    def __init__(
        self, model: LifeSupportModel, limits: Limits, *, gauge_pa: float, oxygen: float
    ) -> None:
        """Takes the model and what to hold.

        Args:
            model: The prediction model.
            limits: Whose CO2 alarm the fan is turned for.
            gauge_pa: Overpressure to hold [Pa].
            oxygen: Least fraction of oxygen to hold.
        """
        self._model, self._limits = model, limits
        self._gauge_pa, self._oxygen = gauge_pa, oxygen
        self._open = False

    def reset(self, seed: int) -> None:
        """Shuts the damper; nothing is random."""
        self._open = False

    def act(
        self, observation: Mapping[str, NDArray[Any]], subgoal: Any = None
    ) -> NDArray[np.float64]:
        """``(feed, fan, damper)`` [mol/s, m^3/s, 1]."""
        x = np.asarray(observation["estimate"], dtype=np.float64)
        now = self._model.readings(x)
        feed = feed_for(
            float(x[names.UPTAKE]), float(now.gauge_pa), float(now.oxygen), self._gauge_pa,
            self._oxygen,
        )  # fmt: skip
        at = max(float(now.dioxide_pa), self._limits.dioxide_alarm_pa)
        set_ = with_factors(x, Factors(*observation["removal"]), self._model.parameters)
        used = float(set_[names.CONVERSION])
        fan, _ = best_flow(self._model, set_, float(x[names.OUTPUT]), at, used, UNSURE)
        humidity = float(now.humidity)
        self._open = humidity > _MOIST or (self._open and humidity >= _DRY)
        made: NDArray[np.float64] = np.array([feed, fan, float(self._open)])
        return np.clip(made, np.array(names.LOW), np.array(names.HIGH))
