"""The three closed loops of the pictures: a system, a careless controller, a filter.

Each filter is built as on the pages of this guide. The quadrotor's terminal set is where

    V = z' P z <= 0.05,   z = (phi, vx, vz, omega),   and the room is farther away than the drift.

P solves the Lyapunov equation of the linearised loop. Sampled on its boundary, V falls by 1.2 / s
and more under `level_off`, so the quadrotor drifts by no more than 1.9 sqrt(V) in x, 1.3 in z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiera.safety import ControlAffine, SafetyFilter
from hiera.safety.barriers import (
    Barrier,
    inter_agent,
    keep_in_box,
    keep_out_ball,
    stopping_keep_out,
)
from hiera.safety.dynamics import planar_quadrotor, single_integrator, unicycle_accelerated
from hiera.safety.filters import BackupCbf, CbfFilter, RolloutPolicy


@dataclass(frozen=True)
class Scene:
    """A closed loop.

    Attributes:
        system: What moves.
        gate: What keeps it safe.
        contact: Clearances; below zero something touches something.
        start: First state.
        nominal: The controller, ``(x, t) -> u``.
        ticks: Length.
        every: Ticks a frame.
    """

    system: ControlAffine
    gate: SafetyFilter
    contact: list[Barrier]
    start: np.ndarray
    nominal: Callable[[np.ndarray, float], np.ndarray]
    ticks: int
    every: int


TICK_S = 0.02
PILLARS = ((0.0, 0.0), (1.6, 0.0), (3.2, 0.0), (0.9, 1.9), (2.3, -1.9))
PILLAR_M, ROBOT_M = 0.36, 0.18
ROUTE = np.array([[s, np.sin(np.pi * (s - 0.8) / 1.6)] for s in np.linspace(-2.0, 5.0, 700)])


def robot() -> Scene:
    """A robot that follows a free route among pillars faster than it can turn."""
    kept = PILLAR_M + ROBOT_M
    system = unicycle_accelerated(acceleration=2.5, turn_acceleration=8.0)
    barriers = [stopping_keep_out(c, kept, 2.0, alpha=8.0) for c in PILLARS]
    gate = CbfFilter(system, barriers, tick_s=TICK_S, weights=(1.0, 0.05))

    def nominal(x: np.ndarray, t: float) -> np.ndarray:
        nearest = int(np.argmin(np.linalg.norm(ROUTE - x[:2], axis=1)))
        ahead = ROUTE[min(nearest + 32, len(ROUTE) - 1)] - x[:2]
        bearing = np.arctan2(ahead[1], ahead[0]) - x[2]
        bearing = np.arctan2(np.sin(bearing), np.cos(bearing))
        turn = np.clip(5.0 * bearing, -4.0, 4.0)
        return np.clip([4.0 * (2.4 - x[3]), 8.0 * (turn - x[4])], system.u_min, system.u_max)

    start = np.array([*ROUTE[60], -1.2, 0.0, 0.0])
    contact = [keep_out_ball(c, kept) for c in PILLARS]
    return Scene(system, gate, contact, start, nominal, 420, 3)


ROOM = (-2.2, 0.0, 2.2, 2.8)
QUADROTOR_M = 0.25
TARGETS = ((3.2, 1.4), (-3.4, 1.2), (0.3, 4.4), (2.4, -1.2))
P = np.array(
    [
        [4.336, -1.457, 0.0, 0.3044],
        [-1.457, 0.6871, 0.0, -0.09534],
        [0.0, 0.0, 0.3846, 0.0],
        [0.3044, -0.09534, 0.0, 0.02495],
    ]
)


def _thrusts(sideways: Any, up: Any, x: Any, cap: float) -> Any:
    """Thrusts that lead to accelerations, by leaning."""
    lift = np.maximum(9.81 + up, 2.0)
    lean = -0.7 * np.tanh(sideways / lift / 0.7)
    spin = cap * np.tanh((60.0 * (lean - x[2]) - 14.0 * x[5]) / cap)
    total, half = lift / np.cos(x[2]), 0.05 * spin
    return np.array([0.5 * total - half, 0.5 * total + half])


def level_off(x: Any) -> Any:
    """Loses its speed, then hovers."""
    return _thrusts(-4.0 * np.tanh(0.45 * x[3]), -3.0 * np.tanh(0.7 * x[4]), x, 40.0)


def quadrotor() -> Scene:
    """A quadrotor whose pilot aims beyond the walls."""
    system = planar_quadrotor()
    west, floor, east, ceiling = ROOM

    def left(x: Any, drift: float) -> Any:
        z = x[[2, 3, 4, 5]]
        return drift * np.sqrt(z @ P @ z + 1e-8)

    terminal = [
        Barrier(lambda x: 0.05 - x[[2, 3, 4, 5]] @ P @ x[[2, 3, 4, 5]], name="slow"),
        Barrier(lambda x: east - x[0] - left(x, 1.9), name="east"),
        Barrier(lambda x: x[0] - west - left(x, 1.9), name="west"),
        Barrier(lambda x: ceiling - x[1] - left(x, 1.3), name="ceiling"),
        Barrier(lambda x: x[1] - floor - left(x, 1.3), name="floor"),
    ]
    room = keep_in_box((west, floor), (east, ceiling), name="room")
    backup = RolloutPolicy(
        system,
        level_off,
        room,
        terminal,
        horizon_s=2.0,
        tick_s=TICK_S,
        parts=1,
        reserve=0.005,
        name="level_off",
    )

    def nominal(x: np.ndarray, t: float) -> np.ndarray:
        target = TARGETS[int(t / 2.0) % len(TARGETS)]
        sideways = np.clip(4.0 * (target[0] - x[0]) - 2.2 * x[3], -7.0, 7.0)
        up = np.clip(5.0 * (target[1] - x[1]) - 3.0 * x[4], -6.0, 7.0)
        return np.clip(_thrusts(sideways, up, x, 60.0), system.u_min, system.u_max)

    start = np.array([0.0, 1.2, 0.0, 0.0, 0.0, 0.0])
    return Scene(system, BackupCbf(backup, alpha=4.0), room, start, nominal, 400, 3)


AGENTS, AGENT_M, RING_M = 6, 0.22, 1.55


def swap_ring() -> np.ndarray:
    """Where the agents begin, shape ``(AGENTS, 2)`` [m]."""
    angles = 2.0 * np.pi * np.arange(AGENTS) / AGENTS
    return RING_M * np.column_stack((np.cos(angles), np.sin(angles)))


def swap() -> Scene:
    """Six agents on a ring, each on its way to the opposite side, all a little to the right."""
    ring = swap_ring()
    system = single_integrator(2 * AGENTS, speed=0.8)
    pairs = inter_agent(AGENTS, 2.0 * AGENT_M, alpha=4.0)
    bias = 0.25
    turn = np.array([[np.cos(bias), -np.sin(bias)], [np.sin(bias), np.cos(bias)]])

    def nominal(x: np.ndarray, t: float) -> np.ndarray:
        way = -ring - x.reshape(-1, 2)
        far = np.linalg.norm(way, axis=1, keepdims=True)
        u = np.where(far > 0.3, way @ turn.T, way) * np.minimum(1.5, 0.8 / np.maximum(far, 1e-9))
        return np.clip(u.reshape(-1), -0.8, 0.8)

    gate = CbfFilter(system, pairs, tick_s=TICK_S)
    return Scene(system, gate, pairs, ring.reshape(-1), nominal, 400, 3)
