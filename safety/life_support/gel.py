"""Silica gel: isotherm and uptake of water.

    q* = a p / (1 + (b p)^t)^(1/t),    a = a0 exp(E / T),   b = b0 exp(E / T),   t = t0 + c / T

Toth's isotherm with the constants of Y. Wang and M. D. LeVan, "Adsorption Equilibrium of Carbon
Dioxide and Water Vapor on Zeolites 5A and 13X and Silica Gel", J. Chem. Eng. Data 54, 2009 (fitted
from 273 to 348 K). Uptake follows the linear driving force in series with what the gas can carry.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.safety.life_support.gases import WATER_KG_MOL

_SMOOTH = 1e-5
"""Rounds the change of sign between uptake and release [mol/s]."""


def equilibrium(vapour_pa: Any, temperature_k: Any, p: Any) -> Any:
    """Loading in equilibrium ``q*`` [kg/kg].

    Args:
        vapour_pa: Vapour pressure [Pa], positive.
        temperature_k: Of the gel [K].
        p: `Parameters`.
    """
    boost = np.exp(p.gel_e_k / temperature_k)
    t = p.gel_toth_t0 + p.gel_toth_c_k / temperature_k
    power = np.exp(t * np.log(p.gel_b0 * boost * vapour_pa))
    spread = np.exp(-np.log(1.0 + power) / t)
    return WATER_KG_MOL * p.gel_a0 * boost * vapour_pa * spread


def adsorbed(loading: Any, wanted: Any, supply: Any, p: Any) -> Any:
    """Water taken up [mol/s]; negative where the gel gives it off.

    Args:
        loading: Of the gel [kg/kg].
        wanted: Loading in equilibrium [kg/kg].
        supply: Water that the gas brings past [mol/s].
        p: `Parameters`.
    """
    driven = p.gel_kg * p.gel_rate_1_s * (wanted - loading) / WATER_KG_MOL
    return driven * supply / (np.sqrt(driven * driven + _SMOOTH * _SMOOTH) + supply)
