"""A backup policy that certifies itself: it is rolled out before it may act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import Context, FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.filters.rollout import close_loop, roll_out

ROUNDING = 1e-9


class RolloutPolicy:
    """A backup policy with a roll-out that certifies it; a `Backup` for any filter's guard.

    Args:
        system: The dynamics.
        policy: ``x -> (m,)``, plain NumPy, within the input limits.
        barriers: Must hold all along.
        terminal: Must hold at the end of the horizon; their set must be invariant under the
            policy, such as standing still.
        horizon_s: Length of the roll-out [s].
        tick_s: How long each answer of the policy is held [s].
        parts: Looks at the barriers in each tick.
        reserve: Kept above zero at the looks, for what happens between them and for what a
            disturbance can do along the roll-out [unit of h].
        name: Stands in `SafeAction.backup`.
    """

    def __init__(
        self,
        system: ControlAffine,
        policy: Callable[..., Any],
        barriers: Sequence[Barrier],
        terminal: Sequence[Barrier] = (),
        *,
        horizon_s: float,
        tick_s: float,
        parts: int = 4,
        reserve: float = 0.0,
        name: str = "policy",
    ) -> None:
        if not 0.0 < tick_s <= horizon_s:
            raise ValueError(f"tick_s {tick_s} must lie between 0 and horizon_s {horizon_s}")
        if np.any(np.asarray(system.disturbance) > 0.0) and not reserve > 0.0:
            raise ValueError(
                "a roll-out allows for no disturbance by itself; give a reserve that covers it"
            )
        self.system, self.barriers, self.name = system, tuple(barriers), name
        self.loop = close_loop(system, policy, self.barriers, tuple(terminal))
        self.tick_s, self.parts, self.reserve = tick_s, parts, reserve
        self.looks = 1 + parts * int(np.ceil(horizon_s / tick_s - 1e-9))
        self.rows = self.looks * self.loop.k + self.loop.k_end
        programs = (self.loop.policy, self.loop.flow, self.loop.barriers, self.loop.terminal)
        self._work = np.zeros(max(p.n_registers for p in programs) + 1)
        self._own = np.full(system.m, np.nan)
        self._q = sum(b.parameters for b in self.barriers)

    def propose(self, x: FloatArray, context: Context) -> tuple[FloatArray | None, str]:
        """The policy's input, if its roll-out from here is safe.

        Args:
            x: State, shape ``(n,)``.
            context: Parameters ``p``.
        """
        p = np.asarray(context.p, dtype=np.float64)
        if p.shape != (self._q,):
            return None, f"p must have shape ({self._q},), not {p.shape}"
        worst = self.worst(x, p)
        if not worst >= -ROUNDING:
            return None, f"its roll-out falls {-worst:.3g} short"
        return self.action(x), ""

    def action(self, x: FloatArray) -> FloatArray:
        """The policy's input, clipped to the limits, shape ``(m,)``."""
        wanted = self.loop.policy(x)[: self.system.m]
        u: FloatArray = np.clip(wanted, self.system.u_min, self.system.u_max)
        return u

    def worst(self, x: FloatArray, p: FloatArray, first: FloatArray | None = None) -> float:
        """Least value of all barriers along the roll-out, above the reserve.

        Args:
            x: State, shape ``(n,)``.
            p: Parameters, shape ``(q,)``.
            first: Input of the first tick in place of the policy's, shape ``(m,)``.
        """
        values = self.values(x, p, np.zeros((0, self.system.n)), first)
        return float(np.min(values - self.margin())) if np.all(np.isfinite(values)) else -np.inf

    def margin(self) -> FloatArray:
        """Reserve of each row: not the terminal ones, which an invariant set keeps."""
        margin = np.full(self.rows, self.reserve)
        margin[len(margin) - self.loop.k_end :] = 0.0
        return margin

    def values(
        self, x: FloatArray, p: FloatArray, slopes: FloatArray, first: FloatArray | None = None
    ) -> FloatArray:
        """Barriers along the roll-out, shape ``(rows,)``; fills their slopes if there is room.

        Args:
            x: State, shape ``(n,)``.
            p: Parameters, shape ``(q,)``.
            slopes: Shape ``(rows, n)`` or ``(0, n)``.
            first: Input of the first tick in place of the policy's, shape ``(m,)``.
        """
        policy, flow = self.loop.policy, self.loop.flow
        h, end = self.loop.barriers, self.loop.terminal
        values = np.empty(self.rows)
        roll_out(
            x,
            p,
            self._own if first is None else first,
            self.tick_s / self.parts,
            self.parts,
            policy.code,
            policy.constants,
            policy.outputs,
            flow.code,
            flow.constants,
            flow.outputs,
            h.code,
            h.constants,
            h.outputs,
            end.code,
            end.constants,
            end.outputs,
            values,
            slopes,
            self._work,
        )
        return values
