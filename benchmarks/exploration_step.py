"""Steps per second of the hop environment, alone and in a batch, beside DARE's own.

    python benchmarks/exploration_step.py
    python benchmarks/exploration_step.py --dare CHECKOUT --dare-python PYTHON

The second form runs DARE's released environment (arXiv 2410.16687, github.com/marmotlab/DARE) in
the same run, has ours repeat its hops, and compares every sum of utilities on the way. PYTHON is
an interpreter with NumPy < 2 and scikit-image. All times are CPU times of one thread.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.hop_batch import HopBatch

_DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "exploration"


@dataclass(frozen=True)
class Run:
    """One episode: the slots hopped to, and what the peer reported."""

    place: GridMap
    slots: list[int]
    peer_s: float
    identical: bool


def _stroll(place: GridMap, seed: int, hops: int) -> list[int]:
    """Hops towards unvisited neighbours, drawn at random, to have something to time."""
    rng = np.random.default_rng(seed)
    env = HopEnv([place], cap=hops)
    env.reset(seed=0)
    slots: list[int] = []
    while env.status is HopStatus.RUNNING:
        joined = np.flatnonzero(env.action_mask())
        visited = env.roadmap().visited[env.neighbours()[env.roadmap().robot, joined]]
        slots.append(int(rng.choice(joined if visited.all() else joined[~visited])))
        env.step(slots[-1])
    return slots


def _peer_runs(checkout: str, python: str, maps: list[GridMap], cap: int) -> list[Run]:
    """The peer's episodes, each repeated and compared in ours."""
    script = Path(__file__).with_name("exploration_step_peer.py")
    reply = subprocess.run(
        [python, str(script), str(Path(checkout).resolve()), str(len(maps)), str(cap)],
        check=True,
        capture_output=True,
        text=True,
    )
    runs = []
    for line in reply.stdout.splitlines():
        if not line.startswith("{"):
            continue
        report = json.loads(line)
        env = HopEnv([maps[report["map"]]], cap=cap)
        env.reset(seed=0)
        utility, slots = [int(env.roadmap().utility.sum())], []
        for at in report["path"][1:]:
            node = int(np.argmin(np.linalg.norm(env.roadmap().xy - np.array(at), axis=1)))
            slots.append(env.slot_of(node))
            env.step(slots[-1])
            utility.append(int(env.roadmap().utility.sum()))
        same = utility == report["utility"] and abs(env.distance_m - report["distance_m"]) < 1e-6
        runs.append(Run(maps[report["map"]], slots, report["cpu_s"], same))
    return runs


def _single(runs: list[Run], cap: int) -> float:
    """CPU time of a whole step of `HopEnv`, its observation and roadmap included [s]."""
    spent = 0.0
    for run in runs:
        env = HopEnv([run.place], cap=cap)
        env.reset(seed=0)
        begin = time.process_time()
        for slot in run.slots:
            env.step(slot)
        spent += time.process_time() - begin
    return spent / sum(len(run.slots) for run in runs)


def _batch(runs: list[Run], cap: int) -> float:
    """CPU time of a step of one episode of `HopBatch` [s]."""
    batch = HopBatch([r.place for r in runs], len(runs), rng=np.random.default_rng(0), cap=cap)
    batch.reset(np.arange(len(runs)))
    # As many steps as the shortest episode has, so that every slot of the batch is at work.
    length = min(len(run.slots) for run in runs)
    actions = np.array([run.slots[:length] for run in runs]).T
    begin = time.process_time()
    for row in actions:
        batch.step(row)
    return (time.process_time() - begin) / (length * len(runs))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of dare_*.npz")
    parser.add_argument("--maps", type=int, default=10, help="how many test maps")
    parser.add_argument("--cap", type=int, default=256, help="most decisions in an episode")
    parser.add_argument("--dare", help="checkout of marmotlab/DARE")
    parser.add_argument("--dare-python", default="python", help="interpreter that can run it")
    options = parser.parse_args()
    file = options.data / "dare_test_public.npz"
    if not file.is_file():
        raise SystemExit(f"no maps at {file}; give --data")
    maps = load_dare_maps(file, range(options.maps))
    warm = [Run(maps[0], _stroll(maps[0], 0, 5), 0.0, True)]
    _single(warm, 5), _batch(warm, 5)
    if options.dare is None:
        runs = [Run(m, _stroll(m, k, 128), 0.0, True) for k, m in enumerate(maps)]
    else:
        runs = _peer_runs(options.dare, options.dare_python, maps, options.cap)
    single, batch = _single(runs, options.cap), _batch(runs, options.cap)
    hops = sum(len(run.slots) for run in runs)
    print(f"{len(runs)} maps, {hops} hops")
    print(f"HopEnv    {1e3 * single:8.3f} ms CPU a step   {1 / single:9.0f} steps/s")
    print(f"HopBatch  {1e3 * batch:8.3f} ms CPU a step   {1 / batch:9.0f} steps/s")
    if options.dare is None:
        print("DARE      not measured: give --dare CHECKOUT --dare-python PYTHON")
        return
    peer = sum(run.peer_s for run in runs) / hops
    print(f"DARE      {1e3 * peer:8.3f} ms CPU a step   {1 / peer:9.0f} steps/s")
    print(f"ratio     HopEnv {peer / single:.0f} x, HopBatch {peer / batch:.0f} x")
    same = sum(run.identical for run in runs)
    print(f"identical utilities and distance on {same} of {len(runs)} maps")


if __name__ == "__main__":
    main()
