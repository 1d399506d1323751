"""What ``hiera bench exploration`` does on a terminal."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hiera.bench.exploration.asked import Asked, check, places_of, tasks_of
from hiera.bench.exploration.bounds import Bounded
from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.hopping import ADAPTIVE
from hiera.bench.exploration.methods import BOUND, METHODS, OPTIMUM, chosen
from hiera.bench.exploration.summary import Line, bound_line, line, lower_bounds, peers
from hiera.bench.exploration.table import table
from hiera.bench.exploration.tasks import Result, perform_all
from hiera.cli.app import print_json
from hiera.errors import RecordError

_FIELDS = tuple(
    Episode(0, "", "", "", False, 0.0, math.nan, 0.0, 0.0, 0, 0, 0, (), (), 0).row()
)  # fmt: skip


def exploration(asked: Asked, *, as_json: bool, quiet: bool) -> int:
    """Measures and prints; returns the exit code.

    Raises:
        HieraError: For whatever the user can mend, in one sentence.
    """
    if asked.methods == ("list",):
        return _list(as_json=as_json)
    check(asked)
    methods = chosen(asked.methods, asked.models, hops=asked.hops)
    places = places_of(asked)
    tasks = tasks_of(asked, methods, places)
    results: list[Result] = []
    with _file(asked.csv) as write, progress_bar(show=not (quiet or as_json)) as bar:
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
    adaptive = {r.map for r in results if isinstance(r, Episode) and r.graph == ADAPTIVE}
    if adaptive and asked.graph == "auto":
        screen.print(
            f"the 4 m lattice does not get through {len(adaptive)} of the maps: adaptive graph, "
            "no bound"
        )
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


def progress_bar(*, show: bool) -> Progress:
    """A bar on the error stream, or none."""
    return Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=30),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        disable=not show,
    )
