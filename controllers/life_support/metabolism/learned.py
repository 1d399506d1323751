"""Forecasts of work: learned, and two that anybody would write down."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.contract import Forecast
from hiera.controllers.life_support.metabolism.history import UNIT, History
from hiera.controllers.life_support.metabolism.weights import HORIZONS_S, SHIPPED, load_arrays_of
from hiera.controllers.perceptron import Perceptron
from hiera.controllers.weights import Arrays
from hiera.safety.contract import FloatArray

LEAST, MOST = 0.3, 4.0
"""Demand that is thought possible [L/min]."""
LOG_LEAST, LOG_MOST = -2.2, 0.5
"""Range of the deviation's logarithm: nobody is surer of a person than to 0.1 L/min."""
DEVIATION_LEAST, DEVIATION_MOST = 0.05, 1.6
_AT: Final = np.array((0.0, *HORIZONS_S))


class Network:
    """From features to mean and deviation at `HORIZONS_S`, in L/min."""

    def __init__(self, arrays: Arrays) -> None:
        """Takes the arrays of `hiera.controllers.life_support.metabolism.weights.all_shapes`."""
        layers = {name: a for name, a in arrays.items() if name[0].isdigit()}
        self._layers = Perceptron(layers)
        self._centre, self._scale = arrays["centre"], 1.0 / arrays["spread"]
        self._widen = arrays["widen"].astype(np.float64)

    def __call__(
        self, features: NDArray[np.float32], uptake: NDArray[np.float64] | float
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and deviation, each of shape ``(..., 6)``.

        Args:
            features: See `hiera.controllers.life_support.metabolism.history`, shape ``(..., f)``.
            uptake: Now [L/min], shape ``(..., 1)`` or a number.
        """
        seen = np.clip((features - self._centre) * self._scale, -6.0, 6.0)
        out = self._layers(seen).astype(np.float64)
        k = len(HORIZONS_S)
        mean = np.clip(uptake + out[..., :k], LEAST, MOST)
        deviation = np.exp(np.clip(out[..., k:], LOG_LEAST, LOG_MOST)) * self._widen
        return mean, np.clip(deviation, DEVIATION_LEAST, DEVIATION_MOST)


class LearnedMetabolism:
    """What the network expects from the history of this wearer on this mission."""

    def __init__(self, path: Path | None = None) -> None:
        """Loads the weights.

        Args:
            path: Of the weights file; that of the package if not given.

        Raises:
            WeightsError: If the file cannot be used; the message says why.
        """
        self._network = Network(load_arrays_of(SHIPPED if path is None else path))
        self._history = History()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._history.reset()

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> None:
        """Takes in an observation; what is missing or not finite in it is left out."""
        self._history.observe(observation, elapsed_s)

    def forecast(self, periods: int, period_s: float) -> Forecast:
        """The work of the next ``periods`` periods; beyond 300 s as at 300 s."""
        history = self._history
        mean, deviation = self._network(history.features(), history.uptake)
        at = period_s * np.arange(1, periods + 1)
        # At once nothing is known but the estimate.
        means = np.interp(at, _AT, np.concatenate(((history.uptake,), mean)))
        deviations = np.interp(at, _AT, np.concatenate((deviation[:1], deviation)))
        return Forecast(period_s, UNIT * means, UNIT * deviations)


class Held:
    """A random walk: the work goes on as it is, and is the less sure the farther ahead.

    Args:
        wander: Variance that a second adds [(L/min)^2/s].
        error: Deviation of what is known now [L/min].
    """

    def __init__(self, wander: float = 1.2e-3, error: float = 0.15) -> None:
        self._wander, self._error = wander, error
        self._history = History()

    def reset(self) -> None:
        """Forgets what was seen."""
        self._history.reset()

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> None:
        """Takes in an observation."""
        self._history.observe(observation, elapsed_s)

    def forecast(self, periods: int, period_s: float) -> Forecast:
        """The present uptake, with a deviation that grows as a root."""
        at = period_s * np.arange(1, periods + 1)
        deviation = np.minimum(np.sqrt(self._error**2 + self._wander * at), DEVIATION_MOST)
        mean = np.full(periods, self._history.uptake)
        return Forecast(period_s, UNIT * mean, UNIT * deviation)


class MissionMean(Held):
    """The mean of the mission so far, whatever the wearer does now.

    Args:
        spread: Deviation [L/min].
    """

    def __init__(self, spread: float = 0.7) -> None:
        super().__init__()
        self._spread = spread

    def forecast(self, periods: int, period_s: float) -> Forecast:
        """The same at all times."""
        mean = np.full(periods, self._history.mission_mean)
        return Forecast(period_s, UNIT * mean, np.full(periods, UNIT * self._spread))


def gaussian_nll(error: FloatArray, deviation: FloatArray) -> FloatArray:
    """Negative log-likelihood of errors [nats]."""
    made: FloatArray = (
        0.5 * (error / deviation) ** 2 + np.log(deviation) + 0.5 * math.log(2.0 * math.pi)
    )
    return made
