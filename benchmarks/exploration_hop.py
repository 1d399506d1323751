"""Distance of the exploration policies on DARE's maps, paired map by map, beside measured peers.

Run it as ``python benchmarks/exploration_hop.py [--maps N] [--cap 256] [--methods NAME ...]``.
The hop protocol: 4 m lattice, 20 m sensor, done when no viewpoint has utility left. Every method
runs on every map; a ratio is the mean over maps of the distance over nearest frontier's on the
same map, with its 95 % interval (Student's t; ``--bootstrap`` resamples instead). Beside the
maps file it looks for ``*_measured.csv`` (peers, one run a map, measured elsewhere under a cap
of 256 decisions) and ``*_lower_bound.csv`` (no complete run can be shorter) and prints
them as they are. CPU times are process time of the decision alone, planner included.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import stats

from hiera.controllers.viewpoint import (
    LocalTour,
    NearestFrontier,
    UtilityPerDistance,
    ViewpointPolicy,
)
from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.families.exploration.waypoints import Waypoints
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.numeric import NumericPlanner

DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "exploration"
BASE = "nearest"


@dataclass(frozen=True)
class Method:
    """A policy, and whether the numeric planner's waypoints lead it."""

    policy: Callable[[], ViewpointPolicy]
    window_m: float | None = None
    planner: bool = False


WHOLE_M = 100.0
METHODS: dict[str, Method] = {
    "nearest": Method(NearestFrontier),
    "utility": Method(partial(UtilityPerDistance, waypoint_weight=0.0)),
    "local_tour": Method(LocalTour, WHOLE_M),
    "full": Method(LocalTour, WHOLE_M, planner=True),
    # Beyond the default: what each ingredient buys, and what waypoints do to smaller windows.
    "no_promise": Method(partial(LocalTour, promise=0.0), WHOLE_M),
    "no_conjecture": Method(partial(LocalTour, caution=1e6), WHOLE_M),
    "no_haste": Method(partial(LocalTour, haste=0.0), WHOLE_M),
    "no_pause": Method(partial(LocalTour, pause_m2=1e9), WHOLE_M),
    "no_search": Method(partial(LocalTour, rounds=0), WHOLE_M),
    "cover_only": Method(
        partial(LocalTour, promise=0.0, caution=1e6, haste=0.0, pause_m2=1e9), WHOLE_M
    ),
    "utility_waypoints": Method(UtilityPerDistance, planner=True),
    "window_30": Method(LocalTour, 30.0),
    "window_30_waypoints": Method(LocalTour, 30.0, planner=True),
    "obedient_half": Method(partial(LocalTour, waypoint_weight=0.5), WHOLE_M, planner=True),
    "obedient": Method(partial(LocalTour, waypoint_weight=1.0), WHOLE_M, planner=True),
}
DEFAULT = ("nearest", "utility", "local_tour", "full")


@dataclass(frozen=True)
class Episode:
    """One method on one map."""

    map: int
    file: str
    method: str
    distance_m: float
    decisions: int
    complete: bool
    explored: float
    reversals: int
    decision_cpu_ms: list[float]


class Slow:
    """The slow layer as the hop scenario runs it: asked when a waypoint is done with."""

    def __init__(self, env: HopEnv) -> None:
        self._env = env
        self._planner = NumericPlanner()
        self._waypoints = Waypoints()

    def waypoint(self) -> int | None:
        """Node of the current waypoint."""
        env, roadmap = self._env, self._env.roadmap()
        now, here = float(env.decisions), np.array(env.robot_m)
        self._waypoints.retire(roadmap, here)
        if self._waypoints.wants_plan(roadmap, now):
            low, high = roadmap.xy.min(axis=0), roadmap.xy.max(axis=0)
            area = env.explored * float(env.place.free.sum()) * env.place.resolution_m**2
            belief = ExplorationBelief(
                version=roadmap.version,
                time_s=now,
                roadmap=roadmap,
                explored_area_m2=area,
                bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            )
            self._waypoints.accept(self._planner.plan(belief, 1.0), roadmap, here)
        current = self._waypoints.current
        return None if current is None else current.node


def explore(task: tuple[int, GridMap, str, int]) -> Episode:
    """One episode."""
    index, place, name, cap = task
    method = METHODS[name]
    env = HopEnv([place], cap=cap, outlook_m=method.window_m)
    env.reset(seed=0)
    policy = method.policy()
    policy.reset(0)
    slow = Slow(env) if method.planner else None
    spent: list[float] = []
    reversals, left, target = 0, [], -1
    while env.status is HopStatus.RUNNING:
        begin = time.process_time()
        waypoint = slow.waypoint() if slow else None
        choice = policy.choose(env.roadmap(), waypoint)
        spent.append(1e3 * (time.process_time() - begin))
        if choice.target != target:
            reversals += choice.target in left
            if target >= 0 and env.roadmap().utility[target] > 0:
                left = [*left[-7:], target]
            target = choice.target
        env.step(env.slot_of(choice.path[1]))
    return Episode(
        map=index,
        file=place.name,
        method=name,
        distance_m=env.distance_m,
        decisions=env.decisions,
        complete=env.status is HopStatus.COMPLETE,
        explored=env.explored,
        reversals=int(reversals),
        decision_cpu_ms=spent,
    )


def interval(ratio: NDArray[np.float64], bootstrap: bool) -> tuple[float, float]:
    """95 % interval of the mean."""
    if len(ratio) < 2 or np.ptp(ratio) == 0.0:
        return float(ratio.mean()), float(ratio.mean())
    if bootstrap:
        draws = np.random.default_rng(0).integers(len(ratio), size=(10_000, len(ratio)))
        low, high = np.quantile(ratio[draws].mean(axis=1), [0.025, 0.975])
        return float(low), float(high)
    half = float(stats.t.ppf(0.975, len(ratio) - 1) * ratio.std(ddof=1) / len(ratio) ** 0.5)
    return float(ratio.mean()) - half, float(ratio.mean()) + half


def column(path: Path, value: str, count: int, method: str | None = None) -> NDArray[np.float64]:
    """A column of a CSV by map, NaN where missing."""
    out = np.full(count, np.nan)
    with path.open() as file:
        for row in csv.DictReader(file):
            if int(row["map"]) < count and (method is None or row["method"] == method):
                out[int(row["map"])] = float(row[value])
    return out


def summary(
    episodes: list[Episode], name: str, bound: NDArray[np.float64] | None, bootstrap: bool
) -> dict[str, float | str | None]:
    """What is printed about a method."""
    mine = [e for e in episodes if e.method == name]
    distance = np.array([e.distance_m for e in mine])
    base = np.array([e.distance_m for e in episodes if e.method == BASE])
    low, high = interval(distance / base, bootstrap)
    cpu = np.concatenate([e.decision_cpu_ms for e in mine])
    return {
        "method": name,
        "distance_m": float(distance.mean()),
        "ratio": float((distance / base).mean()),
        "ratio_low": low,
        "ratio_high": high,
        "ratio_of_means": float(distance.mean() / base.mean()),
        "over_bound": None if bound is None else float(distance.mean() / np.mean(bound)),
        "success": float(np.mean([e.complete for e in mine])),
        "within_128": float(np.mean([e.complete and e.decisions <= 128 for e in mine])),
        "explored": float(np.mean([e.explored for e in mine])),
        "decisions": float(np.mean([e.decisions for e in mine])),
        "reversals": float(np.mean([e.reversals for e in mine])),
        "decision_cpu_ms_mean": float(cpu.mean()),
        "decision_cpu_ms_p99": float(np.quantile(cpu, 0.99)),
    }


def peers(path: Path, count: int, bound: NDArray[np.float64] | None) -> list[dict[str, object]]:
    """The measured peers over the same maps, as their CSV gives them."""
    with path.open() as file:
        names = list(dict.fromkeys(row["method"] for row in csv.DictReader(file)))
    base = column(path, "distance_m", count, BASE)
    rows: list[dict[str, object]] = []
    for name in names:
        distance = column(path, "distance_m", count, name)
        low, high = interval(distance / base, False)
        rows.append(
            {
                "method": f"{name} (measured peer)",
                "distance_m": float(distance.mean()),
                "ratio": float((distance / base).mean()),
                "ratio_low": low,
                "ratio_high": high,
                "ratio_of_means": float(distance.mean() / base.mean()),
                "over_bound": None if bound is None else float(distance.mean() / bound.mean()),
                "decisions": float(column(path, "steps", count, name).mean()),
            }
        )
    return rows


def show(console: Console, rows: list[dict[str, object]], maps: int, cap: int) -> None:
    """Prints the table."""
    table = Table(title=f"hop protocol, {maps} maps, cap {cap} decisions")
    heads = ("method", "distance [m]", "ratio to nearest (95 %)", "of means", "over bound")
    for k, head in enumerate((*heads, "success", "≤ 128", "decisions", "reversals", "CPU [ms]")):
        table.add_column(head, justify="left" if k == 0 else "right", no_wrap=k == 0)
    for r in rows:
        bound = r["over_bound"]
        cells = [
            str(r["method"]),
            f"{r['distance_m']:.1f}",
            f"{r['ratio']:.3f} ({r['ratio_low']:.3f}…{r['ratio_high']:.3f})",
            f"{r['ratio_of_means']:.3f}",
            "-" if bound is None else f"{bound:.3f}",
        ]
        if "success" in r:
            cpu = f"{r['decision_cpu_ms_mean']:.2f}, p99 {r['decision_cpu_ms_p99']:.1f}"
            cells += [f"{r['success']:.0%}", f"{r['within_128']:.0%}", f"{r['decisions']:.0f}"]
            cells += [f"{r['reversals']:.1f}", cpu]
        else:
            cells += ["", "", f"{r['decisions']:.0f}", "", ""]
        table.add_row(*cells)
    console.print(table)


def run(tasks: list[tuple[int, GridMap, str, int]], jobs: int) -> list[Episode]:
    """All the episodes; the first one once more, so that compilation is not counted."""
    for name in dict.fromkeys(task[2] for task in tasks):
        if jobs == 1:
            explore(next(task for task in tasks if task[2] == name))
    if jobs == 1:
        return [explore(task) for task in tasks]
    with get_context("spawn").Pool(jobs) as pool:
        return pool.map(explore, tasks, chunksize=5)


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "dare_test_public.npz")
    parser.add_argument("--maps", type=int, default=None, help="only the first N maps")
    parser.add_argument("--cap", type=int, default=256)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(DEFAULT))
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=1)
    parser.add_argument("--bootstrap", action="store_true")
    parser.add_argument("--csv", type=Path, default=None, help="write every episode here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if not arguments.data.is_file():
        print(f"exploration_hop: no maps at {arguments.data}; give --data FILE", file=sys.stderr)
        return 2
    count = arguments.maps
    places = load_dare_maps(arguments.data, None if count is None else range(count))
    names = list(dict.fromkeys((BASE, *arguments.methods)))
    tasks = [(k, place, name, arguments.cap) for name in names for k, place in enumerate(places)]
    episodes = run(tasks, arguments.jobs)
    stem = arguments.data.with_suffix("")
    bound_csv, peer_csv = Path(f"{stem}_lower_bound.csv"), Path(f"{stem}_measured.csv")
    bound = column(bound_csv, "lower_bound_m", len(places)) if bound_csv.is_file() else None
    rows = [dict(summary(episodes, name, bound, arguments.bootstrap)) for name in names]
    if peer_csv.is_file():
        rows += peers(peer_csv, len(places), bound)
    if arguments.csv is not None:
        with arguments.csv.open("w", newline="") as file:
            fields = [f for f in asdict(episodes[0]) if f != "decision_cpu_ms"]
            writer = csv.DictWriter(file, fields, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(asdict(e) for e in episodes)
    if arguments.json:
        console.print_json(json.dumps({"maps": len(places), "methods": rows}))
    else:
        show(console, rows, len(places), arguments.cap)
        if bound is not None:
            console.print(f"lower bound: {bound.mean():.1f} m")
    return 0


if __name__ == "__main__":
    sys.exit(main())
