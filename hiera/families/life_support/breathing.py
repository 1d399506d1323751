"""A breathing set in the loop: observations, advice, judgement and record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hiera.controllers import Controller
from hiera.controllers.life_support import Advice, Forecast
from hiera.controllers.life_support.contract import Metabolism
from hiera.envs.life_support.world import LifeSupportEnv, Observation
from hiera.families.life_support.judging import Violations
from hiera.families.life_support.outlook import NO_OUTLOOK, Looker, Outlook
from hiera.families.life_support.settings import LifeSupportSettings
from hiera.planners import Plan, Planner
from hiera.safety import SafeAction, SafetyFilter
from hiera.safety.life_support import state as names
from hiera.safety.life_support.lowest_cell import AT_ONCE
from hiera.scenario import Outcome, Progress, Scenario
from hiera.seeds import Seeds

FloatArray = NDArray[np.float64]
CLEAN: Final = frozenset(("oxygen_reserve", "lime_reserve"))
"""Ends at which the wearer can still walk out."""
_AHEAD: Final = (30, 10.0)
"""Periods that the slow layer is told the work of, and their length [s]."""
_SAYS: Final = {
    "oxygen_low": "The gas held too little oxygen for a minute",
    "oxygen_hard": "The gas held more than 40 % of oxygen for a minute",
    "dioxide": "Inhaled CO2 was above its hard limit for a minute",
    "pressure": "The suit lost its overpressure",
    "oxygen_reserve": "The cylinder holds what the way out takes",
    "lime_reserve": "The lime can just carry the way out",
    "core": "The wearer's core temperature reached its limit",
}


@dataclass(frozen=True, slots=True)
class BreathingBelief:
    """What the slow layer is asked with.

    Attributes:
        version: Number of the tick.
        time_s: Since the set was closed [s].
        observation: A copy of the controller's observation.
        forecast: Of the work ahead.
    """

    version: int
    time_s: float
    observation: Observation
    forecast: Forecast


@dataclass(slots=True)
class Parts:
    """The four parts, as the family built them."""

    env: LifeSupportEnv
    planner: Planner[BreathingBelief, Advice]
    controller: Controller[Observation, Advice]
    gate: SafetyFilter


@dataclass(slots=True)
class _Course:
    """What a run has come to."""

    outlook: Outlook = NO_OUTLOOK
    advice: Advice | None = None
    advised: int = 0
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    row: tuple[float, ...] = ()
    active: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)
    widened: int = 0
    drifting: int = 0


class Breathing(Scenario[Observation, BreathingBelief, Advice]):
    """Lives until a limit is passed, a reserve is reached, or time is up."""

    columns = (
        "feed_mol_s",
        "fan_m3_s",
        "damper",
        "feed_nominal_mol_s",
        "fan_nominal_m3_s",
        "damper_nominal",
        "oxygen",
        "dioxide_pa",
        "gauge_pa",
        "gas_k",
        "humidity",
        "lime_k",
        "core_k",
        "uptake_mol_s",
        "cylinder",
        "conversion",
        "loading",
        "oxygen_believed",
        "dioxide_believed_pa",
        "conversion_believed",
        "ambient_k",
        "left_s",
        "left_short_s",
        "left_long_s",
        "margin",
    )

    def __init__(
        self, settings: LifeSupportSettings, parts: Parts, metabolism: Metabolism, seeds: Seeds
    ) -> None:
        self.env = self._world = parts.env
        self.planner, self.controller, self.gate = parts.planner, parts.controller, parts.gate
        self._settings, self._seeds, self._metabolism = settings, seeds, metabolism
        tick = settings.clock.tick_s
        self._ask_ticks = max(1, round(settings.slow.every_s / tick))
        look = settings.outlook.every_s
        self._look_ticks = max(1, round(look / tick)) if look > 0.0 else 0
        self._slow = settings.planner.kind != "none"  # type: ignore[attr-defined]

    def reset(self) -> None:
        self._observation, _ = self._world.reset(seed=self._seeds.integer("dynamics"))
        self.planner.reset(self._seeds.integer("planner"))
        self.controller.reset(self._seeds.integer("controller"))
        self.gate.reset()
        self._metabolism.reset()
        self._course = _Course()
        self._tick = 0
        self._violations = Violations(self._world.limits, self._settings.clock.tick_s)
        self._looker = Looker(
            self._world.model, self._world.limits, heat=self._settings.set.heat_ends
        )
        self._faults = sorted(self._world.scenario.events, key=lambda e: e.at_s)

    def observe(self, tick: int, now_s: float) -> Observation:
        if self._slow:
            elapsed_s = self._settings.clock.tick_s if tick else 0.0
            self._metabolism.observe(self._observation, elapsed_s)
        return self._observation

    def belief(self) -> BreathingBelief:
        copied = {name: value.copy() for name, value in self._observation.items()}
        forecast = self._metabolism.forecast(*_AHEAD)
        return BreathingBelief(self._tick, self._world.time_s, copied, forecast)

    def wants_plan(self, now_s: float) -> bool:
        return self._slow and self._tick % self._ask_ticks == 0

    def accept(self, plan: Plan[Advice], now_s: float) -> None:
        self._course.advice = plan.subgoals[0] if plan.subgoals else None
        self._course.advised += bool(plan.subgoals)

    def subgoal(self) -> Advice | None:
        return self._course.advice

    def after_step(
        self,
        observation: Any,
        info: Mapping[str, Any],
        action: SafeAction,
        nominal: FloatArray,
        now_s: float,
    ) -> None:
        world, course = self._world, self._course
        self._observation = observation
        self._tick += 1
        truth, x = world.truth, world.state
        self._violations.take(truth)
        for name in action.active:
            course.active[name] = course.active.get(name, 0) + 1
        for name in info["frozen"]:
            course.frozen[name] = course.frozen.get(name, 0) + 1
        course.widened += world.estimate.widened
        course.drifting += world.estimate.behind > AT_ONCE
        believed = world.estimate.x
        now = world.model.readings(believed)
        ambient = float(world.shown[-1]) if np.isfinite(world.shown[-1]) else 303.15
        self._looker.see(float(believed[names.UPTAKE]), self._settings.clock.tick_s)
        if self._look_ticks and (self._tick - 1) % self._look_ticks == 0:
            course.outlook = self._looker.look(believed, ambient)
        outlook = course.outlook
        p = world.model.parameters
        course.row = (
            *(float(v) for v in action.u),
            *(float(v) for v in nominal),
            float(truth.oxygen),
            float(truth.dioxide_pa),
            float(truth.gauge_pa),
            float(truth.gas_k),
            float(truth.humidity),
            float(truth.lime_k),
            float(x[names.CORE_K]),
            float(x[names.UPTAKE]),
            float(x[names.CYLINDER]) / p.cylinder_mol,
            float(x[names.CONVERSION]),
            float(x[names.LOADING]),
            float(now.oxygen),
            float(now.dioxide_pa),
            float(believed[names.CONVERSION]),
            float(world.scenario.phase(now_s).ambient_k),
            outlook.mean_s,
            outlook.short_s,
            outlook.long_s,
            float(action.margins.min()) if len(action.margins) else math.nan,
        )
        while self._faults and self._faults[0].at_s < now_s:
            event = self._faults.pop(0)
            course.events.append(
                ("fault", {"fault": str(event.fault), "value": event.value,
                           "channel": event.channel})
            )  # fmt: skip
        if info["ended_by"]:
            course.events.append(("ended", {"by": info["ended_by"]}))

    def outcome(self, now_s: float) -> Outcome | None:
        ended = self._world.statistics.ended_by
        if ended:
            return Outcome(ended, ended in CLEAN, _SAYS[ended])
        if now_s >= self._settings.clock.max_time_s:
            return Outcome("time_limit", True, f"Alive after {now_s / 60.0:.0f} min")
        return None

    def row(self) -> tuple[float, ...]:
        return self._course.row

    def drain_events(self) -> list[tuple[str, dict[str, Any]]]:
        events, self._course.events = self._course.events, []
        return events

    def progress(self) -> Progress:
        truth, x = self._world.truth, self._world.state
        left = self._course.outlook.mean_s
        cylinder = float(x[names.CYLINDER]) / self._world.model.parameters.cylinder_mol
        return Progress(
            min(1.0, self._world.time_s / self._settings.clock.max_time_s),
            {
                "lived": f"{self._world.time_s / 60.0:.0f} min",
                "O2": f"{100.0 * float(truth.oxygen):.1f} %",
                "CO2": f"{float(truth.dioxide_pa):.0f} Pa",
                "cylinder": f"{100.0 * cylinder:.0f} %",
                "lime used": f"{100.0 * float(x[names.CONVERSION]):.0f} %",
                "left": f"{left / 60.0:.0f} min" if math.isfinite(left) else "–",
            },
        )

    def metrics(self) -> dict[str, Any]:
        seen, world = self._world.statistics, self._world
        return {
            "mission": world.scenario.name,
            "endurance_s": seen.sim_time_s,
            "ended_by": seen.ended_by or "time_limit",
            "oxygen_low": seen.oxygen_low,
            "oxygen_high": seen.oxygen_high,
            "dioxide_pa": seen.dioxide_pa,
            "gauge_low_pa": seen.gauge_low_pa,
            "enriched_s": seen.enriched_s,
            "alarm_s": seen.alarm_s,
            "core_k": seen.core_k,
            "cylinder_left": seen.cylinder,
            "lime_used": seen.conversion,
            "gel_loading": float(world.state[names.LOADING]),
            "nitrogen_mol": float(world.state[names.NITROGEN]),
            **self._violations.metrics(),
            "advised": self._course.advised,
            "frozen": dict(sorted(self._course.frozen.items())),
            "belief_widened": self._course.widened,
            "cells_drifting": self._course.drifting,
            "gate_active": dict(sorted(self._course.active.items())),
            "controller": _counts(getattr(self.controller, "statistics", None)),
        }


def _counts(statistics: Any) -> dict[str, Any]:
    """What a controller counted; times are left out, for they differ from run to run."""
    if not is_dataclass(statistics):
        return {}
    kept: dict[str, Any] = {}
    for part in fields(statistics):
        value = getattr(statistics, part.name)
        if isinstance(value, int):
            kept[part.name] = value
        elif isinstance(value, Mapping):
            kept[part.name] = {str(name): value[name] for name in sorted(value, key=str)}
    return kept
