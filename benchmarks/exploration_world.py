"""CPU time per tick of the continuous exploration world on a 200 m × 130 m building.

Run it as ``python benchmarks/exploration_world.py [--ticks N] [--people N]``. Drives a robot that
turns away from what is near, so that it gets about, and prints CPU milliseconds (process time).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.world import ExplorationEnv


def steer(scan: NDArray[np.float64]) -> NDArray[np.float64]:
    """A command that follows the most open direction ahead."""
    sectors = np.minimum(scan, 8.0).reshape(36, -1).min(axis=1)
    bearings = (np.arange(36) + 0.5) * (2.0 * np.pi / 36) % (2.0 * np.pi)
    bearings = np.where(bearings > np.pi, bearings - 2.0 * np.pi, bearings)
    best = int(np.argmax(sectors - 0.8 * np.abs(bearings)))
    ahead = np.minimum(scan, 8.0)[np.r_[-60:60]].min()
    speed = float(np.clip(0.8 * (ahead - 0.5), 0.0, 1.5))
    return np.array([speed, 1.5 * bearings[best]])


def cpu_ms(seconds: float, count: int) -> str:
    """Milliseconds a call, for printing."""
    return f"{1e3 * seconds / count:8.3f} ms"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=5000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    clock = time.process_time

    begin = clock()
    env = ExplorationEnv(size_m=(200.0, 130.0), people=arguments.people)
    observation, _ = env.reset(seed=arguments.seed)
    env.step(np.zeros(2))
    env.safety_state()
    print(f"first reset and step, compilation or its cache: {clock() - begin:.2f} s")
    begin = clock()
    generate_building((200.0, 130.0), np.random.default_rng(0))
    print(f"building of 200 m x 130 m, 0.2 m cells:  {cpu_ms(clock() - begin, 1)}")
    begin = clock()
    observation, _ = env.reset(seed=arguments.seed)
    print(f"reset:                                  {cpu_ms(clock() - begin, 1)}")

    stepping = 0.0
    for _ in range(arguments.ticks):
        command = steer(observation["scan"])
        begin = clock()
        observation, *_ = env.step(command)
        stepping += clock() - begin
    print(f"whole step, {arguments.people} people:                  "
          f"{cpu_ms(stepping, arguments.ticks)}")  # fmt: skip

    count = 1000
    pose = (float(env.state[0]), float(env.state[1]), float(env.state[2]))
    rng = np.random.default_rng(0)
    begin = clock()
    for _ in range(count):
        scan = env.lidar.cast(env.grid, pose, rng, env.people.xy)
    print(f"  lidar ({env.lidar.rays} rays, {env.lidar.max_range_m:g} m), here:        "
          f"{cpu_ms(clock() - begin, count)}")  # fmt: skip
    on_person = np.zeros(env.lidar.rays, dtype=np.bool_)
    begin = clock()
    for _ in range(count):
        env.belief.integrate(env.state, scan.ranges, on_person, env.time_s)
    print(f"  belief update, here:                  {cpu_ms(clock() - begin, count)}")
    begin = clock()
    for _ in range(count):
        env.safety_state()
    print(f"safety state:                           {cpu_ms(clock() - begin, count)}")
    print(env.statistics)


if __name__ == "__main__":
    main()
