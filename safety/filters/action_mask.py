"""Guard for finite action sets: an action passes if it is on the list of those known safe."""

from __future__ import annotations

import time

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, Status


class ActionMask:
    """Lets an action index pass if ``context.allowed`` admits it, else does the stop action.

    Args:
        stop: Index of an action that is safe in every state, such as staying in place.
    """

    def __init__(self, stop: int) -> None:
        self._stop = stop

    def reset(self) -> None:
        """Nothing is kept."""

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Returns the action, shape ``(1,)``, or the stop action with the reason.

        Args:
            x: State; not looked at, the mask was made from it.
            u_nominal: Action index, shape ``(1,)`` or ``()``.
            context: Holds ``allowed``, shape ``(n,)``.
        """
        start = time.perf_counter()
        wanted = np.asarray(u_nominal, dtype=np.float64).reshape(-1)
        reason = self._refusal(wanted, context)
        u = np.array([float(self._stop)]) if reason else wanted.copy()
        return SafeAction(
            u,
            Status.BACKUP if reason else Status.NOMINAL,
            intervened=bool(reason),
            active=("action_mask",) if reason else (),
            backup="stop" if reason else None,
            reason=reason,
            solve_time_s=time.perf_counter() - start,
        )

    def _refusal(self, wanted: FloatArray, context: Context) -> str:
        if context.allowed is None:
            return "the context holds no mask of allowed actions"
        if wanted.shape != (1,) or not np.isfinite(wanted[0]) or wanted[0] != int(wanted[0]):
            return f"{wanted.tolist()} is not the index of an action"
        index = int(wanted[0])
        if not 0 <= index < len(context.allowed):
            return f"action {index} is outside 0…{len(context.allowed) - 1}"
        return "" if context.allowed[index] else f"action {index} is not allowed here"
