"""Fixed-step simulated time: every layer runs at a whole multiple of one tick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Counts ticks; time is never summed up in floating point.

    Attributes:
        tick_s: Length of a tick [s].
        tick: Ticks since the start.
    """

    tick_s: float
    tick: int = 0

    @property
    def now_s(self) -> float:
        """Simulated time [s]."""
        return self.tick * self.tick_s

    def advance(self) -> None:
        """One tick on."""
        self.tick += 1

    def ticks(self, period_s: float) -> int:
        """Whole ticks in a period, at least one."""
        return max(1, round(period_s / self.tick_s))

    def due(self, period_s: float) -> bool:
        """Whether a layer with this period acts at the current tick."""
        return self.tick % self.ticks(period_s) == 0
