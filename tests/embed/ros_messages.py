"""Stand-ins that look like ROS messages, and a room to drive in that answers with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from hiera.safety.dynamics import DiffDrive

WIDTH, HEIGHT = 8.0, 6.0
PILLARS = np.array([[2.0, 2.0], [5.0, 1.5], [4.0, 4.0], [6.5, 4.2], [1.5, 4.8]])
PILLAR_M = 0.25


def header(stamp_s: float) -> Any:
    nanoseconds = round(stamp_s * 1e9)
    stamp = SimpleNamespace(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    return SimpleNamespace(stamp=stamp)


def twist(v: float, w: float) -> Any:
    zero = {"x": 0.0, "y": 0.0, "z": 0.0}
    linear, angular = SimpleNamespace(**zero | {"x": v}), SimpleNamespace(**zero | {"z": w})
    return SimpleNamespace(linear=linear, angular=angular)


def odometry(stamp_s: float, state: np.ndarray) -> Any:
    x, y, heading, v, w = map(float, state)
    q = SimpleNamespace(x=0.0, y=0.0, z=math.sin(heading / 2), w=math.cos(heading / 2))
    pose = SimpleNamespace(position=SimpleNamespace(x=x, y=y, z=0.0), orientation=q)
    return SimpleNamespace(
        header=header(stamp_s),
        pose=SimpleNamespace(pose=pose),
        twist=SimpleNamespace(twist=twist(v, w)),
    )


@dataclass
class LaserScan:
    header: Any
    ranges: list[float]
    angle_min: float = 0.0
    angle_increment: float = 2.0 * math.pi / 360
    range_min: float = 0.05
    range_max: float = 12.0


def cast(origin: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Distances from a point inside the room to its walls and pillars, shape ``(n,)`` [m]."""
    way = np.column_stack((np.cos(angles), np.sin(angles)))
    with np.errstate(divide="ignore"):
        wall = np.where(way > 0, (np.array([WIDTH, HEIGHT]) - origin) / way, -origin / way)
    far = np.min(np.where(way == 0.0, np.inf, wall), axis=1)
    for pillar in PILLARS - origin:
        along = way @ pillar
        inside = along**2 - pillar @ pillar + PILLAR_M**2
        hit = along - np.sqrt(np.maximum(inside, 0.0))
        far = np.where((inside > 0) & (along > 0), np.minimum(far, hit), far)
    return far


def clearance(position: np.ndarray) -> float:
    """Distance from a point to the nearest wall or pillar [m]."""
    x, y = position
    pillar = np.hypot(*(PILLARS - position).T).min() - PILLAR_M
    return float(min(x, y, WIDTH - x, HEIGHT - y, pillar))


@dataclass
class Robot:
    """A differential drive in the room, whose sensors are a little late."""

    drive: DiffDrive
    mount: tuple[float, float, float] = (0.0, 0.0, 0.0)
    state: np.ndarray = field(default_factory=lambda: np.array([3.0, 3.0, 0.4, 0.0, 0.0]))
    nearest: float = np.inf
    travelled: float = 0.0

    def ago(self, age_s: float) -> np.ndarray:
        """The state a while before, on the arc of the present speeds."""
        x, y, heading, v, w = self.state
        n = 1000
        for _ in range(n):
            middle = heading - 0.5 * w * age_s / n
            x -= v * age_s / n * math.cos(middle)
            y -= v * age_s / n * math.sin(middle)
            heading -= w * age_s / n
        return np.array([x, y, heading, v, w])

    def scan(self, now_s: float, age_s: float = 0.0) -> LaserScan:
        x, y, heading, *_ = self.ago(age_s)
        dx, dy, yaw = self.mount
        cos, sin = math.cos(heading), math.sin(heading)
        origin = np.array([x + cos * dx - sin * dy, y + sin * dx + cos * dy])
        angles = heading + yaw - math.pi + 2.0 * math.pi / 360 * np.arange(360)
        far = cast(origin, angles)
        return LaserScan(header(now_s - age_s), far.tolist(), angle_min=-math.pi)

    def move(self, v: float, w: float, tick_s: float) -> None:
        before = self.state[:2].copy()
        following = self.drive.step(self.state, np.array([v, w]), tick_s)
        for part in np.linspace(0.0, 1.0, 6):
            x, y = before + part * (following[:2] - before)
            self.nearest = min(self.nearest, clearance(np.array([x, y])) - self.drive.radius_m)
        self.travelled += float(np.hypot(*(following[:2] - before)))
        self.state = following
