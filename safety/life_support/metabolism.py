"""The wearer as a gas exchanger: CO2, ventilation, heat and heart rate that go with an uptake.

Steady states are the rates at which 42 CFR 84.304 and 84.305 test closed-circuit sets, joined by
straight lines whose corners are rounded (L/min of oxygen, CO2, ventilation):

    0.50 0.40 20    1.35 1.15 30    2.00 1.80 44    2.50 2.50 55    3.00 3.20 65

Transients are first order. Heat is J. B. de V. Weir's, J Physiol 109, 1949:
``kcal/min = 3.941 VO2 + 1.106 VCO2`` with both in L/min.
"""

from __future__ import annotations

from typing import Any

from hiera.safety.life_support.gases import MOLAR_LITRES, above, cubic_metres, litres_per_minute

_CORNER = litres_per_minute(0.05)
_LOW, _FIRM, _HARD = litres_per_minute(0.5), litres_per_minute(1.35), litres_per_minute(2.0)
_AT_LOW = litres_per_minute(0.4)
_SLOPE, _RISE, _STEEP = 0.75 / 0.85, 0.65 / 0.65 - 0.75 / 0.85, 0.7 / 0.5 - 1.0
_AIR = cubic_metres(1.0) / litres_per_minute(1.0)
"""m^3 of ventilation per mol of uptake where the ratio in litres is 1."""
_AIR_AT_LOW = cubic_metres(20.0)
_AIR_SLOPE, _AIR_RISE = 10.0 / 0.85 * _AIR, (14.0 / 0.65 - 10.0 / 0.85) * _AIR
DRIVE = 0.84 / 60e3 / 133.3
"""Ventilation per inhaled CO2 [m^3/(s Pa)], which the model leaves out. V-HAB's central drive is
2 L/min per mmHg of arterial CO2 (Respiration.m); by the alveolar gas equation, at an output of
2 L/min and an alveolar ventilation of 50, an inhaled mmHg raises the arterial one by
``1 / (1 + 2 * 863 * 2 / 50^2) = 0.42`` mmHg."""
KCAL_J = 4184.0
OXYGEN_J_MOL = 3.941 * MOLAR_LITRES * KCAL_J
DIOXIDE_J_MOL = 1.106 * MOLAR_LITRES * KCAL_J
"""Heat per mole of oxygen taken up and of CO2 given off [J/mol]."""


def output_for(uptake: Any) -> Any:
    """CO2 given off in the steady state [mol/s] at an oxygen uptake [mol/s]."""
    low = _AT_LOW + _SLOPE * (uptake - _LOW)
    return low + _RISE * above(uptake - _FIRM, _CORNER) + _STEEP * above(uptake - _HARD, _CORNER)


def ventilation_for(uptake: Any) -> Any:
    """Ventilation in the steady state [m^3/s] at an oxygen uptake [mol/s]."""
    low = _AIR_AT_LOW + _AIR_SLOPE * (uptake - _LOW)
    return low + _AIR_RISE * above(uptake - _FIRM, _CORNER)


def heat_w(uptake: Any, output: Any) -> Any:
    """Metabolic power [W] at an uptake and an output [mol/s]."""
    return OXYGEN_J_MOL * uptake + DIOXIDE_J_MOL * output


def heart_rate(uptake: Any) -> Any:
    """Beats per minute at an uptake [mol/s], from ``VO2 [L/h] = 0.224 + 3.38e-5 HR^3``.

    The cubic is that of the BioSim crew model (coarse: people differ by some 15 %).
    """
    litres_per_hour = uptake * MOLAR_LITRES * 3600.0
    return ((litres_per_hour - 0.224) / 3.38e-5) ** (1.0 / 3.0)
