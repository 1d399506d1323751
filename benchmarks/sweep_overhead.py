"""What a sweep adds to a row: rows that do nothing, through hiera and through other pools.

hiera's figure is the whole sweep: rows laid out, keys, workers started, every result kept in
SQLite. Below it the pool alone, and the peers' pools, which keep nothing. Each is started anew.

    python benchmarks/sweep_overhead.py
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sweep_overhead_row import row

from hiera.sweeps.pool import LocalPool
from hiera.sweeps.sweep import EngineKind, sweep
from hiera.sweeps.task import Task

SEEDS = 20


def whole_sweep(rows: int, jobs: int, kind: EngineKind = EngineKind.LOCAL) -> int:
    """Everything that ``hiera sweep`` does but print."""
    points = [{"x": x} for x in range(-(-rows // SEEDS))]
    with tempfile.TemporaryDirectory() as out:
        found = sweep(row, points, seeds=range(SEEDS), out=Path(out), jobs=jobs, kind=kind)
    return sum(r.metrics["x"] == r.settings["x"] for r in found)


def on_ray(rows: int, jobs: int) -> int:
    """The same on a local Ray cluster, its start included."""
    return whole_sweep(rows, jobs, EngineKind.RAY)


def pool_alone(rows: int, jobs: int) -> int:
    """Our workers without store and keys."""
    with LocalPool(row, jobs) as pool:
        tasks = (Task(i, {"x": i, "seed": 0}) for i in range(rows))
        return sum(
            done.value["x"] == done.index for some in pool.as_completed(tasks) for done in some
        )


def executor(chunk: int) -> Callable[[int, int], int]:
    """The standard library's pool with spawned processes."""

    def run(rows: int, jobs: int) -> int:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            configs: list[dict[str, Any]] = [{"x": i, "seed": 0} for i in range(rows)]
            values = pool.map(row, configs, chunksize=chunk)
            return sum(value["x"] == i for i, value in enumerate(values))

    return run


def joblib_loky(rows: int, jobs: int) -> int:
    """Loky with the batching of joblib; its processes are ended so that their time is counted."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    values = Parallel(n_jobs=jobs)(delayed(row)({"x": i, "seed": 0}) for i in range(rows))
    get_reusable_executor().shutdown(wait=True)
    return sum(value["x"] == i for i, value in enumerate(values))


def cpu_s() -> float:
    """CPU time of this process and of the children it has waited for [s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> int:
    """Prints the table; exit code 1 if a row is lost or costs a millisecond of CPU or more."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    listed: list[tuple[str, Callable[[int, int], int], str]] = [
        ("hiera sweep, results kept", whole_sweep, ""),
        ("hiera's pool alone", pool_alone, ""),
        ("hiera sweep on Ray", on_ray, "ray"),
        ("ProcessPoolExecutor, one by one", executor(1), ""),
        ("ProcessPoolExecutor, chunks of 64", executor(64), ""),
        ("joblib (loky)", joblib_loky, "joblib"),
    ]
    there = [
        (name, run)
        for name, run, module in listed
        if not module or importlib.util.find_spec(module) is not None
    ]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in there}
    good = True
    for _ in range(asked.repeats):
        for name, run in there:
            wall, cpu = time.perf_counter(), cpu_s()
            good &= run(asked.rows, asked.jobs) >= asked.rows
            taken[name].append((time.perf_counter() - wall, cpu_s() - cpu))
    print(f"{asked.rows:,} rows that do nothing, {asked.jobs} processes, {asked.repeats} repeats\n")
    print(f"| {'':34} | CPU a row [ms] | wall a row, median [ms] | best [ms] |")
    print(f"|{'-' * 36}|{'-' * 16}|{'-' * 25}|{'-' * 11}|")
    for name, _, module in listed:
        if name not in taken:
            print(f"| {name:34} | {module} is not installed |  |  |")
            continue
        walls, cpus = zip(*taken[name], strict=True)
        scale = 1e3 / asked.rows
        cpu = scale * statistics.median(cpus)
        middle, best = scale * statistics.median(walls), scale * min(walls)
        print(f"| {name:34} | {cpu:14.3f} | {middle:23.3f} | {best:9.3f} |")
    good &= statistics.median(cpu for _, cpu in taken[listed[0][0]]) / asked.rows < 1e-3
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
