"""How long a controller could last that knows the mission and the true constants: from below.

A rule with knowledge runs on the plant itself; what it aims at is searched for by the
cross-entropy method, separately for each part of the mission:

    feed = (uptake + max(HOLD (p* - p), LIFT (y* - y))) / gain of the valve
    fan  = f x the flow that removes most CO2 now, by the plant's constants and true ventilation
    damper = d

Whatever it reaches is feasible, so that the best controller lasts at least as long; that it is not
the best of all is why it is called a bound from below. R. Y. Rubinstein and D. P. Kroese, "The
Cross-Entropy Method", 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hiera.envs.life_support.apparatus import named
from hiera.envs.life_support.judgement import AVERAGE, ENDS, rules, verdict
from hiera.envs.life_support.laid import Laid
from hiera.envs.life_support.plant import advance_plants
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support.readings import readings
from hiera.safety.life_support.sparing import removal
from hiera.safety.life_support.state import FAN, FEED, HIGH, LOW

PARTS: Final = 4
"""Parts of the mission with aims of their own."""
_AIMS: Final = np.array([[5.0, 250.0], [0.7, 1.8], [0.0, 1.0], [0.197, 0.235]])
"""Least and most of pressure [Pa], factor of the best flow, damper, fraction of oxygen."""
_START: Final = np.array([40.0, 1.05, 0.0, 0.2])
_HOLD, _LIFT = 2e-5, 0.2
_EVERY = 5
"""Ticks for which the fan is held."""
_MOST, _SLOW, _FAST = HIGH[FEED], LOW[FAN], HIGH[FAN]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The best that was found.

    Attributes:
        seconds: Its endurance [s].
        ended_by: What ended it; empty at the longest duration.
        aims: Of each part, shape ``(PARTS, 4)``.
    """

    seconds: int
    ended_by: str
    aims: FloatArray


@compiled
def last(
    x: FloatArray, constants: Any, acts: Any, aims: FloatArray, length: float, model: Any,
    numbers: FloatArray, ring: FloatArray, begin: int,
) -> tuple[int, int, float]:  # fmt: skip
    """How long the rule lives from a state: number of the end, ticks, mean CO2 [hard limits].

    Args:
        x: True state, shape ``(21,)``; is written to.
        constants: Of the plant, shape ``(1,)``.
        acts: What acts in each tick of the mission, shape ``(T,)``.
        aims: Of each part of it, shape ``(parts, 4)``.
        length: Ticks that the parts share.
        model: Record of the model's `Parameters`.
        numbers: See `hiera.envs.life_support.judgement.rules`.
        ring: Oxygen and CO2 of the last minute, shape ``(60, 2)``; is written to.
        begin: Tick of the state.
    """
    p = constants[0]
    X, U = x.reshape(1, -1), np.empty((1, 3))
    now = readings(X[0], p)
    fan, strain = _SLOW, 0.0
    parts = aims.shape[0]
    for t in range(begin, acts.shape[0]):
        k = min(int(parts * t / length), parts - 1)
        missing = max(_HOLD * (aims[k, 0] - now.gauge_pa), _LIFT * (aims[k, 3] - now.oxygen))
        U[0, 0] = min(max((X[0, 11] + missing) / p.valve_gain, 0.0), _MOST)
        if t % _EVERY == 0 or t == begin:
            best, _ = removal(X[0], X[0, 12], now.dioxide_pa, X[0, 5], p)
            fan = min(max(aims[k, 1] * best / max(acts[t].fan, 0.1), _SLOW), _FAST)
        U[0, 1], U[0, 2] = fan, aims[k, 2]
        advance_plants(X, U, acts[t : t + 1], constants, 1.0, 1)
        now = readings(X[0], p)
        strain += now.dioxide_pa / numbers[2]
        end = verdict(X[0], now, ring, t + 1, model, numbers)
        if end:
            return end, t + 1, strain / (t + 1 - begin)
    return 0, acts.shape[0], strain / max(acts.shape[0] - begin, 1)


def steady_minute(x: FloatArray, constants: Any) -> FloatArray:
    """A minute in which the gas was as it is, shape ``(60, 2)``.

    Args:
        x: True state, shape ``(21,)``.
        constants: Of the plant, shape ``(1,)``.
    """
    now = readings(x, named(constants))
    return np.tile([float(now.oxygen), float(now.dioxide_pa)], (AVERAGE, 1))


def foreseen(
    mission: Laid, model: LifeSupportModel, limits: Limits, *, seed: int, rounds: int = 10,
    size: int = 40,
) -> Foreseen:  # fmt: skip
    """The longest endurance that a search finds on a mission that is known.

    Args:
        mission: What happens, and to which set.
        model: Whose constants judge the reserves.
        limits: What ends an episode.
        seed: Of the search.
        rounds: Of the cross-entropy method.
        size: Candidates in each.
    """
    random = np.random.default_rng([0xF05E, seed])
    numbers = rules(model, limits)
    low, span = _AIMS[:, 0], _AIMS[:, 1] - _AIMS[:, 0]
    mean = np.tile((_START - low) / span, (PARTS, 1))
    deviation = np.full_like(mean, 0.3)
    best, best_score, best_end = mean, -1.0, 0
    calm = steady_minute(mission.start, mission.constants)

    def lived(point: FloatArray, length: float) -> tuple[int, int, float]:
        end, seconds, strain = last(
            mission.start.copy(), mission.constants, mission.acts, low + span * point, length,
            model.record, numbers, calm.copy(), 0,
        )  # fmt: skip
        return int(end), int(seconds), seconds - min(float(strain), 1.0)

    _, first, _ = lived(mean, 1.0)
    length = min(float(len(mission.acts)), 1.3 * first)
    for _ in range(rounds):
        tried = mean + deviation * random.standard_normal((size, *mean.shape))
        tried = np.clip(tried, 0.0, 1.0)
        tried[0] = best
        scores = np.empty(size)
        for i in range(size):
            end, _, scores[i] = lived(tried[i], length)
            if scores[i] > best_score:
                best, best_score, best_end = tried[i], float(scores[i]), end
        if best_end == 0:
            break
        elite = tried[np.argsort(-scores)[: max(4, size // 6)]]
        mean = 0.2 * mean + 0.8 * elite.mean(axis=0)
        deviation = 0.3 * deviation + 0.7 * elite.std(axis=0) + 0.01
    _, seconds, _ = lived(best, length)
    return Foreseen(seconds, ENDS[best_end], low + span * best)
