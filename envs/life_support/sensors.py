"""Three tiers of sensors: outside, the suit's gas with three oxygen cells, the wearer.

    s' = (truth - s) / tau                  lag
    reading = clip(gain s + offset + drift t + humid (RH - 1/2) + noise, low, high)

Gain and offset are drawn once for each unit, so that cells of one suit differ. Oxygen cells show a
partial pressure; their T90 of 6 to 15 s is approximate, as is what humidity does to the infrared
CO2 sensor (navy trials had little luck with those). All other figures are choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hiera.envs.life_support.scenarios import Event, Fault, sensor_events
from hiera.safety.contract import FloatArray
from hiera.safety.life_support.readings import Readings


@dataclass(frozen=True, slots=True)
class Sensor:
    """One kind of sensor.

    Attributes:
        name: Of the channel.
        unit: Of its reading.
        tier: ``"outside"``, ``"suit"`` or ``"wearer"``.
        noise: Standard deviation of each reading.
        lag_s: Time constant [s]; 0 for none.
        low: Least that it can show.
        high: Most that it can show.
        gain: Standard deviation of a unit's gain [1].
        offset: Standard deviation of a unit's offset.
        drift_h: Standard deviation of a unit's drift per hour [part of full scale].
        humid: What full humidity adds over half, in its unit.
    """

    name: str
    unit: str
    tier: str
    noise: float
    lag_s: float
    low: float
    high: float
    gain: float = 0.0
    offset: float = 0.0
    drift_h: float = 0.0
    humid: float = 0.0


def _cell(i: int) -> Sensor:
    return Sensor(f"cell_{i}", "Pa", "suit", 60.0, 4.0, 0.0, 100e3, 0.005, 40.0, 0.0008, -120.0)


SENSORS = (
    _cell(0),
    _cell(1),
    _cell(2),
    Sensor("dioxide", "Pa", "suit", 15.0, 20.0, 0.0, 5000.0, 0.03, 25.0, 0.002, 60.0),
    Sensor("gauge", "Pa", "suit", 5.0, 0.0, -1000.0, 2000.0, 0.005, 2.0),
    Sensor("gas_k", "K", "suit", 0.2, 5.0, 233.0, 373.0, 0.0, 0.2),
    Sensor("humidity", "1", "suit", 0.02, 8.0, 0.0, 1.0, 0.0, 0.02),
    Sensor("cylinder", "Pa", "suit", 2e5, 0.0, 0.0, 35e6, 0.01),
    Sensor("lime_k", "K", "suit", 0.5, 10.0, 233.0, 393.0, 0.0, 0.5),
    Sensor("flow", "m^3/s", "suit", 2e-5, 0.0, 0.0, 4e-3, 0.02),
    Sensor("heart", "1/min", "wearer", 3.0, 5.0, 30.0, 230.0, 0.0, 8.0),
    Sensor("skin_k", "K", "wearer", 0.1, 15.0, 283.0, 323.0, 0.0, 0.2),
    Sensor("ambient_k", "K", "outside", 0.5, 10.0, 233.0, 673.0, 0.0, 0.5),
)
NAMES = tuple(s.name for s in SENSORS)
CELLS = slice(0, 3)
COUNT = len(SENSORS)
_NOISE, _LAG, _LOW, _HIGH, _GAIN, _OFFSET, _DRIFT, _HUMID = (
    np.array([getattr(s, field) for s in SENSORS])
    for field in ("noise", "lag_s", "low", "high", "gain", "offset", "drift_h", "humid")
)


def truths(now: Readings, ambient_k: float, outside_pa: float) -> FloatArray:
    """What the sensors would show if they were perfect, shape ``(13,)``.

    Args:
        now: True values.
        ambient_k: Temperature outside [K].
        outside_pa: Pressure outside [Pa].
    """
    oxygen = now.oxygen * (outside_pa + now.gauge_pa)
    return np.array(
        [oxygen, oxygen, oxygen, now.dioxide_pa, now.gauge_pa, now.gas_k, now.humidity,
         now.cylinder_pa, now.lime_k, now.flow, now.heart, now.skin_k, ambient_k]
    )  # fmt: skip


class SensorSuite:
    """The sensors of one set.

    Args:
        random: Draws the units and their noise.
        events: Faults of sensors; others are left out.
        scale: Multiplies the spread of the units; 0 for perfect calibration.
    """

    def __init__(
        self, random: np.random.Generator, events: Sequence[Event] = (), scale: float = 1.0
    ) -> None:
        self._random = random
        self.gain = 1.0 + scale * _GAIN * random.standard_normal(COUNT)
        self.offset = scale * _OFFSET * random.standard_normal(COUNT)
        self.drift = scale * _DRIFT * (_HIGH - _LOW) * random.standard_normal(COUNT) / 3600.0
        self.humid = scale * _HUMID
        self._lagged: FloatArray | None = None
        self._faults = [sensor_events(events, name) for name in NAMES]
        self._shown = np.zeros(COUNT)

    def read(self, truth: FloatArray, time_s: float, tick_s: float) -> FloatArray:
        """Readings after a tick, shape ``(13,)``; NaN where a sensor shows nothing.

        Args:
            truth: See `truths`, at the end of the tick.
            time_s: Since the set was closed [s].
            tick_s: Since the last reading [s].
        """
        if self._lagged is None:
            self._lagged = truth.copy()
        follow = np.where(_LAG > 0.0, 1.0 - np.exp(-tick_s / np.maximum(_LAG, 1e-9)), 1.0)
        self._lagged += follow * (truth - self._lagged)
        made = self.gain * self._lagged + self.offset + self.drift * time_s
        made += self.humid * (truth[NAMES.index("humidity")] - 0.5)
        made += _NOISE * self._random.standard_normal(COUNT)
        shown: FloatArray = np.clip(made, _LOW, _HIGH)
        for i, faults in enumerate(self._faults):
            for event in faults:
                if time_s >= event.at_s:
                    shown[i] = self._broken(i, event, float(shown[i]), time_s)
        self._shown = shown
        return shown.copy()

    def _broken(self, i: int, event: Event, shown: float, time_s: float) -> float:
        if event.fault is Fault.SENSOR_LOST:
            return float("nan")
        if event.fault is Fault.SENSOR_STUCK:
            return event.value
        if event.fault is Fault.SENSOR_FROZEN:
            return float(self._shown[i])
        if event.fault is Fault.SENSOR_LIMITED:
            return min(shown, event.value)
        full = float(_HIGH[i] - _LOW[i])
        drifted = shown + event.value * full * (time_s - event.at_s) / 3600.0
        return float(np.clip(drifted, _LOW[i], _HIGH[i]))
