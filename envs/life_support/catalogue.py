"""Named missions, and a generator of missions that nobody has named.

Regulation tests are those of 42 CFR 84.99 to 84.104 (man tests) and 84.304 and 84.305 (breathing
machine); what the tasks cost in oxygen is in `hiera.envs.life_support.scenarios`.
"""

from __future__ import annotations

import numpy as np

from hiera.envs.life_support.scenarios import TASKS, Event, Fault, Phase, Scenario, steady, work

MAN_TEST_4 = work(
    ("stand", 2), ("walk", 2), ("vertical_treadmill", 1), ("walk", 2), ("pull", 5), ("walk", 3),
    ("carry", 8), ("stand", 2), ("walk", 4), ("run", 1), ("carry", 9), ("pull", 3), ("stand", 2),
    ("walk", 6), ("pull", 5), ("carry", 3), ("stand", 2),
)  # fmt: skip
"""One hour."""
WALK_1_H = work(("walk", 60))
CYCLE = steady((3.0, 5), (2.0, 15), (0.5, 10))
"""84.305: peak, high, low."""
SEARCH = work(
    ("walk", 3), ("stairs", 4), ("search", 10), ("stand", 1), ("hose", 6), ("force_entry", 2),
    ("search", 8), ("rescue", 3), ("walk", 4),
)  # fmt: skip

SCENARIOS: dict[str, Scenario] = {
    s.name: s
    for s in (
        Scenario("performance_cycle", CYCLE),
        Scenario("low", steady((0.5, 60))),
        Scenario("cap_3", steady((1.35, 60))),
        Scenario("cap_2", steady((2.0, 60))),
        Scenario("cap_1", steady((2.5, 60))),
        Scenario("man_test_1_h", MAN_TEST_4),
        Scenario("man_test_4_h", WALK_1_H + MAN_TEST_4 + WALK_1_H + WALK_1_H),
        Scenario("search", SEARCH),
        Scenario("heat", tuple(Phase(p.duration_s, p.uptake_l_min, 333.15, 60.0) for p in SEARCH)),
        Scenario("cold", tuple(Phase(p.duration_s, p.uptake_l_min, 273.15) for p in SEARCH)),
        Scenario("leak_3", CYCLE, (Event(Fault.LEAK, 600.0, 3.0),)),
        Scenario("leak_10", CYCLE, (Event(Fault.LEAK, 600.0, 10.0),)),
        Scenario("exhaust_open", SEARCH, (Event(Fault.EXHAUST_OPEN, 900.0, 2e-6),)),
        Scenario("valve_open", SEARCH, (Event(Fault.VALVE_STUCK, 900.0, 2.0),)),
        Scenario("valve_shut", SEARCH, (Event(Fault.VALVE_STUCK, 900.0, 0.0),)),
        Scenario("fan_weak", CYCLE, (Event(Fault.FAN_WEAK, 600.0, 0.6),)),
        Scenario("damper_stuck", CYCLE, (Event(Fault.DAMPER_STUCK, 600.0, 0.1),)),
        Scenario("no_regulator", SEARCH, (Event(Fault.REGULATOR_DEAD, 0.0, 0.0),)),
        Scenario("cell_lost", SEARCH, (Event(Fault.SENSOR_LOST, 600.0, channel="cell_1"),)),
        Scenario("cell_high", SEARCH, (Event(Fault.SENSOR_STUCK, 600.0, 60e3, "cell_0"),)),
        Scenario(
            "cells_drift",
            SEARCH,
            (
                Event(Fault.SENSOR_DRIFT, 600.0, 0.03, "cell_0"),
                Event(Fault.SENSOR_DRIFT, 600.0, 0.03, "cell_1"),
            ),
        ),
        Scenario("cell_limited", SEARCH, (Event(Fault.SENSOR_LIMITED, 0.0, 22e3, "cell_2"),)),
        Scenario("dioxide_lost", CYCLE, (Event(Fault.SENSOR_LOST, 600.0, channel="dioxide"),)),
        Scenario("gauge_frozen", CYCLE, (Event(Fault.SENSOR_FROZEN, 600.0, channel="gauge"),)),
        Scenario("low_cylinder", CYCLE, cylinder=0.35),
        Scenario("old_lime", CYCLE, conversion=0.55),
        Scenario("wet_gel", CYCLE, loading=0.28),
    )
}
"""By name."""

_COMMON = ("walk", "search", "hose", "carry", "stairs", "stand", "force_entry", "rescue")
_HARD = 2.4


def scenario(name: str) -> Scenario:
    """A scenario of the catalogue; ``mission:7`` is the seventh of `mission`.

    Raises:
        ValueError: If there is none of that name; the sentence lists them.
    """
    if name.startswith("mission:") and name[8:].isdigit():
        return mission(int(name[8:]))
    if name not in SCENARIOS:
        raise ValueError(
            f"unknown scenario {name!r}: choose mission:SEED or one of {', '.join(SCENARIOS)}"
        )
    return SCENARIOS[name]


def mission(seed: int) -> Scenario:
    """A random mission of unknown length and exertion; the same seed gives the same mission.

    A walk, then one to seven tasks of one to fifteen minutes, or of five where they are harder than
    2.4 L/min, which nobody keeps up for longer; 20 to 60 °C outside. In every second mission
    something breaks, and some start with what another has left of cylinder and lime.

    Args:
        seed: Any whole number.
    """
    random = np.random.default_rng(np.random.SeedSequence((0x11FE, seed)))
    hot = float(random.uniform(293.15, 333.15))
    phases = [Phase(60.0 * float(random.uniform(2.0, 5.0)), TASKS["walk"], hot)]
    for _ in range(int(random.integers(1, 8))):
        task = _COMMON[int(random.integers(len(_COMMON)))]
        effort = float(np.clip(random.normal(1.0, 0.12), 0.7, 1.3))
        radiant = float(random.uniform(0.0, 100.0)) if random.random() < 0.3 else 0.0
        uptake = min(TASKS[task] * effort, 3.4)
        minutes = float(random.uniform(1.0, 5.0 if uptake > _HARD else 15.0))
        phases.append(Phase(60.0 * minutes, uptake, hot, radiant))
    events = [_fault(random)] if random.random() < 0.5 else []
    used = random.random() < 0.25
    return Scenario(
        f"mission:{seed}",
        tuple(phases),
        tuple(events),
        cylinder=float(random.uniform(0.3, 0.8)) if used else 1.0,
        conversion=float(random.uniform(0.1, 0.6)) if used else 0.0,
        loading=float(random.uniform(0.03, 0.25)) if used else 0.03,
        oxygen=float(random.uniform(0.205, 0.213)),
    )


def _fault(random: np.random.Generator) -> Event:
    at = float(random.uniform(120.0, 3600.0))
    cell = f"cell_{int(random.integers(3))}"
    choices = (
        Event(Fault.LEAK, at, float(random.uniform(2.0, 10.0))),
        Event(Fault.EXHAUST_OPEN, at, float(random.uniform(2e-7, 2e-6))),
        Event(Fault.VALVE_STUCK, at, float(random.uniform(0.0, 2.5))),
        Event(Fault.FAN_WEAK, at, float(random.uniform(0.5, 0.9))),
        Event(Fault.DAMPER_STUCK, at, float(random.uniform(0.0, 1.0))),
        Event(Fault.SENSOR_LOST, at, channel=cell),
        Event(Fault.SENSOR_STUCK, at, float(random.uniform(0.0, 60e3)), cell),
        Event(Fault.SENSOR_DRIFT, at, float(random.uniform(-0.05, 0.05)), cell),
        Event(Fault.SENSOR_DRIFT, at, float(random.uniform(-0.02, 0.02)), "dioxide"),
        Event(Fault.SENSOR_LOST, at, channel="dioxide"),
        Event(Fault.SENSOR_LOST, at, channel="heart"),
    )
    return choices[int(random.integers(len(choices)))]


def endurance_profiles(count: int = 40) -> list[Scenario]:
    """Held-out missions for comparisons of controllers: seeds from 1,000 on."""
    return [mission(1000 + i) for i in range(count)]
