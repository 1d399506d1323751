"""Verified solutions a second and core, in batches of the shapes of `qp_solvers.py`.

Run it as ``python benchmarks/qp_batch.py [--size 100000] [--threads 1]``. Programmes are random
and feasible: nominals of standard deviation 1 in a box of 1, rows with slack of mean 0.3 around a
point inside. Every answer passes the check of `hiera.safety.qp.verify` within the time shown. The
least CPU time of several rounds counts, arrays ready before, on one core unless threads are asked
for; "active" is the mean number of constraints that shape an answer.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from hiera.safety.qp import BatchAnswer, solve_batch

SHAPES = ((2, 2), (3, 4), (3, 10), (6, 20))
ROUNDS = 9


def draw(size: int, m: int, k: int) -> tuple[np.ndarray, ...]:
    """A batch of feasible programmes."""
    rng = np.random.default_rng([m, k])
    A, inside = rng.normal(size=(size, k, m)), rng.uniform(-0.8, 0.8, (size, m))
    b = np.einsum("ikm,im->ik", A, inside) - rng.exponential(0.3, (size, k))
    ones = np.ones((size, m))
    return rng.normal(size=(size, m)), rng.uniform(0.5, 2.0, (size, m)), A, b, -ones, ones


def least_times(batch: tuple[np.ndarray, ...], threads: int) -> tuple[BatchAnswer, float, float]:
    """The answer, and the least CPU and wall times of a batch [s]."""
    answer = solve_batch(*batch, threads=threads)
    cpu = wall = np.inf
    for _ in range(ROUNDS):
        start_wall, start = time.perf_counter(), time.process_time()
        answer = solve_batch(*batch, threads=threads)
        cpu = min(cpu, time.process_time() - start)
        wall = min(wall, time.perf_counter() - start_wall)
    return answer, cpu, wall


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Verified programmes a second.")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    table = Table(title=f"batches of {options.size:,}, {options.threads} thread(s)")
    table.add_column("shape", no_wrap=True)
    for column in ("solved %", "active", "ns each", "per CPU second", "per wall second"):
        table.add_column(column, justify="right")
    for m, k in SHAPES:
        answer, cpu, wall = least_times(draw(options.size, m, k), options.threads)
        table.add_row(
            f"{m} inputs, {k} rows",
            f"{100 * np.mean(answer.solved):.2f}",
            f"{np.count_nonzero(answer.multipliers) / options.size:.2f}",
            f"{cpu / options.size * 1e9:,.0f}",
            f"{options.size / cpu:,.3g}",
            f"{options.size / wall:,.3g}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
