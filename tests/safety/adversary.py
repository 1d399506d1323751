"""A closed loop whose nominal input, disturbance and estimate all work against the barrier."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hiera.safety import Barrier, CbfFilter, Context, ControlAffine, Status

FINE = 10
"""Instants within a tick at which the true state is held against the barriers."""


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        worst: Least h of any hard barrier, between ticks too.
        statuses: Of every tick.
        x: Last state.
    """

    worst: float
    statuses: list[Status] = field(default_factory=list)
    x: Any = None


def least(barriers: Sequence[Barrier], x: Any, points: Any, movers: Any, radius: float) -> float:
    values = []
    for b in barriers:
        if b.priority:
            continue
        if b.over == "points":
            values += [float(b.h(x, p)) for p in points]
        elif b.over == "movers":
            values += [float(b.h(x, np.array([*p, radius, 0.0]))) for p in movers]
        else:
            values.append(float(b.h(x)))
    return min(values)


def attack(
    system: ControlAffine,
    barriers: Sequence[Barrier],
    x0: Any,
    *,
    tick_s: float,
    ticks: int,
    seed: int = 0,
    points: Any = (),
    movers: Any = (),
    mover_speed: float = 0.0,
    mover_radius: float = 0.3,
    **settings: Any,
) -> Outcome:
    """Runs the loop; most nominal inputs are the corner that lowers the least h most."""
    rng = np.random.default_rng(seed)
    gate = CbfFilter(system, barriers, tick_s=tick_s, **settings)
    low, high = np.asarray(system.u_min), np.asarray(system.u_max)
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    error = np.asarray(settings.get("uncertainty", np.zeros(system.n)))
    noise, x = np.asarray(system.disturbance), np.array(x0, dtype=np.float64)
    points, movers = np.array(points, dtype=float), np.array(movers, dtype=float)

    def margin(at: Any) -> float:
        return least(barriers, at, points, movers, mover_radius)

    outcome = Outcome(margin(x))
    assert outcome.worst >= 0.0, "the run must start inside"
    for k in range(ticks):
        draw = rng.random()
        if draw < 0.6:
            after = [margin(system.step(x, c, 3.0 * tick_s, substeps=2)) for c in corners]
            u = corners[int(np.argmin(after))]
        else:
            u = corners[rng.integers(len(corners))] if draw < 0.8 else rng.uniform(low, high)
        seen = x + error * rng.uniform(-1.0, 1.0, system.n)
        context = Context(
            k * tick_s,
            points=points.reshape(-1, 2),
            movers=movers.reshape(-1, 2),
            mover_radius=np.full(len(movers), mover_radius),
            mover_speed=np.full(len(movers), mover_speed),
        )
        action = gate.filter(seen, u, context)
        outcome.statuses.append(action.status)
        assert np.all((action.u >= low) & (action.u <= high))
        for _ in range(FINE):
            kind = rng.choice([-1.0, 1.0], system.n) if draw < 0.5 else rng.uniform(-1, 1, system.n)
            x = system.step(x, action.u, tick_s / FINE, w=noise * kind, substeps=1)
            if len(movers):
                chase = x[:2] - movers
                chase /= np.linalg.norm(chase, axis=1, keepdims=True)
                movers = movers + mover_speed * tick_s / FINE * chase
            outcome.worst = min(outcome.worst, margin(x))
    outcome.x = x
    return outcome
