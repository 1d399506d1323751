"""How fast the plant of the breathing set runs: many at once, beside SciPy on the same equations.

    python benchmarks/life_support_plant.py --plants 2048 --seconds 60

Plant-seconds per second of CPU time: the batched kernel at its step of one second, and
`scipy.integrate.solve_ivp` with RK45 at its usual tolerance on the same compiled right-hand side,
command by command as a controller would have it. Exit code 1 below a million plant-seconds.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numba import njit
from scipy.integrate import solve_ivp

from hiera.envs.life_support.apparatus import drawn
from hiera.envs.life_support.plant import SIZE, acting, advance_plants, plant_rates
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support.gases import litres_per_minute
from hiera.safety.life_support.state import HIGH, LOW

GOAL = 1e6


@njit(error_model="numpy")
def rates_of(x: FloatArray, u: FloatArray, acts: Any, constants: Any) -> FloatArray:
    """The right-hand side for SciPy, compiled as the kernel's is."""
    out = np.empty(SIZE)
    values = plant_rates(x, u, acts[0], constants[0])
    for i in range(SIZE):
        out[i] = values[i]
    return out


def fleet(count: int, seed: int) -> tuple[FloatArray, FloatArray, Any, Any]:
    """States, commands, what acts, and constants of plants that all differ."""
    random = np.random.default_rng(seed)
    model = LifeSupportModel()
    rest = Surroundings(litres_per_minute(1.0))
    first = np.concatenate((model.start(rest), [rest.demand, 0.0, 0.0]))
    acts = acting(count)
    acts["demand"] = litres_per_minute(1.0) * random.uniform(0.5, 3.0, count)
    U = random.uniform(LOW, HIGH, (count, 3))
    U[:, 0] = acts["demand"]
    return np.tile(first, (count, 1)), U, acts, drawn(model.parameters, count, random)


def batched(count: int, seconds: int, seed: int) -> float:
    """Plant-seconds per CPU second of the kernel, a call for every tick."""
    X, U, acts, constants = fleet(count, seed)
    advance_plants(X, U, acts, constants, 1.0, 1)
    start = time.process_time()
    for _ in range(seconds):
        advance_plants(X, U, acts, constants, 1.0, 1)
    took = time.process_time() - start
    if not np.all(np.isfinite(X)):
        raise SystemExit("a plant is not finite: the figure would mean nothing")
    return count * seconds / took


def by_scipy(count: int, seconds: int, seed: int) -> tuple[float, float]:
    """Plant-seconds per CPU second of solve_ivp, and the largest difference of oxygen [1]."""
    X, U, acts, constants = fleet(count, seed)
    ours = X.copy()
    rates_of(X[0], U[0], acts[:1], constants[:1])
    start = time.process_time()
    for b in range(count):
        x, one = X[b], slice(b, b + 1)
        for _ in range(seconds):
            given = (U[b], acts[one], constants[one])
            x = solve_ivp(lambda t, z, g=given: rates_of(z, *g), (0.0, 1.0), x, rtol=1e-3).y[:, -1]
        X[b] = x
    took = time.process_time() - start
    advance_plants(ours, U, acts, constants, 1.0, seconds)
    fractions = [Y[:, 0] / Y[:, :4].sum(axis=1) for Y in (X, ours)]
    return count * seconds / took, float(np.max(np.abs(fractions[0] - fractions[1])))


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--plants", type=int, default=2048, help="in the batch")
    parser.add_argument("--seconds", type=int, default=60, help="simulated")
    parser.add_argument("--peers", type=int, default=8, help="plants that SciPy runs")
    parser.add_argument("--repeats", type=int, default=5, help="of the batch; the median counts")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    speeds = [batched(asked.plants, asked.seconds, asked.seed) for _ in range(asked.repeats)]
    ours = float(np.median(speeds))
    theirs, gap = by_scipy(asked.peers, asked.seconds, asked.seed)
    print(f"batch of {asked.plants} plants, steps of 1 s, plant-seconds per CPU second:")
    print(f"  kernel       {ours:14,.0f}   ({min(speeds):,.0f} to {max(speeds):,.0f})")
    print(f"  solve_ivp    {theirs:14,.0f}   RK45, rtol 1e-3, the same compiled equations")
    print(f"  ratio        {ours / theirs:14,.0f}")
    print(f"largest difference of the oxygen fraction after {asked.seconds} s: {gap:.1e}")
    return 0 if ours >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
