"""Differential evolution that can be stopped after every generation.

R. Storn and K. Price, "Differential Evolution - A Simple and Efficient Heuristic for Global
Optimization over Continuous Spaces", Journal of Global Optimization 11, 1997; scheme
DE/current-to-best/1/bin in the unit cube. A generation follows from the seed, its number and the
population before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hiera.safety.contract import FloatArray


def first_population(seed: int, size: int, begin: FloatArray) -> FloatArray:
    """Candidates in the unit cube, the first as given, shape ``(size, n)``.

    Args:
        seed: Of the search.
        size: How many.
        begin: Points to begin with, shape ``(k, n)``, k <= size.
    """
    rng = np.random.default_rng([seed, 0])
    made: FloatArray = rng.random((size, begin.shape[1]))
    made[: len(begin)] = begin[:size]
    return made


def challengers(
    seed: int, generation: int, population: FloatArray, scores: FloatArray, *, factor: float,
    crossing: float,
) -> FloatArray:  # fmt: skip
    """One challenger for each candidate, shape ``(size, n)``.

    Args:
        seed: Of the search.
        generation: From 1 on.
        population: Candidates, shape ``(size, n)``.
        scores: The more the better, shape ``(size,)``.
        factor: Weight of the differences.
        crossing: Share of coordinates taken over.
    """
    rng = np.random.default_rng([seed, generation])
    size, n = population.shape
    best = population[int(np.argmax(scores))]
    made = population.copy()
    for i in range(size):
        others = [j for j in range(size) if j != i]
        a, b = rng.choice(others, 2, replace=False)
        step = factor * (best - population[i]) + factor * (population[a] - population[b])
        taken: NDArray[np.bool_] = np.less(rng.random(n), crossing)
        taken[int(rng.integers(n))] = True
        moved = population[i] + step
        # A candidate beyond the edge comes back between the edge and where it was.
        moved = np.where(moved < 0.0, population[i] * rng.random(n), moved)
        moved = np.where(moved > 1.0, 1.0 - (1.0 - population[i]) * rng.random(n), moved)
        made[i, taken] = moved[taken]
    return made
