"""By how much and for how long hard limits were passed, on the truth and at every tick."""

from __future__ import annotations

from typing import Any

from hiera.safety.life_support import Limits, Readings


class Violations:
    """Seconds beyond each hard limit, and their energy.

    The world ends an episode by averages over a minute; here every tick counts. Energy is the
    integral of the squared excess relative to the limit, in seconds; a gauge pressure is relative
    to its least planned value.
    """

    def __init__(self, limits: Limits, tick_s: float) -> None:
        """Takes the limits and the time that a reading stands for [s]."""
        self._limits, self._tick_s = limits, tick_s
        self.seconds = {"oxygen_low": 0.0, "oxygen_hard": 0.0, "dioxide": 0.0, "pressure": 0.0}
        self.energy_s = 0.0
        self.first: tuple[str, float] | None = None
        self._time_s = 0.0

    def take(self, now: Readings) -> None:
        """Judges the gas at the end of a tick."""
        limits = self._limits
        self._time_s += self._tick_s
        excess = {
            "oxygen_low": 1.0 - float(now.oxygen) / limits.oxygen_low,
            "oxygen_hard": float(now.oxygen) / limits.oxygen_hard - 1.0,
            "dioxide": float(now.dioxide_pa) / limits.dioxide_hard_pa - 1.0,
            "pressure": -float(now.gauge_pa) / limits.gauge_low_pa,
        }
        for name, beyond in excess.items():
            if beyond > 0.0:
                self.seconds[name] += self._tick_s
                self.energy_s += self._tick_s * beyond * beyond
                self.first = self.first or (name, self._time_s)

    def metrics(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        name, at = self.first or ("", None)
        return {
            "violation_s": sum(self.seconds.values()),
            "violation_energy_s": self.energy_s,
            "violations_s": dict(self.seconds),
            "first_violation": name,
            "first_violation_s": at,
        }
