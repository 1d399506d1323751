"""What a person asks of the endurance study, checked, and the tasks it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hiera.bench.life_support.episode import ANOTHER_SET, Case
from hiera.bench.life_support.methods import BASE, FORESIGHT, Method
from hiera.bench.life_support.tasks import Task
from hiera.errors import ConfigError

HELD_OUT = 1000
"""Missions from this number on were never tuned or trained on."""
FAULT_METHODS = ("nmpc_gate", "pid_gate")


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line; see its help.

    Attributes:
        missions: How many held-out missions.
        first: Number of the first.
        sets: Sets (plant and sensors) on each.
        methods: Names; empty for the ordinary ones.
        foresight: On how many missions the bounds are computed.
        faults: Whether the named scenarios are run in place of missions.
        max_time_s: Simulated time after which a run is cut off [s].
        jobs: Worker processes.
        rows: File of rows.
        out: File for the summary (JSON).
    """

    missions: int
    first: int
    sets: int
    methods: tuple[str, ...]
    foresight: int
    faults: bool
    max_time_s: float
    jobs: int
    rows: Path | None
    out: Path | None


def check(asked: Asked) -> None:
    """Looks for mistakes.

    Raises:
        ConfigError: If there is one.
    """
    if not (math.isfinite(asked.max_time_s) and asked.max_time_s >= 60.0):
        raise ConfigError(f"--max-time-s is {asked.max_time_s:g}, expected 60 or more")


def cases(asked: Asked) -> list[Case]:
    """Missions and sets, the missions running fastest."""
    if asked.faults:
        from hiera.envs.life_support.catalogue import SCENARIOS

        return [Case(name, k, asked.max_time_s) for k, name in enumerate(SCENARIOS)]
    return [
        Case(f"mission:{number}", number + ANOTHER_SET * again, asked.max_time_s)
        for again in range(asked.sets)
        for number in range(asked.first, asked.first + asked.missions)
    ]


def tasks(asked: Asked, methods: Mapping[str, Method]) -> list[Task]:
    """Every method on every mission, mission by mission, and the bounds of the first ones."""
    made = []
    for k, case in enumerate(cases(asked)):
        if asked.faults or k < asked.foresight or FORESIGHT in asked.methods:
            made.append(Task(case, FORESIGHT, None))
        made += [Task(case, name, method) for name, method in methods.items()]
    return made


def names(asked: Asked) -> tuple[str, ...]:
    """The methods that are meant where none is named."""
    return asked.methods or ((BASE, *FAULT_METHODS) if asked.faults else ())
