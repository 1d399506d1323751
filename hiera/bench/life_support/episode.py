"""One method on one mission: the ordinary scenario, from config to metrics."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from hiera.bench.life_support.methods import Method
from hiera.config import Resolved
from hiera.config.load import resolve
from hiera.envs.life_support.laid import Laid, laid
from hiera.record import Record
from hiera.run import RunOptions, execute
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.seeds import Seeds

HARD: Final = frozenset(("oxygen_low", "oxygen_hard", "dioxide", "pressure"))
"""Ends at which a hard limit was passed."""
_MODEL, _LIMITS = LifeSupportModel(), Limits()
MISSED_S: Final = 60.0
"""A way out that was open so shortly before the end was missed [s]."""
ANOTHER_SET: Final = 100_000
"""Between the seeds of two sets on the same mission."""


@dataclass(frozen=True, slots=True)
class Case:
    """A mission and a set.

    Attributes:
        mission: Its name in the catalogue.
        seed: Of plant and sensors.
        longest_s: Simulated time after which it is cut off [s].
    """

    mission: str
    seed: int
    longest_s: float


@dataclass(frozen=True, slots=True)
class Episode:
    """What is kept of a run.

    Attributes:
        method: Name of the method.
        mission: Name of the mission.
        seed: Of plant and sensors.
        endurance_s: Its length [s].
        ended_by: What ended it; ``time_limit`` if nothing did.
        violation_s: Time beyond hard limits, every tick counted [s].
        violation_energy_s: Their energy, see `hiera.families.life_support.judging`.
        first_violation: The first limit passed, or empty.
        first_violation_s: When [s]; None if never.
        way_out_s: How long before its end by a hard limit it could still have been saved [s]; None
            if it did not end so, or the way out was closed for half an hour.
        oxygen_low: Least fraction of oxygen, minute's average.
        oxygen_high: Largest.
        dioxide_pa: Largest CO2, minute's average [Pa].
        gauge_low_pa: Least overpressure [Pa].
        alarm_s: Time above the CO2 alarm [s].
        enriched_s: Time above the strict fire ceiling [s].
        cylinder_left: Filling of the cylinder at the end.
        lime_used: Conversion of the lime at the end.
        actions: Commands.
        certificates: Of them certified.
        interventions: Of them changed by the gate.
        gate_status: How often the gate answered how.
        controller: What the controller counted.
        cpu_s: CPU time of the run [s].
    """

    method: str
    mission: str
    seed: int
    endurance_s: float
    ended_by: str
    violation_s: float
    violation_energy_s: float
    first_violation: str
    first_violation_s: float | None
    way_out_s: float | None
    oxygen_low: float
    oxygen_high: float
    dioxide_pa: float
    gauge_low_pa: float
    alarm_s: float
    enriched_s: float
    cylinder_left: float
    lime_used: float
    actions: int
    certificates: int
    interventions: int
    gate_status: dict[str, int]
    controller: dict[str, Any]
    cpu_s: float

    @property
    def censored(self) -> bool:
        """Whether the wearer was alive when the time was up."""
        return self.ended_by == "time_limit"

    @property
    def hard(self) -> bool:
        """Whether a hard limit ended it."""
        return self.ended_by in HARD

    @property
    def missed(self) -> bool:
        """Whether it could have been saved within its last minute."""
        return self.way_out_s is not None and self.way_out_s <= MISSED_S

    @property
    def pair(self) -> tuple[str, int]:
        """What the same world has in common."""
        return self.mission, self.seed


def config(case: Case, method: Method) -> Resolved:
    """The config of a run."""
    said = (
        *method.settings,
        "outlook.every_s=0",
        "report.html=false",
        f"clock.max_time_s={case.longest_s}",
    )
    world = {"kind": "catalogue", "name": case.mission}
    data = {"family": "life_support", "seed": case.seed, "world": world}
    return resolve(data, said, source=f"mission {case.mission}")


def lived(case: Case, name: str, method: Method) -> Episode:
    """Runs a method on a mission and keeps nothing but its metrics.

    Raises:
        HieraError: If the method cannot be built.
    """
    begin = time.process_time()
    with tempfile.TemporaryDirectory() as kept:
        finished = execute(config(case, method), RunOptions(out=Path(kept), on_progress=None))
        cpu_s = time.process_time() - begin
        metrics = finished.metrics
        saved = _way_out(case, finished.path) if metrics["ended_by"] in HARD else None
    own = {
        "method": name, "seed": case.seed, "cpu_s": round(cpu_s, 3), "way_out_s": saved,
    }  # fmt: skip
    given = metrics | own
    return Episode(**{f.name: given[f.name] for f in fields(Episode)})


def _way_out(case: Case, path: Path) -> float | None:
    from hiera.bench.life_support.way_out import LATER_S, last_way_out

    rows = Record.open(path).trajectory()
    commands = np.column_stack([rows["feed_mol_s"], rows["fan_m3_s"], rows["damper"]])
    found = last_way_out(world(case, len(commands) + LATER_S), commands, _MODEL, _LIMITS)
    return None if found is None else float(found)


def world(case: Case, ticks: int) -> Laid:
    """Mission and set of a case, as its runs meet them."""
    # The run's own stream, so that it is the same set.
    return laid(case.mission, Seeds(case.seed).integer("dynamics"), ticks)
