"""Everything a person can set in a config of the breathing set."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hiera.config.run_settings import ClockSettings, LatencySettings, ReportSettings, RunSettings
from hiera.config.settings import Bool, NonNegative, Positive, Settings
from hiera.config.tagged import OneOf
from hiera.families.life_support.parts import LifeSupportCbfSettings, PidSettings
from hiera.families.life_support.worlds import CatalogueSettings
from hiera.families.nothing import NoPlannerSettings
from hiera.planning import LatencyKind

_one_of = partial(OneOf, family="life_support")


class AdviceLatency(LatencySettings):
    """How long advice takes to arrive."""

    kind: LatencyKind = LatencyKind.ZERO
    """``zero``, ``fixed``, or ``measured``."""


class BreathingReport(ReportSettings):
    """What is made of a finished run."""

    gif: Bool = False
    """Not made: there is no map."""


class BreathingClock(ClockSettings):
    """Rates of the layers."""

    tick_s: Annotated[float, Field(gt=0, le=1, strict=True)] = 1.0
    """Period of world and gate [s]."""
    act_period_s: Positive = 1.0
    """Period of the controller [s]; rounded to whole ticks."""
    max_time_s: Positive = 14400.0
    """Simulated time after which the run ends with the wearer alive [s]."""
    latency: AdviceLatency | None = AdviceLatency()
    """None: fixed."""


class SetSettings(Settings):
    """The set that is worn: how far it differs from the model, and what ends its use."""

    spread: NonNegative = 1.0
    """Multiplies how far apparatus, wearer and sensors differ from the model; 0: not at all."""
    voting: Literal["median", "pair"] = "median"
    """How the oxygen cells are voted."""
    tolerance_pa: Positive = 2000.0
    """Within which cells agree [Pa]."""
    heat_ends: Bool = False
    """Whether the wearer's core temperature ends the run."""


class SlowSettings(Settings):
    """When the slow layer is asked."""

    every_s: Positive = 60.0
    """Period [s]."""


class OutlookSettings(Settings):
    """How long the set is expected to last, for the record and the report."""

    every_s: NonNegative = 120.0
    """Period [s]; 0 leaves it out."""


class LifeSupportSettings(RunSettings):
    """A wearer, a set, a mission of unknown length, and who decides what."""

    family: Literal["life_support"] = "life_support"
    """Scenario family."""
    world: Annotated[Settings, _one_of("worlds")] = CatalogueSettings()
    """Mission."""
    set: SetSettings = SetSettings()
    planner: Annotated[Settings, _one_of("planners")] = NoPlannerSettings()
    """Slow layer."""
    slow: SlowSettings = SlowSettings()
    metabolism: Literal["held", "learned"] = "learned"
    """What is expected of the wearer's work, where somebody asks: that it goes on, or what is
    learned."""
    controller: Annotated[Settings, _one_of("controllers")] = PidSettings()
    """Fast layer."""
    gate: Annotated[Settings, _one_of("filters")] = LifeSupportCbfSettings()
    """Safety filter."""
    outlook: OutlookSettings = OutlookSettings()
    clock: BreathingClock = BreathingClock()
    report: BreathingReport = BreathingReport()

    @model_validator(mode="after")
    def _periods(self) -> Self:
        if self.clock.act_period_s < self.clock.tick_s:
            raise ValueError("clock.act_period_s must not be below clock.tick_s")
        return self
