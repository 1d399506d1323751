"""One call of a filter in Python beside the same call of its exported C code.

    python benchmarks/export_c.py
    python benchmarks/export_c.py --calls 20000

Both sides get the same states and inputs in the same order and each call is timed by itself, C
with clock_gettime and Python with perf_counter_ns, whose own cost (some 30 ns) is in the figures.
Python's side is the whole of `CbfFilter.filter`, its compiled kernels warm. ``fallen`` counts calls
that ended below FILTERED, for which more than one programme is solved; both sides agree in every
status, or the run says so. Needs a C compiler (cc).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hiera.safety import Barrier, CbfFilter, Status
from hiera.safety.barriers import braking_limit, keep_out_ball
from hiera.safety.dynamics import double_integrator, single_integrator, unicycle
from hiera.safety.export import COMPILE, export_c, facts

MAIN = r"""
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>
#include "g.h"
int main(void)
{
    double given[G_STATES + G_INPUTS];
    g_result safe;
    struct timespec a, b;
    while (fread(given, sizeof given, 1, stdin) == 1) {
        double out[3];
        clock_gettime(CLOCK_MONOTONIC, &a);
        g_filter(NULL, given, NULL, given + G_STATES, 0.0, &safe);
        clock_gettime(CLOCK_MONOTONIC, &b);
        out[0] = 1e9 * (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec);
        out[1] = safe.status;
        out[2] = safe.u[0];
        fwrite(out, sizeof out, 1, stdout);
    }
    return 0;
}
"""


def spheres(count: int) -> CbfFilter:
    """Three inputs among spheres."""
    rng = np.random.default_rng(0)
    places = rng.uniform(-3.0, 3.0, (count, 3))
    barriers = [
        keep_out_ball(c, 0.5, at=(0, 1, 2), alpha=5.0, name=f"s{i}") for i, c in enumerate(places)
    ]
    return CbfFilter(single_integrator(3, speed=1.0), barriers, tick_s=0.01)


def braking() -> CbfFilter:
    """A double integrator between two walls, braking distance included."""
    limits = [
        braking_limit(0, 1, 1.9, upper=3.0, alpha=5.0, name="front"),
        braking_limit(0, 1, 1.9, lower=-3.0, alpha=5.0, name="back"),
    ]
    return CbfFilter(double_integrator(1, acceleration=2.0), limits, tick_s=0.01)


def ahead(x: np.ndarray) -> float:
    """A point ahead of a unicycle keeps away from a disc."""
    nose = x[0] + 0.1 * np.cos(x[2]), x[1] + 0.1 * np.sin(x[2])
    return (nose[0] - 1.0) ** 2 + (nose[1] - 0.2) ** 2 - 0.25


def turning(**more: object) -> CbfFilter:
    """A unicycle before one disc."""
    system = unicycle(v_max=1.0, w_max=2.0)
    return CbfFilter(system, [Barrier(ahead, 5.0, "disc")], tick_s=0.02, **more)  # type: ignore[arg-type]


GATES: dict[str, Callable[[], CbfFilter]] = {
    "single integrator, 10 spheres": lambda: spheres(10),
    "single integrator, 40 spheres": lambda: spheres(40),
    "double integrator, braking": braking,
    "unicycle, bounds at every tick": turning,
    "unicycle, bounded domain": lambda: turning(domain=([-4, -4, -7], [4, 4, 7])),
    "unicycle, estimation error": lambda: turning(uncertainty=[0.01, 0.01, 0.02]),
}


def in_python(gate: CbfFilter, X: np.ndarray, U: np.ndarray) -> tuple[np.ndarray, list[Status]]:
    """Times of the calls [ns] and their statuses."""
    for x, u in zip(X[:200], U[:200], strict=True):
        gate.filter(x, u)
    times, statuses, now = np.empty(len(X)), [], time.perf_counter_ns
    for i in range(len(X)):
        x, u = X[i], U[i]
        start = now()
        said = gate.filter(x, u)
        times[i] = now() - start
        statuses.append(said.status)
    return times, statuses


def in_c(gate: CbfFilter, X: np.ndarray, U: np.ndarray) -> tuple[np.ndarray, list[Status], int]:
    """Times of the calls [ns], their statuses, and the object's size [bytes]."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export_c(gate, folder, "g")
        (folder / "main.c").write_text(MAIN)
        for source in ("g", "main"):
            subprocess.run([*COMPILE.split(), "-c", f"{source}.c"], cwd=folder, check=True)
        command = [*COMPILE.split(), "-o", "main", "main.o", "g.o", "-lm"]
        subprocess.run(command, cwd=folder, check=True)
        given = np.column_stack((X, U)).tobytes()
        # The first run warms caches and branch predictors, as Python's side is warmed.
        for _ in range(2):
            out = subprocess.run([folder / "main"], input=given, capture_output=True, check=True)
        rows = np.frombuffer(out.stdout).reshape(-1, 3)
        size = (folder / "g.o").stat().st_size
    return rows[:, 0], [tuple(Status)[int(s)] for s in rows[:, 1]], size


def measure(name: str, calls: int) -> dict[str, object]:
    """One row of the table."""
    gate = GATES[name]()
    rng = np.random.default_rng(1)
    X = rng.uniform(-3.0, 3.0, (calls, gate.system.n))
    U = rng.uniform(-1.0, 1.0, (calls, gate.system.m))
    python, said = in_python(gate, X, U)
    c, told, size = in_c(gate, X, U)
    fallen = sum(s not in (Status.NOMINAL, Status.FILTERED) for s in said)
    row: dict[str, object] = {"gate": name, "rows": facts(gate).rows, "fallen": fallen}
    for side, times in (("c", c), ("python", python)):
        row |= {f"{side}_median_us": 1e-3 * float(np.median(times))}
        row |= {f"{side}_p99_us": 1e-3 * float(np.percentile(times, 99))}
    differ = sum(a is not b for a, b in zip(said, told, strict=True))
    return (
        row
        | {"ratio": float(np.median(python) / np.median(c)), "kib": size / 1024}
        | {"differ": differ}
    )


def main() -> int:
    """Prints the table; exit code 1 if an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [measure(name, asked.calls) for name in GATES]
    if asked.json:
        print(json.dumps(rows, indent=2))
    else:
        print(
            "| filter | rows | fallen | C median / 99 % [us] | Python median / 99 % [us] "
            "| times | object [KiB] |"
        )
        print("|---|---|---|---|---|---|---|")
        for r in rows:
            print(
                f"| {r['gate']} | {r['rows']} | {r['fallen']} of {asked.calls} "
                f"| {r['c_median_us']:.2f} / {r['c_p99_us']:.2f} "
                f"| {r['python_median_us']:.2f} / {r['python_p99_us']:.2f} "
                f"| {r['ratio']:.0f} | {r['kib']:.0f} |"
            )
    wrong = sum(int(str(r["differ"])) for r in rows)
    if wrong:
        print(f"{wrong} statuses differ", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
