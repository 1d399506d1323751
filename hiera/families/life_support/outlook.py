"""How long the set will last from now, and how sure that is.

`hiera.safety.life_support.stocks.endurance` under constant work, three times: at the mean of the
uptake seen so far, and at a deviation more and less. What is kept for the way out is taken off the
stocks of oxygen beforehand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits, Surroundings, endurance
from hiera.safety.life_support import state as names
from hiera.safety.life_support.barriers import oxygen_needed

_LEAST = 3.0e-4
"""Nobody lives on less oxygen [mol/s]; 0.4 L/min."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Time that is left [s], infinite beyond the horizon.

    Attributes:
        mean_s: At the mean work seen so far.
        short_s: At a deviation more.
        long_s: At a deviation less.
        binding: The limit that comes first at the mean.
    """

    mean_s: float
    short_s: float
    long_s: float
    binding: str


NO_OUTLOOK = Outlook(math.nan, math.nan, math.nan, "")


@dataclass
class Looker:
    """Mean and deviation of the work seen so far, and what they come to.

    Attributes:
        model: The prediction model.
        limits: What must hold.
        memory_s: Time over which work is forgotten [s].
        heat: Whether the core's temperature counts.
    """

    model: LifeSupportModel
    limits: Limits
    memory_s: float = 1200.0
    heat: bool = False
    _mean: float = field(default=math.nan, init=False)
    _square: float = field(default=0.0, init=False)
    _weight: float = field(default=0.0, init=False)

    def see(self, uptake: float, elapsed_s: float) -> None:
        """Takes in the uptake of a tick [mol/s]."""
        keep = math.exp(-elapsed_s / self.memory_s)
        self._weight = keep * self._weight + elapsed_s
        share = elapsed_s / self._weight
        if math.isnan(self._mean):
            self._mean = uptake
        step = uptake - self._mean
        self._mean += share * step
        self._square = (1.0 - share) * (self._square + share * step * step)

    def look(self, x: FloatArray, ambient_k: float) -> Outlook:
        """Time left from a belief.

        Args:
            x: State, shape ``(18,)``.
            ambient_k: Temperature outside [K].
        """
        deviation = math.sqrt(max(self._square, 0.0))
        mean, binding = self._left(x, ambient_k, self._mean)
        short, _ = self._left(x, ambient_k, self._mean + deviation)
        long, _ = self._left(x, ambient_k, self._mean - deviation)
        return Outlook(mean, short, long, binding)

    def _left(self, x: FloatArray, ambient_k: float, uptake: float) -> tuple[float, str]:
        kept = x.copy()
        needed = oxygen_needed(self.model.parameters, self.limits)
        kept[names.CYLINDER] = max(0.0, kept[names.CYLINDER] - needed)
        around = Surroundings(max(uptake, _LEAST), ambient_k)
        without = ("strict_s",) if self.heat else ("strict_s", "core_s")
        binding, left = endurance(self.model, kept, around, self.limits).first(without=without)
        return left, binding.removesuffix("_s")
