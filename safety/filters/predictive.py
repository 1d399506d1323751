"""The predictive safety filter: the nearest first input of some plan that stays safe for ever.

    min  ||u_0 - u_nominal||_W^2 + rho sum_k ||v_k||^2
    s.t. z_0 = x,  z_{k+1} = A z_k + B v_k + c
         z_k, v_k in constraints tightened by what the disturbance can do in k steps
         z_N in a set that the gain K never leaves

K. P. Wabersich and M. N. Zeilinger, "Linear model predictive safety certification for
learning-based control", CDC 2018; tightening along the error e+ = (A + B K) e + w after L. Chisci,
J. A. Rossiter, G. Zappa, Automatica 37(7), 2001. If a plan exists now, the shifted plan with the
correction K (x - z) is one at the next tick, whatever the disturbance did: that is the backup, and
it needs no solver.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import vector
from hiera.safety.dynamics.discrete_time import DiscreteTime
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard, Guarded
from hiera.safety.filters.linear import (
    Linear,
    Polytope,
    invariant_set,
    linear_constraints,
    linear_system,
    lqr,
    reach,
)
from hiera.safety.qp import QpStatus
from hiera.safety.qp.solve import nearest

_LATER = 1e-4
_SAME = 1e-9


@dataclass(slots=True)
class _Plan:
    """States and inputs of the last certified plan, and how far it has been used."""

    z: FloatArray
    v: FloatArray
    used: int = 0


class PredictiveFilter(Guarded):
    """A predictive safety filter for a linear system with linear constraints.

    Args:
        system: Linear map from tick to tick; disturbances bounded per step.
        barriers: Linear in the state; all count as hard.
        horizon: Number of ticks N.
        gain: K, shape ``(m, n)``; by default the LQR gain with unit weights.
        equilibrium: State and input ``(x_e, u_e)`` that the terminal set lies round; by default
            the one nearest to the middle of the input limits.
        weights: Of the squared deviation of each input, shape ``(m,)``; ones by default.
        guard: Further backups, input of rest, limits of time.

    Raises:
        ValueError: If something is not linear, or no terminal set exists.
    """

    def __init__(
        self,
        system: DiscreteTime,
        barriers: Sequence[Barrier],
        *,
        horizon: int = 20,
        gain: ArrayLike | None = None,
        equilibrium: tuple[ArrayLike, ArrayLike] | None = None,
        weights: ArrayLike | None = None,
        guard: Guard = DEFAULT_GUARD,
    ) -> None:
        n, m = system.n, system.m
        if horizon < 1:
            raise ValueError(f"horizon must be at least 1, not {horizon}")
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)
        super().__init__(n, low, high, 0, system.tick_s, guard)
        self.system, self.barriers, self.horizon = system, tuple(barriers), horizon
        self.linear = linear_system(system)
        self.constraints = linear_constraints(barriers, n)
        given = lqr(self.linear, np.eye(n), np.eye(m)) if gain is None else gain
        self.gain = np.array(given, dtype=np.float64).reshape(m, n)
        self._step = self.linear.A + self.linear.B @ self.gain
        self._x_e, self._u_e = _equilibrium(self.linear, 0.5 * (low + high), equilibrium)
        weight = vector("weights", np.ones(m) if weights is None else weights, m)
        self._w = np.concatenate((weight, np.full((horizon - 1) * m, _LATER * weight.min())))
        self._tighten(np.asarray(system.disturbance))
        self._condense()
        self._plan: _Plan | None = None

    def reset(self) -> None:
        """Forgets the clock and the plan of the last episode."""
        super().reset()
        self._plan = None

    def _tighten(self, noise: FloatArray) -> None:
        N = self.horizon
        lost_x = reach(self.constraints.C, self._step, noise, N)
        lost_u = reach(self.gain, self._step, noise, N)
        self._d = self.constraints.d - lost_x
        self._v_low, self._v_high = self._low + lost_u[:N], self._high - lost_u[:N]
        if np.any(self._v_low > self._v_high):
            raise ValueError("the disturbance is too large for the input limits and this gain")
        C, K = self.constraints.C, self.gain
        at = self.constraints.C @ self._x_e
        inside = Polytope(
            np.vstack((C, K, -K)),
            np.concatenate(
                (
                    self._d[N] + at,
                    self._u_e - self._low - lost_u[N],
                    self._high - lost_u[N] - self._u_e,
                )
            ),
        )
        last = np.linalg.matrix_power(self._step, N) @ np.diag(noise)
        centred = invariant_set(inside, self._step, last)
        self.terminal = Polytope(centred.C, centred.d - centred.C @ self._x_e)

    def _condense(self) -> None:
        """Rows over all inputs: ``rows_u U + rows_x x + rows_1 >= 0``."""
        A, B, c, N = self.linear.A, self.linear.B, self.linear.c, self.horizon
        n, m = B.shape
        on_x, on_u, on_1 = np.eye(n), np.zeros((n, N * m)), np.zeros(n)
        self._on: list[tuple[FloatArray, FloatArray, FloatArray]] = [(on_x, on_u, on_1)]
        rows_u, rows_x, rows_1 = [], [], []
        for k in range(N):
            on_x, on_u, on_1 = A @ on_x, A @ on_u, A @ on_1 + c
            on_u[:, k * m : (k + 1) * m] += B
            self._on.append((on_x, on_u.copy(), on_1))
            last = k == N - 1
            C = self.terminal.C if last else self.constraints.C
            d = self.terminal.d if last else self._d[k + 1]
            rows_u.append(C @ on_u)
            rows_x.append(C @ on_x)
            rows_1.append(C @ on_1 + d)
        self._rows_u, self._rows_x = np.vstack(rows_u), np.vstack(rows_x)
        self._rows_1 = np.concatenate(rows_1)
        self._all_low, self._all_high = self._v_low.reshape(-1), self._v_high.reshape(-1)

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """The nearest input that begins a plan which stays safe for ever, verified.

        Args:
            x: State, shape ``(n,)``.
            u_nominal: Input the controller asks for, shape ``(m,)``.
            context: Time stamp.
        """
        start = time.perf_counter()
        refused = self._refused(start, x, u_nominal, context)
        if refused is not None:
            return refused
        margins = self.constraints.slack(self._x)
        plan, same = self._solve()
        late = self._too_late(start)
        if plan is not None and not late:
            self._plan = plan
            status, reason = Status.NOMINAL if same else Status.FILTERED, ""
            if np.any(margins < -_SAME):
                outside = [self.barriers[i].label for i in np.flatnonzero(margins < -_SAME)]
                status = Status.RECOVERING
                reason = f"the state is outside the safe set of {', '.join(outside)}"
            u = self._u if same else plan.v[0]
            active = () if same else self._active(plan)
            plan.used = 1
            return self._answer(start, u, status, margins, None, reason, active)
        reason = late or "no plan keeps the constraints"
        return self._shifted(start, context, margins, reason)

    __call__ = filter

    def _solve(self) -> tuple[_Plan | None, bool]:
        """A plan that begins with the nominal input if there is one, else with the nearest."""
        m, b = self._m, -(self._rows_x @ self._x + self._rows_1)
        goal = np.tile(self._u_e, self.horizon)
        goal[:m] = self._u
        low, high = self._all_low.copy(), self._all_high.copy()
        if np.all(self._u >= low[:m]) and np.all(self._u <= high[:m]):
            low[:m] = high[:m] = self._u
            plan = self._attempt(goal, b, low, high)
            if plan is not None:
                return plan, True
        return self._attempt(goal, b, self._all_low, self._all_high), False

    def _attempt(
        self, goal: FloatArray, b: FloatArray, low: FloatArray, high: FloatArray
    ) -> _Plan | None:
        answer = nearest(goal, self._w, self._rows_u, b, low, high)
        if answer.status is not QpStatus.SOLVED:
            return None
        states = [x @ self._x + u @ answer.u + one for x, u, one in self._on]
        return _Plan(np.array(states), answer.u.reshape(self.horizon, self._m))

    def _shifted(
        self, start: float, context: Context | None, margins: FloatArray, reason: str
    ) -> SafeAction:
        """The last plan goes on, corrected; after its end the terminal gain."""
        plan = self._plan
        if plan is not None and plan.used < self.horizon:
            u = plan.v[plan.used] + self.gain @ (self._x - plan.z[plan.used])
            if np.all(u >= self._low - _SAME) and np.all(u <= self._high + _SAME):
                plan.used += 1
                u = np.clip(u, self._low, self._high)
                return self._answer(start, u, Status.BACKUP, margins, "shifted_plan", reason)
        if np.all(self.terminal.slack(self._x) >= -_SAME):
            u = np.clip(self._u_e + self.gain @ (self._x - self._x_e), self._low, self._high)
            return self._answer(start, u, Status.BACKUP, margins, "terminal_gain", reason)
        answer, reason = self._ask_backups(start, context, margins, reason)
        if answer is not None:
            return answer
        u = np.clip(self._u_e + self.gain @ (self._x - self._x_e), self._low, self._high)
        return self._answer(start, u, Status.STOP, margins, "uncertified_gain", reason)

    def _active(self, plan: _Plan) -> tuple[str, ...]:
        """Constraints that the plan touches."""
        names: list[str] = []
        for k in range(1, self.horizon + 1):
            tight = self.constraints.C @ plan.z[k] + self._d[k] <= 1e-7
            names += [self.barriers[i].label for i in np.flatnonzero(tight)]
        if np.any(self.terminal.slack(plan.z[-1]) <= 1e-7):
            names.append("terminal_set")
        if np.any(plan.v <= self._v_low + 1e-9) or np.any(plan.v >= self._v_high - 1e-9):
            names.append("input_limits")
        return tuple(dict.fromkeys(names))


def _equilibrium(
    linear: Linear, middle: FloatArray, given: tuple[ArrayLike, ArrayLike] | None
) -> tuple[FloatArray, FloatArray]:
    A, B, c = linear.A, linear.B, linear.c
    n, m = B.shape
    if given is not None:
        x_e, u_e = vector("equilibrium[0]", given[0], n), vector("equilibrium[1]", given[1], m)
    else:
        # (I - A) x - B u = c, nearest to x = 0 and the middle of the inputs.
        M = np.hstack((np.eye(n) - A, -B))
        offset = np.concatenate((np.zeros(n), middle))
        both = offset + np.linalg.pinv(M) @ (c - M @ offset)
        x_e, u_e = both[:n], both[n:]
    if not np.allclose(A @ x_e + B @ u_e + c, x_e, atol=1e-9):
        raise ValueError(f"{x_e.tolist()} with input {u_e.tolist()} is no equilibrium")
    return np.asarray(x_e), np.asarray(u_e)
