"""What the advisor looks at: a belief as numbers of about one, for one set or for many.

- gas: oxygen, CO2, pressure, humidity, temperature, nitrogen beyond what the ceilings need;
- stocks: lime used up, warm, moist; gel loaded, warm; cylinder;
- wearer: uptake, CO2 output, ventilation, core and skin;
- actuators: flow, the best flow, share through the gel;
- doubt: deviations of oxygen, CO2, lime and uptake;
- work: demand that is expected and its deviation, at `HORIZONS_S`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import Limits, Readings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import nitrogen_needed
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.state import HIGH

HORIZONS_S: Final = (30.0, 120.0, 300.0)
"""How far ahead the forecast is looked at [s]."""
NAMES: Final = (
    "oxygen", "dioxide", "gauge", "humidity", "gas_k", "nitrogen_strict", "nitrogen_hard",
    "conversion", "lime_k", "moisture", "loading", "gel_k", "cylinder", "uptake", "output",
    "breathing", "core_k", "skin_k", "ambient_k", "flow", "best_flow", "share", "oxygen_doubt",
    "dioxide_doubt", "conversion_doubt", "uptake_doubt",
    *(f"{what}_{h:.0f}_s" for what in ("demand", "deviation") for h in HORIZONS_S),
)  # fmt: skip
"""Of the features, in order."""
SIZE: Final = len(NAMES)
_WORK = litres_per_minute(2.0)


class Features:
    """Turns beliefs into what the network takes."""

    def __init__(self, parameters: Parameters, limits: Limits) -> None:
        """Takes the apparatus and its limits."""
        self._p = parameters
        self._strict = nitrogen_needed(parameters, limits, limits.oxygen_strict)
        self._hard = nitrogen_needed(parameters, limits, limits.oxygen_hard)
        self._dioxide = limits.dioxide_hard_pa

    def __call__(
        self, x: FloatArray, deviation: FloatArray, best_flow: FloatArray, ambient_k: FloatArray,
        demand: FloatArray, doubt: FloatArray,
    ) -> NDArray[np.float32]:  # fmt: skip
        """Features, shape ``(B, SIZE)``.

        Args:
            x: States, shape ``(B, 18)``.
            deviation: Of each, shape ``(B, 18)``.
            best_flow: That removes most CO2, shape ``(B,)`` [m^3/s].
            ambient_k: Outside, shape ``(B,)`` [K].
            demand: Expected at `HORIZONS_S`, shape ``(B, 3)`` [mol/s].
            doubt: Its deviation, shape ``(B, 3)`` [mol/s].
        """
        p, s = self._p, x.T
        now: Readings = readings(s, p)
        amount = s[0] + s[1] + s[2] + s[3]
        full_flow = HIGH[names.FAN]
        columns = [
            (now.oxygen - 0.21) / 0.02,
            now.dioxide_pa / self._dioxide,
            now.gauge_pa / 100.0 - 1.0,
            now.humidity,
            (s[names.GAS_K] - 305.0) / 10.0,
            (s[names.NITROGEN] - self._strict) / (0.2 * amount),
            (s[names.NITROGEN] - self._hard) / (0.2 * amount),
            2.0 * s[names.CONVERSION] - 1.0,
            (s[names.LIME_K] - 320.0) / 15.0,
            s[names.MOISTURE] / p.lime_water - 1.0,
            s[names.LOADING] / 0.2 - 1.0,
            (s[names.GEL_K] - 315.0) / 15.0,
            2.0 * s[names.CYLINDER] / p.cylinder_mol - 1.0,
            s[names.UPTAKE] / _WORK - 1.0,
            s[names.OUTPUT] / _WORK - 1.0,
            s[names.BREATHING] / 1e-3 - 1.0,
            s[names.CORE_K] - 310.5,
            (s[names.SKIN_K] - 308.0) / 3.0,
            (ambient_k - 305.0) / 15.0,
            2.0 * s[names.FLOW] / full_flow - 1.0,
            2.0 * best_flow / full_flow - 1.0,
            2.0 * s[names.SHARE] - 1.0,
            deviation[:, names.OXYGEN] / amount / 0.02,
            deviation[:, names.DIOXIDE] / amount * p.outside_pa / self._dioxide,
            deviation[:, names.CONVERSION] / 0.05,
            deviation[:, names.UPTAKE] / _WORK / 0.1,
        ]
        made = np.empty((len(x), SIZE), np.float32)
        for i, column in enumerate(columns):
            made[:, i] = column
        n = len(HORIZONS_S)
        made[:, -2 * n : -n] = demand / _WORK - 1.0
        made[:, -n:] = 2.0 * doubt / _WORK
        return np.clip(made, -5.0, 5.0)
