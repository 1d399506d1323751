"""Small systems that the filters' tests drive, and one exact simulation for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hiera.safety import Context, SafeAction, SafetyFilter
from hiera.safety.dynamics import ControlAffine

Control = Callable[[np.ndarray], np.ndarray]


def single(d: int = 2, speed: float = 1.0, **more: object) -> ControlAffine:
    return ControlAffine(
        lambda x: np.zeros(d), lambda x: np.eye(d), d, [-speed] * d, [speed] * d, **more
    )


def double(acceleration: float = 2.0, **more: object) -> ControlAffine:
    return ControlAffine(
        lambda x: np.array([x[1], 0.0]),
        lambda x: np.array([[0.0], [1.0]]),
        2,
        [-acceleration],
        [acceleration],
        **more,
    )


def unicycle(**more: object) -> ControlAffine:
    return ControlAffine(
        lambda x: np.zeros(3),
        lambda x: np.array([[np.cos(x[2]), 0.0], [np.sin(x[2]), 0.0], [0.0, 1.0]]),
        3,
        [-1.0, -2.0],
        [1.0, 2.0],
        **more,
    )


@dataclass
class Drive:
    """What came of a closed loop."""

    worst: float = np.inf
    counts: Counter[str] = field(default_factory=Counter)
    last: SafeAction | None = None

    def stopped(self) -> int:
        return self.counts["stop"]


def drive(
    gate: SafetyFilter,
    system: ControlAffine,
    start: Sequence[float],
    control: Control,
    barriers: Sequence[Callable[[np.ndarray], float]],
    *,
    tick_s: float,
    ticks: int = 200,
    looks: int = 10,
    rng: np.random.Generator | None = None,
    error: Sequence[float] | None = None,
    context: Callable[[int, np.ndarray], Context] | None = None,
) -> Drive:
    """Runs the loop; the least barrier is looked for between the ticks as well."""
    rng = np.random.default_rng(0) if rng is None else rng
    noise = np.asarray(system.disturbance)
    spread = np.zeros(system.n) if error is None else np.asarray(error)
    x, result = np.array(start, dtype=float), Drive()
    gate.reset()
    for k in range(ticks):
        seen = x + spread * rng.uniform(-1.0, 1.0, system.n)
        now = context(k, x) if context else Context(k * tick_s)
        result.last = gate.filter(seen, control(seen), now)
        result.counts[str(result.last.status)] += 1
        w = noise * np.sign(rng.normal(size=system.n))
        for _ in range(looks):
            x = system.step(x, result.last.u, tick_s / looks, w=w, substeps=1)
            result.worst = min(result.worst, *(float(h(x)) for h in barriers))
    return result
