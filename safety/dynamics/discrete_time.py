"""Systems in discrete time, given as such or made from a control-affine one.

    x+ = F(x, u) + w,      u_min <= u <= u_max,      |w_i| <= disturbance_i

`F` is plain NumPy and recorded like the functions of `ControlAffine`. `discretise` holds the input
for a tick and integrates by the classical Runge–Kutta method of order 4, on the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import (
    call_shaped,
    disturbance_bound,
    example_state,
    input_limits,
    labels,
    positive,
)
from hiera.safety.tape import Graph, Program, TraceError, compile_program, record


@dataclass(frozen=True, eq=False)
class DiscreteTime:
    """A discrete-time system with bounded input and disturbance.

    Attributes:
        F: Next state, ``(x, u) -> (n,)``.
        n: Number of states.
        u_min: Lower bounds of the input, shape ``(m,)``.
        u_max: Upper bounds of the input, shape ``(m,)``.
        tick_s: Time of one step [s].
        disturbance: Bound of each component of what is added per step, shape ``(n,)`` [state
            units]; zero by default.
        names: Names of the states, for reports.
        inputs: Names of the inputs, for reports.
        example: A state at which `F` is tried, shape ``(n,)``; small numbers by default.
    """

    F: Callable[..., Any]
    n: int
    u_min: ArrayLike
    u_max: ArrayLike
    tick_s: float
    disturbance: ArrayLike | None = None
    names: Sequence[str] = ()
    inputs: Sequence[str] = ()
    example: ArrayLike | None = None
    _map: Program | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be at least 1, not {self.n}")
        positive(tick_s=self.tick_s)
        low, high = input_limits(self.u_min, self.u_max)
        names, inputs = labels(self.names, self.inputs, self.n, len(low))
        self._set(u_min=low, u_max=high, names=names, inputs=inputs)
        self._set(disturbance=disturbance_bound(self.disturbance, self.n))
        self._set(example=example_state(self.example, self.n))
        call_shaped("F", self.F, (self.n,), self.example, np.clip(np.zeros(self.m), low, high))
        self._set(_map=self._recorded())

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.u_min)  # type: ignore[arg-type]

    @property
    def recorded(self) -> bool:
        """Whether `F` could be recorded."""
        return self._map is not None

    def record(self, graph: Graph, x: Any, u: Any) -> NDArray[Any]:
        """Nodes of ``F(x, u)``, shape ``(n,)``.

        Raises:
            TraceError: If it cannot be recorded or returns another shape.
        """
        recording = record(self.F, graph, [x, u])
        if recording.shape != (self.n,):
            raise TraceError(f"F must return shape ({self.n},), not {recording.shape}")
        nodes = np.empty(self.n, dtype=object)
        nodes[:] = recording.values
        return nodes

    def _recorded(self) -> Program | None:
        graph = Graph()
        try:
            nodes = self.record(graph, graph.inputs(0, self.n), graph.inputs(self.n, self.m))
        except TraceError:
            return None
        return compile_program(list(nodes), self.n + self.m)

    def step(self, x: FloatArray, u: FloatArray, *, w: FloatArray | None = None) -> FloatArray:
        """``F(x, u) + w``, shape ``(n,)``.

        Args:
            x: State, shape ``(n,)``.
            u: Input, shape ``(m,)``.
            w: Disturbance, shape ``(n,)``; zero by default.
        """
        x, u = np.asarray(x, dtype=np.float64), np.asarray(u, dtype=np.float64)
        if self._map is not None:
            following = self._map(np.concatenate((x, u)))
        else:
            following = np.asarray(self.F(x, u), dtype=np.float64)
        return following if w is None else following + w


def discretise(
    system: ControlAffine,
    tick_s: float,
    substeps: int = 1,
    *,
    disturbance: ArrayLike | None = None,
) -> DiscreteTime:
    """The system under an input held for a tick.

    Args:
        system: In continuous time.
        tick_s: Tick [s].
        substeps: Runge–Kutta steps in a tick; the error falls with their fourth power.
        disturbance: Bound of what is added per step, shape ``(n,)``. By default `tick_s` times
            that of the system: its direct effect, without what the dynamics make of it within the
            tick and without the integration's error, which must be added where they matter.
    """
    positive(tick_s=tick_s)
    if substeps < 1:
        raise ValueError(f"substeps must be at least 1, not {substeps}")
    h = tick_s / substeps

    def held(x: Any, u: Any) -> Any:
        def rate(at: Any) -> Any:
            return system.f(at) + system.g(at) @ u

        for _ in range(substeps):
            k1 = rate(x)
            k2 = rate(x + 0.5 * h * k1)
            k3 = rate(x + 0.5 * h * k2)
            k4 = rate(x + h * k3)
            x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return x

    noise = tick_s * np.asarray(system.disturbance) if disturbance is None else disturbance
    return DiscreteTime(
        F=held,
        n=system.n,
        u_min=system.u_min,
        u_max=system.u_max,
        tick_s=tick_s,
        disturbance=noise,
        names=system.names,
        inputs=system.inputs,
        example=system.example,
    )
