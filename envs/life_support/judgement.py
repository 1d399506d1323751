"""What ends an episode, compiled: the world's own rules for simulations of many sets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, kernel
from hiera.safety.life_support.barriers import oxygen_needed
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.safety.life_support.sparing import removal

assert kernel.PHYSICS  # Tells Numba that it may call the model's functions.

ENDS = (
    "", "oxygen_low", "oxygen_hard", "dioxide", "pressure", "oxygen_reserve", "lime_reserve",
)  # fmt: skip
"""Names of the ends by number."""
HARD_ENDS = frozenset(ENDS[1:5])
"""Those at which a hard limit was passed."""
AVERAGE = 60
"""Ticks of a second over which breathed gas is averaged."""
WORKING_K = 320.0
"""Least temperature of a bed on the way out [K]."""


def rules(model: LifeSupportModel, limits: Limits) -> FloatArray:
    """The numbers that `verdict` goes by, shape ``(5,)``."""
    return np.array(
        [
            limits.oxygen_low, limits.oxygen_hard, limits.dioxide_hard_pa,
            oxygen_needed(model.parameters, limits), limits.egress_uptake,
        ]
    )  # fmt: skip


@register_jitable
def lime_is_spent(x: FloatArray, model: Any, dioxide_pa: float, work: float) -> bool:
    """Whether the lime could not carry the work of the way out, at any flow.

    Args:
        x: State, shape ``(18,)``.
        model: Record of the model's `Parameters`.
        dioxide_pa: CO2 at which it would have to be carried [Pa].
        work: Uptake on the way out [mol/s].
    """
    out = x.copy()
    out[13] = ventilation_for(work)
    out[6] = max(out[6], WORKING_K)
    output = output_for(work)
    return bool(removal(out, output, dioxide_pa, out[5], model)[1] < output)


@register_jitable
def verdict(
    x: FloatArray, now: Any, ring: FloatArray, tick: int, model: Any, numbers: FloatArray
) -> int:
    """Number of the end that is reached after a tick of a second, 0 for none; notes the gas.

    Args:
        x: True state, shape ``(21,)``.
        now: Its readings.
        ring: Fraction of oxygen and pressure of CO2 of the last minute, shape ``(60, 2)``.
        tick: How many ticks are over.
        model: Record of the model's `Parameters`.
        numbers: See `rules`.
    """
    low, hard, dioxide_pa, kept, work = numbers
    ring[tick % AVERAGE, 0], ring[tick % AVERAGE, 1] = now.oxygen, now.dioxide_pa
    oxygen, dioxide = ring[:, 0].mean(), ring[:, 1].mean()
    if oxygen < low:
        return 1
    if oxygen > hard:
        return 2
    if dioxide > dioxide_pa:
        return 3
    if now.gauge_pa <= 0.0:
        return 4
    if x[10] < kept:
        return 5
    if tick % 10 == 0 and lime_is_spent(x[:18], model, dioxide_pa, work):
        return 6
    return 0
