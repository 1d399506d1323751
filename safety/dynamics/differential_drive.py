"""A differential-drive robot with limited speeds and accelerations.

State ``x = (px, py, theta, v, w)``, command ``u = (v_cmd, w_cmd)``, tick ``dt``:

    v+     = clip(clip(v_cmd, -v_reverse, v_max), v - brake dt, v + accelerate dt)
    w+     = clip(clip(w_cmd, -w_max, w_max),     w - alpha dt, w + alpha dt)
    theta+ = wrap(theta + w+ dt)
    px+    = px + v+/w+ (sin(theta + w+ dt) - sin theta)      (px + v+ dt cos theta if w+ = 0)
    py+    = py - v+/w+ (cos(theta + w+ dt) - cos theta)      (py + v+ dt sin theta if w+ = 0)

The speeds jump to their rate-limited values at the start of the tick and are held, so the path
of a tick is one exact circular arc. Anything that predicts the robot (a safety filter, a planner)
reproduces it with `step_state` and `along_arc`, not with an approximation of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiera.safety.compiled import compiled


@compiled
def wrap_angle(angle: float) -> float:
    """The same direction in ``[-pi, pi)``."""
    return (angle + np.pi) % (2.0 * np.pi) - np.pi


@compiled
def limit_speeds(
    v: float, w: float, v_command: float, w_command: float, limits: NDArray[np.float64], dt: float
) -> tuple[float, float]:
    """Speeds ``(v, w)`` held during the next tick [m/s, rad/s].

    ``limits`` is `DiffDrive.limits`: ``(v_max, v_reverse, accelerate, brake, w_max, alpha)``.
    """
    v_goal = min(max(v_command, -limits[1]), limits[0])
    w_goal = min(max(w_command, -limits[4]), limits[4])
    v_next = min(max(v_goal, v - limits[3] * dt), v + limits[2] * dt)
    w_next = min(max(w_goal, w - limits[5] * dt), w + limits[5] * dt)
    return v_next, w_next


@compiled
def along_arc(
    x: float, y: float, theta: float, v: float, w: float, t: float
) -> tuple[float, float, float]:
    """Pose after driving for ``t`` seconds at constant speeds ``v, w`` (heading not wrapped)."""
    half = 0.5 * w * t
    # The chord of the arc: v t sin(h)/h long, in the direction theta + h; exact, and smooth at 0.
    ratio = 1.0 - half * half / 6.0 if abs(half) < 1e-4 else np.sin(half) / half
    chord = v * t * ratio
    return x + chord * np.cos(theta + half), y + chord * np.sin(theta + half), theta + w * t


@compiled
def step_state(
    state: NDArray[np.float64],
    command: NDArray[np.float64],
    limits: NDArray[np.float64],
    dt: float,
) -> NDArray[np.float64]:
    """The state one tick later, shape ``(5,)``; obstacles are not looked at.

    Args:
        state: ``(px, py, theta, v, w)``, shape ``(5,)`` [m, m, rad, m/s, rad/s].
        command: ``(v_cmd, w_cmd)``, shape ``(2,)`` [m/s, rad/s].
        limits: `DiffDrive.limits`, shape ``(6,)``.
        dt: Tick [s].
    """
    v, w = limit_speeds(state[3], state[4], command[0], command[1], limits, dt)
    x, y, theta = along_arc(state[0], state[1], state[2], v, w, dt)
    following = np.empty(5)
    following[0] = x
    following[1] = y
    following[2] = wrap_angle(theta)
    following[3] = v
    following[4] = w
    return following


@dataclass(frozen=True, slots=True)
class DiffDrive:
    """Limits and footprint of a differential-drive robot.

    Attributes:
        v_max: Largest forward speed [m/s].
        v_reverse: Largest backward speed, as a positive number [m/s].
        accelerate: Largest rise of ``v`` [m/s^2].
        brake: Largest fall of ``v`` [m/s^2].
        w_max: Largest turn rate, both ways [rad/s].
        alpha: Largest change of the turn rate, both ways [rad/s^2].
        radius_m: Radius of the round footprint [m].
    """

    v_max: float = 1.5
    v_reverse: float = 0.2
    accelerate: float = 1.0
    brake: float = 2.0
    w_max: float = 1.5
    alpha: float = 4.0
    radius_m: float = 0.3

    def __post_init__(self) -> None:
        positive = ("v_max", "accelerate", "brake", "w_max", "alpha", "radius_m")
        for name in positive:
            if not getattr(self, name) > 0.0:
                raise ValueError(f"robot {name} must be positive, got {getattr(self, name)}")
        if self.v_reverse < 0.0:
            raise ValueError(f"robot v_reverse must not be negative, got {self.v_reverse}")

    def limits(self) -> NDArray[np.float64]:
        """``(v_max, v_reverse, accelerate, brake, w_max, alpha)`` for the kernels, ``(6,)``."""
        return np.array(
            [self.v_max, self.v_reverse, self.accelerate, self.brake, self.w_max, self.alpha]
        )

    def step(
        self, state: NDArray[np.float64], command: NDArray[np.float64], dt_s: float = 0.1
    ) -> NDArray[np.float64]:
        """`step_state` with these limits."""
        following: NDArray[np.float64] = step_state(
            np.asarray(state, dtype=np.float64),
            np.asarray(command, dtype=np.float64),
            self.limits(),
            float(dt_s),
        )
        return following
