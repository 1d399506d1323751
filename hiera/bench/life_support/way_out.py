"""How long before its end a life could still have been saved, and by what.

From the true state of a tick, rules that know plant and mission are tried, each with aims that it
holds (see `hiera.bench.life_support.foresight`). Where one of them lives a minute longer than the
run did, there was a way out at that tick. A way out that closed long before the end could be found
only by somebody who knew what work comes; one that was open until the end was missed.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np

from hiera.bench.life_support.foresight import last
from hiera.envs.life_support.judgement import AVERAGE, rules
from hiera.envs.life_support.laid import Laid
from hiera.envs.life_support.plant import advance_plants
from hiera.safety.compiled import compiled
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support.readings import readings

LATER_S: Final = 60
"""So much longer a life must last to count as saved [s]."""
BACK_S: Final = (0, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800)
"""Before the end, when ways out are looked for [s]."""
_AIMS: Final = np.array(
    list(product((20.0, 80.0, 200.0), (0.8, 1.0, 1.2, 1.5), (0.0, 1.0), (0.2, 0.23)))
)
"""Pressure [Pa], factor of the best flow, damper, fraction of oxygen."""


@compiled
def states(start: FloatArray, constants: Any, acts: Any, commands: FloatArray) -> FloatArray:
    """True states of a run, from its commands, shape ``(T + 1, 21)``.

    Args:
        start: State, shape ``(21,)``.
        constants: Of the plant, shape ``(1,)``.
        acts: What acts in each tick, shape ``(T,)`` or longer.
        commands: ``(feed, fan, damper)`` of each, shape ``(T, 3)``.
    """
    X = np.empty((commands.shape[0] + 1, start.shape[0]))
    X[0] = start
    for t in range(commands.shape[0]):
        X[t + 1] = X[t]
        advance_plants(X[t + 1 : t + 2], commands[t : t + 1], acts[t : t + 1], constants, 1.0, 1)
    return X


@compiled
def minute(X: FloatArray, tick: int, constants: Any) -> FloatArray:
    """Oxygen and CO2 of the minute up to a tick, as `verdict` keeps them, shape ``(60, 2)``.

    Args:
        X: States, shape ``(T + 1, 21)``.
        tick: How many ticks are over.
        constants: Of the plant, shape ``(1,)``.
    """
    ring = np.empty((AVERAGE, 2))
    for back in range(AVERAGE):
        now = readings(X[max(tick - back, 0)], constants[0])
        ring[(tick - back) % AVERAGE, 0] = now.oxygen
        ring[(tick - back) % AVERAGE, 1] = now.dioxide_pa
    return ring


def last_way_out(
    mission: Laid, commands: FloatArray, model: LifeSupportModel, limits: Limits
) -> int | None:
    """How long before its end a run could still have been saved [s]; None: not in `BACK_S`.

    Args:
        mission: What happens, and to which set, long enough to see whether somebody is saved.
        commands: Of the run to its end, shape ``(T, 3)``.
        model: Whose constants judge the reserves.
        limits: What ends a life.
    """
    numbers, end = rules(model, limits), len(commands)
    X = states(mission.start, mission.constants, mission.acts, commands)
    until = min(end + LATER_S, len(mission.acts))
    for back in BACK_S:
        tick = end - back
        if tick < 0:
            break
        ring = minute(X, tick, mission.constants)
        for aims in _AIMS:
            ended, _, _ = last(
                X[tick].copy(), mission.constants, mission.acts[:until], aims[None, :], 1.0,
                model.record, numbers, ring.copy(), tick,
            )  # fmt: skip
            if not ended:
                return back
    return None
