"""Point masses: a position that is commanded by its velocity, or by its acceleration.

single:   p' = u
double:   p' = v,    v' = u - c v
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiera.safety.dynamics.control_affine import ControlAffine
from hiera.safety.dynamics.limits import each

_AXES = "xyz"


def _axes(d: int, prefix: str) -> tuple[str, ...]:
    if d < 1:
        raise ValueError(f"d must be at least 1, not {d}")
    return tuple(prefix + (_AXES[i] if d <= 3 else str(i)) for i in range(d))


def single_integrator(
    d: int = 2, *, speed: ArrayLike = 1.0, disturbance: ArrayLike | None = None
) -> ControlAffine:
    """A point whose velocity is the input.

    State ``(p)``, shape ``(d,)`` [m]; input velocity, shape ``(d,)`` [m/s].

    Args:
        d: Dimensions.
        speed: Largest speed along each axis, one number or ``(d,)`` [m/s].
        disturbance: Bound of the velocity that is added, shape ``(d,)`` [m/s].
    """
    names, limit = _axes(d, ""), each("speed", speed, d)
    zero, eye = np.zeros(d), np.eye(d)
    return ControlAffine(
        f=lambda x: zero,
        g=lambda x: eye,
        n=d,
        u_min=-limit,
        u_max=limit,
        disturbance=disturbance,
        names=names,
        inputs=_axes(d, "v"),
    )


def double_integrator(
    d: int = 2,
    *,
    acceleration: ArrayLike = 1.0,
    drag: float = 0.0,
    disturbance: ArrayLike | None = None,
) -> ControlAffine:
    """A point whose acceleration is the input.

    State ``(p, v)``, shape ``(2 d,)`` [m, m/s]; input acceleration, shape ``(d,)`` [m/s^2].

    Args:
        d: Dimensions.
        acceleration: Largest along each axis, one number or ``(d,)`` [m/s^2].
        drag: Linear drag ``c`` [1/s].
        disturbance: Bound of what is added to the rates, shape ``(2 d,)`` [m/s, m/s^2].
    """
    names, limit = (*_axes(d, ""), *_axes(d, "v")), each("acceleration", acceleration, d)
    if not drag >= 0.0:
        raise ValueError(f"drag must not be negative, not {drag!r}")
    gain = np.vstack((np.zeros((d, d)), np.eye(d)))

    def f(x: Any) -> Any:
        return np.concatenate((x[d:], -drag * x[d:]))

    return ControlAffine(
        f=f,
        g=lambda x: gain,
        n=2 * d,
        u_min=-limit,
        u_max=limit,
        disturbance=disturbance,
        names=names,
        inputs=_axes(d, "a"),
    )
