"""Filters of every kind that can be exported, each with the range of its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hiera.safety.barriers import Barrier, braking_limit
from hiera.safety.filters import CbfFilter, Guard
from tests.safety.systems import double, single, unicycle

CENTRE = np.array([1.0, 0.2])


def disc(x: np.ndarray) -> float:
    return (x[0] - CENTRE[0]) ** 2 + (x[1] - CENTRE[1]) ** 2 - 0.25


def arena(x: np.ndarray) -> float:
    return 9.0 - x[0] ** 2 - x[1] ** 2


def nose(x: np.ndarray) -> float:
    return disc(x[:2] + 0.1 * np.array([np.cos(x[2]), np.sin(x[2])]))


def sector(x: np.ndarray) -> float:
    """Many of the functions that can be recorded, at once."""
    bearing = np.arctan2(x[1] + 3.0, np.sqrt(x[0] ** 2 + 1.0))
    return (
        2.0
        + np.tanh(x[0])
        + np.exp(-(x[1] ** 2))
        - 0.1 * bearing * np.log(2.0 + np.cos(x[2]))
        + 0.2 * np.arctan(x[1])
        - 0.1 * np.maximum(x[0], 0.0) ** 2
        + (x[0] ** 2 + 1.0) ** 1.5 / 40.0
    )


@dataclass(frozen=True)
class Case:
    """A filter, and where its states, inputs and parameters are drawn from."""

    make: Callable[[], CbfFilter]
    spread: float
    push: float = 2.0
    expects: tuple[str, ...] = ("nominal", "filtered", "stop")


def spheres() -> CbfFilter:
    rng = np.random.default_rng(4)
    system = single(3)
    barriers = []
    for i in range(10):
        at = rng.uniform(-3.0, 3.0, 3)

        def h(x: np.ndarray, at: np.ndarray = at) -> float:
            return ((x - at) ** 2).sum() - 0.5

        barriers.append(Barrier(h, 4.0, f"sphere {i}"))
    return CbfFilter(system, barriers, tick_s=0.02, weights=[1.0, 2.0, 0.5])


def braking() -> CbfFilter:
    limits = [
        braking_limit(0, 1, 1.9, upper=3.0, alpha=5.0, name="front"),
        braking_limit(0, 1, 1.9, lower=-3.0, alpha=5.0, name="back"),
    ]
    return CbfFilter(double(), limits, tick_s=0.02)


def turning() -> CbfFilter:
    barriers = [Barrier(nose, 5.0, "nose"), Barrier(sector, 3.0, "sector")]
    guard = Guard(rest=[0.1, -0.2], max_gap_s=0.15, max_age_s=0.03)
    return CbfFilter(unicycle(), barriers, tick_s=0.05, guard=guard)


def bounded() -> CbfFilter:
    return CbfFilter(
        unicycle(), [Barrier(nose, 5.0)], tick_s=0.05, domain=([-3, -3, -4], [3, 3, 4])
    )


def shaken() -> CbfFilter:
    system = single(disturbance=[0.3, 0.2])
    barriers = [Barrier(disc, 5.0, "disc"), Barrier(arena, 5.0, "arena")]
    return CbfFilter(system, barriers, tick_s=0.05, uncertainty=[0.02, 0.03])


def unsure_unicycle() -> CbfFilter:
    system = unicycle(disturbance=[0.05, 0.05, 0.1])
    barriers = [Barrier(nose, 3.0, "nose"), Barrier(arena, 2.0, "arena", priority=1)]
    return CbfFilter(system, barriers, tick_s=0.02, uncertainty=[0.01, 0.01, 0.02])


def soft() -> CbfFilter:
    barriers = [
        Barrier(disc, 5.0, "disc"),
        Barrier(arena, 3.0, "arena"),
        Barrier(lambda x: x[0] + 1.5, 2.0, "right", priority=2),
        Barrier(lambda x: 0.8 * x[1] - x[0] + 1.0, 2.0, "up", priority=1),
        Barrier(lambda x: -x[1] - 0.5, 1.0, "down", priority=2),
        Barrier(lambda x: -((x[0] - 2.0) ** 2) - x[1] ** 2, 1.0, "goal", 9, sampled=False),
    ]
    return CbfFilter(single(), barriers, tick_s=0.05)


def high_order() -> CbfFilter:
    barriers = [
        Barrier(lambda x: 3.0 - x[0], (5.0, 5.0), 'the "wall" */ é'),
        Barrier(lambda x: x[0] + 3.0, (5.0, 5.0), "back"),
    ]
    return CbfFilter(double(), barriers, tick_s=0.01, unproven=True)


def followed() -> CbfFilter:
    def ahead(x: np.ndarray, p: np.ndarray) -> float:
        return (x[0] - p[0]) ** 2 + (x[1] - 1.0) ** 2 - 0.5

    def lead(p: np.ndarray) -> list[float]:
        return [p[1], 0.0]

    barriers = [
        Barrier(ahead, 5.0, "ahead", parameters=2, rate=lead, rate_bound=[0.1, 0.0]),
        Barrier(lambda x, p: 2.0 + x[1] - p[0], 2.0, "line", parameters=1),
    ]
    return CbfFilter(single(), barriers, tick_s=0.05)


def textbook() -> CbfFilter:
    barriers = [Barrier(disc, 5.0), Barrier(lambda x: 1.5 - x[0], 2.0, "wall")]
    return CbfFilter(single(), barriers, tick_s=0.05, sampled=False)


def many() -> CbfFilter:
    """More rows than a word has bits."""
    angles = np.linspace(0.0, 2.0 * np.pi, 70, endpoint=False)
    barriers = [
        Barrier(lambda x, a=a: 2.0 - np.cos(a) * x[0] - np.sin(a) * x[1], 2.0, f"side {i}")
        for i, a in enumerate(angles)
    ]
    return CbfFilter(single(), barriers, tick_s=0.05)


CASES = {
    "spheres": Case(spheres, 3.0, expects=("nominal", "filtered", "recovering", "stop")),
    "braking": Case(braking, 3.0),
    "turning": Case(turning, 2.0),
    "bounded": Case(bounded, 2.5, expects=("nominal", "filtered", "recovering", "stop")),
    "shaken": Case(shaken, 2.5),
    "unsure_unicycle": Case(unsure_unicycle, 2.5, expects=("nominal", "filtered", "relaxed")),
    "soft": Case(soft, 2.5, expects=("filtered", "relaxed", "recovering", "stop")),
    "high_order": Case(high_order, 3.0),
    "followed": Case(followed, 2.0),
    "textbook": Case(textbook, 2.0),
    "many": Case(many, 1.5),
}
