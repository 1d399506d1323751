"""Rows that have no result yet go to an engine, and what comes back into the store.

In Python, for a function of one's own::

    from hiera.sweeps.sweep import sweep

    rows = sweep(my_module.measure, [{"gain": 1.0}, {"gain": 2.0}], seeds=range(20), out=folder)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hiera.sweeps.directory import SweepDirectory
from hiera.sweeps.plan import Settings, listed_points
from hiera.sweeps.pool import LocalPool
from hiera.sweeps.row_functions import JsonRow, RowFunction
from hiera.sweeps.store import Row, Store
from hiera.sweeps.task import Done, Engine, RowStatus, Task


class EngineKind(StrEnum):
    """Where rows are computed."""

    LOCAL = "local"
    """Processes on this machine."""
    RAY = "ray"
    """A Ray cluster, extra ``ray``."""


@dataclass(slots=True)
class Progress:
    """How far a sweep is.

    Attributes:
        total: Rows, each key once.
        known: Rows that had a result before this process began.
        statuses: Rows that this process finished.
        paces: When so many were finished, by `time.monotonic` [s].
    """

    total: int
    known: int
    statuses: Counter[RowStatus] = field(default_factory=Counter)
    paces: list[tuple[float, int]] = field(default_factory=list)

    @property
    def computed(self) -> int:
        """Rows that this process finished."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """Of these, rows without metrics."""
        return self.computed - self.statuses[RowStatus.OK]

    @property
    def finished(self) -> int:
        """Rows with a result."""
        return self.known + self.computed

    def left_s(self) -> float | None:
        """Time left at the pace of the latest half [s]; None while nothing is known of it."""
        if len(self.paces) < 2:
            return None
        then, before = self.paces[len(self.paces) // 2 - 1]
        now, after = self.paces[-1]
        if after == before:
            return None
        return (now - then) / (after - before) * (self.total - self.finished)

    def add(self, statuses: Iterable[RowStatus]) -> None:
        """Rows that have come in together, at least one."""
        self.statuses.update(statuses)
        self.paces.append((time.monotonic(), self.computed))


def progress_of(store: Store) -> Progress:
    """Where a store stands before a process begins."""
    counts = store.counts()
    total = sum(counts.values())
    return Progress(total, total - counts.get("pending", 0))


def compute(
    store: Store,
    engine: Engine,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Computes every row that has no result; a failure is a result.

    Args:
        store: Where rows come from and results go.
        engine: Whose target is a `hiera.sweeps.row_functions.JsonRow`.
        on_progress: Called whenever rows have come in.
        should_stop: Once it is true only rows that have begun are finished.
    """
    progress = progress_of(store)
    keys: dict[int, str] = {}

    def tasks() -> Iterator[Task]:
        for index, row in enumerate(store.pending()):
            keys[index] = row.key
            yield Task(index, (row.config, row.seed))

    on_progress(progress)
    for arrived in engine.as_completed(tasks(), should_stop):
        take(store, progress, arrived, keys)
        on_progress(progress)
    return progress


def take(store: Store, progress: Progress, arrived: Sequence[Done], keys: dict[int, str]) -> None:
    """Books results that have come in together."""
    store.record((keys.pop(done.index), done) for done in arrived)
    progress.add(done.status for done in arrived)


def engine_for(
    kind: EngineKind,
    function: RowFunction,
    *,
    jobs: int,
    timeout_s: float | None = None,
    address: str | None = None,
) -> Engine:
    """Makes an engine; enter it before use.

    Args:
        kind: Which.
        function: What rows are computed with.
        jobs: Rows at a time; for Ray 0 means every CPU of the cluster.
        timeout_s: Longest wall time of a row [s].
        address: Of a Ray cluster that is there.

    Raises:
        MissingExtra: If Ray is asked for and not installed.
        SweepError: If the function cannot be sent to other processes.
    """
    if kind is EngineKind.RAY:
        from hiera.sweeps.on_ray import RayEngine

        return RayEngine(JsonRow(function), jobs or None, address=address, timeout_s=timeout_s)
    return LocalPool(JsonRow(function), jobs, timeout_s=timeout_s)


def sweep(
    function: RowFunction,
    points: Iterable[Settings],
    *,
    seeds: Sequence[int] = (0,),
    out: Path = Path("runs"),
    name: str = "sweep",
    jobs: int = 1,
    kind: EngineKind = EngineKind.LOCAL,
    timeout_s: float | None = None,
    resume: Path | None = None,
) -> list[Row]:
    """Computes a function of one's own over points and seeds.

    Args:
        function: From a point with its ``seed`` to metrics; at the top of a module.
        points: Key to value.
        seeds: Every point is computed with every one.
        out: Folder under which the sweep's folder is made.
        name: Of that folder.
        jobs: Rows at a time.
        kind: Where.
        timeout_s: Longest wall time of a row [s].
        resume: Folder of an earlier sweep whose results are not computed again.

    Returns:
        All rows in order, failed ones among them.
    """
    plan = listed_points(points, seeds)
    if resume is None:
        folder = SweepDirectory.create(out, name, plan)
    else:
        folder = SweepDirectory.open(resume)
    with folder.held(), engine_for(kind, function, jobs=jobs, timeout_s=timeout_s) as engine:
        if resume is not None:
            folder.store.lay_out(plan)
        compute(folder.store, engine)
    rows = list(folder.store.rows())
    folder.store.close()
    return rows
