"""A gate on simulated time: stamps every tick, remembers what was executed, counts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter, Status


class NonFiniteAction(ValueError):  # noqa: N818 - reads as what it is
    """A gate returned NaN or infinity; only one that checks nothing does."""


def demand_finite(u: FloatArray, gate: object) -> None:
    """Refuses an action that no environment should see.

    Raises:
        NonFiniteAction: If a number in ``u`` is not finite.
    """
    if not np.all(np.isfinite(u)):
        raise NonFiniteAction(
            f"{type(gate).__name__} returned {np.asarray(u).tolist()}, which must not reach the "
            "environment: use a gate that checks its input"
        )


def demand_tick(tick_s: float) -> float:
    """Returns ``tick_s`` [s].

    Raises:
        ValueError: If it is not a positive number.
    """
    if not 0.0 < tick_s < float("inf"):
        raise ValueError(f"tick_s must be a positive number of seconds, not {tick_s}")
    return tick_s


class TickedGate:
    """A gate whose time stamps are ``0, tick_s, 2 tick_s, …`` since the last reset.

    Attributes:
        gate: The filter.
        counts: Answers so far, by status; kept over resets.
    """

    def __init__(
        self, gate: SafetyFilter, tick_s: float, counts: Counter[Status] | None = None
    ) -> None:
        self.gate = gate
        self.counts: Counter[Status] = Counter() if counts is None else counts
        self._tick_s = demand_tick(tick_s)
        self._ticks = 0
        self._executed = np.zeros(0)

    @property
    def time_s(self) -> float:
        """Time stamp of the coming call [s]."""
        return self._ticks * self._tick_s

    def reset(self) -> None:
        """Forgets the episode: the gate's memory, the time, the executed action."""
        self.gate.reset()
        self._ticks = 0
        self._executed = np.zeros(0)

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """Asks the gate, and moves time on by one tick.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Proposed action, shape ``(m,)``.
            context: What the gate needs besides; its ``time_s`` should be `time_s`. Without one,
                the time and the action executed before.

        Raises:
            NonFiniteAction: If the gate's answer is not finite.
        """
        if context is None:
            context = Context(time_s=self.time_s, u_previous=self._executed)
        safe = self.gate.filter(np.asarray(x, dtype=np.float64), u_nominal, context)
        demand_finite(safe.u, self.gate)
        self._ticks += 1
        self._executed = safe.u
        self.counts[safe.status] += 1
        return safe
