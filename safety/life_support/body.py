"""The wearer's heat: core and skin, blood flow between them, sweat.

A. P. Gagge, J. A. J. Stolwijk, Y. Nishi, "An Effective Temperature Scale Based on a Simple Model of
Human Physiological Regulatory Response", ASHRAE Transactions 77, 1971: set points 36.8 and 33.7 °C,

    blood   (6.3 + 120 warm_core) / (1 + 0.5 cold_skin)  <= 90        kg/(h m^2)
    core to skin   5.28 + 1.163 blood                                 W/(m^2 K)
    sweat   170 warm_body exp(warm_skin / 10.7)  <= 500               g/(h m^2), 0.68 Wh/g

Departures: the skin's share of the mass is constant, so that heat stored is a function of the
state and the energy account closes, and in a sealed suit evaporation is capped by what the suit
lets through. Corners are rounded over 0.05 K.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hiera.safety.life_support.gases import above, least

CORE_SET_K, SKIN_SET_K = 309.95, 306.85
_ROUND_K = 0.05
_SWEAT_W = 0.68
"""Heat that a gram an hour of sweat carries off [W h/g]."""


def conductance(core_k: Any, skin_k: Any) -> Any:
    """Between core and skin [W/(m^2 K)]."""
    warm = above(core_k - CORE_SET_K, _ROUND_K)
    cold = above(SKIN_SET_K - skin_k, _ROUND_K)
    blood = least((6.3 + 120.0 * warm) / (1.0 + 0.5 * cold), 90.0, 1.0)
    return 5.28 + 1.163 * blood


def evaporation_w(core_k: Any, skin_k: Any, p: Any) -> Any:
    """Heat that sweat carries out of the suit [W]."""
    body = (1.0 - p.skin_part) * (core_k - CORE_SET_K) + p.skin_part * (skin_k - SKIN_SET_K)
    # Skin beyond 12 K above its set point is outside every other part of the model.
    warm_skin = least(skin_k - SKIN_SET_K, 12.0, 0.1)
    sweat = least(170.0 * above(body, _ROUND_K) * np.exp(warm_skin / 10.7), 500.0, 5.0)
    return least(_SWEAT_W * sweat * p.skin_m2, p.evaporation_w, 1.0)
