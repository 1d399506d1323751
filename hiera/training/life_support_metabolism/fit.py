"""Fits the metabolic model: a small perceptron of means and deviations, by likelihood, in NumPy.

The loss is the negative log-likelihood of a normal distribution at every horizon, averaged. In a
share of the moments the heart is hidden, as if its sensor had been lost. Adam (D. Kingma, J. Ba,
arXiv 1412.6980) with a cosine of the learning rate; the network is a few thousand numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.controllers.life_support.metabolism.history import NAMES, SIZE
from hiera.controllers.life_support.metabolism.learned import LOG_LEAST, LOG_MOST, Network
from hiera.controllers.life_support.metabolism.weights import HORIZONS_S
from hiera.controllers.perceptron import shapes
from hiera.controllers.weights import Arrays
from hiera.safety.contract import FloatArray

K = len(HORIZONS_S)
_HEART = [NAMES.index(n) for n in ("heart", "heart_before", "heart_seen", "heart_doubt")]


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of many missions end to end; see `gathering.Seen`."""

    features: NDArray[np.float32]
    uptake: NDArray[np.float32]
    later: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.uptake)

    def some(self, index: NDArray[np.integer]) -> Moments:
        """A part of them."""
        return Moments(self.features[index], self.uptake[index], self.later[index])


def without_heart(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same moments as if no heart rate had ever been shown."""
    made = features.copy()
    made[:, _HEART] = 0.0, 0.0, 0.0, 1.0
    return made


def loss_and_slopes(
    arrays: Arrays, x: NDArray[np.float32], later: NDArray[np.float32], layers: int = 3
) -> tuple[float, Arrays]:
    """Mean negative log-likelihood (without its constant) and its derivatives.

    Args:
        arrays: Of the layers.
        x: Scaled features, shape ``(B, f)``.
        later: Demand less the uptake now, shape ``(B, 6)``.
        layers: How many.
    """
    hidden = [x]
    for i in range(layers):
        h = hidden[-1] @ arrays[f"{i}.weight"].T + arrays[f"{i}.bias"]
        hidden.append(np.maximum(h, 0.0) if i < layers - 1 else h)
    mean, raw = hidden[-1][:, :K], hidden[-1][:, K:]
    log = np.clip(raw, LOG_LEAST, LOG_MOST)
    away = (later - mean) * np.exp(-log)
    loss = float((0.5 * away**2 + log).mean())
    scale = 1.0 / away.size
    inside = (raw > LOG_LEAST) & (raw < LOG_MOST)
    back = np.concatenate(
        (-away * np.exp(-log) * scale, np.where(inside, 1.0 - away**2, 0.0) * scale), axis=1
    ).astype(np.float32)
    slopes: Arrays = {}
    for i in reversed(range(layers)):
        slopes[f"{i}.weight"], slopes[f"{i}.bias"] = back.T @ hidden[i], back.sum(axis=0)
        if i:
            back = (back @ arrays[f"{i}.weight"]) * (hidden[i] > 0.0)
    return loss, slopes


class Adam:
    """Adam with decoupled weight decay."""

    def __init__(self, arrays: Arrays, decay: float) -> None:
        """Takes what it changes."""
        self._arrays, self._decay, self._step = arrays, decay, 0
        self._first = {n: np.zeros_like(a) for n, a in arrays.items()}
        self._second = {n: np.zeros_like(a) for n, a in arrays.items()}

    def step(self, slopes: Arrays, rate: float) -> None:
        """Changes the arrays in place."""
        self._step += 1
        for name, slope in slopes.items():
            first, second = self._first[name], self._second[name]
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            tall = np.sqrt(second / (1.0 - 0.999**self._step)) + 1e-8
            move = first / (1.0 - 0.9**self._step) / tall
            if name.endswith("weight"):
                move = move + self._decay * self._arrays[name]
            self._arrays[name] -= np.float32(rate) * move.astype(np.float32)


def fit(
    moments: Moments, apart: Moments, *, hidden: int, epochs: int, batch: int, rate: float,
    decay: float, hide_heart: float, jitter: float, seed: int, report: Callable[[int, float], None],
) -> Arrays:  # fmt: skip
    """Arrays of `hiera.controllers.life_support.metabolism.weights.all_shapes`.

    Args:
        moments: To learn from.
        apart: Of other missions, to say how far deviations must be widened.
        hidden: Width of both hidden layers.
        epochs: Passes.
        batch: Moments per step.
        rate: Greatest learning rate.
        decay: Weight decay.
        hide_heart: Share of the moments in which the heart is hidden.
        jitter: Noise on the features, in their spreads: what tells missions apart is no reason.
        seed: Start and order follow from it.
        report: Called after every epoch with its number and its loss.
    """
    random = np.random.default_rng(np.random.SeedSequence((0x3E7A, seed)))
    centre = moments.features.mean(axis=0)
    spread = moments.features.std(axis=0) + 1e-3
    arrays: Arrays = {}
    for name, shape in shapes([SIZE, hidden, hidden, 2 * K]).items():
        wide = np.sqrt(2.0 / shape[-1]) if name.endswith("weight") else 0.0
        arrays[name] = (wide * random.standard_normal(shape)).astype(np.float32)
    arrays["2.weight"] *= 0.1
    adam, steps = Adam(arrays, decay), max(1, -(-len(moments) // batch))
    for epoch in range(epochs):
        order, total = random.permutation(len(moments)), 0.0
        for k in range(steps):
            part = moments.some(order[k * batch : (k + 1) * batch])
            hidden_ones = random.random(len(part)) < hide_heart
            seen = np.where(hidden_ones[:, None], without_heart(part.features), part.features)
            noisy = (seen - centre) / spread + jitter * random.standard_normal(seen.shape)
            x = np.clip(noisy, -6.0, 6.0).astype(np.float32)
            loss, slopes = loss_and_slopes(arrays, x, part.later - part.uptake[:, None])
            gone = (epoch * steps + k) / (epochs * steps)
            adam.step(slopes, rate * (0.5 + 0.5 * float(np.cos(np.pi * gone))))
            total += loss
        report(epoch + 1, total / steps)
    arrays |= {"centre": centre, "spread": spread, "widen": np.ones(K, np.float32)}
    arrays["widen"] = widened(arrays, apart)
    return arrays


def widened(arrays: Arrays, apart: Moments, covered: float = 0.9) -> NDArray[np.float32]:
    """Factor at each horizon with which the 90 % interval covers so much of other missions."""
    mean, deviation = Network(arrays)(apart.features, apart.uptake[:, None].astype(np.float64))
    away: FloatArray = np.abs(apart.later - mean) / deviation
    return (np.quantile(away, covered, axis=0) / 1.6449).astype(np.float32)
