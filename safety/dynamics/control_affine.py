"""Systems that are affine in their input, from the user's own functions.

    x' = f(x) + g(x) u + w,      u_min <= u <= u_max,      |w_i| <= disturbance_i

`f` and `g` are plain NumPy (or Numba-compiled) functions. They are recorded once, so that
derivatives are exact, bounds rigorous and no call goes through Python; functions that cannot be
recorded are called as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.limits import (
    call_shaped,
    disturbance_bound,
    example_state,
    input_limits,
    labels,
    vector,
)
from hiera.safety.tape import Graph, Program, TraceError, compile_program, record


@dataclass(frozen=True, eq=False)
class ControlAffine:
    """A control-affine system with bounded input and disturbance.

    Attributes:
        f: Drift, ``x -> (n,)`` [state units / s].
        g: Input matrix, ``x -> (n, m)``.
        n: Number of states.
        u_min: Lower bounds of the input, shape ``(m,)``.
        u_max: Upper bounds of the input, shape ``(m,)``.
        disturbance: Bound of each component of the additive disturbance, shape ``(n,)``; zero by
            default. Model error goes in here as well.
        names: Names of the states, for reports.
        inputs: Names of the inputs, for reports.
        example: A state at which `f` and `g` are tried, shape ``(n,)``; small numbers by default.
    """

    f: Callable[..., Any]
    g: Callable[..., Any]
    n: int
    u_min: ArrayLike
    u_max: ArrayLike
    disturbance: ArrayLike | None = None
    names: Sequence[str] = ()
    inputs: Sequence[str] = ()
    example: ArrayLike | None = None
    _flow: Program | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be at least 1, not {self.n}")
        low, high = input_limits(self.u_min, self.u_max)
        names, inputs = labels(self.names, self.inputs, self.n, len(low))
        self._set(u_min=low, u_max=high, names=names, inputs=inputs)
        self._set(disturbance=disturbance_bound(self.disturbance, self.n))
        self._set(example=example_state(self.example, self.n))
        call_shaped("f", self.f, (self.n,), self.example)
        call_shaped("g", self.g, (self.n, self.m), self.example)
        self._set(_flow=self._recorded())

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.u_min)  # type: ignore[arg-type]

    @property
    def recorded(self) -> bool:
        """Whether `f` and `g` could be recorded."""
        return self._flow is not None

    @property
    def flow(self) -> Program | None:
        """Program of ``f(x) + g(x) u + w``, inputs ``x, u, w``; None if not recorded."""
        return self._flow

    def record(self, graph: Graph, x: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Nodes of ``f(x)``, shape ``(n,)``, and of ``g(x)``, shape ``(n, m)``.

        Raises:
            TraceError: If a function cannot be recorded or returns another shape.
        """
        parts = []
        for name, function, shape in (("f", self.f, (self.n,)), ("g", self.g, (self.n, self.m))):
            recording = record(function, graph, [x])
            if recording.shape != shape:
                raise TraceError(f"{name} must return shape {shape}, not {recording.shape}")
            array = np.empty(len(recording.values), dtype=object)
            array[:] = recording.values
            parts.append(array.reshape(shape))
        return parts[0], parts[1]

    def _recorded(self) -> Program | None:
        graph = Graph()
        x, u = graph.inputs(0, self.n), graph.inputs(self.n, self.m)
        w = graph.inputs(self.n + self.m, self.n)
        try:
            f, g = self.record(graph, x)
        except TraceError:
            return None
        rates = [graph.node(f[i] + g[i] @ np.asarray(u, object) + w[i]) for i in range(self.n)]
        return compile_program(rates, 2 * self.n + self.m)

    def rate(self, x: FloatArray, u: FloatArray, w: FloatArray | None = None) -> FloatArray:
        """``f(x) + g(x) u + w``, shape ``(n,)``."""
        w = np.zeros(self.n) if w is None else w
        if self._flow is not None:
            return self._flow(np.concatenate((x, u, w)))
        rate: FloatArray = np.asarray(self.f(x)) + np.asarray(self.g(x)) @ u + w
        return rate

    def step(
        self,
        x: FloatArray,
        u: FloatArray,
        dt_s: float,
        *,
        w: FloatArray | None = None,
        substeps: int = 4,
    ) -> FloatArray:
        """State after holding the input, by the classical Runge–Kutta method of order 4.

        Args:
            x: State, shape ``(n,)``.
            u: Input, held, shape ``(m,)``.
            dt_s: Time [s].
            w: Disturbance, held, shape ``(n,)``.
            substeps: Steps of the method.
        """
        x, u = np.asarray(x, dtype=np.float64), np.asarray(u, dtype=np.float64)
        h = dt_s / substeps
        for _ in range(substeps):
            k1 = self.rate(x, u, w)
            k2 = self.rate(x + 0.5 * h * k1, u, w)
            k3 = self.rate(x + 0.5 * h * k2, u, w)
            k4 = self.rate(x + h * k3, u, w)
            x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return x


__all__ = ["ControlAffine", "call_shaped", "vector"]
