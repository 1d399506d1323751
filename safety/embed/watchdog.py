"""A gate that refuses a state which is too old, by a clock of the caller's.

A filter sees that time stamps advance; it cannot see that they arrive late. In front of a robot
an estimate from half a second ago is as wrong as one from another robot.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter, Status


class WatchedGate:
    """A `SafetyFilter` around another, with a limit on the age of what it is told.

    The age is ``now() - context.time_s``. Beyond the limit, and where the stamp lies in the
    future, the answer is the stop action with a reason; the gate inside is not asked.

    A clock that goes back (a simulator that was reset, a recording that starts anew) resets the
    gate inside: what it stored belongs to another time.

    Attributes:
        counts: Refusals, by ``stale`` (too old), ``future`` and ``clock_back``.
    """

    def __init__(
        self,
        gate: SafetyFilter,
        *,
        now: Callable[[], float],
        max_age_s: float,
        stop: FloatArray,
        ahead_s: float = 0.0,
    ) -> None:
        """Sets the watchdog up.

        Args:
            gate: The filter inside.
            now: The clock of the time stamps [s], such as `time.monotonic`.
            max_age_s: Age beyond which a state is refused [s].
            stop: What to send then, shape ``(m,)``.
            ahead_s: How far a stamp may lie in the future, for clocks that differ a little [s].

        Raises:
            ValueError: If a limit is negative, or the stop action is not finite.
        """
        if not (max_age_s > 0.0 and ahead_s >= 0.0):
            raise ValueError(
                f"max_age_s must be positive, ahead_s not negative: {max_age_s}, {ahead_s}"
            )
        self.counts: Counter[str] = Counter()
        self._gate = gate
        self._now = now
        self._max_age_s = max_age_s
        self._ahead_s = ahead_s
        self._stop = np.array(stop, dtype=np.float64)
        if not np.all(np.isfinite(self._stop)):
            raise ValueError(f"the stop action must be finite, not {self._stop.tolist()}")
        self._last_now_s = -np.inf

    def reset(self) -> None:
        """Forgets the clock and the episode."""
        self._last_now_s = -np.inf
        self._gate.reset()

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Asks the gate if the state is fresh, else stops.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Proposed action, shape ``(m,)``.
            context: Its ``time_s`` says when the state was estimated, on the clock ``now``.
        """
        start = time.perf_counter()
        now_s = self._now()
        if now_s < self._last_now_s:
            self.counts["clock_back"] += 1
            self._gate.reset()
        self._last_now_s = now_s
        age_s = now_s - context.time_s
        if -self._ahead_s <= age_s <= self._max_age_s:
            return self._gate.filter(x, u_nominal, context)
        # A stamp that is not a number fails the comparison above, and counts as stale.
        late = not age_s < -self._ahead_s
        self.counts["stale" if late else "future"] += 1
        reason = (
            f"the state is {age_s:.3f} s old, {self._max_age_s:g} s are allowed"
            if late
            else f"the state is stamped {-age_s:.3f} s in the future"
        )
        return SafeAction(
            self._stop.copy(),
            Status.STOP,
            True,
            backup="stop",
            reason=reason,
            solve_time_s=time.perf_counter() - start,
        )
