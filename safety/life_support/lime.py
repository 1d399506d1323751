"""Soda lime: how much carbon dioxide and water a bed takes up and gives off.

    Ca(OH)2 + CO2 -> CaCO3 + H2O        -114.7 kJ/mol with the water liquid, -70.7 as vapour

With a local rate proportional to ``y (1 - X)`` and plug flow, ``-d ln y / dz`` is linear in the
local conversion, so that

    y_out = y_in exp(-a / Q),      a = k m (1 - X)

holds exactly for the bed's *mean* conversion X, whatever inlet, flow and temperature did before;
one state replaces a bed of cells. The rate doubles per 10 K until the gas film limits it, and
falls as the lime dries. Water leaves the bed towards equilibrium with its activity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.safety.life_support.gases import least, saturation_pa

_KNEE = 0.05
"""Width over which the lime sees all of the breath [1]."""
_LN2 = 0.6931471805599453


def rate(temperature_k: Any, moisture: Any, p: Any) -> Any:
    """Uptake rate of fresh lime ``k`` [m^3/(s kg)].

    Args:
        temperature_k: Of the bed [K].
        moisture: Of the lime [kg/kg].
        p: `Parameters`.
    """
    warm = np.exp(_LN2 * (temperature_k - p.lime_rate_at_k) / p.lime_doubling_k)
    # In series with a film of constant conductance: 1 at the reference, `lime_ceiling` at most.
    warmth = warm * p.lime_ceiling / (warm + p.lime_ceiling - 1.0)
    wet = moisture / (moisture + p.moisture_half)
    fresh = p.lime_water / (p.lime_water + p.moisture_half)
    return p.lime_rate_m3_s_kg * warmth * wet / fresh


def passed(conversion: Any, flow: Any, k: Any, p: Any) -> Any:
    """Part of the CO2 that comes through the bed, ``exp(-a / Q)``."""
    return np.exp(-k * p.lime_kg * (1.0 - conversion) / flow)


def caught(flow: Any, breathing: Any, p: Any) -> Any:
    """Share of the exhaled CO2 that meets the lime before it mixes with the suit's gas."""
    return p.direct * least(1.0, flow / breathing, _KNEE)


def dried(concentration: Any, flow: Any, moisture: Any, temperature_k: Any, vapour: Any,
          pressure: Any, p: Any) -> Any:  # fmt: skip
    """Water that leaves the lime as vapour [mol/s]; negative where the lime takes it up.

    Args:
        concentration: Of the gas [mol/m^3].
        flow: Through the bed [m^3/s].
        moisture: Of the lime [kg/kg].
        temperature_k: Of the bed [K].
        vapour: Mole fraction in the gas that enters.
        pressure: Of the gas [Pa].
        p: `Parameters`.
    """
    activity = moisture / (moisture + p.bound_water)
    held = activity * saturation_pa(temperature_k) / pressure
    return p.drying * concentration * flow * (held - vapour)
