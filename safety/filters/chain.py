"""Several filters one after the other, as one.

A later filter may undo what an earlier one ensured, so the answer goes round until no filter
changes it any more: it then satisfies all of them at once. Where that does not happen, the first
filter that had to fall back decides.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter, Status

_FALLEN = (Status.BACKUP, Status.STOP)
_SAME = 1e-9
_ORDER = tuple(Status)


class Chain:
    """A filter made of filters, the most important first.

    Args:
        filters: Asked in this order, each with the answer of the one before.
        rounds: How often the answer may go round.

    Raises:
        ValueError: If there is no filter.
    """

    def __init__(self, filters: Sequence[SafetyFilter], *, rounds: int = 4) -> None:
        if not filters:
            raise ValueError("a chain needs at least one filter")
        self.filters, self._rounds = tuple(filters), rounds

    def reset(self) -> None:
        """Resets every filter."""
        for gate in self.filters:
            gate.reset()

    def filter(
        self, x: FloatArray, u_nominal: FloatArray, context: Context | None = None
    ) -> SafeAction:
        """An action that all filters accept, or the first fallback.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Action the controller asks for, shape ``(m,)``.
            context: Passed to every filter.
        """
        start = time.perf_counter()
        context = Context(time.monotonic()) if context is None else context
        u = np.asarray(u_nominal, dtype=np.float64)
        margins: list[FloatArray] = []
        active: tuple[str, ...] = ()
        status, reason = Status.NOMINAL, ""
        for turn in range(self._rounds):
            settled = True
            for gate in self.filters:
                answer = gate.filter(x, u, context)
                if answer.status in _FALLEN:
                    took = time.perf_counter() - start
                    return replace(answer, intervened=True, solve_time_s=took)
                if turn == 0:
                    margins.append(answer.margins)
                active = tuple(dict.fromkeys((*active, *answer.active)))
                status = max(status, answer.status, key=_ORDER.index)
                settled = settled and _close(answer.u, u)
                reason, u = reason or answer.reason, answer.u
            if settled:
                changed = not np.array_equal(u, u_nominal)
                took = time.perf_counter() - start
                joined = np.concatenate(margins)
                return SafeAction(u, status, changed, joined, active, None, reason, took)
            # The same state again; no filter may call it stale.
            context = replace(context, time_s=math.nextafter(context.time_s, math.inf))
        return self._unsettled(start, x, u, context, np.concatenate(margins))

    __call__ = filter

    def _unsettled(
        self, start: float, x: FloatArray, u: FloatArray, context: Context, margins: FloatArray
    ) -> SafeAction:
        """No answer satisfies all: the first filter's leaves, and nothing is certified."""
        answer = self.filters[0].filter(x, u, context)
        took = time.perf_counter() - start
        reason = f"the {len(self.filters)} filters do not agree after {self._rounds} rounds"
        return SafeAction(
            answer.u, Status.STOP, True, margins, answer.active, "first_filter", reason, took
        )


def _close(u: FloatArray, other: FloatArray) -> bool:
    scale = 1.0 + float(np.max(np.abs(other), initial=0.0))
    return bool(np.max(np.abs(u - other), initial=0.0) <= _SAME * scale)
