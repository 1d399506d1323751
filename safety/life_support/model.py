"""The prediction model as one object: rates, recordings, linearisations, held steps.

An estimator takes `linearised`, an optimiser `recording` or `discretised` (both become CasADi
functions by `hiera.safety.tape.to_casadi`), a filter `affine`, a roll-out `step`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.contract import FloatArray
from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.life_support import state as names
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.rates import drift, gains, rates
from hiera.safety.life_support.readings import Readings, readings
from hiera.safety.life_support.state import HIGH, INPUTS, LOW, NAMES, REST, M, N, Surroundings
from hiera.safety.tape import Expr, Graph, Program, compile_program, gradient

D = len(Surroundings._fields)
"""Numbers in `Surroundings`."""


@dataclass(frozen=True)
class LifeSupportModel:
    """The life-support apparatus and its wearer, 18 states and 3 controls.

    Attributes:
        parameters: Its constants.
        substep_s: Longest step of the integrator [s]; its error is of order 4.
    """

    parameters: Parameters = field(default_factory=Parameters)
    substep_s: float = 1.0

    def start(self, around: Surroundings = REST, **given: float) -> FloatArray:
        """A fresh set just closed; arguments as for `hiera.safety.life_support.state.start`."""
        return names.start(self.parameters, around, **given)

    def rhs(self, x: Any, u: Any, around: Any) -> Any:
        """Rates of the state, shape ``(18,)``, on numbers or on symbols.

        Args:
            x: State, shape ``(18,)``.
            u: Controls ``(feed, fan, damper)`` [mol/s, m^3/s, 1], shape ``(3,)``.
            around: `Surroundings`.
        """
        return np.array(rates(x, u, around, self.parameters))

    def readings(self, x: Any) -> Readings:
        """What perfect instruments would show."""
        return readings(x, self.parameters)

    @cached_property
    def record(self) -> Any:
        """The constants as compiled kernels take them."""
        return self.parameters.record()[()]

    def step(
        self, x: FloatArray, u: FloatArray, around: Surroundings, duration_s: float
    ) -> FloatArray:
        """State after holding controls and surroundings, shape ``(18,)``.

        Args:
            x: State, shape ``(18,)``.
            u: Controls, shape ``(3,)``.
            around: What acts from outside.
            duration_s: How long [s].
        """
        from hiera.safety.life_support.kernel import advance

        steps = max(1, int(np.ceil(duration_s / self.substep_s - 1e-9)))
        held = Surroundings(*(float(v) for v in around))
        at, controls = np.array(x, dtype=np.float64), np.array(u, dtype=np.float64)
        result: FloatArray = advance(at, controls, held, self.record, duration_s / steps, steps)
        return result

    def _symbols(self) -> tuple[Graph, Any, Any, Surroundings]:
        graph = Graph()
        x, u = graph.inputs(0, N), graph.inputs(N, M)
        return graph, x, u, Surroundings(*graph.inputs(N + M, D))

    @cached_property
    def recording(self) -> Program:
        """The rates as a program of ``(x, u, around)``, 25 inputs and 18 outputs."""
        graph, x, u, around = self._symbols()
        return compile_program(_nodes(graph, self.rhs(x, u, around)), N + M + D)

    @cached_property
    def jacobian(self) -> Program:
        """Exact derivatives of the rates in ``(x, u)``, row by row: 18 x 21 outputs."""
        graph, x, u, around = self._symbols()
        slopes = [
            slope
            for rate in _nodes(graph, self.rhs(x, u, around))
            for slope in gradient(rate, [*x, *u])
        ]
        return compile_program(slopes, N + M + D)

    def linearised(
        self, x: ArrayLike, u: ArrayLike, around: Surroundings
    ) -> tuple[FloatArray, FloatArray]:
        """``df/dx``, shape ``(18, 18)``, and ``df/du``, shape ``(18, 3)``."""
        both = self.jacobian(np.concatenate((x, u, around))).reshape(N, N + M)
        return both[:, :N], both[:, N:]

    def discretised(self, tick_s: float) -> Program:
        """A whole held step as a program of ``(x, u, around)``: 18 outputs.

        Args:
            tick_s: Duration [s]; it is divided into steps of at most `substep_s`.
        """
        graph, x, u, around = self._symbols()
        steps = max(1, int(np.ceil(tick_s / self.substep_s - 1e-9)))
        h = tick_s / steps
        for _ in range(steps):
            k1 = self.rhs(x, u, around)
            k2 = self.rhs(x + 0.5 * h * k1, u, around)
            k3 = self.rhs(x + 0.5 * h * k2, u, around)
            k4 = self.rhs(x + h * k3, u, around)
            x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return compile_program(_nodes(graph, x), N + M + D)

    def affine(
        self, around: Surroundings | None = None, *, disturbance: ArrayLike | None = None
    ) -> ControlAffine:
        """The model as ``f(x) + g(x) u`` for the filters.

        Args:
            around: Held from now on; without one the wearer's uptake stays what it is, in 30 °C.
            disturbance: Bound of what is added to the rates, shape ``(18,)``.
        """
        p, matrix = self.parameters, gains(self.parameters)

        def outside(x: Any) -> Surroundings:
            return REST._replace(demand=x[names.UPTAKE]) if around is None else around

        return ControlAffine(
            f=lambda x: np.array(drift(_within(x), outside(x), p)),
            g=lambda x: matrix,
            n=N,
            u_min=LOW,
            u_max=HIGH,
            disturbance=disturbance,
            names=NAMES,
            inputs=INPUTS,
            example=self.start(),
        )


def _within(x: Any) -> Any:
    """The same state: flow and share follow commands and never leave the range of those.

    Said in the formula, it keeps interval arithmetic from dividing by a flow of zero.
    """
    x = x.copy()
    for i, control in ((names.FLOW, names.FAN), (names.SHARE, names.DAMPER)):
        x[i] = np.minimum(np.maximum(x[i], LOW[control]), HIGH[control])
    return x


def _nodes(graph: Graph, values: Any) -> list[Expr]:
    return [graph.node(v) for v in values]
