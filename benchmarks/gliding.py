"""How much of the way a window costs, and what waypoints can save of it, on generated buildings.

    python benchmarks/gliding.py --buildings 6 --sides-m 100,220

The scenario is that of a robot that drives; but instead of driving for five ticks and a half the
robot is put 1.5 m further on its path and scans there. There is no dynamics, no gate and no time
in it, and an episode takes about half a minute. It stands in for driving where ways are compared:
every method is paired with the first on the same buildings. The way is split by what the robot
was after: something in its window, something beyond it, or a frontier that only the grid knows.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hiera.bench.exploration.driving import World, buildings
from hiera.config.load import resolve
from hiera.families.exploration.kinematic import KinematicExploration
from hiera.run import build

_STEP_M, _STEP_TICKS, _MOST_STEPS = 1.5, 10, 20_000
_DEADLINE_S = 60.0


@dataclass
class Glide:
    """One episode.

    Attributes:
        way: Metres by what the robot was after.
        complete: Whether nothing reachable was left.
        decide_ms: CPU time of a decision, mean [ms].
        plan_ms: CPU time of a plan, mean [ms]; 0 without.
    """

    way: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("window", "beyond", "rescue"), 0.0)
    )
    complete: bool = False
    decide_ms: float = 0.0
    plan_ms: float = 0.0

    @property
    def distance_m(self) -> float:
        """All of the way [m]."""
        return sum(self.way.values())


def glide(world: World, settings: tuple[str, ...]) -> Glide:
    """Explores a world without dynamics."""
    said = (*world.settings, *settings, "clock.max_time_s=1e6")
    data = {"family": "exploration", "motion": "kinematic", "seed": world.seed}
    scenario = build(resolve(data, said, source="gliding"))
    assert isinstance(scenario, KinematicExploration)
    scenario.reset()
    env, explorer = scenario.env, scenario.controller
    found, planned, decided = Glide(), [], 0.0
    path: NDArray[np.float64] = np.zeros((0, 2))
    reached, after = 0.0, "window"
    for step in range(_MOST_STEPS):
        tick, now_s = step * _STEP_TICKS, step * _STEP_TICKS * env.dt_s
        outcome = scenario.outcome(now_s)
        if outcome is not None:
            found.complete = outcome.success
            break
        if scenario.wants_plan(now_s):
            begin = time.process_time()
            plan = scenario.planner.plan(scenario.belief(), _DEADLINE_S)
            planned.append(1e3 * (time.process_time() - begin))
            scenario.accept(plan, now_s)
        seen = scenario.observe(tick, now_s)
        before, begin = explorer.decisions, time.process_time()
        explorer.act(seen, scenario.subgoal())
        if explorer.decisions > before:
            decided += 1e3 * (time.process_time() - begin)
            outlook = seen.look().outlook
            assert outlook is not None
            near = explorer.choice.target in outlook.nodes
            after = "rescue" if not explorer.choice.found else "window" if near else "beyond"
        if explorer.path is not path:
            path, reached = explorer.path, 0.0
        if len(path) > 1:
            here = env.state[:2].copy()
            there, reached = _along(path, reached + _STEP_M)
            # Or the tracker takes the robot for one that has left its path, and asks anew.
            explorer._tracker._reached = reached
            gone = there - here
            found.way[after] += float(np.hypot(*gone))
            env.state[:2] = there
            env.state[2] = np.arctan2(gone[1], gone[0])
        env._sense()
    found.decide_ms = decided / max(explorer.decisions, 1)
    found.plan_ms = float(np.mean(planned)) if planned else 0.0
    return found


def _along(path: NDArray[np.float64], at: float) -> tuple[NDArray[np.float64], float]:
    """The point of a path so far along it, its end at most, and how far that is [m]."""
    ends = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))))
    at = min(at, float(ends[-1]))
    return np.array([np.interp(at, ends, path[:, axis]) for axis in (0, 1)]), at


def main() -> int:
    """Glides through the buildings and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buildings", type=int, default=6, help="how many")
    parser.add_argument("--sides-m", default="100,220", help="shortest and longest side [m]")
    parser.add_argument("--seed", type=int, default=0, help="of sizes and layouts")
    parser.add_argument("--policy", default="local_tour", help="local_tour or learned")
    parser.add_argument("--windows-m", default="25,100", help="halves of the window's side [m]")
    arguments = parser.parse_args()
    low, high = (float(side) for side in arguments.sides_m.split(","))
    methods = {
        f"{window} m, {planner}": (
            f"controller.kind={arguments.policy}",
            f"controller.window_m={window}",
            f"planner.kind={planner}",
        )
        for window in arguments.windows_m.split(",")
        for planner in ("none", "numeric")
    }
    rows: dict[str, list[Glide]] = {name: [] for name in methods}
    for world in buildings(arguments.buildings, (low, high), arguments.seed):
        for name, settings in methods.items():
            rows[name].append(glide(world, settings))
            print(f"{world.name}, {name}: {rows[name][-1].distance_m:.0f} m", file=sys.stderr)
    show(rows)
    return 0


def show(rows: dict[str, list[Glide]]) -> None:
    """The methods, paired with the first."""
    table = Table(title=f"{len(next(iter(rows.values())))} buildings")
    for column in ("window, planner", "way", "ratio (± s.e.)", "beyond", "rescue", "complete"):
        table.add_column(column, justify="left" if column.startswith("window") else "right")
    table.add_column("decision")
    table.add_column("plan")
    first = next(iter(rows.values()))
    for name, found in rows.items():
        ratio = np.array([a.distance_m / b.distance_m for a, b in zip(found, first, strict=True)])
        error = ratio.std(ddof=1) / np.sqrt(len(ratio)) if len(ratio) > 1 else np.nan
        total = sum(one.distance_m for one in found)
        table.add_row(
            name,
            f"{total / len(found):.0f} m",
            f"{ratio.mean():.3f} ± {error:.3f}",
            *(
                f"{sum(one.way[kind] for one in found) / total:.1%}"
                for kind in ("beyond", "rescue")
            ),
            f"{sum(one.complete for one in found)} of {len(found)}",
            f"{np.mean([one.decide_ms for one in found]):.1f} ms",
            f"{np.mean([one.plan_ms for one in found]):.1f} ms",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main())
