"""Endurance of the breathing set under the advisor beside a rule, in the whole simulated world.

    python benchmarks/life_support_advisor.py --missions 900 920 --jobs 1
    python benchmarks/life_support_advisor.py --weights trained/A/advisor.safetensors

Every mission is lived by each controller on the same plant with the same sensors, with and without
the filter; the advisor aims every 30 s from the learned metabolic model's forecast. Ratios are
geometric means over missions with a 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from hiera.controllers.life_support.metabolism import LearnedMetabolism
from hiera.controllers.life_support.rule import Rule
from hiera.controllers.rl.advisor import Advised, Advisor, load_policy
from hiera.envs.life_support.catalogue import mission
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.safety.life_support import life_support_filter


@dataclass(frozen=True)
class Job:
    """One mission under one controller."""

    seed: int
    controller: str
    gated: bool
    weights: Path | None


@dataclass(frozen=True)
class Lived:
    """How it went: minutes, and what ended it."""

    job: Job
    endurance: float
    enriched: float
    alarmed: float
    ended_by: str
    intervened: float
    cpu_s: float


def live(job: Job) -> Lived:
    """Lives a mission to its end."""
    begun = time.process_time()
    env = LifeSupportEnv(mission(job.seed))
    observation, _ = env.reset(seed=job.seed)
    controller: Any = Rule(env.model, env.limits, gauge_pa=100.0, oxygen=0.205)
    if job.controller == "advisor":
        advisor = Advisor(env.model, policy=load_policy(job.weights))
        controller = Advised(advisor, LearnedMetabolism(), env.model)
    controller.reset(job.seed)
    gate = life_support_filter(env.model) if job.gated else None
    over = cut = False
    ticks = changed = 0
    while not (over or cut):
        command = controller.act(observation)
        if gate is not None:
            state = env.safety_state()
            answer = gate.filter(state.x, command, state.context)
            changed += bool(answer.intervened)
            command = answer.u
        observation, _, over, cut, _ = env.step(command)
        ticks += 1
    end = env.statistics
    return Lived(
        job, end.sim_time_s / 60.0, end.enriched_s / 60.0, end.alarm_s / 60.0,
        end.ended_by or "time", changed / ticks, time.process_time() - begun,
    )  # fmt: skip


def show(rows: list[Lived]) -> None:
    """Prints means, ends, and ratios to the rule."""
    groups: dict[tuple[str, bool], dict[int, Lived]] = {}
    for row in rows:
        groups.setdefault((row.job.controller, row.job.gated), {})[row.job.seed] = row
    print("controller filter   mean  geo.mean  enriched  alarmed [min]  changed  CPU [s]  ended by")
    for (name, gated), lived in sorted(groups.items(), key=lambda item: item[0][::-1]):
        table = np.array(
            [(r.endurance, r.enriched, r.alarmed, r.intervened, r.cpu_s) for r in lived.values()]
        )
        mean, geometric = table.mean(axis=0), np.exp(np.log(table[:, 0]).mean())
        ends = Counter(r.ended_by for r in lived.values())
        print(
            f"{name:10} {'yes' if gated else 'no':6} {mean[0]:6.1f} {geometric:8.1f} "
            f"{mean[1]:9.1f} {mean[2]:8.1f} {100 * mean[3]:12.1f} % {mean[4]:7.1f}  "
            + ", ".join(f"{end} {count}" for end, count in ends.most_common())
        )
    random = np.random.default_rng(0)
    for gated in (False, True):
        rule, advisor = groups.get(("rule", gated), {}), groups.get(("advisor", gated), {})
        seeds = sorted(rule.keys() & advisor.keys())
        if seeds:
            log = np.log([advisor[s].endurance / rule[s].endurance for s in seeds])
            drawn = random.choice(log, (4000, len(log))).mean(axis=1)
            low, high = np.exp(np.quantile(drawn, (0.025, 0.975)))
            print(
                f"advisor over rule, {'with' if gated else 'without'} filter, {len(seeds)} "
                f"missions: {np.exp(log.mean()):.4f} ({low:.4f}-{high:.4f})"
            )


def main() -> int:
    """Lives the missions and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--missions", type=int, nargs=2, default=(900, 920), metavar="SEED")
    parser.add_argument("--weights", type=Path, help="of the advisor; the packaged ones if absent")
    parser.add_argument("--filter", choices=("no", "yes", "both"), default="both")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    gates = {"no": (False,), "yes": (True,), "both": (False, True)}[given.filter]
    jobs = [
        Job(seed, name, gated, given.weights)
        for seed in range(*given.missions)
        for gated in gates
        for name in ("rule", "advisor")
    ]
    if given.jobs == 1:
        show([live(job) for job in jobs])
    else:
        with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
            show(list(pool.map(live, jobs)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
