"""A pole on a cart.

    th'' = (g0 sin th - cos th (F + m l th'^2 sin th) / (M + m)) / (l (4/3 - m cos^2 th / (M + m)))
    x''  = (F + m l (th'^2 sin th - th'' cos th)) / (M + m)

R. V. Florian, "Correct equations for the dynamics of the cart-pole system", 2007, without friction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import positive


def cart_pole(
    *,
    cart_mass: float = 1.0,
    pole_mass: float = 0.1,
    half_length: float = 0.5,
    force: float = 10.0,
    gravity: float = 9.81,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A uniform pole, upright at 0, on a cart that is pushed.

    State ``(x, v, theta, omega)`` [m, m/s, rad, rad/s]; input force [N].

    Args:
        cart_mass: ``M`` [kg].
        pole_mass: ``m`` [kg].
        half_length: Half of the pole's length ``l`` [m].
        force: Largest, both ways [N].
        gravity: [m/s^2].
        disturbance: Bound of what is added to the rates, shape ``(4,)``.
    """
    positive(cart_mass=cart_mass, pole_mass=pole_mass, half_length=half_length, force=force)
    total, moment = cart_mass + pole_mass, pole_mass * half_length

    def reluctance(x: Any) -> Any:
        return half_length * (4.0 / 3.0 - pole_mass / total * np.cos(x[2]) ** 2)

    def f(x: Any) -> Any:
        s, c, swing = np.sin(x[2]), np.cos(x[2]), moment * x[3] ** 2 * np.sin(x[2])
        spin = (gravity * s - c * swing / total) / reluctance(x)
        return np.array([x[1], (swing - moment * spin * c) / total, x[3], spin])

    def g(x: Any) -> Any:
        c = np.cos(x[2])
        spin = -c / total / reluctance(x)
        return np.array([[0.0], [(1.0 - moment * spin * c) / total], [0.0], [spin]])

    return ControlAffine(
        f=f,
        g=g,
        n=4,
        u_min=(-force,),
        u_max=(force,),
        disturbance=disturbance,
        names=("x", "v", "theta", "omega"),
        inputs=("force",),
    )
