"""How good forecasts are on missions nobody learned from, beside two that need no learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.metabolism.learned import Network, gaussian_nll
from hiera.controllers.life_support.metabolism.weights import HORIZONS_S
from hiera.controllers.weights import Arrays
from hiera.safety.contract import FloatArray
from hiera.training.life_support_metabolism.fit import Moments, without_heart

_HALF, _NINE_TENTHS = 0.67449, 1.64485
"""Deviations on either side that hold 50 and 90 % of a normal distribution."""


def score(mean: FloatArray, deviation: FloatArray, later: FloatArray) -> dict[str, list[float]]:
    """Figures at each of `HORIZONS_S`.

    Args:
        mean: Forecasts [L/min], shape ``(k, 6)``.
        deviation: Theirs [L/min], the same.
        later: What was asked for [L/min], the same.

    Returns:
        ``nll`` [nats], ``rmse`` [L/min], ``covered_50`` and ``covered_90`` [1].
    """
    error = later - mean
    away = np.abs(error) / deviation
    figures = {
        "nll": gaussian_nll(error, deviation).mean(axis=0),
        "rmse": np.sqrt((error**2).mean(axis=0)),
        "covered_50": (away < _HALF).mean(axis=0),
        "covered_90": (away < _NINE_TENTHS).mean(axis=0),
    }
    return {name: [float(v) for v in values] for name, values in figures.items()}


def compare(
    arrays: Arrays, learned_from: Moments, learned_mean: NDArray[np.float32], held_out: Moments,
    held_mean: NDArray[np.float32],
) -> dict[str, Any]:  # fmt: skip
    """The network, the held value and the mean of the mission so far.

    The two latter are given the deviations with which they do best on the missions to learn from.

    Args:
        arrays: Of the network.
        learned_from: Moments to learn from.
        learned_mean: Mean of the mission so far at each.
        held_out: Moments to judge by.
        held_mean: Mean of the mission so far at each.
    """
    later = held_out.later.astype(np.float64)
    uptake = held_out.uptake[:, None].astype(np.float64)

    def simple(now: NDArray[np.float32], then: NDArray[np.float32]) -> dict[str, list[float]]:
        spread = np.sqrt(((learned_from.later - then[:, None]) ** 2).mean(axis=0))
        mean = np.broadcast_to(now[:, None].astype(np.float64), later.shape)
        return score(mean, np.broadcast_to(spread, later.shape), later)

    network = Network(arrays)
    return {
        "horizons_s": list(HORIZONS_S),
        "moments": len(held_out),
        "learned": score(*network(held_out.features, uptake), later),
        "learned_without_heart": score(*network(without_heart(held_out.features), uptake), later),
        "held": simple(held_out.uptake, learned_from.uptake),
        "mission_mean": simple(held_mean, learned_mean),
    }
