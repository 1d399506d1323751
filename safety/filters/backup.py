"""The backup barrier filter: any input after which a known policy could still take over.

With a backup policy pi, its flow phi and a set S_b = { h_b >= 0 } that is invariant under it, the
states from which the policy stays safe and ends in S_b form an invariant set within the input
limits, however large or small S_b is:

    { x : h(phi(t; x)) >= 0 for t in [0, T],  h_b(phi(T; x)) >= 0 }

T. Gurriet, M. Mote, A. D. Ames, E. Feron, "An Online Approach to Active Set Invariance", CDC 2018;
Y. Chen, M. Jankovic, M. Santillo, A. D. Ames, "Backup Control Barrier Functions", CDC 2021. One row
for each instant tau_j of the roll-out:

    grad h(phi_j) Phi_j (f + g u) + alpha (h(phi_j) - reserve) >= 0        Phi = d phi / d x

What leaves is not believed on these rows: the tick is run with the chosen input and the policy is
rolled out from where it ends. If that roll-out is safe, the next call has a way out as well.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.dynamics.control_affine import vector
from hiera.safety.filters import cbf_decision as decision
from hiera.safety.filters.guard import DEFAULT_GUARD, Guard, Guarded
from hiera.safety.filters.rollout_policy import ROUNDING, RolloutPolicy
from hiera.safety.qp.dual_active_set import workspace_size

_HALVINGS = 6


class BackupCbf(Guarded):
    """A barrier filter whose safe set is what a backup policy makes safe.

    Args:
        backup: The policy, its roll-out, the barriers.
        alpha: Gain of every row [1/s]; at most ``1 / tick_s``.
        weights: Of the squared deviation of each input, shape ``(m,)``; ones by default.
        guard: Further backups, input of rest, limits of time. The policy itself comes first.

    Raises:
        ValueError: If a shape, bound or gain does not fit; the sentence quotes the value.
    """

    def __init__(
        self,
        backup: RolloutPolicy,
        *,
        alpha: float = 1.0,
        weights: ArrayLike | None = None,
        guard: Guard = DEFAULT_GUARD,
    ) -> None:
        system, tick_s = backup.system, backup.tick_s
        if not 0.0 < alpha * tick_s <= 1.0 + 1e-12:
            raise ValueError(f"alpha * tick_s must lie in (0, 1], not {alpha * tick_s:g}")
        low, high = np.asarray(system.u_min), np.asarray(system.u_max)
        q = sum(b.parameters for b in backup.barriers)
        super().__init__(system.n, low, high, q, tick_s, guard)
        m = system.m
        self._weights = np.array(vector("weights", np.ones(m) if weights is None else weights, m))
        self.backup, self._alpha = backup, alpha
        self.system, self.barriers = system, backup.barriers
        self._margin = backup.margin()
        self._slopes = np.zeros((backup.rows, system.n))
        self._multipliers = np.zeros(backup.rows + 2 * m)
        self._work = np.zeros(workspace_size(backup.rows, m))

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """The nearest input found after which the policy could still take over.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Input the controller asks for, shape ``(m,)``.
            context: Time stamp and parameters ``p``.
        """
        start = time.perf_counter()
        refused = self._refused(start, x, u_nominal, context)
        if refused is not None:
            return refused
        values = self.backup.values(self._x, self._p, self._slopes)
        margins = self._margins(values)
        if not np.all(np.isfinite(values)):
            return self._last(start, context, margins, "the roll-out is not finite")
        u, code = self._optimum(values)
        policy = self.backup.action(self._x)
        if u is not None and self._leaves_a_way(u):
            status = Status.NOMINAL if code == decision.NOMINAL else Status.FILTERED
            active = () if status is Status.NOMINAL else self._active()
            late = self._too_late(start)
            if not late:
                return self._answer(start, u, status, margins, None, "", active)
            return self._last(start, context, margins, late)
        goal = u if u is not None else np.clip(self._u, self._low, self._high)
        between = self._between(policy, goal)
        if between is not None:
            return self._answer(start, between, Status.FILTERED, margins, None, "", ("roll_out",))
        return self._last(start, context, margins, "no input was found that leaves a way out")

    __call__ = filter

    def _optimum(self, values: FloatArray) -> tuple[FloatArray | None, int]:
        n, m = self.backup.system.n, self._m
        at_rest = np.concatenate((self._x, np.zeros(m)))
        flow = self.backup.loop.flow(at_rest)
        f, g = flow[:n], flow[n + n * n :].reshape(n, m)
        A = np.ascontiguousarray(self._slopes @ g)
        b = -(self._slopes @ f) - self._alpha * (values - self._margin)
        u = np.empty(m)
        code = decision.decide(
            self._u, self._weights, A, b, self._low, self._high, u, self._multipliers, self._work
        )
        return (None if code == decision.FAILED else u), code

    def _leaves_a_way(self, u: FloatArray) -> bool:
        """Whether the tick is safe with this input, and the policy from where it ends."""
        return self.backup.worst(self._x, self._p, u) >= -ROUNDING

    def _between(self, policy: FloatArray, goal: FloatArray) -> FloatArray | None:
        """From the policy's input as far towards the goal as halving finds safe."""
        if not self._leaves_a_way(policy):
            return None
        good, bad = 0.0, 1.0
        for _ in range(_HALVINGS):
            part = 0.5 * (good + bad)
            if self._leaves_a_way(policy + part * (goal - policy)):
                good = part
            else:
                bad = part
        return policy + good * (goal - policy)

    def _last(
        self, start: float, context: Context | None, margins: FloatArray, reason: str
    ) -> SafeAction:
        u, why = self.backup.propose(self._x, context or Context(0.0))
        if u is not None:
            return self._answer(start, u, Status.BACKUP, margins, self.backup.name, reason)
        reason += f"; {self.backup.name}: {why}"
        answer, reason = self._ask_backups(start, context, margins, reason)
        if answer is not None:
            return answer
        u = self.backup.action(self._x)
        if not np.all(np.isfinite(u)):
            return self._stop(start, reason, margins)
        return self._answer(start, u, Status.STOP, margins, self.backup.name, reason)

    def _margins(self, values: FloatArray) -> FloatArray:
        """Least value of each barrier along the roll-out, shape ``(k,)``."""
        k = self.backup.loop.k
        along = values[: self.backup.looks * k].reshape(-1, k)
        least: FloatArray = along.min(axis=0)
        return least

    def _active(self) -> tuple[str, ...]:
        k, rows = self.backup.loop.k, self.backup.rows
        found = np.flatnonzero(self._multipliers[:rows] > 0.0)
        first_end = rows - self.backup.loop.k_end
        labels = [b.label for b in self.backup.barriers]
        names = ["terminal" if i >= first_end else labels[i % k] for i in found]
        if np.any(self._multipliers[rows:] > 0.0):
            names.append("input_limits")
        return tuple(dict.fromkeys(names))
