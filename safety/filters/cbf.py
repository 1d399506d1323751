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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import ControlAffine, vector
from hiera.safety.filters import cbf_decision as decision
from hiera.safety.filters import cbf_kernel as kernel
from hiera.safety.filters.cbf_rows import Rows
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard, Guarded, rest_input
from hiera.safety.qp import QpStatus
from hiera.safety.qp.least_slack import least_slack
from hiera.safety.tape.program import IntArray

if TYPE_CHECKING:
    from hiera.safety.filters.batch import BatchAction
    from hiera.safety.filters.reference import Programme

_NO_CONTEXT = Context(0.0)
_STATUS = (Status.NOMINAL, Status.FILTERED)
_CLEARLY = 0.01
_UNCERTAIN = (1 << kernel.OUTSIDE) | (1 << kernel.STRAYED)


class CbfFilter(Guarded):
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
        guard: Backups, input of rest, limits of time.
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
        guard: Guard = DEFAULT_GUARD,
        unproven: bool = False,
        sampled: bool = True,
    ) -> None:
        n, m = system.n, system.m
        weight = vector("weights", np.ones(m) if weights is None else weights, m)
        error = vector("uncertainty", np.zeros(n) if uncertainty is None else uncertainty, n)
        if np.any(weight <= 0.0) or np.any(error < 0.0):
            raise ValueError("weights must be positive and uncertainty not negative")
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)
        self.system, self.barriers = system, tuple(barriers)
        self.uncertainty, self.domain = np.array(error), domain
        self.rows = Rows(
            system,
            self.barriers,
            tick_s,
            weight,
            error,
            domain,
            rest_input(guard, low, high),
            sampled=sampled,
            unproven=unproven,
        )
        super().__init__(n, low, high, self.rows.q, tick_s, guard)
        self._weights = weight.copy()

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
            return self._stop(start, refusal)
        rows = self.rows
        if rows.varying:
            bits = rows.evaluate_all(self._inputs, context or _NO_CONTEXT)
        else:
            bits = kernel.filter_packed(
                self._inputs, rows.ints, rows.floats, rows.out, rows.scratch
            )
        code, out, m = bits & kernel.CODE, rows.out, self._m
        if code == decision.NOT_FINITE:
            unknown = np.full(rows.count, np.nan)
            return self._stop(start, self._not_finite(), unknown)
        margins = out[m : m + rows.count].copy()
        if code > decision.FILTERED:
            return self._descend(start, context, margins, bits)
        late = self._too_late(start)
        if late:
            return self._back_up(start, context, margins, late)
        status, reason = _STATUS[code], ""
        if bits & _UNCERTAIN:
            status, reason = Status.RECOVERING, self._outside(bits)
        changed = code != decision.NOMINAL
        active = rows.active(bits) if changed else ()
        took = time.perf_counter() - start
        return SafeAction(out[:m].copy(), status, changed, margins, active, None, reason, took)

    __call__ = filter

    def filter_batch(
        self, X: FloatArray, U: FloatArray, P: FloatArray | None = None
    ) -> BatchAction:
        """Many states at once, the clock left out; see `hiera.safety.filters.batch`.

        Args:
            X: States, shape ``(B, n)``.
            U: Nominal inputs, shape ``(B, m)``.
            P: Parameters, shape ``(B, q)``.
        """
        from hiera.safety.filters.batch import filter_batch

        return filter_batch(self, X, U, P)

    def programme(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> Programme:
        """The quadratic programme at a state, for the reference solver and for reports.

        Args:
            x: State, shape ``(n,)``.
            u_nominal: Nominal input, shape ``(m,)``.
            context: As for `filter`; its time is not looked at.
        """
        from hiera.safety.filters.reference import Programme

        self._x[:], self._u[:] = x, u_nominal
        if context is not None:
            self._p[:] = context.p
        A, b = self.rows.at(self._inputs, context or _NO_CONTEXT)
        u, levels = self._u.copy(), self.rows.row_priorities().copy()
        return Programme(u, self._weights, A, b, self._low, self._high, levels)

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
            u, slack = self._least_slack(rows.row_priorities())
            if u is not None:
                status = Status.RECOVERING if bits & _UNCERTAIN else Status.RELAXED
                active = rows.slackened(slack)
                return self._answer(start, u, status, margins, None, reason, active)
        return self._back_up(start, context, margins, reason)

    def _back_up(
        self, start: float, context: Context | None, margins: FloatArray, reason: str
    ) -> SafeAction:
        answer, reason = self._ask_backups(start, context, margins, reason)
        if answer is not None:
            return answer
        u = self._least_violation(context or _NO_CONTEXT)
        return self._answer(start, u, Status.STOP, margins, "least_violation", reason)

    def _least_violation(self, context: Context) -> FloatArray:
        """Of the inputs that may be best where none will do, the one that is, held for a tick.

        Corners of the limits must be clearly better than what gives way least: they ask nothing
        of inputs that the violated rows do not depend on.
        """
        rows = self.rows
        found = rows.corners()
        for share in (1.0, 0.0):
            rows.assemble(self._inputs, context, share)
            u, _ = self._least_slack(1 + rows.row_priorities())
            if u is not None:
                found.insert(0, u)
        best = found[0]
        most = rows.gap(self._inputs, context, best)
        for u in found[1:]:
            gap = rows.gap(self._inputs, context, u)
            if gap > most + _CLEARLY * abs(most):
                best, most = u, gap
        return best

    def _least_slack(self, priorities: IntArray) -> tuple[FloatArray | None, FloatArray]:
        """The input that gives way least on rows of priority 1 and more, and the slacks."""
        A, b = self.rows.matrix()
        low, high = self._low, self._high
        answer = least_slack(
            self._u, self._weights, A, b, lower=low, upper=high, priority=priorities
        )
        return (answer.u if answer.status is QpStatus.SOLVED else None), answer.slack
