"""What of a `SafeAction` travels in an ``info``: plain values that compare by value.

Arrays do not: two infos that hold arrays of different lengths cannot be stacked by a vector
environment, nor compared by an environment checker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hiera.safety.contract import FloatArray, SafeAction, Status


@dataclass(frozen=True, slots=True)
class SafetySummary:
    """A `SafeAction` without the action.

    Attributes:
        status: How the executed action came about.
        intervened: True if it differs from the proposed one.
        margins: Value of every barrier at the state, units of each barrier.
        active: Names of the barriers or bounds that shaped it.
        backup: Name of the backup that acted, or None.
        reason: Why a rung below `Status.FILTERED` was needed, empty otherwise.
        solve_time_s: Wall time of the gate's call [s]; not compared.
    """

    status: Status
    intervened: bool
    margins: tuple[float, ...] = ()
    active: tuple[str, ...] = ()
    backup: str | None = None
    reason: str = ""
    solve_time_s: float = field(default=0.0, compare=False)

    @classmethod
    def of(cls, safe: SafeAction) -> SafetySummary:
        """The summary of one call."""
        return cls(
            safe.status,
            bool(safe.intervened),
            tuple(np.ravel(safe.margins).tolist()),
            safe.active,
            safe.backup,
            safe.reason,
            safe.solve_time_s,
        )


def intervention_cost(proposed: FloatArray, executed: FloatArray, weight: float) -> float:
    """``weight * |executed - proposed|^2``; components that were not finite cost nothing.

    Args:
        proposed: Shape ``(m,)``.
        executed: Shape ``(m,)``.
        weight: Not negative.
    """
    finite = np.isfinite(proposed)
    return weight * float(np.sum((executed[finite] - proposed[finite]) ** 2))
