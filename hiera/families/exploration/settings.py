"""Everything a person can set in an exploration config."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hiera.config.run_settings import LatencySettings, RunSettings
from hiera.config.settings import Count, Fraction, NonNegative, Positive, Settings
from hiera.config.tagged import OneOf
from hiera.families.exploration.backends import NoModelSettings
from hiera.families.exploration.parts import FareSettings, LidarCbfSettings, LocalTourSettings
from hiera.families.exploration.worlds import BuildingSettings
from hiera.planning import LatencyKind

_one_of = partial(OneOf, family="exploration")


class RobotSettings(Settings):
    """Differential drive with a round footprint."""

    radius_m: Positive = 0.3
    """Radius of the footprint [m]."""
    v_max: Positive = 1.5
    """Greatest forward speed [m/s]."""
    v_reverse: NonNegative = 0.2
    """Greatest backward speed [m/s]."""
    accelerate: Positive = 1.0
    """Greatest acceleration [m/s^2]."""
    brake: Positive = 2.0
    """Greatest deceleration [m/s^2]."""
    w_max: Positive = 1.5
    """Greatest turning rate [rad/s]."""
    alpha: Positive = 4.0
    """Greatest turning acceleration [rad/s^2]."""


class LidarSettings(Settings):
    """Full-circle scanner in the robot's centre."""

    rays: Annotated[int, Field(ge=8)] = 720
    """Rays per scan."""
    range_m: Positive = 20.0
    """Greatest range [m]."""
    noise_m: NonNegative = 0.02
    """Standard deviation of a range [m]."""
    dropout: Fraction = 0.01
    """Share of rays that return nothing."""


class PeopleSettings(Settings):
    """Walking people, who do not yield."""

    count: Count = 0
    """How many."""
    speed: Positive = 1.2
    """Greatest walking speed [m/s]."""
    radius_m: Positive = 0.25
    """Radius of a person [m]."""


class ViewpointSettings(Settings):
    """The viewpoint graph of continuous motion."""

    spacing_m: Positive | None = None
    """Distance between viewpoints [m]; None derives it from cell size and sensor range."""
    utility_range_m: Positive | None = None
    """A frontier nearer than this, in clear view, counts [m]; None: 0.8 of the lidar's range."""
    clearance_m: Positive | None = None
    """Distance of viewpoints and edges from obstacles [m]; None: footprint and 0.15 m."""
    min_frontiers: Count = 1
    """A viewpoint that sees no more frontier points than this promises nothing."""
    min_frontier_m: NonNegative = 2.0
    """Shorter frontiers are left alone when completion is checked [m]."""
    decide_every_s: Positive = 0.5
    """Period of the viewpoint decision [s]."""


class TrackerSettings(Settings):
    """Pure pursuit along the way to the viewpoint."""

    lookahead_m: Positive = 0.5
    """Least look-ahead [m]."""
    lookahead_s: NonNegative = 0.4
    """Look-ahead time added per speed [s]."""


class HopSettings(Settings):
    """The literature's protocol: from node to node, sensing on arrival."""

    cap: Annotated[int, Field(ge=1)] = 128
    """Decisions after which an episode ends unfinished."""
    graph: Literal["lattice", "adaptive"] = "lattice"
    """Where it hops: DARE's lattice of 4 m, or nodes that follow the free space."""


class ExplorationSettings(RunSettings):
    """An exploration run: a robot, a building it has never seen, and who decides what."""

    family: Literal["exploration"] = "exploration"
    """Scenario family."""
    motion: Literal["kinematic", "hop"] = "kinematic"
    """A robot that drives, or one that hops from viewpoint to viewpoint."""
    world: Annotated[Settings, _one_of("worlds")] = BuildingSettings()
    """Where to explore."""
    environment: str | None = None
    """What a language model is told about the place; None uses the map's own description."""
    finish_at: Literal["start"] | Annotated[tuple[float, float], Field()] | None = None
    """Where to drive once all is explored: ``start``, or a position ``[x, y]`` [m]."""
    robot: RobotSettings = RobotSettings()
    """Limits and footprint."""
    lidar: LidarSettings = LidarSettings()
    """Sensor."""
    people: PeopleSettings = PeopleSettings()
    """Moving obstacles."""
    viewpoints: ViewpointSettings = ViewpointSettings()
    """Viewpoint graph."""
    hop: HopSettings = HopSettings()
    """Hop protocol."""
    planner: Annotated[Settings, _one_of("planners")] = FareSettings()
    """Slow layer."""
    llm: Annotated[Settings, _one_of("backends", tag="backend")] = NoModelSettings()
    """Language model of the slow layer."""
    controller: Annotated[Settings, _one_of("controllers")] = LocalTourSettings()
    """Viewpoint policy."""
    tracker: TrackerSettings = TrackerSettings()
    """Path tracking."""
    gate: Annotated[Settings, _one_of("filters")] = LidarCbfSettings()
    """Safety filter."""

    @property
    def uses_model(self) -> bool:
        """Whether a language model is asked."""
        return getattr(self.llm, "backend", "none") != "none" and self.planner.kind == "fare"  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _gate_of_the_motion(cls, data: Any) -> Any:
        """A gate that is not named follows the motion."""
        if isinstance(data, dict) and "gate" not in data and data.get("motion") == "hop":
            return data | {"gate": {"kind": "action_mask"}}
        return data

    @model_validator(mode="after")
    def _fits_the_motion(self) -> Self:
        gate = self.gate.kind  # type: ignore[attr-defined]
        if self.motion == "kinematic":
            if gate == "action_mask":
                raise ValueError(
                    "gate.kind action_mask guards hops; a robot that drives (motion kinematic) "
                    "needs lidar_cbf, or pass_through for none"
                )
            return self
        if gate == "lidar_cbf":
            raise ValueError(
                "motion hop needs gate.kind action_mask or pass_through, not lidar_cbf, which "
                "guards a robot that drives"
            )
        if self.people.count:
            raise ValueError("motion hop knows no people; set people.count=0")
        if self.finish_at is not None:
            raise ValueError("motion hop ends where all is explored; leave out finish_at")
        return self

    @model_validator(mode="after")
    def _latency(self) -> Self:
        if self.clock.latency is not None:
            return self
        # The hop protocol has no time, so a plan without a model is there at once.
        without = LatencyKind.ZERO if self.motion == "hop" else LatencyKind.FIXED
        kind = LatencyKind.MEASURED if self.uses_model else without
        clock = self.clock.model_copy(update={"latency": LatencySettings(kind=kind)})
        # Frozen for everybody else: the default that depends on the model is filled in here.
        object.__setattr__(self, "clock", clock)
        return self
