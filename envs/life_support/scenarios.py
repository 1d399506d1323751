"""What happens to a set: work, heat and faults over time.

Work rates are oxygen uptakes [L/min]: those of the regulation's tests, and of firefighting tasks
(4.9 to 6.3 MET for single tasks, 10.9 to 11.6 MET at the peak of an evolution, stairs in full gear
2.7 L/min; 1 MET = 3.5 mL/(min kg), 80 kg). Nobody on board is told how long it will last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from numpy.typing import NDArray

from hiera.envs.life_support.plant import acting
from hiera.safety.life_support.gases import litres_per_minute

TASKS: dict[str, float] = {
    "stand": 0.5,
    "walk": 1.2,
    "search": 1.6,
    "pull": 1.6,
    "carry": 2.0,
    "hose": 2.2,
    "force_entry": 2.6,
    "stairs": 2.7,
    "run": 2.8,
    "rescue": 3.1,
    "vertical_treadmill": 3.5,
}
"""Oxygen uptake of a task [L/min]."""


class Fault(StrEnum):
    """What can break; in brackets what an event's value means."""

    LEAK = "leak"
    """The suit leaks more [multiple of its own leak]."""
    EXHAUST_OPEN = "exhaust_open"
    """The exhaust valve does not close any more [mol/(s Pa)]."""
    VALVE_STUCK = "valve_stuck"
    """The oxygen valve stays where it is [L/min]."""
    FAN_WEAK = "fan_weak"
    """The fan makes less than it is asked for [share]."""
    DAMPER_STUCK = "damper_stuck"
    """The damper before the gel does not move [position]."""
    REGULATOR_DEAD = "regulator_dead"
    """The demand valve feeds less [share]."""
    SENSOR_STUCK = "sensor_stuck"
    """A sensor shows one value [in its unit]."""
    SENSOR_FROZEN = "sensor_frozen"
    """A sensor goes on showing what it showed [not used]."""
    SENSOR_DRIFT = "sensor_drift"
    """A sensor drifts [part of full scale per hour]."""
    SENSOR_LIMITED = "sensor_limited"
    """A sensor cannot show more [in its unit]: an oxygen cell that has aged."""
    SENSOR_LOST = "sensor_lost"
    """A sensor shows nothing [not used]."""


HARDWARE: dict[Fault, str] = {
    Fault.LEAK: "leak",
    Fault.EXHAUST_OPEN: "exhaust",
    Fault.VALVE_STUCK: "valve",
    Fault.FAN_WEAK: "fan",
    Fault.DAMPER_STUCK: "damper",
    Fault.REGULATOR_DEAD: "regulator",
}


@dataclass(frozen=True, slots=True)
class Event:
    """A fault and when it begins; it stays.

    Attributes:
        fault: What breaks.
        at_s: When [s].
        value: See `Fault`.
        channel: Name of the sensor, for faults of sensors.
    """

    fault: Fault
    at_s: float
    value: float = 0.0
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of even work.

    Attributes:
        duration_s: [s].
        uptake_l_min: Oxygen uptake that the work asks for [L/min].
        ambient_k: Temperature outside [K].
        radiant_w: Radiant heat on the suit [W].
    """

    duration_s: float
    uptake_l_min: float
    ambient_k: float = 303.15
    radiant_w: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """A mission as the world knows it.

    Attributes:
        name: For reports.
        phases: In order; begun again when they are over.
        events: Faults.
        cylinder: Filling at the start, 0 to 1.
        conversion: Lime used up at the start.
        loading: Water in the gel at the start [kg/kg].
        oxygen: Fraction of oxygen when the set is closed.
    """

    name: str
    phases: tuple[Phase, ...]
    events: tuple[Event, ...] = ()
    cylinder: float = 1.0
    conversion: float = 0.0
    loading: float = 0.03
    oxygen: float = 0.21
    _length_s: float = field(init=False, repr=False, compare=False, default=0.0)

    def __post_init__(self) -> None:
        if not self.phases or any(not p.duration_s > 0.0 for p in self.phases):
            raise ValueError(f"scenario {self.name!r} needs phases of positive duration")
        if not 0.0 < self.cylinder <= 1.0 or not 0.0 <= self.conversion < 1.0:
            raise ValueError(
                f"scenario {self.name!r}: cylinder must be in (0, 1] and conversion in [0, 1), "
                f"not {self.cylinder} and {self.conversion}"
            )
        object.__setattr__(self, "_length_s", sum(p.duration_s for p in self.phases))

    def phase(self, time_s: float) -> Phase:
        """The work at a time."""
        within = math.fmod(time_s, self._length_s)
        for phase in self.phases:
            if within < phase.duration_s:
                return phase
            within -= phase.duration_s
        return self.phases[-1]

    def acting(self, time_s: float, into: NDArray[Any] | None = None) -> NDArray[Any]:
        """What acts on the plant in the tick that begins at a time, shape ``(1,)``.

        Args:
            time_s: Since the set was closed [s].
            into: Filled if given, shape ``(1,)``.
        """
        phase = self.phase(time_s)
        made = acting()
        made["demand"] = litres_per_minute(phase.uptake_l_min)
        made["ambient"], made["radiant"] = phase.ambient_k, phase.radiant_w
        for event in self.events:
            if event.fault in HARDWARE and time_s >= event.at_s:
                value = event.value
                if event.fault is Fault.VALVE_STUCK:
                    value = litres_per_minute(value)
                made[HARDWARE[event.fault]] = value
        if into is None:
            return made
        into[:] = made
        return into


def work(*steps: tuple[str, float], ambient_k: float = 303.15) -> tuple[Phase, ...]:
    """Phases from tasks and minutes, such as ``work(("walk", 2), ("carry", 8))``."""
    return tuple(Phase(60.0 * minutes, TASKS[task], ambient_k) for task, minutes in steps)


def steady(*steps: tuple[float, float], ambient_k: float = 303.15) -> tuple[Phase, ...]:
    """Phases from oxygen uptakes [L/min] and minutes."""
    return tuple(Phase(60.0 * minutes, uptake, ambient_k) for uptake, minutes in steps)


def sensor_events(events: Sequence[Event], channel: str) -> list[Event]:
    """The faults of one sensor, in order of time."""
    own = [e for e in events if e.fault not in HARDWARE and e.channel == channel]
    return sorted(own, key=lambda e: e.at_s)
