"""Barriers: what is to stay non-negative."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.barriers.autodiff import from_casadi, from_torch
    from hiera.safety.barriers.barrier import Barrier
    from hiera.safety.barriers.braking import (
        braking_joint_limits,
        braking_keep_out,
        braking_limit,
        stopping_keep_out,
        stopping_lidar_points,
    )
    from hiera.safety.barriers.composition import all_of, any_of
    from hiera.safety.barriers.goals import lyapunov
    from hiera.safety.barriers.keep_in import half_space, keep_in_ball, keep_in_box
    from hiera.safety.barriers.keep_out import (
        keep_out_ball,
        keep_out_box,
        keep_out_capsule,
        keep_out_ellipsoid,
        keep_out_movers,
        lidar_points,
    )
    from hiera.safety.barriers.pairs import inter_agent
    from hiera.safety.barriers.sdf_grid import SdfGrid
    from hiera.safety.barriers.state_limits import (
        axis_speed_limits,
        joint_limits,
        lower_limit,
        speed_limit,
        upper_limit,
    )

_HOMES = {
    "autodiff": ("from_casadi", "from_torch"),
    "barrier": ("Barrier",),
    "braking": (
        "braking_joint_limits",
        "braking_keep_out",
        "braking_limit",
        "stopping_keep_out",
        "stopping_lidar_points",
    ),
    "composition": ("all_of", "any_of"),
    "goals": ("lyapunov",),
    "keep_in": ("half_space", "keep_in_ball", "keep_in_box"),
    "keep_out": (
        "keep_out_ball",
        "keep_out_box",
        "keep_out_capsule",
        "keep_out_ellipsoid",
        "keep_out_movers",
        "lidar_points",
    ),
    "pairs": ("inter_agent",),
    "sdf_grid": ("SdfGrid",),
    "state_limits": (
        "axis_speed_limits",
        "joint_limits",
        "lower_limit",
        "speed_limit",
        "upper_limit",
    ),
}

__all__ = [
    "Barrier",
    "SdfGrid",
    "all_of",
    "any_of",
    "axis_speed_limits",
    "braking_joint_limits",
    "braking_keep_out",
    "braking_limit",
    "from_casadi",
    "from_torch",
    "half_space",
    "inter_agent",
    "joint_limits",
    "keep_in_ball",
    "keep_in_box",
    "keep_out_ball",
    "keep_out_box",
    "keep_out_capsule",
    "keep_out_ellipsoid",
    "keep_out_movers",
    "lidar_points",
    "lower_limit",
    "lyapunov",
    "speed_limit",
    "stopping_keep_out",
    "stopping_lidar_points",
    "upper_limit",
]

__getattr__ = lazily(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
