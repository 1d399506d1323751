"""One run of a robot that drives: the ordinary scenario, from config to metrics."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.methods import Method
from hiera.config.load import resolve
from hiera.record import Record
from hiera.run import RunOptions, execute

_MODEL = ("llm", "llm_repaired")


@dataclass(frozen=True, slots=True)
class World:
    """Where to drive, as a config says it.

    Attributes:
        name: For the table.
        settings: ``world.…=value`` of the config.
        seed: Of the run, and so of a generated layout.
    """

    name: str
    settings: tuple[str, ...]
    seed: int


def buildings(count: int, sides_m: tuple[float, float], seed: int) -> list[World]:
    """Generated offices and warehouses in turn.

    Args:
        count: How many.
        sides_m: Shortest and longest side [m].
        seed: Of the sizes and layouts.
    """
    worlds = []
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        width, height = np.round(rng.uniform(*sides_m, size=2))
        style = ("office", "warehouse")[k % 2]
        settings = (
            "world.kind=building",
            f"world.style={style}",
            f"world.size_m=[{width:g},{height:g}]",
        )
        name = f"{style} {width:g} m × {height:g} m"
        worlds.append(World(name, settings, int(rng.integers(2**31))))
    return worlds


def drive(index: int, world: World, name: str, method: Method, max_time_s: float) -> Episode:
    """Explores a world in a run directory that is thrown away.

    Args:
        index: Number of the world, for the record.
        world: Where.
        name: Name of the method.
        method: Who explores.
        max_time_s: Simulated time after which the run ends unfinished [s].

    Raises:
        HieraError: If the world or the method cannot be built.
    """
    said: Sequence[str] = (
        *world.settings,
        *method.settings,
        f"clock.max_time_s={max_time_s}",
        "report.html=false",
        "report.gif=false",
    )
    data = {"family": "exploration", "motion": "kinematic", "seed": world.seed}
    resolved = resolve(data, said, source=f"method {name}")
    with tempfile.TemporaryDirectory(prefix="hiera-bench-") as folder:
        finished = execute(resolved, RunOptions(out=Path(folder), command=("hiera", "bench")))
        metrics = finished.metrics
        plans = Record.open(finished.path).events("plan")
    led = resolved.data["planner"]["kind"] != "none"
    return Episode(
        index=index,
        map=world.name,
        method=name,
        status=str(metrics["outcome"]),
        complete=bool(metrics["success"]),
        distance_m=float(metrics["distance_m"]),
        time_s=float(metrics["sim_time_s"]),
        explored=float(metrics["explored_fraction"]),
        shown=float(metrics["explored_fraction"]),
        decisions=int(metrics["decisions"]),
        reversals=int(metrics["reversals"]),
        collisions=int(metrics["collisions"]),
        decision_ms=(),
        plan_ms=tuple(1e3 * float(plan["latency_s"]) for plan in plans) if led else (),
        model_plans=sum(plan["provenance"] in _MODEL for plan in plans),
        rescues=int(metrics["rescues"]),
    )
