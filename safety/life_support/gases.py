"""Gas laws and the smooth pieces that the model is put together from.

    gauge pressure p:   (P_a + p) (V_0 + C_s p) = n R T           volume grows with pressure
    saturation:         p_s(t) = 611.2 Pa exp(17.62 t / (243.12 + t)), t in °C

The latter is the Magnus form of D. Sonntag (Zeitschrift für Meteorologie 70, 1990), within 0.3 %
up to 60 °C. Kinks are rounded by a root, as in `hiera.safety.barriers.composition`: it costs no
exponential, overflows nowhere, and interval arithmetic bounds it tightly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOLAR_GAS = 8.314462618
"""R [J/(mol K)]."""
MOLAR_LITRES = 22.413969
"""Molar volume at 0 °C and 101.325 kPa [L/mol]."""
WATER_KG_MOL = 0.01801528
"""Molar mass of water [kg/mol]."""
ZERO_C = 273.15
OUTSIDE_OXYGEN = 0.2095
"""Oxygen in dry air; the rest counts as nitrogen."""


def litres_per_minute(flow: float) -> float:
    """A flow [L/min at 0 °C, 101.325 kPa, dry] in mol/s."""
    return flow / MOLAR_LITRES / 60.0


def cubic_metres(litres_per_min: float) -> float:
    """A flow [L/min, as it is] in m^3/s."""
    return litres_per_min / 60e3


def above(z: Any, width: float) -> Any:
    """``max(z, 0)``, rounded over ``width``; never less, at most ``width / 2`` more."""
    return 0.5 * (z + np.sqrt(z * z + width * width))


def least(a: Any, b: Any, width: float) -> Any:
    """``min(a, b)``, rounded over ``width``; never more, at most ``width / 2`` less."""
    gap = a - b
    return 0.5 * (a + b - np.sqrt(gap * gap + width * width))


def saturation_pa(temperature_k: Any) -> Any:
    """Vapour pressure of water at saturation [Pa]."""
    t = temperature_k - ZERO_C
    return 611.2 * np.exp(17.62 * t / (243.12 + t))


def gauge_pa(amount: Any, temperature_k: Any, p: Any) -> Any:
    """Pressure above that outside [Pa] of ``amount`` [mol] of gas in the suit.

    Args:
        amount: Gas [mol].
        temperature_k: Its temperature [K].
        p: `Parameters`.
    """
    excess = amount * MOLAR_GAS * temperature_k - p.outside_pa * p.volume_m3
    linear = p.volume_m3 + p.compliance_m3_pa * p.outside_pa
    root = np.sqrt(linear * linear + 4.0 * p.compliance_m3_pa * excess)
    return 2.0 * excess / (linear + root)


def vented(gauge: Any, p: Any) -> Any:
    """Flow out of the exhaust valve [mol/s] at a gauge pressure [Pa]."""
    return p.vent_mol_s_pa * above(gauge - p.crack_pa, p.vent_softness_pa)


def leaked(gauge: Any, p: Any) -> Any:
    """Flow out of the leaks [mol/s]; what flows in is `leaked` less conductance times pressure."""
    return p.leak_mol_s_pa * above(gauge, p.leak_softness_pa)
