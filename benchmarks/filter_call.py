"""A whole `filter()` call beside DAQP alone, in the same run on the same core.

    python benchmarks/filter_call.py [--calls 20000] [--json]

The problem: three inputs, ten constraints (six input limits and four barrier rows; and the larger
one, ten barrier rows and six limits). The whole call takes a state and a wanted input, evaluates
every barrier and its derivative, solves, verifies and wraps the answer. DAQP is handed matrices
that somebody else has assembled, on the same states; nobody checks its answer. CPU time of one
thread; states and wanted inputs are random, from a safe region, nearly all calls change the input.
`cbfpy` is measured in the same run where it is installed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Callable
from typing import Any

import daqp
import numpy as np
from rich.console import Console
from rich.table import Table

from hiera.safety import Context
from hiera.safety.barriers import keep_out_ball
from hiera.safety.dynamics import single_integrator, unicycle
from hiera.safety.filters import CbfFilter

_UNBOUNDED = 1e30


def spheres(count: int) -> list[Any]:
    """Balls round the origin that leave its neighbourhood free."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(count, 3))
    centres *= 1.5 / np.linalg.norm(centres, axis=1, keepdims=True)
    return [
        keep_out_ball(c, 0.6, at=(0, 1, 2), alpha=5.0, name=f"ball {i}")
        for i, c in enumerate(centres)
    ]


def samples(count: int, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """States near the obstacles, and inputs wanted that mostly lead into them."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(count, n))
    x[:, :3] *= 0.75 / np.maximum(np.linalg.norm(x[:, :3], axis=1, keepdims=True), 0.75)
    return x, rng.normal(size=(count, m)) * 1.5


def timed(call: Callable[[int], Any], calls: int) -> dict[str, float]:
    """Median and 99th percentile of one call [us of CPU]."""
    for i in range(min(500, calls)):
        call(i)
    gc.collect()
    gc.disable()
    took = np.empty(calls)
    for i in range(calls):
        start = time.thread_time_ns()
        call(i)
        took[i] = time.thread_time_ns() - start
    gc.enable()
    clock = np.empty(2000)
    for i in range(2000):
        start = time.thread_time_ns()
        clock[i] = time.thread_time_ns() - start
    took = took - np.median(clock)
    return {
        "median_us": float(np.median(took)) / 1e3,
        "p99_us": float(np.quantile(took, 0.99)) / 1e3,
    }


def whole(gate: CbfFilter, x: np.ndarray, u: np.ndarray) -> Callable[[int], Any]:
    """The call a controller makes."""
    contexts = [Context(0.001 * i) for i in range(len(x))]
    free = gate.unwatched()
    return lambda i: free.filter(x[i], u[i], contexts[i])


def alone(gate: CbfFilter, x: np.ndarray, u: np.ndarray) -> Callable[[int], Any]:
    """DAQP on matrices assembled beforehand."""
    m = gate.system.m
    ready = [gate.programme(a, b) for a, b in zip(x, u, strict=True)]
    H, sense = np.eye(m), np.zeros(m + len(ready[0].b), dtype=np.int32)
    f = [-p.u_nominal for p in ready]
    upper = np.concatenate((ready[0].high, np.full(len(ready[0].b), _UNBOUNDED)))
    lower = [np.concatenate((p.low, p.b)) for p in ready]
    return lambda i: daqp.solve(H, f[i], ready[i].A, upper, lower[i], sense)


def cbfpy_call(count: int, x: np.ndarray, u: np.ndarray) -> Callable[[int], Any] | None:
    """The same barriers in cbfpy; None where it is not installed."""
    try:
        import jax.numpy as jnp
        from cbfpy import CBF, CBFConfig
    except ImportError:
        return None
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(count, 3))
    centres = jnp.asarray(centres * 1.5 / np.linalg.norm(centres, axis=1, keepdims=True))

    class Config(CBFConfig):
        def __init__(self) -> None:
            super().__init__(n=3, m=3, u_min=-jnp.ones(3), u_max=jnp.ones(3))

        def f(self, z: Any) -> Any:
            return jnp.zeros(3)

        def g(self, z: Any) -> Any:
            return jnp.eye(3)

        def h_1(self, z: Any) -> Any:
            return jnp.sum((z - centres) ** 2, axis=1) - 0.36

        def alpha(self, h: Any) -> Any:
            return 5.0 * h

    gate = CBF.from_config(Config())
    return lambda i: np.asarray(gate.safety_filter(x[i], u[i]))


def rows(calls: int) -> list[dict[str, Any]]:
    """One row a case and method."""
    found: list[dict[str, Any]] = []

    def add(case: str, method: str, call: Callable[[int], Any] | None, count: int) -> None:
        row: dict[str, Any] = {"case": case, "method": method, "calls": count}
        found.append(row | (timed(call, count) if call else {}))

    cases = (("3 inputs, 4 rows + 6 limits", 4), ("3 inputs, 10 rows + 6 limits", 10))
    for case, count in cases:
        gate = CbfFilter(single_integrator(3, speed=1.0), spheres(count), tick_s=0.01)
        x, u = samples(calls, 3, 3)
        add(case, "hiera, whole filter()", whole(gate, x, u), calls)
        add(case, "daqp.solve alone", alone(gate, x, u), calls)
        add(case, "hiera, whole filter()", whole(gate, x, u), calls)
        add(case, "daqp.solve alone", alone(gate, x, u), calls)
        add(case, "cbfpy, whole filter", cbfpy_call(count, x, u), min(calls, 3000))
    robot = unicycle()
    pillars = [
        keep_out_ball(
            c, 0.4, at=lambda x: x[:2] + 0.1 * np.array([np.cos(x[2]), np.sin(x[2])]), alpha=5.0
        )
        for c in ([1.2, 0.0], [-1.2, 0.3], [0.1, 1.3], [0.0, -1.3])
    ]
    x, u = samples(calls, 3, 2)
    local = CbfFilter(robot, pillars, tick_s=0.01)
    add("unicycle, 4 rows, M every call", "hiera, whole filter()", whole(local, x, u), calls)
    batch_rows(found)
    return found


def batch_rows(found: list[dict[str, Any]]) -> None:
    """Filtered actions a second, on one core."""
    for count in (4, 10):
        gate = CbfFilter(single_integrator(3, speed=1.0), spheres(count), tick_s=0.01)
        x, u = samples(200_000, 3, 3)
        gate.filter_batch(x[:1000], u[:1000])
        best = np.inf
        for _ in range(5):
            start = time.process_time()
            gate.filter_batch(x, u)
            best = min(best, time.process_time() - start)
        found.append(
            {
                "case": f"batch, 3 inputs, {count} rows + 6 limits",
                "method": "hiera, filter_batch()",
                "calls": len(x),
                "per_second": len(x) / best,
            }
        )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = rows(asked.calls)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    table = Table(title="CPU time of one call")
    for name in ("case", "method", "median us", "p99 us", "million/s"):
        table.add_column(name)
    for row in found:
        missing = "median_us" not in row and "per_second" not in row
        table.add_row(
            row["case"],
            row["method"],
            "not installed" if missing else f"{row['median_us']:.1f}" if "median_us" in row else "",
            f"{row['p99_us']:.1f}" if "p99_us" in row else "",
            f"{row['per_second'] / 1e6:.2f}" if "per_second" in row else "",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
