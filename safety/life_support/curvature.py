"""How fast a row can change within a tick, measured over the range of operation.

Interval arithmetic bounds it as well, and rigorously, but every flow of the suit depends on every
other through the pressure: over the second of a tick it finds eight times what the oxygen valve can
do, and with such a margin no command is left. Here the same exact derivative is evaluated at
random states, with controls and disturbance in random corners of their boxes, and the largest
value is taken with a reserve. That is a measurement and not a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.rows import compile_rows
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import state as names
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.model import LifeSupportModel
from hiera.safety.life_support.state import HIGH, LOW, M, N, Surroundings

RESERVE = 1.5
"""Times the largest value found."""
SAMPLES = 12000


def operating_states(
    model: LifeSupportModel, count: int, random: np.random.Generator
) -> FloatArray:
    """States from the range in which the set is meant to work, shape ``(18, count)``.

    Args:
        model: The apparatus.
        count: How many.
        random: Where they come from.
    """
    X = np.empty((N, count))
    for k in range(count):
        x = model.start(
            Surroundings(litres_per_minute(random.uniform(0.3, 3.5))),
            gauge_pa=random.uniform(0.0, 500.0),
            oxygen=random.uniform(0.18, 0.5),
            dioxide=10.0 ** random.uniform(-3.5, -1.8),
            vapour=random.uniform(0.008, 0.05),
            temperature_k=random.uniform(290.0, 318.0),
            conversion=random.uniform(0.0, 0.95),
            loading=random.uniform(0.02, 0.33),
        )
        x[[names.LIME_K, names.GEL_K]] += random.uniform(0.0, 25.0, 2)
        x[names.MOISTURE] = random.uniform(0.08, 0.2)
        x[[names.OUTPUT, names.BREATHING]] *= random.uniform(0.8, 1.2, 2)
        x[names.CORE_K] += random.uniform(-0.5, 2.0)
        x[names.SKIN_K] += random.uniform(-2.0, 4.0)
        x[names.FLOW] = random.uniform(LOW[names.FAN], HIGH[names.FAN])
        x[names.SHARE] = random.uniform(LOW[names.DAMPER], HIGH[names.DAMPER])
        X[:, k] = x
    return X


def largest(
    model: LifeSupportModel,
    barriers: Sequence[Barrier],
    disturbance: FloatArray,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> FloatArray:
    """Largest ``-h''`` found of each barrier, or of the last of its chain, shape ``(k,)``.

    Args:
        model: The apparatus.
        barriers: Recordable, without parameters.
        disturbance: Bound of what is added to the rates, shape ``(18,)``.
        samples: States that are tried.
        seed: Of the samples.
    """
    random = np.random.default_rng(seed)
    program = compile_rows(model.affine(disturbance=disturbance), barriers)
    X = operating_states(model, samples, random)
    corners = random.integers(0, 2, (M, samples))
    U = np.array(LOW)[:, None] + np.subtract(HIGH, LOW)[:, None] * corners
    W = disturbance[:, None] * random.choice((-1.0, 1.0), (N, samples))
    found: FloatArray = np.max(-program.motion.batch(np.vstack((X, U, W))), axis=1)
    return np.maximum(found, 0.0)


def with_measured_curvature(
    model: LifeSupportModel, barriers: Sequence[Barrier], disturbance: FloatArray
) -> list[Barrier]:
    """The same barriers, their margin for the time in a tick from `largest` and `RESERVE`."""
    bounds = RESERVE * largest(model, barriers, disturbance)
    return [replace(b, curvature=float(m)) for b, m in zip(barriers, bounds, strict=True)]
