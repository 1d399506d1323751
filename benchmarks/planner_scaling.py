"""Decision time and memory of the slow layer as the building grows.

    python benchmarks/planner_scaling.py
    python benchmarks/planner_scaling.py --style warehouse --spacing 1.2 --sides 50 100 200

A robot discovers a generated floor: from the nearest viewpoint that has undiscovered neighbours it
sees every viewpoint within 15 m along the graph, and the numeric planner plans after each such
step. Viewpoints form a square lattice, joined to the 24 around them where the line is clear;
utility is the number of neighbours not yet discovered. Times are CPU times of one thread; "cold"
is a first plan of the whole floor with nothing remembered, "peak" what it allocates.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.roadmap import Roadmap
from hiera.planners.exploration import ExplorationBelief, NumericPlanner

_SIGHT_M = 15.0
_LIMIT_MS = 200.0
_REFERENCE = (200.0, 130.0)


@dataclass(frozen=True)
class Row:
    """What one floor cost."""

    size_m: tuple[float, float]
    area_m2: float
    nodes: int
    edges: int
    places: int
    plans: int
    median_ms: float
    p95_ms: float
    max_ms: float
    cold_ms: float
    peak_mb: float


def viewpoints(floor: GridMap, spacing_m: float) -> tuple[NDArray[np.float64], csr_array]:
    """Lattice of the floor: positions [m] and the matrix of edge lengths [m]."""
    step = max(1, round(spacing_m / floor.resolution_m))
    half = step // 2
    rows, columns = floor.free.shape
    grid = np.full(((rows - half - 1) // step + 1, (columns - half - 1) // step + 1), -1)
    free = floor.free[half::step, half::step]
    grid[free] = np.arange(free.sum())
    cells = np.argwhere(free)
    a, b = [], []
    for offset in [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]:
        there = cells + offset
        inside = ((there >= 0) & (there < grid.shape)).all(axis=1)
        start = np.flatnonzero(inside)
        end = grid[tuple(there[inside].T)]
        start, end = start[end >= 0], end[end >= 0]
        clear = np.ones(len(start), dtype=bool)
        for t in np.linspace(0.0, 1.0, 2 * step + 1):
            at = half + step * (cells[start] + t * (cells[end] - cells[start]))
            clear &= floor.free[tuple(np.rint(at).astype(int).T)]
        a.append(start[clear])
        b.append(end[clear])
    xy = (half + step * cells[:, ::-1] + 0.5) * floor.resolution_m + floor.origin_m
    i, j = np.concatenate(a), np.concatenate(b)
    lengths = np.hypot(*(xy[i] - xy[j]).T)
    matrix = csr_array((lengths, (i, j)), shape=(len(xy), len(xy)))
    return xy, (0.5 * (matrix + matrix.T)).tocsr()


def discover(xy: NDArray[np.float64], whole: csr_array, start: int) -> Iterator[Roadmap]:
    """Snapshots of the graph while the floor is discovered."""
    robot = start
    order = np.zeros(0, dtype=np.int64)
    seen = np.zeros(len(xy), dtype=bool)
    degree = np.diff(whole.indptr)
    while True:
        sight = np.flatnonzero(dijkstra(whole, indices=robot, limit=_SIGHT_M) <= _SIGHT_M)
        fresh = sight[~seen[sight]]
        seen[fresh] = True
        order = np.concatenate((order, fresh))
        part = whole[order][:, order].tocsr()
        part.sort_indices()
        missing = (degree[order] - np.diff(part.indptr)).astype(np.int32)
        here = int(np.flatnonzero(order == robot)[0])
        yield Roadmap(
            version=len(order),
            xy=xy[order],
            utility=missing,
            visited=np.zeros(len(order), dtype=bool),
            indptr=part.indptr.astype(np.int32),
            indices=part.indices.astype(np.int32),
            lengths=part.data,
            robot=here,
        )
        if not missing.any():
            return
        away = dijkstra(part, indices=here)
        away[missing == 0] = np.inf
        assert np.isfinite(away).any()
        robot = int(order[np.argmin(away)])


def measure(size_m: tuple[float, float], style: str, spacing_m: float, seed: int) -> Row:
    """Discovers one floor, planning at every step."""
    floor = generate_building(size_m, np.random.default_rng(seed), style=style)
    xy, whole = viewpoints(floor, spacing_m)
    assert floor.start_m is not None
    start = int(np.argmin(np.hypot(*(xy - np.asarray(floor.start_m)).T)))
    planner = NumericPlanner()
    times_ms = []
    for version, roadmap in enumerate(discover(xy, whole, start)):
        belief = _belief(roadmap, version, spacing_m)
        begin = time.thread_time()
        planner.plan(belief, 1.0)
        times_ms.append(1e3 * (time.thread_time() - begin))
    last_quarter = np.array(times_ms[-max(1, len(times_ms) // 4) :])
    places = len(np.unique(planner.surveyor.survey(belief).labels))
    cold_ms, peak_mb = _cold(belief)
    return Row(
        size_m=size_m,
        area_m2=belief.explored_area_m2,
        nodes=len(roadmap.xy),
        edges=len(roadmap.indices),
        places=places,
        plans=len(times_ms),
        median_ms=float(np.median(last_quarter)),
        p95_ms=float(np.quantile(last_quarter, 0.95)),
        max_ms=float(np.max(times_ms)),
        cold_ms=cold_ms,
        peak_mb=peak_mb,
    )


def _belief(roadmap: Roadmap, version: int, spacing_m: float) -> ExplorationBelief:
    low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
    return ExplorationBelief(
        version=version,
        time_s=float(version),
        roadmap=roadmap,
        explored_area_m2=len(roadmap.xy) * spacing_m**2,
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )


def _cold(belief: ExplorationBelief) -> tuple[float, float]:
    """CPU time [ms] of a plan with nothing remembered, and its peak allocation [MB]."""
    begin = time.thread_time()
    NumericPlanner().plan(belief, 1.0)
    took_ms = 1e3 * (time.thread_time() - begin)
    tracemalloc.start()
    NumericPlanner().plan(belief, 1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return took_ms, peak / 1e6


def main() -> int:
    """Prints the table, the growth and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=float, nargs="+", default=[50, 71, 100, 141, 200, 283, 400])
    parser.add_argument("--style", default="office", choices=["office", "warehouse", "mixed"])
    parser.add_argument("--spacing", type=float, default=1.6, help="between viewpoints [m]")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    measure((30.0, 30.0), options.style, options.spacing, 0)  # compiles
    print(
        "   floor [m]  explored [m2]  nodes    edges  places  plans   median    p95    max   cold"
    )
    sizes = [(side, side) for side in options.sides]
    rows = []
    for size in [*sizes, _REFERENCE]:
        row = measure(size, options.style, options.spacing, options.seed)
        rows.append(row)
        print(
            f"{row.size_m[0]:5.0f} x {row.size_m[1]:3.0f}  {row.area_m2:12,.0f}  {row.nodes:6,}  "
            f"{row.edges:7,}  {row.places:6}  {row.plans:5}  {row.median_ms:7.1f}  "
            f"{row.p95_ms:5.1f}  {row.max_ms:5.1f}  {row.cold_ms:5.1f} ms  {row.peak_mb:6.1f} MB",
            flush=True,
        )
    growth, reference = rows[:-1], rows[-1]
    worst = max(reference.max_ms, reference.cold_ms)
    ok = worst < _LIMIT_MS
    print(f"200 m x 130 m: worst plan {worst:.1f} ms, limit {_LIMIT_MS:.0f} ms: {_word(ok)}")
    if len(growth) > 1:
        area = np.log([row.area_m2 for row in growth])
        exponent = float(np.polyfit(area, np.log([row.median_ms for row in growth]), 1)[0])
        slow = exponent <= 1.0
        print(f"decision time grows as explored area to the power {exponent:.2f}: {_word(slow)}")
        ok = ok and slow
    return 0 if ok else 1


def _word(ok: bool) -> str:
    return "met" if ok else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
