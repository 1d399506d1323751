"""Compiles the kernels, or loads them from disk, before anything moves.

Numba compiles on first use and keeps the result beside the module, or where `NUMBA_CACHE_DIR`
points. Call `warm` once while installing, and in a process before its control loop starts:

    python -m hiera.safety.warmup
"""

from __future__ import annotations

import time

import numpy as np


def warm() -> float:
    """Calls every kind of filter once.

    Returns:
        How long it took [s]: some tens of seconds on a new machine, below two afterwards.
    """
    from hiera.safety.barriers import Barrier, braking_limit
    from hiera.safety.contract import Context, SafetyFilter
    from hiera.safety.dynamics import ControlAffine, DiffDrive, DiscreteTime
    from hiera.safety.filters.backup import BackupCbf
    from hiera.safety.filters.cbf import CbfFilter
    from hiera.safety.filters.discrete import DiscreteCbf
    from hiera.safety.filters.lidar_cbf import LidarCbf
    from hiera.safety.filters.predictive import PredictiveFilter
    from hiera.safety.filters.rollout_policy import RolloutPolicy
    from hiera.safety.life_support import LifeSupportModel
    from hiera.safety.life_support.state import REST

    start = time.perf_counter()
    cart = ControlAffine(
        lambda x: np.array([x[1], 0.0]), lambda x: np.array([[0.0], [1.0]]), 2, [-2.0], [2.0]
    )
    wall = braking_limit(0, 1, 2.0, upper=1.0)
    soft = Barrier(lambda x: 0.1 - x[1], name="slow", priority=1)
    first = CbfFilter(cart, [wall, soft], tick_s=0.05, uncertainty=[0.001, 0.001])
    policy = RolloutPolicy(
        cart,
        lambda x: np.array([-2.0 * np.tanh(10.0 * x[1])]),
        [Barrier(lambda x: 1.0 - x[0])],
        [Barrier(lambda x: 0.01 - x[1] * x[1])],
        horizon_s=0.5,
        tick_s=0.05,
    )
    step = DiscreteTime(
        lambda x, u: np.array([x[0] + 0.05 * x[1], x[1] + 0.05 * u[0]]),
        2,
        [-2.0],
        [2.0],
        tick_s=0.05,
    )
    box = [Barrier(lambda x: 1.0 - x[0]), Barrier(lambda x: 1.0 + x[0])]
    gates: list[SafetyFilter] = [
        first,
        CbfFilter(cart, [wall], tick_s=0.05),
        DiscreteCbf(cart, [wall], tick_s=0.05),
        DiscreteCbf(cart, [wall], tick_s=0.05, uncertainty=[0.001, 0.001]),
        BackupCbf(policy),
        PredictiveFilter(step, box, horizon=3),
    ]
    for gate in gates:
        for k, x in enumerate(([0.0, 0.0], [0.9, 0.8], [2.0, 3.0])):
            gate.filter(np.array(x), np.array([2.0]), Context(0.05 * k))
    first.filter_batch(np.zeros((2, 2)), np.zeros((2, 1)))
    suit = LifeSupportModel()
    suit.step(suit.start(), np.zeros(3), REST, 1.0)
    points = np.array([[0.6, 0.0]])
    LidarCbf(DiffDrive()).filter(np.zeros(5), np.array([1.0, 0.0]), Context(0.0, points=points))
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"the kernels are ready, it took {warm():.1f} s")  # noqa: T201
