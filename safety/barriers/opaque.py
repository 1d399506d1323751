"""Barriers whose functions cannot be recorded: called as they are, with a gradient.

Relative degree 1 only, since nothing but the gradient is known. What happens between two ticks
is covered by `Barrier.curvature`, which must then be given.
"""

from __future__ import annotations

import numpy as np

from hiera.safety.barriers.barrier import Barrier
from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine, call_shaped
from hiera.safety.tape import Graph, TraceError, record

_AGREES = 1e-4


def is_opaque(system: ControlAffine, barrier: Barrier) -> bool:
    """Whether the barrier has to be called; those with a gradient are, if anything is opaque."""
    if barrier.gradient is None:
        return False
    if not system.recorded:
        return True
    graph = Graph()
    try:
        record(barrier.h, graph, [graph.inputs(0, system.n)])
    except TraceError:
        return True
    return False


def check_gradient(system: ControlAffine, barrier: Barrier) -> None:
    """Holds a given gradient against finite differences at the system's example state.

    Raises:
        ValueError: If they differ; the sentence quotes both.
    """
    if barrier.gradient is None:
        return
    x = np.asarray(system.example, dtype=np.float64)
    given = call_shaped(f"gradient of {barrier.label}", barrier.gradient, (system.n,), x)
    steps = 1e-6 * (1.0 + np.abs(x))
    measured = np.array(
        [
            (float(barrier.h(x + e)) - float(barrier.h(x - e))) / (2.0 * s)
            for s, e in zip(steps, np.diag(steps), strict=True)
        ]
    )
    worst = int(np.argmax(np.abs(given - measured)))
    if abs(given[worst] - measured[worst]) > _AGREES * (1.0 + abs(measured[worst])):
        raise ValueError(
            f"gradient of {barrier.label}: component {worst} is {given[worst]:.6g} at "
            f"{x.tolist()}, finite differences say {measured[worst]:.6g}"
        )


class OpaqueBarrier:
    """One barrier called through Python.

    Raises:
        ValueError: If the gradient does not agree with finite differences, or no curvature is
            given for a sampled barrier.
    """

    def __init__(
        self,
        system: ControlAffine,
        barrier: Barrier,
        tick_s: float,
        sampled: bool,
        uncertainty: FloatArray,
    ) -> None:
        if barrier.gradient is None or barrier.parameters:
            raise ValueError(f"barrier {barrier.label}: needs a gradient and no parameters")
        if np.any(uncertainty > 0.0):
            raise ValueError(
                f"barrier {barrier.label} cannot be recorded, so an estimation error cannot be "
                "allowed for; put it into h"
            )
        if sampled and barrier.sampled and barrier.curvature is None:
            raise ValueError(
                f"barrier {barrier.label} cannot be recorded, so give curvature=, the bound on "
                "-h'' under a held input, or sampled=False"
            )
        self.label, self.priority = barrier.label, barrier.priority
        self._system, self._h, self._gradient = system, barrier.h, barrier.gradient
        self.gain = barrier.gains(1)[0]
        if sampled and barrier.sampled and self.gain * tick_s > 1.0 + 1e-12:
            raise ValueError(f"barrier {self.label}: alpha * tick_s must be at most 1")
        self._margin = 0.5 * tick_s * (barrier.curvature or 0.0) if sampled else 0.0
        self._noise = np.asarray(system.disturbance)
        check_gradient(system, barrier)

    def row(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """``h, h, A, b`` at a state, shapes ``(1,), (1,), (m,), (1,)``."""
        h = float(self._h(x))
        slope = np.asarray(self._gradient(x), dtype=np.float64)
        f, g = np.asarray(self._system.f(x)), np.asarray(self._system.g(x))
        worst = float(np.abs(slope) @ self._noise)
        b = -(float(slope @ f) - worst + self.gain * h) + self._margin
        value = np.array([h])
        return value, value, slope @ g, np.array([b])
