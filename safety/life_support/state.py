"""The eighteen states, the three controls, and what comes from outside.

The paper behind this family (C. Kingston and A. Johnston, "Physicochemical-Neural Fusion for
Semi-Closed-Circuit Respiratory Autonomy in Extreme Environments", 2026, arXiv 2603.26697) gives
the two numbers and not the lists; these are ours. The fan and the damper before the gel are
states with a first-order lag behind their commands, which makes the system affine in all three
controls although uptake by the lime is not affine in the flow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support.gases import MOLAR_GAS, litres_per_minute
from hiera.safety.life_support.parameters import Parameters

OXYGEN, DIOXIDE, NITROGEN, VAPOUR = 0, 1, 2, 3
"""Amounts in circuit and suit [mol]."""
GAS_K, CONVERSION, LIME_K, MOISTURE, LOADING, GEL_K = 4, 5, 6, 7, 8, 9
"""Gas [K]; lime used up [1], its temperature [K], its moisture [kg/kg]; the gel's loading [kg/kg],
its temperature [K]."""
CYLINDER, UPTAKE, OUTPUT, BREATHING = 10, 11, 12, 13
"""Oxygen left [mol]; oxygen taken up, CO2 given off [mol/s]; ventilation [m^3/s]."""
CORE_K, SKIN_K, FLOW, SHARE = 14, 15, 16, 17
"""Core and skin [K]; flow through the lime [m^3/s]; the part of it that passes the gel [1]."""
N = 18
NAMES = (
    "oxygen", "dioxide", "nitrogen", "vapour", "gas_k", "conversion", "lime_k", "moisture",
    "loading", "gel_k", "cylinder", "uptake", "output", "breathing", "core_k", "skin_k", "flow",
    "share",
)  # fmt: skip
UNITS = (
    "mol", "mol", "mol", "mol", "K", "1", "K", "kg/kg", "kg/kg", "K", "mol", "mol/s", "mol/s",
    "m^3/s", "K", "K", "m^3/s", "1",
)  # fmt: skip
FEED, FAN, DAMPER = 0, 1, 2
"""Controls: oxygen fed [mol/s]; flow asked for [m^3/s]; its share through the gel asked for [1]."""
M = 3
INPUTS = ("feed", "fan", "damper")
LOW = (0.0, 0.5e-3, 0.0)
HIGH = (litres_per_minute(6.0), 2.5e-3, 1.0)
"""6 L/min of oxygen; 30 to 150 L/min of flow. Above the 3 L/min that 42 CFR 84.94 asks of a
constant feed."""


class Surroundings(NamedTuple):
    """What acts on the apparatus from outside.

    Attributes:
        demand: Oxygen uptake that the wearer's work asks for [mol/s].
        ambient: Temperature outside [K].
        radiant: Radiant heat that reaches the suit's gas [W].
        leak: Multiplies the suit's leak conductance [1].
    """

    demand: Any
    ambient: Any = 303.15
    radiant: Any = 0.0
    leak: Any = 1.0


REST = Surroundings(litres_per_minute(0.5))
"""The low work rate of 42 CFR 84.304 in 30 °C."""


def start(
    parameters: Parameters,
    around: Surroundings = REST,
    *,
    gauge_pa: float = 150.0,
    oxygen: float = 0.21,
    dioxide: float = 0.001,
    vapour: float = 0.015,
    temperature_k: float = 303.15,
    cylinder: float = 1.0,
    conversion: float = 0.0,
    loading: float = 0.03,
) -> FloatArray:
    """A state in which the wearer stands at ease and the set has just been closed, shape ``(18,)``.

    Args:
        parameters: The apparatus.
        around: What acts on it.
        gauge_pa: Pressure above that outside [Pa].
        oxygen: Fraction of the gas.
        dioxide: Fraction.
        vapour: Fraction; the rest is nitrogen.
        temperature_k: Of gas and beds [K].
        cylinder: Filling of the cylinder, 0 to 1.
        conversion: Part of the lime that is used up already.
        loading: Water in the gel [kg/kg].
    """
    from hiera.safety.life_support.metabolism import output_for, ventilation_for

    p = parameters
    volume = p.volume_m3 + p.compliance_m3_pa * gauge_pa
    amount = (p.outside_pa + gauge_pa) * volume / (MOLAR_GAS * temperature_k)
    x = np.empty(N)
    x[OXYGEN], x[DIOXIDE], x[VAPOUR] = oxygen * amount, dioxide * amount, vapour * amount
    x[NITROGEN] = (1.0 - oxygen - dioxide - vapour) * amount
    x[[GAS_K, LIME_K, GEL_K]] = temperature_k
    x[CONVERSION], x[MOISTURE], x[LOADING] = conversion, p.lime_water, loading
    x[CYLINDER] = cylinder * p.cylinder_mol
    x[UPTAKE] = around.demand
    x[OUTPUT], x[BREATHING] = output_for(around.demand), ventilation_for(around.demand)
    x[CORE_K], x[SKIN_K] = 310.0, 307.0
    x[FLOW], x[SHARE] = 1.2e-3, 0.5
    return x
