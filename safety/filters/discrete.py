"""The discrete-time barrier filter: the nearest input after which every barrier still holds.

    u*(x) = argmin_u ||u - u_nominal||_W^2
            s.t.  h(y_j(x, u, w)) - reserve >= (1 - gamma j / J) (h(x) - reserve),   all j, |w|
                  u_min <= u <= u_max

with y_j the state at the parts of a tick; see `hiera.safety.filters.discrete_rows`. The programme
is solved by sequential quadratic programmes and every answer is checked on the condition itself:
by running the tick, and, where estimation error or disturbance are bounded, by interval
arithmetic over all of them.

Between two parts of a tick a barrier dips at most M (dt / J)^2 / 8 below its neighbours, with M a
bound on ``-h''`` under a held input; that is the reserve. M is derived by interval arithmetic where
it is bounded whatever the state, else it must be given.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.barriers.curvature import known_curvature
from hiera.safety.barriers.rows import compile_rows
from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import ControlAffine, vector
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.filters import discrete_kernel as kernel
from hiera.safety.filters.discrete_rows import compile_discrete
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard, Guarded
from hiera.safety.qp.dual_active_set import workspace_size
from hiera.safety.tape.program import IntArray

_INSIDE = -1e-9
_CORNERS = 4


class DiscreteCbf(Guarded):
    """A barrier filter that looks one tick ahead.

    Args:
        system: Continuous dynamics, or a map from tick to tick.
        barriers: What is to stay non-negative; all count as hard. `Barrier.curvature` gives M
            where it cannot be derived.
        tick_s: Period in which the input is held [s].
        gamma: Part of the distance that may be lost in a tick, in ``(0, 1]``.
        parts: J, at how many instants of a tick the barriers are looked at.
        weights: Of the squared deviation of each input, shape ``(m,)``; ones by default.
        uncertainty: Bound of each state's estimation error, shape ``(n,)``; zero by default.
        guard: Backups, input of rest, limits of time.

    Raises:
        ValueError: If a shape or bound does not fit; the sentence quotes the value.
        TraceError: If a function cannot be recorded.
    """

    def __init__(
        self,
        system: ControlAffine | DiscreteTime,
        barriers: Sequence[Barrier],
        *,
        tick_s: float,
        gamma: float = 1.0,
        parts: int | None = None,
        weights: ArrayLike | None = None,
        uncertainty: ArrayLike | None = None,
        guard: Guard = DEFAULT_GUARD,
    ) -> None:
        n, m = system.n, system.m
        if not 0.0 < gamma <= 1.0:
            raise ValueError(f"gamma must lie in (0, 1], not {gamma}")
        soft = [b.label for b in barriers if b.priority > 0]
        if soft:
            raise ValueError(f"barrier {soft[0]} is soft; this filter keeps hard barriers only")
        if isinstance(system, DiscreteTime) and abs(system.tick_s - tick_s) > 1e-12:
            raise ValueError(f"tick_s is {tick_s}, but the system's tick is {system.tick_s}")
        if parts is None:
            parts = 1 if isinstance(system, DiscreteTime) else 4
        self.system, self.barriers = system, tuple(barriers)
        self._rows = compile_discrete(system, self.barriers, tick_s, parts)
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)
        super().__init__(n, low, high, self._rows.q, tick_s, guard)
        self._weights = np.array(vector("weights", np.ones(m) if weights is None else weights, m))
        error = np.zeros(n) if uncertainty is None else uncertainty
        self._error = np.array(vector("uncertainty", error, n))
        self.uncertainty = self._error
        self._noise = np.array(system.disturbance)
        shares = np.array(self._rows.shares)
        self._keep = 1.0 - gamma * shares
        part_s = tick_s / parts
        self._reserve = np.array([_curvature(system, b) for b in self.barriers]) * part_s**2 / 8.0
        self._of = np.repeat(np.arange(len(self.barriers)), parts)
        count = len(shares)
        registers = max(self._rows.later.n_registers, self._rows.slopes.n_registers)
        size = 2 * (2 * n + self._rows.q + m + count + registers) + count + 8
        self._work = np.zeros(max(size, workspace_size(count, m)))
        self._multipliers = np.zeros(count + 2 * m)
        self._out = np.zeros(m)
        self._uncertain = bool(np.any(self._error > 0.0))

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """The nearest input after which the barriers hold, verified.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Input the controller asks for, shape ``(m,)``.
            context: Time stamp and parameters ``p``.
        """
        start = time.perf_counter()
        refused = self._refused(start, x, u_nominal, context)
        if refused is not None:
            return refused
        z = self._inputs[: len(self._inputs) - self._m]
        margins, surely = self._now(z)
        if not np.all(np.isfinite(margins)):
            return self._stop(start, self._not_finite(), margins)
        inside = surely - self._reserve
        targets = self._keep * np.maximum(inside, 0.0)[self._of] + self._reserve[self._of]
        outside = inside < _INSIDE
        if np.any(outside):  # Nothing deeper, and back at the rate asked for.
            targets = np.where(outside[self._of], self._back(inside), targets)
        code = self._approach(z, targets)
        late = self._too_late(start)
        if code == kernel.FAILED or late:
            return self._descend(start, context, margins, late, z, targets)
        status, reason = Status.NOMINAL if code == kernel.NOMINAL else Status.FILTERED, ""
        if np.any(outside):
            names = [self._rows.labels[i] for i in np.flatnonzero(outside)]
            status = Status.RECOVERING
            reason = f"the state is outside the safe set of {', '.join(names)}"
        took = time.perf_counter() - start
        changed = code != kernel.NOMINAL
        active = self._active() if changed else ()
        return SafeAction(self._out.copy(), status, changed, margins, active, None, reason, took)

    __call__ = filter

    def _now(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Barriers at the state, and the most that they can be within the estimation error.

        The targets are for the true value, which is not known; asking for the share of the most
        it can be asks for enough.
        """
        if not self._uncertain:
            value = self._rows.now(z)
            return value, value
        low, high = z.copy(), z.copy()
        low[: len(self._error)] -= self._error
        high[: len(self._error)] += self._error
        return self._rows.now.bounds(low, high)

    def _back(self, inside: FloatArray) -> FloatArray:
        value: FloatArray = (self._keep * inside[self._of]) + self._reserve[self._of]
        return value

    def _programs(self) -> tuple[IntArray, FloatArray, IntArray]:
        later = self._rows.later
        return later.code, later.constants, later.outputs

    def _approach(self, z: FloatArray, targets: FloatArray) -> int:
        slopes = self._rows.slopes
        return kernel.approach(
            z,
            self._u,
            self._out,
            self._weights,
            self._low,
            self._high,
            self._error,
            self._noise,
            targets,
            *self._programs(),
            slopes.code,
            slopes.constants,
            slopes.outputs,
            self._multipliers,
            self._work,
        )

    def _descend(
        self,
        start: float,
        context: Context | None,
        margins: FloatArray,
        late: str,
        z: FloatArray,
        targets: FloatArray,
    ) -> SafeAction:
        """Known inputs that happen to be safe, then the backups, then rest."""
        reason = late or f"no input was found that keeps {', '.join(self._rows.labels)}"
        if not late:
            for name, safe in self._known():
                if kernel.retreat(
                    z,
                    safe,
                    self._u,
                    self._out,
                    self._error,
                    self._noise,
                    targets,
                    *self._programs(),
                    self._work,
                ):
                    return self._answer(start, self._out, Status.BACKUP, margins, name, reason)
        answer, reason = self._ask_backups(start, context, margins, reason)
        if answer is not None or late:
            return answer or self._stop(start, reason, margins)
        u = min((u for _, u in self._known()), key=lambda u: self._lack(z, u, targets))
        return self._answer(start, u, Status.STOP, margins, "least_violation", reason)

    def _lack(self, z: FloatArray, u: FloatArray, targets: FloatArray) -> float:
        gaps = np.empty(len(targets))
        return kernel.shortfall(
            z, u, self._error, self._noise, targets, *self._programs(), gaps, self._work
        )

    def _known(self) -> list[tuple[str, FloatArray]]:
        """Inputs worth a try: rest, and the corners of the limits as long as there are few."""
        found = [("rest", np.array(self.rest))]
        if self._m <= _CORNERS:
            for corner in range(1 << self._m):
                bits = (corner >> np.arange(self._m)) & 1
                found.append(("input_limit", np.where(bits == 1, self._high, self._low)))
        return found

    def _active(self) -> tuple[str, ...]:
        count = len(self._rows.shares)
        rows = np.flatnonzero(self._multipliers[:count] > 0.0)
        names = [self._rows.labels[self._of[i]] for i in rows]
        if np.any(self._multipliers[count:] > 0.0):
            names.append("input_limits")
        return tuple(dict.fromkeys(names))


def _curvature(system: ControlAffine | DiscreteTime, barrier: Barrier) -> float:
    """M of a barrier; nothing is between the ticks of a discrete-time system.

    Raises:
        ValueError: If it must be given.
    """
    if isinstance(system, DiscreteTime):
        return 0.0
    if barrier.curvature is not None:
        return float(barrier.curvature)
    program = compile_rows(system, [barrier])
    bound = float(known_curvature(system, program, None, 0.0)[0])
    if program.degrees[0] > 1 or not np.isfinite(bound):
        raise ValueError(
            f"barrier {barrier.label}: give curvature=, a bound on -h'' under a held input; it is "
            "not bounded whatever the state"
        )
    return bound
