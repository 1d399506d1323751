"""The plant's constants: the model's, and those of everything that the model leaves out.

A plant is deliberately not the prediction model. Its constants are spread about the model's, and
it has parts of its own: the oxygen valve lags, breathing answers to CO2, work beyond the threshold
costs ever more oxygen, movement pumps gas through the exhaust, some gas bypasses the lime, carbon
dioxide creeps into the cores of the granules, sweat wets the gas, a mechanical valve feeds oxygen
where the pressure collapses, and bottled oxygen is not pure.
"""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.parameters import Parameters

OWN: dict[str, tuple[float, float, str]] = {
    "valve_s": (0.8, 0.2, "lag of the oxygen valve [s]"),
    "valve_gain": (1.0, 0.05, "oxygen that flows for each asked for [1]"),
    "dioxide_drive": (1.5e-7, 0.5, "ventilation per inhaled CO2 [m^3/(s Pa)]; 1.2 L/min/mmHg"),
    "threshold": (litres_per_minute(2.4), 0.1, "uptake beyond which work costs more [mol/s]"),
    "slow_gain": (0.25, 0.5, "slow part of the uptake beyond the threshold [1]"),
    "slow_s": (165.0, 0.1, "time constant of the slow part [s]"),
    "pumping_pa": (60.0, 0.5, "swing of the pressure by hard movement [Pa]"),
    "bypass": (0.01, 0.5, "part of the CO2 that finds a channel past the lime [1]"),
    "core_mol_kg": (1.7, 0.3, "CO2 that the granules' cores can hold [mol/kg]"),
    "core_s": (30e3, 0.3, "time in which cores and rims settle [s]"),
    "sweat_share": (0.15, 0.5, "part of the sweat that wets the gas [1]"),
    "regulator_pa": (20.0, 0.3, "pressure below which the demand valve opens [Pa]"),
    "regulator_mol_s_pa": (4e-4, 0.3, "conductance of the demand valve [mol/(s Pa)]; 30 L/min"),
    "purity": (0.995, 0.003, "oxygen in the cylinder's gas [1]; 42 CFR 84.79 asks for 0.99"),
}
"""Value, relative spread (standard deviation) and meaning; all are choices."""

SPREAD: dict[str, float] = {
    "volume_m3": 0.08,
    "compliance_m3_pa": 0.2,
    "crack_pa": 0.05,
    "vent_mol_s_pa": 0.2,
    "leak_mol_s_pa": 0.4,
    "lime_kg": 0.02,
    "lime_capacity_mol_kg": 0.07,
    "lime_rate_m3_s_kg": 0.12,
    "lime_water": 0.08,
    "lime_loss_w_k": 0.2,
    "direct": 0.01,
    "gel_kg": 0.03,
    "gel_rate_1_s": 0.2,
    "wall_w_k": 0.15,
    "fan_s": 0.2,
    "damper_s": 0.3,
    "uptake_s": 0.12,
    "output_s": 0.15,
    "breathing_s": 0.2,
    "body_kg": 0.12,
    "skin_m2": 0.05,
    "work_share": 0.15,
}
"""Relative spread of the model's constants from one set and wearer to the next; choices, wide
enough to cover what canister tests of one kind of lime differ by (7 %)."""

DTYPE = np.dtype(
    [(f.name, np.float64) for f in fields(Parameters)] + [(name, np.float64) for name in OWN]
)
"""Structure of a plant's constants; fields are read by name in compiled code."""
_BELOW_ONE = ("direct", "purity", "sweat_share", "bypass")


def nominal(parameters: Parameters, count: int = 1) -> NDArray[Any]:
    """Plants without spread, shape ``(count,)``."""
    made = np.zeros(count, dtype=DTYPE)
    for f in fields(Parameters):
        made[f.name] = getattr(parameters, f.name)
    for name, (value, _, _) in OWN.items():
        made[name] = value
    return made


def drawn(
    parameters: Parameters, count: int, random: np.random.Generator, scale: float = 1.0
) -> NDArray[Any]:
    """Plants that differ from the model and from one another, shape ``(count,)``.

    Each constant is multiplied by a factor whose logarithm is normal, cut at two deviations.

    Args:
        parameters: Of the model.
        count: How many.
        random: Where the factors come from.
        scale: Multiplies every spread; 0 gives `nominal` plants.
    """
    made = nominal(parameters, count)
    spreads = SPREAD | {name: spread for name, (_, spread, _) in OWN.items()}
    for name, spread in spreads.items():
        draw = np.clip(random.standard_normal(count), -2.0, 2.0)
        made[name] *= np.exp(scale * spread * draw)
        if name in _BELOW_ONE:
            made[name] = np.minimum(made[name], 0.999)
    return made


def named(constants: NDArray[Any]) -> Any:
    """The constants of one plant as attributes, for plain Python.

    Args:
        constants: Shape ``(1,)``.
    """
    return SimpleNamespace(**{name: float(constants[name][0]) for name in DTYPE.names or ()})
