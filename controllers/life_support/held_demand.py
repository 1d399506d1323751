"""The simplest forecast: the work goes on as it is, and the less surely the further ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.controllers.life_support.contract import Forecast
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute


class HeldDemand:
    """Demand is the estimated uptake; its deviation grows as a random walk's, up to a ceiling.

        deviation(t)^2 = own^2 + min(walk^2 t, most^2)

    Args:
        walk: What a second adds [mol/s per root of a second]; by default 1 L/min in 5 min.
        most: Largest deviation that the walk gives [mol/s]: work lies between rest and 3.5 L/min.
    """

    def __init__(
        self,
        walk: float = litres_per_minute(1.0) / float(np.sqrt(300.0)),
        most: float = litres_per_minute(1.0),
    ) -> None:
        self._walk, self._most = walk, most
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._uptake, self._own = litres_per_minute(0.5), 0.0

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> None:
        """Takes in an observation.

        Args:
            observation: Its ``estimate`` and ``deviation``, shape ``(18,)``.
            elapsed_s: Not used: nothing is remembered.
        """
        self._uptake = max(float(observation["estimate"][names.UPTAKE]), 0.0)
        self._own = max(float(observation["deviation"][names.UPTAKE]), 0.0)

    def forecast(self, periods: int, period_s: float) -> Forecast:
        """The work of the next periods, all the same.

        Args:
            periods: How many.
            period_s: Length of each [s].
        """
        ahead = period_s * np.arange(1, periods + 1)
        walked = np.minimum(self._walk**2 * ahead, self._most**2)
        return Forecast(period_s, np.full(periods, self._uptake), np.sqrt(self._own**2 + walked))
