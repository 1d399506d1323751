"""How long what does not come back would last, of many sets, from their true states."""

from __future__ import annotations

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import lime
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import nitrogen_needed, oxygen_needed
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.metabolism import output_for, ventilation_for
from hiera.training.life_support_advisor.world import Sets

_PACE, _PEAK = litres_per_minute(1.6), litres_per_minute(2.4)
"""Uptake at which stocks are used, and at which CO2 must still be kept below its hard limit."""
_BED_K = 325.0
_LONGEST_S = 8 * 3600.0
_HOLDING_PA = 100.0


def needed_uptake(sets: Sets) -> float:
    """What ``k m (1 - X)`` must be for the lime to carry the peak, at the best flow [m^3/s]."""
    p, output = sets.model.parameters, float(output_for(_PEAK))
    flows = np.linspace(0.5e-3, 2.5e-3, 41)
    mixed = flows * sets.limits.dioxide_hard_pa / (8.314462618 * 305.0)
    met = mixed + lime.caught(flows, float(ventilation_for(_PEAK)), p) * output
    low, high = 1e-5, 1.0
    for _ in range(60):
        half = 0.5 * (low + high)
        low, high = (
            (low, half) if (met * (1.0 - np.exp(-half / flows))).max() > output else (half, high)
        )
    return high


def reserves_s(sets: Sets) -> FloatArray:
    """Seconds that cylinder, lime and nitrogen would last, shape ``(B, 3)``.

    Lime lasts until it cannot carry a peak of work, nitrogen until oxygen passes the hard ceiling
    while a moderate pressure is held.
    """
    s, p, limits = sets.X.T, sets.constants.view(np.recarray), sets.limits
    cylinder = (s[names.CYLINDER] - oxygen_needed(sets.model.parameters, limits)) / _PACE
    k = lime.rate(_BED_K, s[names.MOISTURE], p)
    usable = 1.0 - needed_uptake(sets) / (k * p["lime_kg"])
    capacity = p["lime_capacity_mol_kg"] * p["lime_kg"]
    bed = capacity * (usable - s[names.CONVERSION]) / float(output_for(_PACE))
    least = nitrogen_needed(sets.model.parameters, limits, limits.oxygen_hard)
    leaking = p["leak_mol_s_pa"] * sets.leak + sets.exhaust
    gas = (s[names.NITROGEN] - least) / (0.7 * _HOLDING_PA * leaking)
    made: FloatArray = np.clip(np.stack((cylinder, bed, gas), axis=1), 0.0, _LONGEST_S)
    return made
