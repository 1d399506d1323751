"""Collisions among walking people who do not yield, over many seeds.

    python benchmarks/people.py --seeds 50

A collision is a contact while the robot was moving, whoever ran into whom; somebody who walks
into the standing robot is a bump and counted apart. Every seed draws another building, other
people and other noise. Exit code 1 if there was a collision.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from hiera.config import load_config
from hiera.run import RunOptions, execute


def run_seed(job: tuple[int, list[str]]) -> dict[str, Any]:
    """One run; returns its metrics."""
    seed, overrides = job
    with tempfile.TemporaryDirectory() as out:
        resolved = load_config("people", overrides, seed=seed)
        finished = execute(resolved, RunOptions(out=Path(out)))
        return {"seed": seed} | finished.metrics


def main() -> int:
    """Runs the seeds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds, from 0")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="print every run's metrics")
    parser.add_argument("overrides", nargs="*", help="settings as key=value")
    arguments = parser.parse_args()
    jobs = [(seed, arguments.overrides) for seed in range(arguments.seeds)]
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(run_seed, jobs))
    if arguments.json:
        print(json.dumps(rows))
    else:
        show(rows)
    return int(sum(row["collisions"] for row in rows) > 0)


def show(rows: list[dict[str, Any]]) -> None:
    """Totals over the seeds."""
    n = len(rows)
    hours = sum(row["sim_time_s"] for row in rows) / 3600.0
    actions = sum(row["actions"] for row in rows)
    table = Table(title=f"{n} seeds, {hours:.1f} h simulated, {actions:,} actions")
    table.add_column("what")
    table.add_column("total", justify="right")
    for name in ("collisions", "bumps", "interventions", "stalls", "rescues"):
        table.add_row(name, f"{sum(row[name] for row in rows):,}")
    table.add_row("certificates - actions", str(sum(r["certificates"] for r in rows) - actions))
    for status in sorted({key for row in rows for key in row["gate_status"]}):
        total = sum(row["gate_status"].get(status, 0) for row in rows)
        table.add_row(f"gate: {status}", f"{total:,}")
    table.add_row("runs complete", f"{sum(row['success'] for row in rows)} of {n}")
    explored = sum(row["explored_fraction"] for row in rows) / n
    table.add_row("mean explored", f"{explored:.1%}")
    table.add_row("mean distance", f"{sum(row['distance_m'] for row in rows) / n:.0f} m")
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
