"""What a controller of the breathing set is handed beside the observation.

The observation is that of `hiera.envs.life_support.world.LifeSupportEnv`, a dictionary of arrays.
A controller is a `hiera.controllers.Controller` of it: ``act(observation, advice)`` gives
``(feed, fan, damper)`` [mol/s, m^3/s, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hiera.safety.contract import FloatArray


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the wearer's work is expected to ask for.

    Attributes:
        period_s: Between two of its values [s]; the first is one period ahead.
        demand: Oxygen uptake that the work asks for, shape ``(K,)`` [mol/s].
        deviation: Its standard deviation, shape ``(K,)`` [mol/s].
    """

    period_s: float
    demand: FloatArray
    deviation: FloatArray


class Metabolism(Protocol):
    """Says what work lies ahead from what was seen so far."""

    def reset(self) -> None:
        """Forgets what was seen."""
        ...

    def observe(self, observation: dict[str, Any], elapsed_s: float) -> None:
        """Takes in an observation.

        Args:
            observation: See `hiera.envs.life_support.world.LifeSupportEnv`.
            elapsed_s: Since the last one [s].
        """
        ...

    def forecast(self, periods: int, period_s: float) -> Forecast:
        """The work of the next ``periods`` periods."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """A course of commands that somebody proposes: where an optimiser may begin.

    Attributes:
        period_s: For how long each command is held [s].
        commands: ``(feed, fan, damper)`` in order of time, shape ``(K, 3)``.
        source: Who proposes it.
    """

    period_s: float
    commands: FloatArray
    source: str

    def __eq__(self, other: object) -> bool:
        """Whether the same is proposed by the same."""
        if not isinstance(other, Advice):
            return NotImplemented
        same = (self.period_s, self.source) == (other.period_s, other.source)
        return same and bool(np.array_equal(self.commands, other.commands))

    def __hash__(self) -> int:
        """Of what is proposed."""
        return hash((self.period_s, self.source, self.commands.tobytes()))
