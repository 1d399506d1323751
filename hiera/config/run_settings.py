"""Settings that every family's config has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hiera.config.settings import Bool, Count, NonNegative, Positive, Settings
from hiera.planning import LatencyKind


class LatencySettings(Settings):
    """How long a plan takes to arrive."""

    kind: LatencyKind = LatencyKind.FIXED
    """``zero``, ``fixed``, or ``measured``: the model's own slowness, in simulated time."""
    seconds: NonNegative = 0.5
    """Latency if it is fixed [s]."""


class ClockSettings(Settings):
    """Rates of the layers."""

    tick_s: Positive = 0.1
    """Period of world and gate [s]."""
    act_period_s: Positive = 0.1
    """Period of the controller [s]; rounded to whole ticks."""
    max_time_s: Positive = 7200.0
    """Simulated time after which the run ends unfinished [s]."""
    latency: LatencySettings | None = None
    """None: measured for a language model; otherwise fixed, or zero where there is no time."""
    plan_deadline_s: Positive = 60.0
    """What the planner is given before it must answer with a fallback [s]."""


class ReportSettings(Settings):
    """What is made of a finished run."""

    html: Bool = True
    """Write ``report.html``."""
    gif: Bool = True
    """Write ``run.gif``."""


class RunSettings(Settings):
    """Base of a family's settings."""

    family: str
    """Scenario family."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "run"
    """Folder of the run under ``--out``."""
    seed: Count = 0
    """Everything random follows from it."""
    clock: ClockSettings = ClockSettings()
    report: ReportSettings = ReportSettings()
