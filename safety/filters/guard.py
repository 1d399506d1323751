"""What every filter of a dynamical system shares: refusals, the clock, the backups, the answer."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import vector
from hiera.safety.filters.clock import StateClock

NO_MARGINS = np.zeros(0)


@runtime_checkable
class Backup(Protocol):
    """A policy that is asked when the filter has no answer of its own."""

    @property
    def name(self) -> str:
        """Stands in `SafeAction.backup`."""
        ...

    def propose(self, x: FloatArray, context: Context) -> tuple[FloatArray | None, str]:
        """A certified action, or None and the reason why there is none.

        Args:
            x: State estimate, shape ``(n,)``.
            context: Time, parameters, obstacles.
        """
        ...


@dataclass(frozen=True)
class Guard:
    """What a filter does around its mathematics.

    Attributes:
        backups: Asked in this order where the filter has no answer.
        rest: Input that leaves where not even a number can be computed, such as for a NaN; zeros,
            clipped to the input limits, by default.
        max_gap_s: Longest time between two states [s]; five ticks by default.
        max_age_s: Oldest state that is acted on [s], where the context says when the action
            leaves; one tick by default.
        budget_s: Longest a call may take [s]; beyond it, the backups act.
    """

    backups: Sequence[Backup] = ()
    rest: ArrayLike | None = None
    max_gap_s: float | None = None
    max_age_s: float | None = None
    budget_s: float = float("inf")


DEFAULT_GUARD = Guard()


class Guarded:
    """Base of the filters; takes the input apart and puts the answer together.

    Args:
        n: Number of states.
        low: Lower input limits, shape ``(m,)``.
        high: Upper input limits, shape ``(m,)``.
        q: Number of parameters that the context must hold.
        tick_s: Filter period [s].
        guard: Backups, rest, limits of time.
    """

    def __init__(
        self, n: int, low: FloatArray, high: FloatArray, q: int, tick_s: float, guard: Guard
    ) -> None:
        if not tick_s > 0.0:
            raise ValueError(f"tick_s must be positive, not {tick_s}")
        m = len(low)
        self.tick_s, self.guard = float(tick_s), guard
        self._low, self._high, self._m = np.array(low), np.array(high), m
        self.rest = rest_input(guard, self._low, self._high)
        self._clock = StateClock(
            5.0 * tick_s if guard.max_gap_s is None else guard.max_gap_s,
            tick_s if guard.max_age_s is None else guard.max_age_s,
        )
        self._shape_x, self._shape_u, self._shape_p = (n,), (m,), (q,)
        self._inputs = np.zeros(n + q + m)
        self._bind()

    def _bind(self) -> None:
        """Makes state, parameters and action views of the one array that the kernels take."""
        n, q = self._shape_x[0], self._shape_p[0]
        self._x = self._inputs[:n]
        self._p = self._inputs[n : n + q]
        self._u = self._inputs[n + q :]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restores a copy; copying tears views from their array, so they are made anew."""
        self.__dict__.update(state)
        self._bind()

    @property
    def state_size(self) -> int:
        """Numbers in a state."""
        return self._shape_x[0]

    @property
    def clock(self) -> StateClock:
        """Watches the states' times."""
        return self._clock

    @property
    def resting_action(self) -> FloatArray:
        """What leaves where nothing can be computed, shape ``(m,)``."""
        return self.rest

    def reset(self) -> None:
        """Forgets the clock of the last episode."""
        self._clock.reset()

    def unwatched(self) -> Self:
        """The same filter with a clock of its own that refuses nothing but going back."""
        other = copy.copy(self)
        other._clock = StateClock(math.inf, math.inf)
        return other

    def _take(self, x: FloatArray, u: FloatArray, context: Context | None) -> str:
        """Copies the input; why it is refused, or an empty string."""
        if np.shape(x) != self._shape_x:
            return f"the state must have shape {self._shape_x}, not {np.shape(x)}"
        if np.shape(u) != self._shape_u:
            return f"the action must have shape {self._shape_u}, not {np.shape(u)}"
        self._x[:] = x
        self._u[:] = u
        if context is None:
            if self._shape_p != (0,):
                return f"the context must hold {self._shape_p[0]} parameters p"
            return ""
        if self._shape_p != (0,):
            if np.shape(context.p) != self._shape_p:
                return f"p must have shape {self._shape_p}, not {np.shape(context.p)}"
            self._p[:] = context.p
        return self._clock.refusal(context)

    def _refused(
        self, start: float, x: FloatArray, u: FloatArray, context: Context | None
    ) -> SafeAction | None:
        """Copies the input; the input of rest if it is refused or not finite."""
        refusal = self._take(x, u, context)
        if not refusal and not np.all(np.isfinite(self._inputs)):
            refusal = self._not_finite()
        return self._stop(start, refusal) if refusal else None

    def _not_finite(self) -> str:
        for name, value in (("state", self._x), ("action", self._u), ("p", self._p)):
            if not np.all(np.isfinite(value)):
                return f"the {name} must be finite numbers, not {value.tolist()}"
        return f"a barrier is not finite at {self._x.tolist()}"

    def _ask_backups(
        self, start: float, context: Context | None, margins: FloatArray, reason: str
    ) -> tuple[SafeAction | None, str]:
        """The first backup's certified action; else None, and the reasons of all."""
        for backup in self.guard.backups:
            u, why = backup.propose(self._x.copy(), context or Context(time.monotonic()))
            if u is not None:
                answer = self._answer(start, u, Status.BACKUP, margins, backup.name, reason)
                return answer, reason
            reason += f"; {backup.name}: {why}"
        return None, reason

    def _too_late(self, start: float) -> str:
        """Whether the call took longer than it may, as a reason."""
        took = time.perf_counter() - start
        if took > self.guard.budget_s:
            return f"the call took {1e3 * took:.2f} ms of {1e3 * self.guard.budget_s:.2f} ms"
        return ""

    def _stop(self, start: float, reason: str, margins: FloatArray = NO_MARGINS) -> SafeAction:
        return self._answer(start, self.rest, Status.STOP, margins, "rest", reason)

    def _answer(
        self,
        start: float,
        u: FloatArray,
        status: Status,
        margins: FloatArray,
        backup: str | None = None,
        reason: str = "",
        active: tuple[str, ...] = (),
    ) -> SafeAction:
        took = time.perf_counter() - start
        changed = status is not Status.NOMINAL
        return SafeAction(np.array(u), status, changed, margins, active, backup, reason, took)


def rest_input(guard: Guard, low: FloatArray, high: FloatArray) -> FloatArray:
    """The input of rest, shape ``(m,)``.

    Raises:
        ValueError: If it lies outside the input limits.
    """
    if guard.rest is None:
        zeros: FloatArray = np.clip(np.zeros(len(low)), low, high)
        return zeros
    rest = vector("rest", guard.rest, len(low))
    if np.any(rest < low) or np.any(rest > high):
        raise ValueError(f"rest {rest.tolist()} is outside the input limits")
    return rest
