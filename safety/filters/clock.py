"""Watching the clock: a filter applied to an old state is no filter."""

from __future__ import annotations

import math

from hiera.safety.contract import Context


class StateClock:
    """Refuses states that are not new, that come too late, or that are too old to act on.

    Args:
        max_gap_s: Longest time between two states [s].
        max_age_s: Longest time between a state and the action on it [s], where the caller says
            when the action leaves.
    """

    __slots__ = ("_last", "max_age_s", "max_gap_s")

    def __init__(self, max_gap_s: float, max_age_s: float) -> None:
        for name, value in (("max_gap_s", max_gap_s), ("max_age_s", max_age_s)):
            if not value > 0.0:
                raise ValueError(f"{name} must be positive, not {value}")
        self.max_gap_s, self.max_age_s = max_gap_s, max_age_s
        self._last = -math.inf

    def reset(self) -> None:
        """Forgets the last state."""
        self._last = -math.inf

    def refusal(self, context: Context) -> str:
        """Why the state is refused, or an empty string; remembers its time."""
        time_s = context.time_s
        last, gap = self._last, time_s - self._last
        if not gap > 0.0:
            return f"the state of {time_s:.3f} s is not newer than the one of {last:.3f} s"
        if not math.isfinite(time_s):
            return f"the state's time is {time_s}"
        self._last = time_s
        if gap > self.max_gap_s and last > -math.inf:
            return f"no state arrived for {gap:.3f} s, longer than {self.max_gap_s:g} s"
        if context.now_s is not None:
            age = context.now_s - time_s
            if not 0.0 <= age <= self.max_age_s:
                return f"the state is {age:.3f} s old, more than {self.max_age_s:g} s are refused"
        return ""
