"""Missions that a config of the breathing set can name."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from hiera.config.settings import Count, Float, Fraction, NonNegative, Positive, Settings
from hiera.errors import ConfigError, nearest
from hiera.registry import Component

FAMILY: Final = ("life_support",)
FaultName = Literal[
    "leak", "exhaust_open", "valve_stuck", "fan_weak", "damper_stuck", "regulator_dead",
    "sensor_stuck", "sensor_frozen", "sensor_drift", "sensor_limited", "sensor_lost",
]  # fmt: skip


class CatalogueSettings(Settings):
    """A named mission."""

    kind: Literal["catalogue"] = "catalogue"
    name: str = "performance_cycle"
    """One of `hiera.envs.life_support.catalogue`, or ``mission:SEED``."""


class MissionSettings(Settings):
    """A mission that nobody has named, drawn from a seed."""

    kind: Literal["mission"] = "mission"
    number: Count | None = None
    """Its seed; None takes the run's."""


class PhaseSettings(Settings):
    """A stretch of even work."""

    minutes: Positive
    """How long [min]."""
    uptake_l_min: Annotated[float, Field(gt=0, le=6)]
    """Oxygen that the work asks for [L/min]."""
    ambient_k: Annotated[float, Field(ge=233, le=673)] = 303.15
    """Temperature outside [K]."""
    radiant_w: NonNegative = 0.0
    """Radiant heat on the suit [W]."""


class FaultSettings(Settings):
    """Something that breaks, and stays broken."""

    fault: FaultName
    """What breaks."""
    at_s: NonNegative = 0.0
    """When [s]."""
    value: Float = 0.0
    """How badly; meaning and unit: see `hiera.envs.life_support.scenarios.Fault`."""
    channel: str = ""
    """Which sensor, for faults of sensors."""


class PhasesSettings(Settings):
    """A mission of one's own: work, heat and faults over time."""

    kind: Literal["phases"] = "phases"
    name: str = "own"
    """For reports."""
    phases: Annotated[tuple[PhaseSettings, ...], Field(min_length=1)]
    """In order; begun again when they are over."""
    faults: tuple[FaultSettings, ...] = ()
    """What breaks when."""
    cylinder: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Filling at the start."""
    conversion: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Lime used up at the start."""
    loading: Annotated[float, Field(ge=0, le=0.45)] = 0.03
    """Water in the gel at the start [kg/kg]."""
    oxygen: Fraction = 0.21
    """Fraction of oxygen when the set is closed."""

    @model_validator(mode="after")
    def _sensors(self) -> Self:
        for event in self.faults:
            if event.fault.startswith("sensor") != bool(event.channel):
                raise ValueError(
                    f"faults: {event.fault} "
                    + ("needs a channel" if not event.channel else "has no channel")
                )
        return self


def _catalogue(settings: CatalogueSettings, *, seed: int) -> Any:
    from hiera.envs.life_support.catalogue import SCENARIOS, scenario

    try:
        return scenario(settings.name)
    except ValueError as error:
        known = [*SCENARIOS, "mission:SEED"]
        raise ConfigError(
            f"world.name: there is no mission {settings.name!r}{nearest(settings.name, known)}"
        ) from error


def _mission(settings: MissionSettings, *, seed: int) -> Any:
    from hiera.envs.life_support.catalogue import mission

    return mission(seed if settings.number is None else settings.number)


def _phases(settings: PhasesSettings, *, seed: int) -> Any:
    from hiera.envs.life_support.scenarios import Event, Fault, Phase, Scenario
    from hiera.envs.life_support.sensors import NAMES

    for event in settings.faults:
        if event.channel and event.channel not in NAMES:
            raise ConfigError(
                f"world.faults: there is no sensor {event.channel!r}{nearest(event.channel, NAMES)}"
            )
    return Scenario(
        settings.name,
        tuple(
            Phase(60.0 * p.minutes, p.uptake_l_min, p.ambient_k, p.radiant_w)
            for p in settings.phases
        ),
        tuple(Event(Fault(e.fault), e.at_s, e.value, e.channel) for e in settings.faults),
        cylinder=settings.cylinder,
        conversion=settings.conversion,
        loading=settings.loading,
        oxygen=settings.oxygen,
    )


CATALOGUE = Component("catalogue", CatalogueSettings, _catalogue, "a named mission", FAMILY)
MISSION = Component("mission", MissionSettings, _mission, "a mission drawn from a seed", FAMILY)
PHASES = Component("phases", PhasesSettings, _phases, "work, heat and faults of one's own", FAMILY)
