"""Quadrotors, in a vertical plane and in space.

    planar:   x' = vx,  z' = vz,  phi' = omega,
              vx' = -(T1 + T2) sin(phi) / m,   vz' = (T1 + T2) cos(phi) / m - g0,
              omega' = l (T2 - T1) / J
    space:    p' = v,   v' = R(roll, pitch, yaw) e3 T / m - g0 e3 - c v,
              (roll, pitch, yaw)' = W(roll, pitch) (p, q, r)

The planar model is in R. Tedrake, "Underactuated Robotics", chapter 3. In space the inputs are
thrust and body rates, which is what flight controllers take from a companion computer: positions
then have relative degree 2 instead of 4, and no inertia has to be known. Angles are roll, pitch,
yaw (rotations about z, then y, then x; R. Featherstone and others call them ZYX), not a quaternion:
a box of quaternions holds many that are none, so bounds over a box would be loose.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import each, positive

GRAVITY = 9.81
"""Standard fall, rounded [m/s^2]."""


def planar_quadrotor(
    *,
    mass: float = 1.0,
    inertia: float = 0.02,
    arm: float = 0.2,
    thrust_max: float = 10.0,
    thrust_min: float = 0.0,
    gravity: float = GRAVITY,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A quadrotor in the vertical plane.

    State ``(x, z, phi, vx, vz, omega)`` [m, m, rad, m/s, m/s, rad/s], z up, phi counter-clockwise;
    inputs ``(T1, T2)``, thrusts left and right [N].

    Args:
        mass: [kg].
        inertia: [kg m^2].
        arm: Distance of the rotors from the centre ``l`` [m].
        thrust_max: Of each rotor [N].
        thrust_min: Of each rotor [N].
        gravity: [m/s^2].
        disturbance: Bound of what is added to the rates, shape ``(6,)``.
    """
    positive(mass=mass, inertia=inertia, arm=arm, thrust_max=thrust_max)
    turn = arm / inertia

    def f(x: Any) -> Any:
        return np.array([x[3], x[4], x[5], 0.0, -gravity, 0.0])

    def g(x: Any) -> Any:
        side, up = -np.sin(x[2]) / mass, np.cos(x[2]) / mass
        still = [0.0, 0.0]
        return np.array([still, still, still, [side, side], [up, up], [-turn, turn]])

    return ControlAffine(
        f=f,
        g=g,
        n=6,
        u_min=(thrust_min, thrust_min),
        u_max=(thrust_max, thrust_max),
        disturbance=disturbance,
        names=("x", "z", "phi", "vx", "vz", "omega"),
        inputs=("left", "right"),
    )


def quadrotor(
    *,
    mass: float = 1.0,
    thrust_max: float = 20.0,
    thrust_min: float = 0.0,
    rates: ArrayLike = (6.0, 6.0, 3.0),
    drag: float = 0.0,
    gravity: float = GRAVITY,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A quadrotor in space, commanded by thrust and body rates.

    State ``(x, y, z, vx, vy, vz, roll, pitch, yaw)`` [m, m/s, rad], z up; inputs ``(T, p, q, r)``
    [N, rad/s]. The model ends where ``|pitch|`` reaches pi/2; keep it away with limits.

    Args:
        mass: [kg].
        thrust_max: Of all rotors together [N].
        thrust_min: Of all rotors together [N].
        rates: Largest body rates, both ways, one number or ``(3,)`` [rad/s].
        drag: Linear drag ``c`` [1/s].
        gravity: [m/s^2].
        disturbance: Bound of what is added to the rates, shape ``(9,)``.
    """
    positive(mass=mass, thrust_max=thrust_max)
    spin = each("rates", rates, 3)

    def f(x: Any) -> Any:
        fall = [-drag * x[3], -drag * x[4], -drag * x[5] - gravity]
        return np.array([x[3], x[4], x[5], *fall, 0.0, 0.0, 0.0])

    def g(x: Any) -> Any:
        sr, cr, sp, cp = np.sin(x[6]), np.cos(x[6]), np.sin(x[7]), np.cos(x[7])
        sy, cy, still = np.sin(x[8]), np.cos(x[8]), [0.0, 0.0, 0.0, 0.0]
        return np.array(
            [
                still,
                still,
                still,
                [(cy * sp * cr + sy * sr) / mass, 0.0, 0.0, 0.0],
                [(sy * sp * cr - cy * sr) / mass, 0.0, 0.0, 0.0],
                [cp * cr / mass, 0.0, 0.0, 0.0],
                [0.0, 1.0, sr * sp / cp, cr * sp / cp],
                [0.0, 0.0, cr, -sr],
                [0.0, 0.0, sr / cp, cr / cp],
            ]
        )

    return ControlAffine(
        f=f,
        g=g,
        n=9,
        u_min=(thrust_min, *-spin),
        u_max=(thrust_max, *spin),
        disturbance=disturbance,
        names=("x", "y", "z", "vx", "vy", "vz", "roll", "pitch", "yaw"),
        inputs=("thrust", "p", "q", "r"),
    )
