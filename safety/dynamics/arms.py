"""Robot arms: two links with torques, and any number of joints under a fast inner loop.

    planar arm:   M(q) q'' + C(q, q') q' + N(q) + c q' = tau

        M = [a + 2 b cos q2    d + b cos q2]        a = J1 + J2 + m1 r1^2 + m2 (l1^2 + r2^2)
            [d + b cos q2      d           ]        b = m2 l1 r2,    d = J2 + m2 r2^2

    n joints:     q' = u      or      q'' = u

R. M. Murray, Z. Li, S. S. Sastry, "A Mathematical Introduction to Robotic Manipulation", 1994,
section 4.2.3. The inverse of M is written out, so that the model records itself.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import each


def planar_arm(
    *,
    lengths: ArrayLike = (0.5, 0.5),
    masses: ArrayLike = (1.0, 1.0),
    torques: ArrayLike = (20.0, 10.0),
    damping: float = 0.0,
    gravity: float = 0.0,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """Two uniform links in a plane, commanded by joint torques.

    State ``(q1, q2, w1, w2)`` [rad, rad/s], q1 from the x axis, q2 relative; inputs torques
    ``(tau1, tau2)`` [N m].

    Args:
        lengths: Of the links, shape ``(2,)`` [m].
        masses: Of the links, shape ``(2,)`` [kg].
        torques: Largest, both ways, shape ``(2,)`` [N m].
        damping: Viscous friction ``c`` of each joint [N m s/rad].
        gravity: Along -y [m/s^2]; 0 for an arm in a horizontal plane.
        disturbance: Bound of what is added to the rates, shape ``(4,)``.
    """
    (l1, l2), (m1, m2) = each("lengths", lengths, 2), each("masses", masses, 2)
    limit, r1, r2 = each("torques", torques, 2), 0.5 * l1, 0.5 * l2
    a = m1 * l1**2 / 12.0 + m2 * l2**2 / 12.0 + m1 * r1**2 + m2 * (l1**2 + r2**2)
    b, d = m2 * l1 * r2, m2 * l2**2 / 12.0 + m2 * r2**2

    def inverse(x: Any) -> tuple[Any, Any, Any]:
        c2 = np.cos(x[1])
        determinant = d * (a - d) - (b * c2) ** 2
        return d / determinant, -(d + b * c2) / determinant, (a + 2.0 * b * c2) / determinant

    def f(x: Any) -> Any:
        w1, w2, s2 = x[2], x[3], np.sin(x[1])
        weight2 = gravity * m2 * r2 * np.cos(x[0] + x[1])
        weight1 = gravity * (m1 * r1 + m2 * l1) * np.cos(x[0]) + weight2
        push1 = b * s2 * (2.0 * w1 + w2) * w2 - weight1 - damping * w1
        push2 = -b * s2 * w1 * w1 - weight2 - damping * w2
        i11, i12, i22 = inverse(x)
        return np.array([w1, w2, i11 * push1 + i12 * push2, i12 * push1 + i22 * push2])

    def g(x: Any) -> Any:
        i11, i12, i22 = inverse(x)
        return np.array([[0.0, 0.0], [0.0, 0.0], [i11, i12], [i12, i22]])

    return ControlAffine(
        f=f,
        g=g,
        n=4,
        u_min=-limit,
        u_max=limit,
        disturbance=disturbance,
        names=("q1", "q2", "w1", "w2"),
        inputs=("tau1", "tau2"),
    )


def n_joint_arm(
    joints: int,
    *,
    control: Literal["velocity", "acceleration"] = "velocity",
    limit: ArrayLike = 1.0,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """An arm whose joints follow velocities or accelerations.

    State ``(q)`` [rad] and input joint velocities [rad/s], shapes ``(joints,)``; or state
    ``(q, w)``, shape ``(2 joints,)`` [rad, rad/s], and input joint accelerations [rad/s^2]. Where
    its links are says `forward_kinematics`.

    Args:
        joints: Number of joints.
        control: What the input is.
        limit: Largest input, both ways, one number or ``(joints,)``.
        disturbance: Bound of what is added to the rates, such as the tracking error of the inner
            loop, shape ``(n,)``.
    """
    if joints < 1:
        raise ValueError(f"joints must be at least 1, not {joints}")
    if control not in ("velocity", "acceleration"):
        raise ValueError(f"control must be velocity or acceleration, not {control!r}")
    bound, eye = each("limit", limit, joints), np.eye(joints)
    names = tuple(f"q{i + 1}" for i in range(joints))
    speeds = tuple(f"w{i + 1}" for i in range(joints))
    second = control == "acceleration"
    gain = np.vstack((np.zeros((joints, joints)), eye)) if second else eye
    still = np.zeros(joints)

    def f(x: Any) -> Any:
        return np.concatenate((x[joints:], still)) if second else still

    return ControlAffine(
        f=f,
        g=lambda x: gain,
        n=2 * joints if second else joints,
        u_min=-bound,
        u_max=bound,
        disturbance=disturbance,
        names=(*names, *speeds) if second else names,
        inputs=tuple(f"b{i + 1}" for i in range(joints)) if second else speeds,
    )
