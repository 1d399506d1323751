"""The control-barrier-function filter: the nearest input that keeps every barrier.

    u*(x) = argmin_u sum_j w_j (u_j - u_nominal_j)^2
            s.t.  L_G psi_i u >= -(L_F psi_i - worst_i + a_i psi_i) + M_i dt / 2     (each row i)
                  u_min <= u <= u_max

A. D. Ames, X. Xu, J. W. Grizzle, P. Tabuada, "Control Barrier Function Based Quadratic Programs
for Safety Critical Systems", IEEE TAC 62(8), 2017; rows of any relative degree, robust, and with
the margin of a sampled system as in `hiera.safety.barriers.rows`.

Every answer is verified before it leaves. Where the rows cannot all be met, soft ones give way
by the least slack, then the backups are asked in their order, then the input that violates the
rows least leaves as `Status.STOP`. Input limits are never softened.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import ControlAffine, vector
from hiera.safety.filters import cbf_kernel as kernel
from hiera.safety.filters.cbf_rows import Rows
from hiera.safety.filters.clock import StateClock
from hiera.safety.filters.rungs import Backup
from hiera.safety.qp.answer import QpStatus
from hiera.safety.qp.least_slack import SlackAnswer, least_slack
from hiera.safety.tape.program import IntArray

_EMPTY = np.zeros(0)
_NO_CONTEXT = Context(0.0)
_STATUS = (Status.NOMINAL, Status.FILTERED)
_UNCERTAIN = (1 << kernel.OUTSIDE) | (1 << kernel.STRAYED)


class CbfFilter:
    """A barrier filter for a control-affine system.

    Args:
        system: The dynamics and the input limits.
        barriers: What is to stay non-negative.
        tick_s: Period in which the input is held [s].
        weights: Of the squared deviation of each input, shape ``(m,)``; ones by default.
        uncertainty: Bound of each state's estimation error, shape ``(n,)``; zero by default.
        domain: Box of states ``(low, high)`` that the system stays in. Curvatures are then bounded
            once, which makes calls faster, and gains of relative degree 2 and more are proved to
            be compatible with the input limits. Outside the domain nothing is certified.
        backups: Asked in this order where the rows cannot all be met.
        rest: Input that leaves where not even a number can be computed, such as for a NaN; zeros,
            clipped to the limits, by default.
        max_gap_s: Longest time between two states [s]; five ticks by default.
        max_age_s: Oldest state that is acted on [s], where the context says when the action
            leaves; one tick by default.
        budget_s: Longest a call may take [s]; beyond it, the backups act.
        unproven: Accept gains of relative degree 2 and more that nothing was proved about.
        sampled: Account for the input being held during a tick. Off, the rows hold at the
            sampling instants only, as in the textbook.

    Raises:
        ValueError: If a shape, bound or gain does not fit; the sentence quotes the value.
        TraceError: If a function can neither be recorded nor comes with its gradient.
    """

    def __init__(
        self,
        system: ControlAffine,
        barriers: Sequence[Barrier],
        *,
        tick_s: float,
        weights: ArrayLike | None = None,
        uncertainty: ArrayLike | None = None,
        domain: tuple[ArrayLike, ArrayLike] | None = None,
        backups: Sequence[Backup] = (),
        rest: ArrayLike | None = None,
        max_gap_s: float | None = None,
        max_age_s: float | None = None,
        budget_s: float = float("inf"),
        unproven: bool = False,
        sampled: bool = True,
    ) -> None:
        n, m = system.n, system.m
        if not tick_s > 0.0:
            raise ValueError(f"tick_s must be positive, not {tick_s}")
        weight = vector("weights", np.ones(m) if weights is None else weights, m)
        error = vector("uncertainty", np.zeros(n) if uncertainty is None else uncertainty, n)
        if np.any(weight <= 0.0) or np.any(error < 0.0):
            raise ValueError("weights must be positive and uncertainty not negative")
        self.system, self.barriers, self.tick_s = system, tuple(barriers), float(tick_s)
        self._low = np.asarray(system.u_min)
        self._high = np.asarray(system.u_max)
        self._weights = weight.copy()
        self.backups = tuple(backups)
        zeros = np.clip(np.zeros(m), self._low, self._high)
        self.rest = zeros if rest is None else vector("rest", rest, m)
        if np.any(self.rest < self._low) or np.any(self.rest > self._high):
            raise ValueError(f"rest {self.rest.tolist()} is outside the input limits")
        self.rows = Rows(
            system,
            self.barriers,
            tick_s,
            weight,
            error,
            domain,
            self.rest,
            sampled=sampled,
            unproven=unproven,
        )
        self._clock = StateClock(
            5.0 * tick_s if max_gap_s is None else max_gap_s,
            tick_s if max_age_s is None else max_age_s,
        )
        self._budget_s = budget_s
        self._n, self._m, self._k = n, m, self.rows.fixed
        self._shape_x, self._shape_u, self._shape_p = (n,), (m,), (self.rows.q,)
        self._inputs = np.zeros(n + self.rows.q + m)
        self._x = self._inputs[:n]
        self._p = self._inputs[n : n + self.rows.q]
        self._u = self._inputs[n + self.rows.q :]

    def reset(self) -> None:
        """Forgets the clock of the last episode."""
        self._clock.reset()

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """The nearest safe input, verified.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Input the controller asks for, shape ``(m,)``.
            context: Time stamp, parameters ``p``, points and movers. Without one the state counts
                as measured just now, and its time is not watched.
        """
        start = time.perf_counter()
        refusal = self._take(x, u_nominal, context)
        if refusal:
            return self._stop(start, refusal, _EMPTY)
        rows = self.rows
        if rows.varying:
            bits = rows.evaluate_all(self._inputs, context or _NO_CONTEXT)
        else:
            bits = kernel.filter_packed(
                self._inputs, rows.ints, rows.floats, rows.out, rows.scratch
            )
        code, out, m = bits & kernel.CODE, rows.out, self._m
        margins = out[m : m + rows.count].copy()
        if code > kernel.FILTERED:
            if code == kernel.NOT_FINITE:
                return self._stop(start, self._not_finite(), margins)
            return self._descend(start, context, margins, bits)
        took = time.perf_counter() - start
        if took > self._budget_s:
            reason = f"the call took {1e3 * took:.2f} ms of {1e3 * self._budget_s:.2f} ms"
            return self._back_up(start, context, margins, reason)
        status, reason = _STATUS[code], ""
        if bits & _UNCERTAIN:
            status, reason = Status.RECOVERING, self._outside(bits)
        changed = code != kernel.NOMINAL
        active = rows.active(bits) if changed else ()
        return SafeAction(
            out[:m].copy(),
            status,
            changed,
            margins,
            active,
            None,
            reason,
            time.perf_counter() - start,
        )

    __call__ = filter

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

    def _not_finite(self) -> str:
        for name, value in (("state", self._x), ("action", self._u), ("p", self._p)):
            if not np.all(np.isfinite(value)):
                return f"the {name} must be finite numbers, not {value.tolist()}"
        return f"a barrier is not finite at {self._x.tolist()}"

    def _outside(self, bits: int) -> str:
        if bits & (1 << kernel.OUTSIDE):
            return f"the state is outside the safe set of {', '.join(self.rows.violated())}"
        return f"the state {self._x.tolist()} is outside the domain"

    def _descend(
        self, start: float, context: Context | None, margins: FloatArray, bits: int
    ) -> SafeAction:
        """Soft rows give way, then backups act, then what violates the rows least."""
        rows, reason = self.rows, self.rows.conflict()
        if np.any(rows.row_priorities() > 0):
            answer = self._least_slack(rows.row_priorities())
            if answer.status is QpStatus.SOLVED:
                status = Status.RECOVERING if bits & _UNCERTAIN else Status.RELAXED
                active = rows.slackened(answer.slack)
                return self._answer(start, answer.u, status, margins, active, None, reason)
        return self._back_up(start, context, margins, reason)

    def _back_up(
        self, start: float, context: Context | None, margins: FloatArray, reason: str
    ) -> SafeAction:
        for backup in self.backups:
            u, why = backup.propose(self._x.copy(), context or Context(time.monotonic()))
            if u is not None:
                return self._answer(start, u, Status.BACKUP, margins, (), backup.name, reason)
            reason += f"; {backup.name}: {why}"
        answer = self._least_slack(1 + self.rows.row_priorities())
        if answer.status is QpStatus.SOLVED:
            return self._answer(
                start, answer.u, Status.STOP, margins, (), "least_violation", reason
            )
        return self._stop(start, reason, margins)

    def _least_slack(self, priorities: IntArray) -> SlackAnswer:
        A, b = self.rows.matrix()
        return least_slack(self._u, self._weights, A, b, priorities, self._low, self._high)

    def _stop(self, start: float, reason: str, margins: FloatArray) -> SafeAction:
        return self._answer(start, self.rest, Status.STOP, margins, (), "rest", reason)

    def _answer(
        self,
        start: float,
        u: FloatArray,
        status: Status,
        margins: FloatArray,
        active: tuple[str, ...],
        backup: str | None,
        reason: str,
    ) -> SafeAction:
        took = time.perf_counter() - start
        return SafeAction(np.array(u), status, True, margins, active, backup, reason, took)
