"""Runs episodes and bounds, one after another or in worker processes, and hands them on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hiera.bench.exploration.bounds import Bounded, bounded
from hiera.bench.exploration.driving import World, drive
from hiera.bench.exploration.episode import Episode
from hiera.bench.exploration.hopping import LATTICE, hop
from hiera.bench.exploration.methods import BOUND, OPTIMUM, Method
from hiera.bench.pool import performed
from hiera.envs.exploration.grid import GridMap

Result = Episode | Bounded
_WARM_DECISIONS = 12


@dataclass(frozen=True, slots=True)
class Task:
    """One method on one map.

    Attributes:
        index: Number of the map.
        place: The map: a grid to hop on, or a world to drive in.
        name: Name of the method, or ``bound`` or ``optimum``.
        method: Who explores; None for a bound.
        limit: Most decisions, most simulated seconds, or seconds to spend on a bound.
        seed: Of the episode.
        graph: What to hop along, see `hiera.bench.exploration.hopping.graph_of`.
    """

    index: int
    place: GridMap | World
    name: str
    method: Method | None
    limit: float
    seed: int
    graph: str = LATTICE


_warm: set[str] = set()


def perform(task: Task) -> Result:
    """Runs a task; the first hops of a method in a process are thrown away.

    What is compiled or loaded at first use is then no part of the times. A language model is not
    asked for that.

    Raises:
        HieraError: If it cannot be run, with the map's name.
    """
    place = task.place
    if task.method is None:
        assert isinstance(place, GridMap)
        assert task.name in (BOUND, OPTIMUM)
        return bounded(task.index, place, task.name, task.limit)
    if isinstance(place, World):
        return drive(task.index, place, task.name, task.method, task.limit)
    if task.name not in _warm:
        _warm.add(task.name)
        told = tuple(said for said in task.method.settings if not said.startswith("llm."))
        quiet = replace(task.method, settings=told)
        hop(task.index, place, task.name, quiet, task.graph, _WARM_DECISIONS, task.seed)
    cap = int(task.limit)
    return hop(task.index, place, task.name, task.method, task.graph, cap, task.seed)


def perform_all(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Runs tasks and yields their results as they come.

    Args:
        tasks: What to run.
        jobs: Worker processes; 1 stays in this one.

    Raises:
        HieraError: If a task cannot be run, or a worker died.
    """
    for _, result in performed(perform, tasks, jobs):
        yield result
