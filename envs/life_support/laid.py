"""Missions laid out for the compiled loop: everything that does not depend on the commands.

Plant, sensors and their noise are drawn from the same streams in the same order as
`hiera.envs.life_support.world.LifeSupportEnv` draws them, so that an episode here ends in the same
second as one there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hiera.envs.life_support.plant import acting
from hiera.envs.life_support.scenarios import HARDWARE, Fault, Scenario, sensor_events
from hiera.envs.life_support.sensors import COUNT, NAMES, SensorSuite
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.safety.contract import FloatArray
from hiera.safety.life_support.gases import litres_per_minute

_CODES = {
    Fault.SENSOR_LOST: 0.0, Fault.SENSOR_STUCK: 1.0, Fault.SENSOR_FROZEN: 2.0,
    Fault.SENSOR_LIMITED: 3.0, Fault.SENSOR_DRIFT: 4.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Laid:
    """A mission and a set, at ticks of a second.

    Attributes:
        start: True state, shape ``(21,)``.
        constants: Of the plant, shape ``(1,)``.
        acts: What acts in each tick, shape ``(T,)``.
        units: Gain, offset and drift [1/s] of each sensor, shape ``(3, 13)``.
        noise: Of each reading, the first before the first tick, shape ``(T + 1, 13)``.
        faults: Channel, code, time [s] and value of each sensor's faults, shape ``(k, 4)``.
        humid: What full humidity adds, shape ``(13,)``.
    """

    start: FloatArray
    constants: NDArray[Any]
    acts: NDArray[Any]
    units: FloatArray
    noise: FloatArray
    faults: FloatArray
    humid: FloatArray


def laid(mission: str | Scenario, seed: int, max_time_s: int = 14400) -> Laid:
    """Lays a mission out.

    Args:
        mission: See `hiera.envs.life_support.catalogue.scenario`.
        seed: Of the episode.
        max_time_s: Its longest duration [s].
    """
    env = LifeSupportEnv(mission)
    env.reset(seed=seed)
    scenario = env.scenario
    _, _, sensing = np.random.SeedSequence(seed).spawn(3)
    random = np.random.default_rng(sensing)
    suite = SensorSuite(random, scenario.events)
    noise = random.standard_normal((max_time_s + 1, COUNT))
    faults = [
        (float(i), _CODES[event.fault], event.at_s, event.value)
        for i, name in enumerate(NAMES)
        for event in sensor_events(scenario.events, name)
    ]
    return Laid(
        start=env.state.copy(),
        constants=env.constants,
        acts=_acts(scenario, max_time_s),
        units=np.array([suite.gain, suite.offset, suite.drift]),
        noise=noise,
        faults=np.array(faults, dtype=np.float64).reshape(-1, 4),
        humid=np.array(suite.humid),
    )


def _acts(scenario: Scenario, ticks: int) -> NDArray[Any]:
    made = acting(ticks)
    times = np.arange(ticks, dtype=np.float64)
    ends = np.cumsum([phase.duration_s for phase in scenario.phases])
    which = np.searchsorted(ends, np.fmod(times, ends[-1]), side="right")
    which = np.minimum(which, len(scenario.phases) - 1)
    uptakes = np.array([litres_per_minute(p.uptake_l_min) for p in scenario.phases])
    made["demand"] = uptakes[which]
    made["ambient"] = np.array([p.ambient_k for p in scenario.phases])[which]
    made["radiant"] = np.array([p.radiant_w for p in scenario.phases])[which]
    for event in scenario.events:
        if event.fault in HARDWARE:
            value = event.value
            if event.fault is Fault.VALVE_STUCK:
                value = litres_per_minute(value)
            made[HARDWARE[event.fault]][times >= event.at_s] = value
    return made
