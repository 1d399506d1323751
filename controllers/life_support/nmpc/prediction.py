"""The model ahead: where choices lead, and how that changes with them.

Derivatives come from a recording of the plan's rates, which runs once for all places where the
integrator has been (in lanes, an instruction at a time for all of them), and only for entries that
can differ from zero.
"""

from __future__ import annotations

import numpy as np

from hiera.controllers.life_support.nmpc.horizon import propagate, roll, visit
from hiera.controllers.life_support.nmpc.plan_model import NUMBERS, SHORT_S, planned
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support.parameters import Parameters
from hiera.safety.life_support.state import M, N
from hiera.safety.tape import Graph, Op, Program, compile_program, gradient
from hiera.safety.tape.program import IntArray

D = len(Surroundings._fields)


def steps_for(spans: FloatArray) -> IntArray:
    """Steps of the integrator in stages of given lengths [s], shape ``(K,)``.

    2.5 s where transients of fan and damper matter, 5 s in stages of 20 s and more.
    """
    longest = np.clip(spans / 4.0, SHORT_S, 2.0 * SHORT_S)
    made: IntArray = np.maximum(1, np.ceil(spans / longest - 1e-9)).astype(np.int64)
    return made


def slopes_of(parameters: Parameters) -> tuple[Program, IntArray, IntArray]:
    """Derivatives of the plan's rates in ``(x, v)``, of which rate each is, and in what.

    The program's inputs are ``(x, v, around, c, pace)``; see `visit`.
    """
    graph = Graph()
    x, v = graph.inputs(0, N), graph.inputs(N, M)
    around = Surroundings(*graph.inputs(N + M, D))
    c = graph.inputs(N + M + D, NUMBERS)
    (pace,) = graph.inputs(N + M + D + NUMBERS, 1)
    found = [
        (i, j, slope)
        for i, rate in enumerate(planned(x, v, around, c, pace, parameters))
        for j, slope in enumerate(gradient(graph.node(rate), [*x, *v]))
        if not (slope.op is Op.CONST and slope.value == 0.0)
    ]
    rows, cols, nodes = zip(*found, strict=True)
    program = compile_program(nodes, N + M + D + NUMBERS + 1)
    return program, np.array(rows), np.array(cols)


class Prediction:
    """Roll-outs of a model over the stages of one horizon.

    Args:
        model: The prediction model.
        spans: Length of each stage [s], shape ``(K,)``.
    """

    def __init__(self, model: LifeSupportModel, spans: FloatArray) -> None:
        self.model, self.spans = model, np.asarray(spans, dtype=np.float64)
        self.steps = steps_for(self.spans)
        self.record = model.parameters.record()[()]
        self._slopes, self._rows, self._cols = slopes_of(model.parameters)

    def roll(self, x: FloatArray, V: FloatArray, W: FloatArray, c: FloatArray) -> FloatArray:
        """States at the borders of the stages, shape ``(K + 1, 18)``.

        Args:
            x: State, shape ``(18,)``.
            V: Choices, shape ``(K, 3)``.
            W: Surroundings, shape ``(K, 4)``.
            c: Corrections.
        """
        made: FloatArray = roll(x, V, W, c, self.spans, self.steps, self.record)
        return made

    def differentiate(
        self, x: FloatArray, V: FloatArray, W: FloatArray, c: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """`roll`, and ``d x_{k+1} / d (x_k, v_k)`` of its stages, shape ``(K, 18, 21)``."""
        X, at = visit(x, V, W, c, self.spans, self.steps, self.record)
        J = np.ascontiguousarray(self._slopes.batch(at).T)
        S: FloatArray = propagate(J, self.spans, self.steps, self._rows, self._cols)
        return X, S
