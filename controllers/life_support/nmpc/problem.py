"""One problem to solve: where the set is, what lies ahead, what counts; and plans for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiera.controllers.life_support.contract import Advice, Forecast
from hiera.controllers.life_support.nmpc.objective import Objective, cost
from hiera.controllers.life_support.nmpc.plan_model import LEAST, MOST
from hiera.controllers.life_support.nmpc.prediction import Prediction
from hiera.safety.contract import FloatArray


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of optimal control over the stages of a `Prediction`.

    Attributes:
        x: State now, shape ``(18,)``.
        before: The choice that holds now, shape ``(3,)``.
        W: Surroundings of each stage, shape ``(K, 4)``.
        corrections: Of the model, and the law, shape ``(8,)``.
        objective: Weights.
    """

    x: FloatArray
    before: FloatArray
    W: FloatArray
    corrections: FloatArray
    objective: Objective


@dataclass(frozen=True, slots=True)
class Plan:
    """Choices that were run on the model.

    Attributes:
        source: Who made them: ``"rti"``, ``"ipopt"``, ``"shifted"``, ``"mixed"``, ``"advice"``
            or ``"rule"``.
        V: Shape ``(K, 3)``.
        X: States that follow, shape ``(K + 1, 18)``.
        cost: What they cost; infinite where the run is not finite.
    """

    source: str
    V: FloatArray
    X: FloatArray
    cost: float


def verified(source: str, V: FloatArray, problem: Problem, prediction: Prediction) -> Plan:
    """Runs choices on the model, within their range, and says what they cost."""
    V = np.clip(np.where(np.isfinite(V), V, LEAST), LEAST, MOST)
    X = prediction.roll(problem.x, V, problem.W, problem.corrections)
    o, spans = problem.objective, prediction.spans
    return Plan(source, V, X, cost(X, V, problem.before, spans, o, prediction.record))


def shifted(V: FloatArray, spans: FloatArray, elapsed_s: float) -> FloatArray:
    """A plan made ``elapsed_s`` ago, on the stages as they lie now; its last choice is held."""
    ends = np.cumsum(spans)
    middles = ends - 0.5 * spans + elapsed_s
    return V[np.minimum(np.searchsorted(ends, middles), len(V) - 1)]


def advised(advice: Advice, spans: FloatArray) -> FloatArray:
    """Commands advised on the stages of a plan; the last one is held, shape ``(K, 3)``."""
    middles = np.cumsum(spans) - 0.5 * spans
    which = (middles / advice.period_s).astype(np.int64)
    given = np.asarray(advice.commands, dtype=np.float64).reshape(-1, 3)
    return given[np.minimum(which, len(given) - 1)]


def demands(forecast: Forecast, spans: FloatArray, caution: float) -> FloatArray:
    """Demand of each stage, some deviations above what is expected, shape ``(K,)`` [mol/s]."""
    times = forecast.period_s * np.arange(1, len(forecast.demand) + 1)
    middles = np.cumsum(spans) - 0.5 * spans
    wanted = forecast.demand + caution * forecast.deviation
    return np.maximum(np.interp(middles, times, wanted), 1e-5)
