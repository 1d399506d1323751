"""Robots on wheels that roll without slipping.

    unicycle:      x' = v cos th,  y' = v sin th,  th' = w                 inputs v, w
    accelerated:   the same, with  v' = a,  w' = b                        inputs a, b
    bicycle:       x' = v cos th,  y' = v sin th,  th' = v tan(s) / L,
                   v' = a,  s' = b                                        inputs a, b

K. M. Lynch and F. C. Park, "Modern Robotics", 2017, chapter 13; the bicycle's point is the middle
of its rear axle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import positive


def unicycle(
    *,
    v_max: float = 1.0,
    v_min: float | None = None,
    w_max: float = 1.5,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A differential drive commanded by its speeds.

    State ``(x, y, theta)`` [m, m, rad]; inputs ``(v, w)`` [m/s, rad/s].

    Args:
        v_max: Largest forward speed [m/s].
        v_min: Least speed, negative for driving backwards [m/s]; ``-v_max`` by default. Above
            zero the robot cannot stop, and few barriers are then viable.
        w_max: Largest turn rate, both ways [rad/s].
        disturbance: Bound of what is added to the rates, shape ``(3,)``.
    """
    positive(v_max=v_max, w_max=w_max)

    def g(x: Any) -> Any:
        return np.array([[np.cos(x[2]), 0.0], [np.sin(x[2]), 0.0], [0.0, 1.0]])

    return ControlAffine(
        f=lambda x: np.zeros(3),
        g=g,
        n=3,
        u_min=(-v_max if v_min is None else v_min, -w_max),
        u_max=(v_max, w_max),
        disturbance=disturbance,
        names=("x", "y", "theta"),
        inputs=("v", "w"),
    )


def unicycle_accelerated(
    *,
    acceleration: float = 1.0,
    turn_acceleration: float = 4.0,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A differential drive commanded by its accelerations.

    State ``(x, y, theta, v, w)`` [m, m, rad, m/s, rad/s]; inputs ``(a, b)`` [m/s^2, rad/s^2].

    Args:
        acceleration: Largest, both ways [m/s^2].
        turn_acceleration: Largest, both ways [rad/s^2].
        disturbance: Bound of what is added to the rates, shape ``(5,)``.
    """
    positive(acceleration=acceleration, turn_acceleration=turn_acceleration)
    gain = np.vstack((np.zeros((3, 2)), np.eye(2)))

    def f(x: Any) -> Any:
        return np.array([x[3] * np.cos(x[2]), x[3] * np.sin(x[2]), x[4], 0.0, 0.0])

    return ControlAffine(
        f=f,
        g=lambda x: gain,
        n=5,
        u_min=(-acceleration, -turn_acceleration),
        u_max=(acceleration, turn_acceleration),
        disturbance=disturbance,
        names=("x", "y", "theta", "v", "w"),
        inputs=("a", "b"),
    )


def bicycle(
    *,
    wheelbase: float = 0.5,
    acceleration: float = 1.0,
    steering_rate: float = 1.0,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A car: kinematic bicycle with acceleration and steering rate as inputs.

    State ``(x, y, theta, v, steer)`` [m, m, rad, m/s, rad], inputs ``(a, b)`` [m/s^2, rad/s]. The
    model ends where ``|steer|`` reaches pi/2; keep it away with `upper_limit` and `lower_limit`.

    Args:
        wheelbase: Distance between the axles ``L`` [m].
        acceleration: Largest, both ways [m/s^2].
        steering_rate: Largest, both ways [rad/s].
        disturbance: Bound of what is added to the rates, shape ``(5,)``.
    """
    positive(wheelbase=wheelbase, acceleration=acceleration, steering_rate=steering_rate)
    gain = np.vstack((np.zeros((3, 2)), np.eye(2)))

    def f(x: Any) -> Any:
        turn = x[3] * np.tan(x[4]) / wheelbase
        return np.array([x[3] * np.cos(x[2]), x[3] * np.sin(x[2]), turn, 0.0, 0.0])

    return ControlAffine(
        f=f,
        g=lambda x: gain,
        n=5,
        u_min=(-acceleration, -steering_rate),
        u_max=(acceleration, steering_rate),
        disturbance=disturbance,
        names=("x", "y", "theta", "v", "steer"),
        inputs=("a", "b"),
    )
