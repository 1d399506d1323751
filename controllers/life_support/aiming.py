"""Makes commands of what is aimed at: feeds to hold it, and turns the fan beside the best flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.holding import feed_for
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel
from hiera.safety.life_support import state as names
from hiera.safety.life_support.sparing import best_removal
from hiera.safety.life_support.state import HIGH, LOW


class AimingLaw:
    """From aims to commands.

    Aims are a pressure [Pa], a factor of the best flow, the damper, and the least fraction of
    oxygen.

    Attributes:
        model: The apparatus.
    """

    def __init__(self, model: LifeSupportModel | None = None) -> None:
        """Takes the apparatus; the default one if not given."""
        self.model = LifeSupportModel() if model is None else model
        self._record = self.model.parameters.record()[()]

    def commands(self, x: FloatArray, uptake: float, aims: FloatArray) -> NDArray[np.float64]:
        """What holds the aims at a state, ``(feed, fan, damper)``, shape ``(3,)``.

        Args:
            x: State, shape ``(18,)``.
            uptake: That the feed is to cover [mol/s].
            aims: Shape ``(4,)``.
        """
        now, flow = self.model.readings(x), self.best_flow(x)
        feed = feed_for(uptake, float(now.gauge_pa), float(now.oxygen), aims[0], aims[3])
        return np.clip((feed, flow * aims[1], aims[2]), LOW, HIGH)

    def best_flow(self, x: FloatArray) -> float:
        """Flow that removes most CO2 at a state [m^3/s]."""
        at = float(self.model.readings(x).dioxide_pa)
        output, used = float(x[names.OUTPUT]), float(x[names.CONVERSION])
        return float(best_removal(x, output, at, used, self._record)[0])
