"""A million adversarial steps over the example systems: what gets past the filters?

    python benchmarks/adversarial.py [--steps 1000000] [--json]

Each system is driven, from random safe starts, by nominal inputs that want a violation: random,
greedy along the exact gradients, and found by a cross-entropy search; disturbances and estimation
errors play along where they are declared. What must really hold (contact, a limit) is checked
between the ticks. A *violation* is a fall below zero while every action so far was certified. An
action that is not certified must carry the name of what acted instead. Exit code 1 if there was a
violation, or an action without a name.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from hiera.safety.barriers import (
    Barrier,
    axis_speed_limits,
    braking_keep_out,
    braking_limit,
    inter_agent,
    keep_in_box,
    keep_out_ball,
    lower_limit,
    stopping_keep_out,
    upper_limit,
)
from hiera.safety.dynamics import (
    double_integrator,
    n_joint_arm,
    single_integrator,
    unicycle,
    unicycle_accelerated,
)
from hiera.safety.filters import BackupCbf, CbfFilter, DiscreteCbf, RolloutPolicy
from hiera.safety.verify import Hunt, hunt

_CERTIFIED = {"nominal", "filtered", "relaxed", "backup"}


@dataclass(frozen=True)
class Case:
    """A filter, where its episodes start, and what must really hold."""

    name: str
    make: Callable[[], Any]
    low: list[float]
    high: list[float]
    truths: tuple[Barrier, ...] = ()
    share: float = 1.0
    """Part of the steps that one case gets; slower filters get less."""


def pillars(radius: float) -> list[tuple[list[float], float]]:
    """Where the pillars stand."""
    return [([1.5, 0.5], radius), ([-1.0, 1.5], radius), ([0.0, -1.8], radius)]


def cases() -> list[Case]:
    """The example systems."""
    contact = Barrier(lambda x: 3.0 - x[0], name="contact")
    touch = tuple(keep_out_ball(c, r, name=f"pillar {i}") for i, (c, r) in enumerate(pillars(0.6)))

    def points() -> CbfFilter:
        barriers = [keep_out_ball(c, r, alpha=5.0) for c, r in pillars(0.6)]
        return CbfFilter(
            single_integrator(2), [*barriers, *keep_in_box([-3, -3], [3, 3])], tick_s=0.05
        )

    def gusty() -> CbfFilter:
        barriers = [keep_out_ball(c, r, alpha=5.0) for c, r in pillars(0.6)]
        system = single_integrator(2, disturbance=[0.3, 0.3])
        return CbfFilter(system, barriers, tick_s=0.05, uncertainty=[0.02, 0.02])

    def cart() -> CbfFilter:
        wall = braking_limit(0, 1, 2.0, upper=3.0, alpha=5.0, name="wall")
        return CbfFilter(double_integrator(1, acceleration=2.0), [wall], tick_s=0.05)

    def drone() -> CbfFilter:
        barriers = [braking_keep_out(c, r, 1.5, alpha=3.0) for c, r in pillars(0.6)]
        speed = axis_speed_limits([2.0, 2.0], velocity=(2, 3), alpha=3.0)
        return CbfFilter(double_integrator(2, acceleration=2.0), [*barriers, *speed], tick_s=0.02)

    def robot() -> CbfFilter:
        nose = [
            keep_out_ball(
                c, r, at=lambda x: x[:2] + 0.15 * np.array([np.cos(x[2]), np.sin(x[2])]), alpha=5.0
            )
            for c, r in pillars(0.75)
        ]
        return CbfFilter(unicycle(), nose, tick_s=0.05)

    def heavy_robot() -> CbfFilter:
        stops = [stopping_keep_out(c, r, 1.0, alpha=5.0) for c, r in pillars(0.6)]
        turn = [upper_limit(4, 1.5, alpha=5.0), lower_limit(4, -1.5, alpha=5.0)]
        return CbfFilter(unicycle_accelerated(), [*stops, *turn], tick_s=0.02)

    def swarm() -> CbfFilter:
        return CbfFilter(single_integrator(6), inter_agent(3, 0.5, alpha=4.0), tick_s=0.05)

    def arm() -> CbfFilter:
        limits = [upper_limit(i, 2.0, alpha=5.0) for i in range(3)]
        limits += [lower_limit(i, -2.0, alpha=5.0) for i in range(3)]
        return CbfFilter(n_joint_arm(3, control="velocity", limit=1.5), limits, tick_s=0.01)

    def one_tick() -> DiscreteCbf:
        wall = braking_limit(0, 1, 2.0, upper=3.0, name="wall")
        return DiscreteCbf(double_integrator(1, acceleration=2.0), [wall], tick_s=0.1)

    def backed_up() -> BackupCbf:
        policy = RolloutPolicy(
            double_integrator(1, acceleration=2.0),
            lambda x: np.array([-2.0 * np.tanh(5.0 * x[1])]),
            [contact],
            [Barrier(lambda x: 0.04 - x[1] ** 2, name="slow")],
            horizon_s=2.0,
            tick_s=0.1,
        )
        return BackupCbf(policy, alpha=5.0)

    square = [-3.0, -3.0], [3.0, 3.0]
    return [
        Case("point among pillars", points, *square, touch),
        Case("the same, gusts and noise", gusty, *square, touch),
        Case("cart before a wall", cart, *square, (contact,)),
        Case("double integrator, pillars", drone, [-3, -3, -2, -2], [3, 3, 2, 2], touch),
        Case("unicycle, pillars", robot, [-3, -3, -3.2], [3, 3, 3.2]),
        Case("unicycle with inertia", heavy_robot, [-3, -3, -3.2, 0, -1], [3, 3, 3.2, 1, 1], touch),
        Case("three agents", swarm, [-2] * 6, [2] * 6),
        Case("arm, joint limits", arm, [-2] * 3, [2] * 3),
        Case("cart, one tick ahead", one_tick, *square, (contact,), 0.2),
        Case("cart, backup policy", backed_up, *square, (contact,), 0.05),
    ]


def run(steps: int, console: Console) -> list[dict[str, Any]]:
    """One row a case."""
    all_cases = cases()
    whole = steps / sum(c.share for c in all_cases)
    found = []
    for case in all_cases:
        gate = case.make()
        ticks, rounds = 100, 6
        episodes = max(8, int(np.ceil(whole * case.share / (ticks * (rounds + 4)))))
        start = time.process_time()
        settings = Hunt(case.low, case.high, ticks=ticks, episodes=episodes, rounds=rounds)
        result = hunt(gate, settings, truths=case.truths)
        counts = Counter(result.statuses)
        uncertain = {k: v for k, v in counts.items() if k.split(":")[0] not in _CERTIFIED}
        found.append(
            {
                "case": case.name,
                "steps": result.steps,
                "violations": result.violations,
                "smallest": result.margin,
                "changed": result.steps - counts["nominal"],
                "uncertified": sum(uncertain.values()),
                "uncertified_by_name": uncertain,
                "dead_ends": result.dead_ends,
                "cpu_s": time.process_time() - start,
            }
        )
        found[-1]["nameless"] = sum(counts[s] for s in ("stop", "backup"))
        console.print(f"{case.name}: {result.sentence()}", style="dim")
    return found


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = run(asked.steps, Console(stderr=True))
    violations = sum(row["violations"] + row["nameless"] for row in found)
    if asked.json:
        print(json.dumps(found, indent=2))
        return 1 if violations else 0
    table = Table(title=f"{sum(r['steps'] for r in found):,} adversarial steps")
    for name in ("case", "steps", "changed", "violations", "smallest h", "not certified", "CPU s"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for row in found:
        table.add_row(
            row["case"],
            f"{row['steps']:,}",
            f"{100.0 * row['changed'] / row['steps']:.0f} %",
            str(row["violations"]),
            f"{row['smallest']:.1e}",
            f"{row['uncertified']:,}",
            f"{row['cpu_s']:.0f}",
        )
    Console().print(table)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
