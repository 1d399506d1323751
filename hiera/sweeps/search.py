"""A seeded search for the worst point: cross-entropy, steps around the best, and a random rest.

Cross-entropy method (Rubinstein, 1999): the worst fifth of a generation says where the next one
is drawn. Departures: a quarter of every generation is drawn close to the worst point so far, and
a sixth anywhere, so that an early mistake can be made good. A generation has the same size
whatever the number of processes, so that the seed alone decides the search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hiera.sweeps.latin import latin_hypercube

FloatArray = NDArray[np.float64]

_ELITE: Final = 0.2
_LOCAL: Final = 0.25
_ANYWHERE: Final = 1.0 / 6.0
_SMOOTHING: Final = 0.7
_LEAST_SPREAD: Final = 0.01


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place to look at.

    Attributes:
        place: In the unit cube, shape ``(axes,)``.
        choice: Number of the combination of listed values.
    """

    place: FloatArray
    choice: int


class Search:
    """Asks for generations and is told how bad they were.

    Args:
        axes: Ranges.
        choices: Combinations of listed values, at least 1.
        seed: Decides everything.
        generation: Candidates in one.
    """

    def __init__(self, axes: int, choices: int, seed: int, generation: int = 20) -> None:
        self._rng = np.random.default_rng(seed)
        self._axes = axes
        self._size = generation
        self._mean = np.full(axes, 0.5)
        self._spread = np.full(axes, 0.3)
        self._shares = np.full(choices, 1.0 / choices)
        self._radius = 0.1
        self._worst: Candidate | None = None
        self._badness = -math.inf

    def ask(self) -> list[Candidate]:
        """The next generation; the first is a Latin hypercube over all choices in turn."""
        if self._worst is None:
            places = latin_hypercube(self._size, self._axes, self._rng)
            first = self._rng.permutation(len(self._shares))
            return [Candidate(p, int(first[i % len(first)])) for i, p in enumerate(places)]
        near, anywhere = round(_LOCAL * self._size), round(_ANYWHERE * self._size)
        return [
            *(self._near(self._worst) for _ in range(near)),
            *(self._anywhere() for _ in range(anywhere)),
            *(self._where_it_was_bad() for _ in range(self._size - near - anywhere)),
        ]

    def _near(self, worst: Candidate) -> Candidate:
        step = self._rng.normal(0.0, self._radius, self._axes)
        # One axis alone now and then: along a ridge a step of all axes seldom gets anywhere.
        if self._axes > 1 and self._rng.random() < 0.5:
            step[np.arange(self._axes) != self._rng.integers(self._axes)] = 0.0
        return Candidate(_folded(worst.place + step), worst.choice)

    def _anywhere(self) -> Candidate:
        choice = int(self._rng.integers(len(self._shares)))
        return Candidate(self._rng.random(self._axes), choice)

    def _where_it_was_bad(self) -> Candidate:
        place = self._rng.normal(self._mean, self._spread)
        return Candidate(_folded(place), int(self._rng.choice(len(self._shares), p=self._shares)))

    def tell(self, told: Sequence[tuple[Candidate, float]]) -> None:
        """Takes in how bad candidates were; the greater the worse.

        Args:
            told: Without those that could not be computed.
        """
        if not told:
            return
        ranked = sorted(told, key=lambda item: item[1], reverse=True)
        worst, badness = ranked[0]
        better = badness > self._badness
        self._radius = min(max(self._radius * (1.3 if better else 0.7), 0.002), 0.3)
        if better:
            self._worst, self._badness = worst, badness
        elite = [c for c, _ in ranked[: max(2, math.ceil(_ELITE * len(ranked)))]]
        places = np.stack([c.place for c in elite])
        self._mean += _SMOOTHING * (places.mean(axis=0) - self._mean)
        spread = np.maximum(places.std(axis=0), _LEAST_SPREAD)
        self._spread += _SMOOTHING * (spread - self._spread)
        counts = np.bincount([c.choice for c in elite], minlength=len(self._shares))
        shares = 0.9 * counts / counts.sum() + 0.1 / len(self._shares)
        self._shares += _SMOOTHING * (shares - self._shares)
        self._shares /= self._shares.sum()


def _folded(place: FloatArray) -> FloatArray:
    """Reflected at the walls of the unit cube."""
    wrapped = np.mod(place, 2.0)
    inside: FloatArray = np.where(wrapped > 1.0, 2.0 - wrapped, wrapped)
    return inside
