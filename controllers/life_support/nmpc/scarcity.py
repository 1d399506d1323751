"""How dear a stock is: the dynamic resource-scarcity multiplier.

    m = 1 / (remaining / expected need)^2,   clipped to [1, 10]

1 while there is as much as is expected to be needed, or more. The abstract behind this family
(arXiv 2603.26697) names such a multiplier and does not print it: the form is ours.

What is expected to be needed is what the set has used of late, for a time that nobody knows and
`ahead_s` assumes, and beside it the way out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import nitrogen_needed, oxygen_needed
from hiera.safety.life_support.gases import WATER_KG_MOL
from hiera.safety.life_support.metabolism import output_for

MOST = 10.0
GEL_FULL = 0.33
"""Loading beyond which the gel takes up hardly anything [kg/kg]."""


def scarcity(remaining: float, need: float) -> float:
    """The multiplier of one stock.

    Args:
        remaining: What is left of it.
        need: What is expected to be needed, in the same unit.
    """
    if need <= 0.0:
        return 1.0
    if remaining <= need / np.sqrt(MOST):
        return MOST
    return float(np.clip((need / remaining) ** 2, 1.0, MOST))


@dataclass(frozen=True, slots=True)
class Scarcity:
    """Multipliers of the stocks.

    Attributes:
        oxygen: In the cylinder.
        nitrogen: In the suit, down to what keeps oxygen below its hard ceiling.
        lime: CO2 that it can still bind.
        gel: Water that the gel can still take.
    """

    oxygen: float = 1.0
    nitrogen: float = 1.0
    lime: float = 1.0
    gel: float = 1.0


class Stocks:
    """Follows how fast stocks are used.

    Args:
        model: The apparatus.
        limits: The way out.
        ahead_s: How long the mission is expected to go on, at any time [s].
        memory_s: Time over which use is averaged [s].
    """

    def __init__(
        self, model: LifeSupportModel, limits: Limits, ahead_s: float, memory_s: float = 900.0
    ) -> None:
        self._p, self._limits = model.parameters, limits
        self._ahead_s, self._memory_s = ahead_s, memory_s
        self._kept = oxygen_needed(self._p, limits)
        self._least = nitrogen_needed(self._p, limits, limits.oxygen_hard)
        self.reset()

    def reset(self) -> None:
        """Forgets what was used."""
        self._rates: FloatArray | None = None
        self._last: FloatArray | None = None

    def _left(self, x: FloatArray) -> FloatArray:
        p = self._p
        way_out = self._limits.egress_s * float(output_for(self._limits.egress_uptake))
        bound = p.lime_capacity_mol_kg * p.lime_kg
        return np.array(
            [
                x[names.CYLINDER] - self._kept,
                x[names.NITROGEN] - self._least,
                (1.0 - x[names.CONVERSION]) * bound - way_out,
                (GEL_FULL - x[names.LOADING]) * p.gel_kg / WATER_KG_MOL,
            ]
        )

    def observe(self, x: FloatArray, elapsed_s: float) -> Scarcity:
        """Takes a state in and says what is dear.

        Args:
            x: State as it is believed, shape ``(18,)``.
            elapsed_s: Since the last one [s].
        """
        left = self._left(x)
        rest = np.array(
            [self._limits.egress_uptake, 2e-6, output_for(self._limits.egress_uptake), 0.0]
        )
        if self._rates is None or self._last is None:
            self._rates = rest
        elif elapsed_s > 0.0:
            used = np.maximum(self._last - left, 0.0) / elapsed_s
            follow = 1.0 - float(np.exp(-elapsed_s / self._memory_s))
            self._rates = self._rates + follow * (used - self._rates)
        self._last = left
        need = self._rates * self._ahead_s
        return Scarcity(*(scarcity(float(a), float(b)) for a, b in zip(left, need, strict=True)))
