"""How much of the flow that is asked for a fan makes, from commands and flows."""

from __future__ import annotations

import numpy as np

from hiera.safety.life_support.parameters import Parameters

_MEMORY_S, _SETTLED_S = 30.0, 15.0
_LEAST, _MOST = 0.3, 1.2


class FanShare:
    """The flow over that which a healthy fan would make of the commands, half a minute's average.

    Attributes:
        value: Share, 1 for a healthy fan.

    Args:
        p: The model's; its fan lags by ``fan_s``.
    """

    def __init__(self, p: Parameters) -> None:
        self._lag_s = p.fan_s
        self.reset()

    def reset(self) -> None:
        """Takes the fan for healthy."""
        self.value, self._time_s = 1.0, 0.0
        self._asked: float | None = None

    def observe(self, command: float, flow: float | None, elapsed_s: float) -> float:
        """The share after a period.

        Args:
            command: Flow asked for in that period [m^3/s].
            flow: That there is at its end [m^3/s]; None if it is not known.
            elapsed_s: Its length [s].
        """
        self._time_s += elapsed_s
        if self._asked is None:
            self._asked = command if flow is None else flow
        self._asked += (command - self._asked) * (1.0 - float(np.exp(-elapsed_s / self._lag_s)))
        if flow is not None and self._time_s > _SETTLED_S and elapsed_s > 0.0:
            share = float(np.clip(flow / self._asked, _LEAST, _MOST))
            self.value += (1.0 - float(np.exp(-elapsed_s / _MEMORY_S))) * (share - self.value)
        return self.value
